"""The devices that JAX and PyTorch compute on, and why one of them does not use a GPU that the machine has.

PyTorch computes where JAX's arrays are (`interchange`), so both use the GPU or neither does. They share its memory:
JAX, which would reserve three quarters of it when its first array is made, is told here to take what it needs (its
documentation, "GPU memory allocation"), unless XLA_PYTHON_CLIENT_PREALLOCATE is set already.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import jax

from mad_app.metrics.threads import available_cores

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

LIBRARY_PATH = (
    "LD_LIBRARY_PATH makes it load other CUDA libraries than its own: unset that variable (`unset LD_LIBRARY_PATH`)"
)
DRIVER = "its CUDA does not start: update the NVIDIA driver (CUDA 13 needs 580 or newer), and see what nvidia-smi says"
NO_PLUGIN = 'its CUDA plugin is not installed: pip install "jax[cuda13]"'
NO_CUDA_BUILD = (
    "its build has no CUDA: install torch and torchvision anew, together, from PyPI or from PyTorch's index for CUDA"
)


@dataclass(frozen=True)
class Devices:
    """What each framework computes on.

    Attributes:
        jax: such as "cpu: AMD EPYC, 2 cores" or "gpu: NVIDIA H100".
        torch: likewise; None if PyTorch is not installed.
        problems: for each framework that cannot use the GPU of this machine, a sentence with the reason and the cure.
    """

    jax: str
    torch: str | None
    problems: tuple[str, ...] = ()

    def describe(self) -> str:
        """Both in one text.

        Example:
            >>> Devices("gpu: NVIDIA H100", "gpu: NVIDIA H100").describe()
            'gpu: NVIDIA H100 (JAX, PyTorch)'
            >>> Devices("cpu: AMD EPYC, 2 cores", None).describe()
            'cpu: AMD EPYC, 2 cores (JAX)'
        """
        if self.torch == self.jax:
            return f"{self.jax} (JAX, PyTorch)"
        return f"{self.jax} (JAX)" + (f", {self.torch} (PyTorch)" if self.torch else "")

    def sentence(self) -> str:
        """Both in a sentence.

        Example:
            >>> Devices("cpu: AMD EPYC, 2 cores", "cpu: AMD EPYC, 2 cores").sentence()
            'JAX and PyTorch compute on the processor (AMD EPYC, 2 cores).'
            >>> Devices("gpu: NVIDIA H100", "cpu: AMD EPYC, 2 cores").sentence()
            'JAX computes on the GPU (NVIDIA H100), PyTorch on the processor (AMD EPYC, 2 cores).'
            >>> Devices("gpu: NVIDIA H100", None).sentence()
            'JAX computes on the GPU (NVIDIA H100).'
        """
        if self.torch == self.jax:
            return f"JAX and PyTorch compute on {_in_words(self.jax)}."
        also = f", PyTorch on {_in_words(self.torch)}" if self.torch else ""
        return f"JAX computes on {_in_words(self.jax)}{also}."


def find_devices(root: Path = Path("/")) -> Devices:
    """Ask the frameworks for their devices. PyTorch is imported only where there is a GPU.

    Args:
        root: folder that contains `proc` and `dev`.
    """
    device = jax.devices()[0]
    on_cpu = device.platform == "cpu"
    found = name_of_cpu() if on_cpu else f"{device.platform}: {device.device_kind}"
    torch = _torch_device(found, on_cpu) if importlib.util.find_spec("torch") else None
    problems = tuple(_problems(on_cpu, torch is not None)) if has_nvidia_gpu(root) and not _is_hidden() else ()
    return Devices(found, torch, problems)


def has_accelerator() -> bool:
    """Whether JAX computes on another device than the CPU."""
    return bool(jax.default_backend() != "cpu")


def print_devices() -> None:
    """Write the devices to standard output as JSON."""
    print(json.dumps(asdict(find_devices())))


def may_use_accelerator(root: Path = Path("/")) -> bool:
    """Whether JAX may compute on another device than the CPU, or should, without starting it."""
    return has_nvidia_gpu(root) or _has_plugins()


@cache
def _has_plugins() -> bool:
    """Whether a package extends JAX by a device; the packages are read once, which takes a fifth of drawing a page."""
    return bool(importlib.metadata.entry_points(group="jax_plugins"))


def has_nvidia_gpu(root: Path = Path("/")) -> bool:
    """Whether the system has a GPU with NVIDIA's driver.

    Args:
        root: folder that contains `proc` and `dev`.
    """
    return any((root / "dev").glob("nvidia[0-9]*")) or any((root / "proc/driver/nvidia/gpus").glob("*"))


def name_of_cpu() -> str:
    """The processor and the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        name = found[1] if found else name
    return f"cpu: {name}, {available_cores()} cores"


def _in_words(device: str) -> str:
    """A device with its article, as in a sentence."""
    kind, _, name = device.partition(": ")
    return f"the {'processor' if kind == 'cpu' else kind.upper()} ({name})"


def _torch_device(of_jax: str, on_cpu: bool) -> str:
    if on_cpu:
        return of_jax
    import torch

    return f"gpu: {torch.cuda.get_device_name()}" if torch.cuda.is_available() else name_of_cpu()


def _is_hidden() -> bool:
    """Whether the GPU is left out on purpose."""
    platforms = os.environ.get("JAX_PLATFORMS", "")
    chosen = bool(platforms) and not {"cuda", "gpu"} & set(platforms.split(","))
    return chosen or os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")


def _problems(jax_on_cpu: bool, has_torch: bool) -> Iterator[str]:
    """A sentence for each framework that cannot use the GPU that there is."""
    start_fails = LIBRARY_PATH if os.environ.get("LD_LIBRARY_PATH") else DRIVER
    if jax_on_cpu:
        plugins = importlib.metadata.entry_points(group="jax_plugins")
        cause = start_fails if any("cuda" in plugin.name for plugin in plugins) else NO_PLUGIN
        yield f"JAX cannot use this machine's GPU, and all metrics are computed on the CPU: {cause}."
    if has_torch:
        import torch

        if not torch.cuda.is_available():
            cause = NO_CUDA_BUILD if torch.version.cuda is None else start_fails
            yield f"PyTorch cannot use this machine's GPU: {cause}."
