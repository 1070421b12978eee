"""Progress is one line that fits a terminal, or a line every tenth of the run in a file."""

import dataclasses
import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.cli import progress
from mad_app.cli.progress import ProgressLine, progress_text
from mad_app.competition import Reason, Restoration, Step
from mad_app.request import Request
from mad_app.runs import Progress

REQUEST = Request(first="lasi", second="lpips-alex", steps=100)


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def progress_at(index: int, *, seconds_left: float | None = 72.4) -> Progress:
    step = Step(
        index=index,
        images=jnp.zeros((4, 1, 1, 3)),
        first=np.array([1.84, 0.0271, 0.476, 0.476]),
        second=np.array([0.0872, 0.0872, 1.87, 0.000612]),
        drift=np.array([0, 1e-5, -2e-4, 0]),
        reasons=(Reason.BUDGET,) * 4 if index == 100 else None,
    )
    return Progress(Path("runs/a"), step, 100, 1.0, 1.5, seconds_left)


def returning(step: int, departure: float = 0.003) -> Progress:
    return dataclasses.replace(progress_at(99), restoration=Restoration(100, step, departure))


def whole_run() -> Iterator[Progress]:
    return map(progress_at, range(101))


def test_a_line_shows_the_extremes_of_both_metrics_the_drift_and_the_time_left() -> None:
    extremes = "lasi ↑1.84 ↓0.0271  lpips-alex ↑1.87 ↓0.000612"
    now = "off by up to 0.02 % for now; corrected at the end"
    assert progress_text(REQUEST, progress_at(20)) == f"20/100  1:12 of steps left  {extremes}  {now}"
    assert progress_text(REQUEST, progress_at(20, seconds_left=None)) == f"20/100  {extremes}  {now}"
    assert progress_text(REQUEST, progress_at(100)) == "100/100  optimized in 0:01"


@pytest.mark.parametrize(("seconds", "clock"), [(0, "0:00"), (9.6, "0:10"), (3599.6, "1:00:00"), (36_062, "10:01:02")])
def test_the_time_left_is_read_from_a_clock(seconds: float, clock: str) -> None:
    assert f"  {clock} of steps left  " in progress_text(REQUEST, progress_at(20, seconds_left=seconds))


def test_a_value_that_is_no_number_is_shown_as_such() -> None:
    broken = progress_at(3)
    broken = dataclasses.replace(broken, step=dataclasses.replace(broken.step, first=np.full(4, np.nan)))
    assert "lasi ↑nan ↓nan" in progress_text(REQUEST, broken)


def test_a_file_gets_a_line_every_tenth_of_the_run() -> None:
    stream = io.StringIO()
    line = ProgressLine(REQUEST, stream)
    for progress_now in whole_run():
        line(progress_now)
    line.end()
    lines = stream.getvalue().splitlines()
    assert [text.partition("/")[0] for text in lines] == [str(index) for index in range(0, 101, 10)]


def test_the_return_to_the_level_is_shown_with_its_steps_and_how_far_off_the_images_are() -> None:
    assert progress_text(REQUEST, returning(12)) == "100/100  returning to the level: step 12, off by up to 0.3 %"


@pytest.mark.parametrize(("steps", "lines"), [(3, 0), (40, 3), (225, 5)])
def test_a_file_gets_a_few_lines_of_a_long_return_and_none_of_a_short_one(steps: int, lines: int) -> None:
    stream = io.StringIO()
    line = ProgressLine(REQUEST, stream)
    for step in range(steps + 1):
        line(returning(step))
    assert stream.getvalue().count("returning to the level") == lines


def test_a_terminal_shows_at_once_that_the_return_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: 0.0))
    stream = Terminal()
    line = ProgressLine(REQUEST, stream)
    for progress_now in (progress_at(99), returning(0), returning(1)):
        line(progress_now)
    shown = stream.getvalue().split("\r")[1:]
    assert len(shown) == 2
    assert "step 0, off by up to 0.3 %" in shown[1]


@pytest.mark.parametrize("columns", [40, 200])
def test_a_terminal_gets_one_line_that_fits(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.shutil, "get_terminal_size", lambda *_, **__: os.terminal_size((columns, 24)))
    stream = Terminal()
    line = ProgressLine(REQUEST, stream)
    for progress_now in whole_run():
        line(progress_now)
    line.end()
    line.end()
    assert stream.getvalue().count("\n") == 1
    shown = stream.getvalue().rstrip("\n").split("\r")
    assert shown[0] == ""
    assert {len(text) for text in shown[1:]} == {columns - 1}
    assert shown[1].startswith("0/100")
    assert shown[-1].startswith("100/100")


def test_a_terminal_is_not_written_to_faster_than_anyone_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(1000) * progress.SECONDS_BETWEEN_LINES / 5)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    stream = Terminal()
    line = ProgressLine(REQUEST, stream)
    for progress_now in whole_run():
        line(progress_now)
    assert 15 <= stream.getvalue().count("\r") <= 22
