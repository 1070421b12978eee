"""The environment of the processes that the program starts."""

import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def server_environment() -> dict[str, str]:
    """The environment in which this very package is found, and JAX leaves a GPU's memory to all."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
