"""Ctrl-C stops a competition after its step, one that is killed or runs out of memory keeps its checkpoint, and all of
them go on bit for bit."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mad_app.cli import compete as cli
from mad_app.cli.main import INTERRUPTED
from mad_app.competition import Reason
from mad_app.metrics import OUT_OF_MEMORY
from mad_app.metrics.joint import Joint
from mad_app.records import UNFINISHED, load_checkpoint, load_record
from mad_app.request import Request
from mad_app.runs import recorder, run_competition
from tests.mad_app.cli.command_line import ROOT, SMALL, invoke
from tests.mad_app.record_examples import assert_same_result

STEPS, STOP = 40, 15
REQUEST = Request(image="coffee", first="ssim", second="mse", size=24, seed=3, steps=STEPS, others="none")
"""What `SMALL` asks, with STEPS steps; STOP is where one is interrupted."""

KILLED = f"""
import os
from mad_app.__main__ import main
from mad_app.metrics.joint import Joint
from mad_app.runs import recorder

def counted(*arguments):
    calls.append(arguments)
    if len(calls) > {STOP}:
        os.kill(os.getpid(), {signal.SIGKILL:d})
    return evaluate(*arguments)

evaluate, calls = Joint.value_and_grad, []
Joint.value_and_grad, recorder.SECONDS_BETWEEN_CHECKPOINTS = counted, 0
main()
"""
"""The program, killed in a step, with a checkpoint of every one before it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that was never interrupted."""
    return run_competition(REQUEST, tmp_path_factory.mktemp("whole"))


def _call_on_the_way(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    evaluate, calls = Joint.value_and_grad, []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == STOP + 1:
            act()
        return evaluate(*arguments)

    monkeypatch.setattr(Joint, "value_and_grad", counted)
    monkeypatch.setattr("mad_app.runs.run.compile_step_of", lambda *_: None)  # which evaluates too


def test_ctrl_c_stops_after_the_step_and_the_run_goes_on_bit_for_bit(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _call_on_the_way(patch, lambda: signal.raise_signal(signal.SIGINT))
        result = invoke(*SMALL, "--steps", STEPS, "--out", tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert (result.exit_code, result.stdout) == (INTERRUPTED, f"{folder}\n")
    assert "Traceback" not in result.stderr
    stopped = load_record(folder)
    assert {result.outcome for result in stopped.results} == {Reason.STOPPED.value}
    assert stopped.history.step[-1] == STOP
    result = invoke("resume", folder)
    assert (result.exit_code, result.stdout) == (0, f"{folder}\n")
    assert_same_result(folder, whole)


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path, whole: Path) -> None:
    command = [sys.executable, "-c", KILLED, *SMALL, "--steps", str(STEPS), "--out", str(tmp_path)]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "")
    assert "Traceback" not in killed.stderr
    (folder,) = (path for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert {result.outcome for result in load_record(folder).results} == {UNFINISHED}
    assert 0 < load_checkpoint(folder).step.index < STEPS
    assert invoke("resume", folder).exit_code == 0
    assert_same_result(folder, whole)


def test_out_of_memory_is_one_sentence_and_the_run_goes_on_from_its_checkpoint(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB.")

    with monkeypatch.context() as patch:
        _call_on_the_way(patch, fail)
        patch.setattr(recorder, "SECONDS_BETWEEN_CHECKPOINTS", 0)
        result = invoke(*SMALL, "--steps", STEPS, "--out", tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(f"To continue: python -m mad_app resume {folder}\nError: {OUT_OF_MEMORY}\n")
    assert load_checkpoint(folder).step.index == STOP - 1
    assert invoke("resume", folder).exit_code == 0
    assert_same_result(folder, whole)


def test_a_second_ctrl_c_interrupts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)

    def competition(*_: object, should_stop: object, **__: object) -> Path:
        assert callable(should_stop)
        assert not should_stop()
        signal.raise_signal(signal.SIGINT)
        assert should_stop()
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not interrupted")

    monkeypatch.setattr(cli, "run_competition", competition)
    result = invoke(*SMALL, "--out", tmp_path)
    assert (result.exit_code, result.stdout, result.stderr) == (INTERRUPTED, "", "interrupted\n")
    assert signal.getsignal(signal.SIGINT) == before
