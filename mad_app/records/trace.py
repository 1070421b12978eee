"""The values along a run, thinned to what a plot can show."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mad_app.records.history import History
from mad_app.records.run import Run

MAX_POINTS = 200
"""Points of a trace; a plot could not show more."""

Row = tuple[float | None, ...]


@dataclass(frozen=True)
class Trace:
    """A thinned history as plain values; column i of each row belongs to CORNERS[i].

    Attributes:
        step: steps done, growing.
        first: the first metric's distances, a row of 4 for each step; None where not finite.
        second: likewise for the second metric.
        drift: relative signed departure of each image's fixed metric from its level.
    """

    step: tuple[int, ...] = ()
    first: tuple[Row, ...] = ()
    second: tuple[Row, ...] = ()
    drift: tuple[Row, ...] = ()

    @classmethod
    def of(cls, history: History) -> "Trace":
        """A history, thinned to MAX_POINTS; its first and its last point are kept."""
        count = len(history.step)
        kept = np.unique(np.linspace(0, count - 1, min(count, MAX_POINTS)).round().astype(int))
        columns = (_rows(getattr(history, name)[kept]) for name in ("first", "second", "drift"))
        return cls(tuple(int(step) for step in history.step[kept]), *columns)


def reported_trace(run: Run) -> Trace:
    """The values over the steps; at the end, those of the 8-bit images."""
    return at_end(Trace.of(run.history), run)


def at_end(trace: Trace, run: Run) -> Trace:
    """A trace whose last row has the values of the record's 8-bit images, as far as they were measured."""
    names = (run.results[0].optimized, run.results[0].fixed)
    ends = {
        "first": tuple(_finite(result.reported.get(names[0])) for result in run.results),
        "second": tuple(_finite(result.reported.get(names[1])) for result in run.results),
        "drift": tuple(_finite(result.reported_drift) for result in run.results),
    }
    columns = {name: (*getattr(trace, name)[:-1], row) for name, row in ends.items()}
    return replace(trace, **columns)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _rows(values: Iterable[Sequence[float]]) -> tuple[Row, ...]:
    """Numbers to six digits; what is not finite is None."""
    return tuple(tuple(float(f"{value:.6g}") if math.isfinite(value) else None for value in row) for row in values)
