"""What a run is computed with, for its record: package versions and the device."""

import contextlib
import importlib.metadata
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jax

from mad_app.metrics.threads import available_cores
from mad_app.records.program_version import program_version
from mad_app.records.text import readable

PACKAGES = ("jax", "jaxlib", "optax", "numpy", "scipy", "torch", "lpips", "piq")


@dataclass(frozen=True)
class Environment:
    """What a run was computed with.

    Attributes:
        versions: "python", "mad_app" (`program_version`) and each of PACKAGES to its version; None if it is not
            installed.
        device: what JAX computes on, such as "cpu: AMD EPYC, 2 cores" or "gpu: NVIDIA H100".
    """

    versions: Mapping[str, str | None]
    device: str


def environment() -> Environment:
    """Look the versions up, importing none of the packages, and ask JAX for its device."""
    versions: dict[str, str | None] = {"python": platform.python_version(), "mad_app": program_version()}
    for package in PACKAGES:
        versions[package] = None
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    device = jax.devices()[0]
    named = _cpu() if device.platform == "cpu" else f"{device.platform}: {device.device_kind}"
    return Environment(versions, re.sub(r"[<>\[\]`]", "", readable(named))[:300])


def _cpu() -> str:
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        name = found[1] if found else name
    return f"cpu: {name}, {available_cores()} cores"
