"""How many competitions this machine can run at a time."""

import contextlib
import importlib.metadata
import math
import os
import subprocess
from pathlib import Path

from mad_app.metrics.threads import available_cores

VARIABLE = "MAD_APP_JOBS"
"""Environment variable that names the number, where it is not left to the machine."""

MEBIBYTES_OF_A_RUN = 8 * 1024
"""GPU memory reserved for each run: enough for the largest pictures of the page with LASI and LPIPS."""

TIMEOUT_SECONDS = 10.0


def runs_at_once() -> int:
    """$MAD_APP_JOBS if it is set; else as many as a GPU's memory holds, where JAX uses one; else 1.

    Raises:
        ValueError: as `runs_asked_for`.
    """
    return runs_asked_for() or (runs_on_gpu(_free_mebibytes()) if _jax_uses_a_gpu() else 1)


def runs_asked_for() -> int | None:
    """$MAD_APP_JOBS, None if it is not set.

    Raises:
        ValueError: the variable is no whole number of at least 1.
    """
    asked = os.environ.get(VARIABLE)
    if asked is not None and not (asked.isascii() and asked.isdigit() and int(asked)):
        raise ValueError(f"{VARIABLE} must be a whole number of at least 1, got {asked!r}")
    return None if asked is None else int(asked)


def runs_on_gpu(free: float) -> int:
    """How many runs share a GPU with `free` mebibytes, at least one and no more than there are processors.

    Example:
        >>> runs_on_gpu(0), runs_on_gpu(9_000)
        (1, 1)
    """
    return max(1, min(int(free / MEBIBYTES_OF_A_RUN), available_cores()))


def available_memory() -> float:
    """Bytes of memory that processes can still take without swapping; infinite where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * float(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return math.inf


def _jax_uses_a_gpu() -> bool:
    """Whether JAX has its CUDA plugin, by the installed packages: asking JAX itself would take memory of the GPU."""
    return any("cuda" in plugin.name for plugin in importlib.metadata.entry_points(group="jax_plugins"))


def _free_mebibytes() -> float:
    """Free memory of the first GPU, the one that JAX uses; 0 if unknown."""
    command = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS).stdout
        return float(output.split()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0.0
