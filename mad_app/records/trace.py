"""The values along a run, thinned to what a plot can show."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mad_app.records.checkpoints import History

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


def _rows(values: Iterable[Sequence[float]]) -> tuple[Row, ...]:
    """Numbers to six digits; what is not finite is None."""
    return tuple(tuple(float(f"{value:.6g}") if math.isfinite(value) else None for value in row) for row in values)
