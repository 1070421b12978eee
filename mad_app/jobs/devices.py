"""The devices that workers compute on, as the server tells them without using a GPU itself."""

import importlib.util
import json
import subprocess
import sys
from typing import Any

from mad_app.jobs.environment import server_environment
from mad_app.metrics.devices import Devices, may_use_accelerator, name_of_cpu

TIMEOUT_SECONDS = 120.0


def devices_of_workers() -> Devices | None:
    """The devices of JAX and PyTorch in a process of its own, started only where the machine may have more than a CPU.

    Returns:
        The devices; None if the process fails, as a worker then would.
    """
    if not may_use_accelerator():
        cpu = name_of_cpu()
        return Devices(cpu, cpu if importlib.util.find_spec("torch") else None)
    command = [sys.executable, "-c", "from mad_app.metrics.devices import print_devices; print_devices()"]
    try:
        done = subprocess.run(
            command, env=server_environment(), capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return Devices(found["jax"], found["torch"], tuple(found["problems"]))
