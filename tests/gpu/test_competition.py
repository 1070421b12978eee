"""Competitions on a GPU: no step waits for the host, the results are the same twice and when resumed, here or on a CPU,
and memory is neither lost nor kept from others."""

import gc
import itertools
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from mad_app.competition import DEFAULT_SOLVER, MAX_DRIFT, Settings, Step, compete
from mad_app.competition.compete import _committed, _problem
from mad_app.competition.loop import _iterate_stepwise
from mad_app.competition.solver import init
from mad_app.distortions import distort
from mad_app.images import bundled_path, load_image
from mad_app.metrics import get_metric
from mad_app.records import load_record
from mad_app.request import Request
from mad_app.runs import resume_run, run_competition

torch = pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
PAIRS = [("lasi", "lpips-alex"), ("lasi", "mse"), ("ssim", "mse"), ("lasi+0.5*lpips-alex", "ssim"), ("lasi+mse", "mse")]


def pictures(size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    reference = load_image(bundled_path("coffee"), size=size)
    return reference, distort(reference, "noise", strength=0.1, seed=0)


def run(first: str, second: str, steps: int, *, resume: Step | None = None) -> Iterator[Step]:
    metrics = get_metric(first), get_metric(second)
    return compete(*pictures(), *metrics, Settings(steps=steps), resume=resume)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_run_is_the_same_twice_and_when_resumed(first: str, second: str) -> None:
    once, again = list(run(first, second, 30)), list(run(first, second, 30))
    middle = next(step for step in once if step.index == 15)
    resumed = [*once[:16], *run(first, second, 30, resume=middle)]
    assert np.abs(once[-1].drift).max() <= MAX_DRIFT
    for other in (again, resumed):
        for ours, theirs in zip(once, other, strict=True):
            assert (ours.index, ours.reasons) == (theirs.index, theirs.reasons)
            jax.tree.map(
                np.testing.assert_array_equal,
                (ours.images, ours.first, ours.second, ours.drift),
                (theirs.images, theirs.first, theirs.second, theirs.drift),
            )


@pytest.fixture
def watched() -> Iterator[None]:
    """JAX refuses transfers to and from the host, PyTorch each wait for the device."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this mode is a prototype
        torch.cuda.set_sync_debug_mode("error")
    with jax.transfer_guard("disallow"):
        yield
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("first", ["lasi", "0.5*lasi+lpips-alex"])
def test_no_step_waits_for_the_host(first: str, request: pytest.FixtureRequest) -> None:
    """Without the copies of its numbers, which the guard would refuse although nobody waits for them."""
    reference, start = pictures()
    metrics = get_metric(first), get_metric("lpips-alex")
    problem = _problem(reference, start, *metrics, Settings(steps=30), DEFAULT_SOLVER, None)
    steps = _iterate_stepwise(problem, _committed(init(problem.initial)), known=None)
    list(itertools.islice(steps, 3))
    request.getfixturevalue("watched")
    infos = list(itertools.islice(steps, 5))
    assert len(infos) == 5


def test_a_thousand_steps_keep_no_memory() -> None:
    used = {}
    for step in run("lasi", "lpips-alex", 1000):
        if step.index in (100, 900):
            gc.collect()
            stats = jax.devices()[0].memory_stats() or {"bytes_in_use": 0}
            used[step.index] = (stats["bytes_in_use"], torch.cuda.memory_allocated())
        if step.index == 900:
            break
    for early, late in zip(used[100], used[900], strict=True):
        assert late <= early + 16 * 2**20, used


def stops_after(count: int) -> Callable[[], bool]:
    asked = itertools.count(1)
    return lambda: next(asked) >= count


RESUME_ON_CPU = """
import itertools, sys
from mad_app.runs import resume_run
asked = itertools.count(1)
resume_run(sys.argv[1], should_stop=lambda: next(asked) >= 5)
"""


def test_a_run_goes_from_the_gpu_to_a_cpu_and_back(tmp_path: Path) -> None:
    asked = Request(image="coffee", first="ssim", second="mse", size=32, steps=40, others="none")
    folder = run_competition(asked, tmp_path, should_stop=stops_after(10))
    begun = load_record(folder)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    subprocess.run([sys.executable, "-c", RESUME_ON_CPU, str(folder)], env=environment, check=True, timeout=240)
    moved = load_record(folder)
    resume_run(folder)
    ended = load_record(folder)
    assert begun.device.startswith("gpu: ")
    assert moved.device.startswith(f"{begun.device}, then cpu: ")
    assert ended.device == f"{moved.device}, then {begun.device}"
    assert begun.history.step[-1] < moved.history.step[-1] < ended.history.step[-1] == 40
    assert all(result.drift is not None and abs(result.drift) <= MAX_DRIFT for result in ended.results)


def test_two_runs_share_the_gpu(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mad_app", "compete", "coffee", "--first", "lasi", "--second", "lpips-alex"]
    command += ["--size", "64", "--steps", "30", "--others", "none", "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, env=environment, cwd=ROOT, **pipes) for _ in range(2)]
    ended = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    first, second = (load_record(output.strip()) for output, _ in ended)
    np.testing.assert_array_equal(first.finals, second.finals)
