"""Which device each framework computes on, and what is said where the machine has a GPU that one of them cannot use."""

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mad_app.jobs.devices import devices_of_workers
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
