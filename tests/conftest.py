"""For every test: NumPy and PyTorch use one thread, programs are compiled quickly, long files begin first, what imports
leave behind is not searched for garbage again and again, and nothing waits for the disk."""

import gc
import os
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Read when NumPy and PyTorch are imported, here and in the processes of the tests. With more threads than cores, those
that spin make every small operation a time slice long."""

QUICK_TO_COMPILE = (
    "--xla_backend_optimization_level=0",
    "--xla_cpu_parallel_codegen_split_count=1",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_llvm_disable_expensive_passes=true",
)
"""Options of XLA with which a program is compiled in a third of the time; most programs of the tests run once."""

PROBE = "from jaxlib import xla_client; xla_client.CompileOptions()"
LONG = (
    "tests/lasi/test_derivatives.py",
    "tests/test_as_shipped.py",
    "tests/lasi/test_gpu_layout.py",
    "tests/mad_app/ui/compete/test_page.py",
    "tests/mad_app/cli/test_cli.py",
    "tests/test_readme.py",
    "tests/lasi/test_metric.py",
    "tests/lasi/test_reference.py",
    "tests/mad_app/figures/test_figures.py",
    "tests/mad_app/runs/test_run.py",
    "tests/mad_app/competition/test_compete.py",
    "tests/test_metric_contract.py",
    "tests/mad_app/metrics/test_registry.py",
    "tests/mad_app/competition/test_loop.py",
    "tests/mad_app/ui/figure/test_page.py",
    "tests/mad_app/campaigns/test_processes.py",
    "tests/mad_app/runs/test_series.py",
    "tests/browser/test_app.py",
    "tests/browser/test_accessibility.py",
    "tests/browser/test_history.py",
    "tests/browser/test_viewer.py",
    "tests/browser/test_lessons.py",
    "tests/browser/test_gallery.py",
    "tests/browser/test_campaigns.py",
)
"""Files that begin first, so that at the end no process waits for another's."""


def _known(options: tuple[str, ...]) -> tuple[str, ...]:
    """Those options that this version of XLA has: it ends a process that names another."""
    probe = [sys.executable, "-c", PROBE]
    finished = subprocess.run(probe, env={**os.environ, "XLA_FLAGS": " ".join(options)}, capture_output=True)
    if finished.returncode == 0:
        return options
    return () if len(options) == 1 else tuple(known for option in options for known in _known((option,)))


if "XLA_FLAGS" not in os.environ and not Path("/dev/nvidiactl").exists():  # a GPU's tests measure what is shipped
    os.environ["XLA_FLAGS"] = " ".join(_known(QUICK_TO_COMPILE))  # read when JAX compiles first, here and in processes


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What was written is asked for, not waited for: no test takes the machine's power away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; tests of programs as they are shipped are left to `test_as_shipped.py`."""
    root = Path(__file__).parents[1]
    rank = {root / name: i for i, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
    if QUICK_TO_COMPILE[0] in os.environ.get("XLA_FLAGS", ""):
        skip = pytest.mark.skip(reason="runs in tests/test_as_shipped.py; alone with XLA_FLAGS= in the environment")
        for item in items:
            if item.get_closest_marker("as_shipped"):
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, and set all that exists then aside.

    JAX, PyTorch and Streamlit leave millions of objects that live as long as the process; Streamlit alone has all of
    them searched after every run of a page. What tests leave is searched more rarely than by default: tracing a program
    makes thousands of objects, few of them garbage.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(100_000, 20, 50)
