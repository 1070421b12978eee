"""The record tells what a run was computed with."""

import sys

import numpy as np

from mad_app.records import environment


def test_the_environment_tells_versions_and_device() -> None:
    found = environment()
    assert found.versions["numpy"] == np.__version__
    assert found.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "torch" in found.versions
    assert found.device.startswith(("cpu: ", "gpu: "))
