"""What a worker process prepares gives way to whoever asks for something."""

import base64
import importlib
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mad_app.competition import compete
from mad_app.jobs.priority import PREPARING, RUNNING
from mad_app.jobs.serve import Inbox, explain, main, memory_in_use, prepare_first_step, prepare_step
from mad_app.metrics import get_metric
from mad_app.request import Request
from mad_app.runs import materialize, metrics_of, run_competition

loop = importlib.import_module("mad_app.competition.loop")


@pytest.fixture
def inbox_and_ask(monkeypatch: pytest.MonkeyPatch) -> tuple[Inbox, Callable[[bytes], object]]:
    """An inbox, and what writes to it; it is never closed, at which a worker process ends."""
    read, write = os.pipe()
    monkeypatch.setattr("mad_app.jobs.serve.set_priority", lambda _: None)
    monkeypatch.setattr("mad_app.jobs.serve.QUIET_SECONDS", 0.01)
    return Inbox(read), partial(os.write, write)


def test_what_is_prepared_is_broken_off_by_a_request_and_taken_up_again(
    inbox_and_ask: tuple[Inbox, Callable[[bytes], object]],
) -> None:
    (inbox, ask), done = inbox_and_ask, []

    def first(break_off: Callable[[], None]) -> None:
        break_off()
        done.append("first")

    def second(break_off: Callable[[], None]) -> None:
        done.append("begun")
        if done.count("begun") == 1:
            ask(b'{"number": 1}\n')
            while True:
                break_off()
        done.append("second")
        ask(b'{"number": 2}\n')

    requests = inbox.requests([first, second])
    assert next(requests) == {"number": 1}
    assert done == ["first", "begun"]
    assert next(requests) == {"number": 2}
    assert done == ["first", "begun", "begun", "second"]


