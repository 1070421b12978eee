"""Which device each framework computes on, and what is said where the machine has a GPU that one of them cannot use."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mad_app.jobs.devices import devices_of_workers
from mad_app.metrics import devices
from mad_app.metrics.devices import (
    DRIVER,
    LIBRARY_PATH,
    NO_CUDA_BUILD,
    NO_PLUGIN,
    find_devices,
    has_nvidia_gpu,
    may_use_accelerator,
)

JAX = "JAX cannot use this machine's GPU, and all metrics are computed on the CPU: "
TORCH = "PyTorch cannot use this machine's GPU: "


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a machine with a GPU, of which nothing else is known."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    for name in ("JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    install(monkeypatch, plugin=True)
    return tmp_path


def install(monkeypatch: pytest.MonkeyPatch, *, plugin: bool) -> None:
    plugins = [SimpleNamespace(name="xla_cuda13")] if plugin else []
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: plugins)
    monkeypatch.setattr(devices, "_has_plugins", lambda: plugin)


def test_a_gpu_is_found_by_its_driver(tmp_path: Path, gpu: Path) -> None:
    assert has_nvidia_gpu(gpu)
    assert not has_nvidia_gpu(tmp_path / "elsewhere")
    (tmp_path / "other" / "proc/driver/nvidia/gpus/0000:01:00.0").mkdir(parents=True)
    assert has_nvidia_gpu(tmp_path / "other")


@pytest.mark.skipif(may_use_accelerator(), reason="this machine may have more than a CPU")
def test_without_a_gpu_both_compute_on_the_cpu_and_nothing_is_wrong(tmp_path: Path) -> None:
    devices = find_devices(tmp_path)
    assert devices.jax == devices.torch
    assert devices.jax.startswith("cpu: ")
    assert devices.problems == ()
    assert devices_of_workers() == devices


def test_the_reason_and_the_cure_are_named(gpu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_devices(gpu).problems == (f"{JAX}{DRIVER}.", f"{TORCH}{DRIVER}.")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/local/cuda-11/lib64")
    assert find_devices(gpu).problems == (f"{JAX}{LIBRARY_PATH}.", f"{TORCH}{LIBRARY_PATH}.")
    install(monkeypatch, plugin=False)
    monkeypatch.setattr(torch.version, "cuda", None)
    assert find_devices(gpu).problems == (f"{JAX}{NO_PLUGIN}.", f"{TORCH}{NO_CUDA_BUILD}.")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_devices(gpu).problems == (f"{JAX}{NO_PLUGIN}.",)


@pytest.mark.parametrize(("name", "value"), [("JAX_PLATFORMS", "cpu"), ("CUDA_VISIBLE_DEVICES", "")])
def test_a_gpu_that_is_left_out_on_purpose_is_no_problem(
    gpu: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert find_devices(gpu).problems == ()


def test_importing_the_package_leaves_memory_of_the_gpu_to_pytorch() -> None:
    code = (
        "import json, os, mad_app; "
        "print(json.dumps([os.environ.get('XLA_PYTHON_CLIENT_PREALLOCATE'), 'torch' in __import__('sys').modules]))"
    )
    for given, expected in ((None, "false"), ("true", "true")):
        environment = {name: value for name, value in os.environ.items() if name != "XLA_PYTHON_CLIENT_PREALLOCATE"}
        environment |= {"PYTHONPATH": str(Path(__file__).parents[3])}
        environment |= {} if given is None else {"XLA_PYTHON_CLIENT_PREALLOCATE": given}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == [expected, False]
