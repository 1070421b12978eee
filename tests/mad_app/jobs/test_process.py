"""A worker process is asked for one thing after the other, and never for what has been given up meanwhile."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from mad_app.jobs.process import ProcessEnded, WorkerProcess

ECHO = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    while not os.path.exists(asked["when"]):
        time.sleep(0.01)
    if asked["number"] is None:
        os._exit(3)
    print(line, end="", flush=True)
"""
"""Answers with what it is asked, once the file is there that it is asked with; ends where no number is asked."""


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerProcess]:
    popen = subprocess.Popen

    def echo(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return popen([sys.executable, "-c", ECHO], **options)

    monkeypatch.setattr("mad_app.jobs.process.subprocess.Popen", echo)
    process = WorkerProcess()
    yield process
    process.end()


def asked(number: int | None, when: Path) -> dict[str, Any]:
    return {"number": number, "when": str(when)}


def test_what_is_given_up_while_others_are_answered_is_not_asked(process: WorkerProcess, tmp_path: Path) -> None:
    ready, never = tmp_path / "ready", tmp_path / "never"
    first = process.ask(asked(1, ready))
    given_up = [process.ask(asked(number, never)) for number in (2, 3)]
    last = process.ask(asked(4, ready))
    assert not first.cancel()  # it is being computed
    assert all(answer.cancel() for answer in given_up)
    ready.touch()
    assert [first.result(60)["number"], last.result(60)["number"]] == [1, 4]
    assert process.ask(asked(5, ready)).result(60)["number"] == 5


def test_all_that_wait_are_told_when_the_process_ends(process: WorkerProcess, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    answers = [process.ask(asked(number, ready)) for number in (None, 2, 3)]
    answers[1].cancel()
    ready.touch()
    for answer in (answers[0], answers[2]):
        with pytest.raises(ProcessEnded, match="exit status 3"):
            answer.result(60)
    with pytest.raises(CancelledError):
        answers[1].result(60)
    assert not process.is_alive()
    with pytest.raises(ProcessEnded):
        process.ask(asked(4, ready)).result(60)