def test_what_cannot_be_prepared_is_left_to_the_runs(
    inbox_and_ask: tuple[Inbox, Callable[[bytes], object]], capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, ask = inbox_and_ask

    def fail(_: Callable[[], None]) -> None:
        ask(b'{"number": 3}\n')
        raise RuntimeError("no such processor")

    assert next(inbox.requests([fail])) == {"number": 3}
    assert "no such processor" in capsys.readouterr().err


def test_a_run_is_expected_from_a_start_that_was_measured_and_prepared_once(
    inbox_and_ask: tuple[Inbox, Callable[[bytes], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, begun = inbox_and_ask[0], []
    run = {"run": "folder"}

    def prepare(asked: Any, done: Callable[[], None], break_off: Callable[[], None]) -> None:
        begun.append(asked["measure"]["strength"])
        break_off()
        done()
        inbox._requests.put(run)

    def measure(strength: float) -> None:
        inbox._requests.put({"measure": {"first": "ssim", "strength": strength}, "shape": [8, 8, 3]})
        inbox.expect_run(next(requests))

    monkeypatch.setattr("mad_app.jobs.serve.prepare_first_step", prepare)
    requests = inbox.requests([])
    measure(0.1)
    inbox._requests.put(run)  # before anything was prepared
    inbox.expect_run(next(requests))
    measure(0.2)
    assert next(requests) == run
    assert begun == [0.2]
    measure(0.3)
    inbox._requests.put(None)
    assert list(requests) == []
    assert begun == [0.2]


def test_what_else_is_asked_waits_for_what_is_compiled_beside_a_measurement(
    inbox_and_ask: tuple[Inbox, Callable[[bytes], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, ended, events = inbox_and_ask[0], threading.Event(), []

    def prepare(asked: Any) -> None:
        ended.wait(60)
        events.append(asked["shape"])

    monkeypatch.setattr("mad_app.jobs.serve.prepare_step", prepare)
    inbox.compile_beside({"measure": {"first": "ssim"}, "shape": [8, 8, 3]})
    assert events == []  # the measurement goes on
    threading.Timer(0.05, ended.set).start()
    inbox.compile_beside({"run": "folder"})
    assert events == [[8, 8, 3]]


@pytest.mark.parametrize("second", ["mse", "0.5*lasi+mse"])
def test_a_run_that_was_expected_compiles_no_step(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    traced, step = [], loop.step

    def counted(*arguments: Any) -> Any:
        traced.append(arguments)
        return step(*arguments)

    monkeypatch.setattr(loop, "step", counted)
    loop.compiled(loop.take_step).clear_cache()  # of runs before in this process
    request = Request(image="coffee", size=20, first="gmsd", second=second, steps=2, others="none")
    materials, done = materialize(request), []
    reference = base64.b64encode(materials.reference.tobytes()).decode()
    asked = {"measure": asdict(request), "reference": reference, "shape": materials.reference.shape}
    prepare_step(asked)
    assert len(traced) == 1
    prepare_first_step(asked, lambda: done.append(True), lambda: None)
    assert done == [True]
    metrics = metrics_of(request, get_metric)
    assert len(list(compete(materials.reference, materials.start, *metrics, request.settings()))) == 3
    assert len(traced) == 1


@pytest.mark.parametrize("second", ["mse", "nlpd"])
def test_no_step_is_compiled_by_itself_where_one_program_has_all_of_a_run(
    monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    compiled: list[object] = []
    monkeypatch.setattr("mad_app.runs.run.compile_step", lambda *images, **_: compiled.append(images))
    request = Request(image="coffee", size=96, first="lasi", second=second, others="none")
    reference = materialize(request).reference
    asked = {"reference": base64.b64encode(reference.tobytes()).decode(), "shape": reference.shape}
    prepare_step({**asked, "measure": asdict(request)})
    assert len(compiled) == (second == "nlpd")


@pytest.mark.skipif(sys.platform != "linux", reason="each thread has a priority on Linux alone")
def test_the_priority_of_all_threads_is_lowered_and_raised_where_it_can_be() -> None:
    program = f"""
import os, threading
from mad_app.jobs.priority import set_priority, yield_to_the_page, _may_be_raised
yield_to_the_page()
began = threading.Event()
threading.Thread(target=began.wait, daemon=True).start()
def priorities():
    return {{os.getpriority(os.PRIO_PROCESS, int(task)) for task in os.listdir("/proc/self/task")}}
set_priority({PREPARING})
print(_may_be_raised(), *priorities())
set_priority({RUNNING})
print(*priorities())
"""
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    low, usual = shown.stdout.splitlines()
    if low.startswith("True"):
        assert (low, usual) == (f"True {PREPARING}", f"{RUNNING}")
    else:
        assert low.startswith("False")
        assert str(PREPARING) not in usual


def test_the_memory_is_that_of_this_process() -> None:
    before = memory_in_use()
    with mmap.mmap(-1, 64 * 2**20) as kept:
        kept.write(b"x" * len(kept))
        assert sys.platform != "linux" or memory_in_use() - before > len(kept) / 2


def test_a_step_of_a_record_is_explained_or_it_is_said_why_not(tmp_path: Path) -> None:
    request = Request(image="coffee", size=16, first="gmsd", second="mse", steps=6, others="none")
    folder = str(run_competition(request, tmp_path))
    for step in (0, 6):
        explained = explain({"explain": folder, "step": step})
        assert explained["step"] == step
        levels, values = explained["levels"], explained["values"]
        assert values[0][1] == pytest.approx(levels[0], rel=1e-2)  # MSE is fixed; a keyframe has 8 bits
        assert explained["changes"][0][0][0] > 0 > explained["changes"][1][0][0]
    assert "must be one of" in explain({"explain": folder, "step": 7})["problem"]
    assert "problem" in explain({"explain": str(tmp_path / "none"), "step": 0})


def test_an_answer_that_nobody_reads_any_more_ends_nothing(
    inbox_and_ask: tuple[Inbox, Callable[[bytes], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = inbox_and_ask[0]
    read, write = os.pipe()
    os.close(read)
    answers = os.fdopen(write, "wb", buffering=0)
    for name, stand_in in {"_take_standard_output": lambda: answers, "Inbox": lambda: inbox}.items():
        monkeypatch.setattr(f"mad_app.jobs.serve.{name}", stand_in)
    for name in ("yield_to_the_page", "use_compilation_cache"):
        monkeypatch.setattr(f"mad_app.jobs.serve.{name}", lambda: None)
    monkeypatch.setattr(os, "_exit", sys.exit)
    for request in ({"check": "size = 16"}, {"check": ""}, None):
        inbox._requests.put(request)
    with pytest.raises(SystemExit, match="0"):
        main(prepares=False)
    answers.close()
