"""What a run is computed with, for its record: package versions and the devices."""

import functools
import importlib.metadata
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mad_app.metrics.devices import find_devices
from mad_app.records.program_version import program_version
from mad_app.records.text import readable

PACKAGES = ("jax", "jaxlib", "optax", "numpy", "scipy", "torch", "lpips", "piq")
DEVICE_LENGTH = 300
"""Most characters of a device in a record."""


@dataclass(frozen=True)
class Environment:
    """What a run was computed with.

    Attributes:
        versions: "python", "mad_app" (`program_version`) and each of PACKAGES to its version; None if it is not
            installed.
        device: what JAX and PyTorch compute on, such as "gpu: NVIDIA H100 (JAX, PyTorch)".
    """

    versions: Mapping[str, str | None]
    device: str


def environment() -> Environment:
    """Look the versions up, and find the devices; PyTorch is imported only where there is a GPU."""
    versions: dict[str, str | None] = {"python": platform.python_version(), "mad_app": program_version()}
    versions |= {package: _version(package) for package in PACKAGES}
    return Environment(versions, re.sub(r"[<>\[\]`]", "", readable(find_devices().describe()))[:DEVICE_LENGTH])


@functools.cache
def _version(package: str) -> str | None:
    """Of an installed package, whose long description is read with it: once, as a process keeps what it imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def device_after(before: str, now: str) -> str:
    """The devices of a run that began on one and was resumed on another.

    Example:
        >>> device_after("", "cpu: A (JAX)"), device_after("cpu: A (JAX)", "cpu: A (JAX)")
        ('cpu: A (JAX)', 'cpu: A (JAX)')
        >>> device_after("gpu: B (JAX)", "cpu: A (JAX)")
        'gpu: B (JAX), then cpu: A (JAX)'
    """
    if now.startswith(before):  # an earlier version did not name the frameworks
        return now
    if before.endswith(now):
        return before
    return f"{before}, then {now}"[-DEVICE_LENGTH:]
