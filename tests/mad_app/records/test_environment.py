"""The record tells what a run was computed with."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from mad_app import records
from mad_app.records import environment


def test_the_environment_tells_versions_and_device() -> None:
    found = environment()
    assert found.versions["numpy"] == np.__version__
    assert found.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "torch" in found.versions
    assert found.device.startswith(("cpu: ", "gpu: "))


def test_the_environment_imports_no_torch() -> None:
    code = "import sys, mad_app.records as r; r.environment(); sys.exit('torch' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(Path(records.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0
