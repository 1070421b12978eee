"""The tournament of metrics: every one against every other, over pictures, from runs that are done.

A run of two metrics fills two cells: the first optimized while the second is fixed, and the reverse. The ratio of a
cell is the optimized metric's greater distance of the pair divided by its smaller one. Ratios are averaged
geometrically, first over the runs of a picture, then over pictures, then over opponents; intervals are bootstrapped
over pictures (Efron & Tibshirani, An Introduction to the Bootstrap, 1993: percentiles). Aggressiveness and resistance
are named after Ma et al., Group MAD Competition, CVPR 2016, who had people judge the pairs.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mad_app.records import Summary, pair_ratio

DRAWS = 1000
"""Of the bootstrap."""

CONFIDENCE = 95.0
"""Of an interval, in percent."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A number and the bootstrapped interval around it; both ends are the number where there is one picture."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tournament:
    """The outcome; metrics stand in the order of their resistance, the least resistant first.

    Attributes:
        metrics: names, N.
        pictures: names of the pictures, P.
        ratios: (N, N), at least 1: row the optimized metric, column the fixed one; NaN where there is no run.
        aggressiveness: of each metric the geometric mean of its row: how different it finds the pairs that
            others rate equal. It depends on the metric's own unit: ratios of squared distances are squares.
        resistance: of each metric the inverse of the geometric mean of its column: at most 1, and 1 where no
            other metric finds a difference between images that it rates equal.
        most_separated: row and column to the run with the greatest ratio of the cell, and its pair, 0 or 1.
    """

    metrics: tuple[str, ...]
    pictures: tuple[str, ...]
    ratios: Numbers
    aggressiveness: tuple[Interval, ...]
    resistance: tuple[Interval, ...]
    most_separated: Mapping[tuple[int, int], tuple[Summary, int]]


def tournament(runs: Iterable[Summary], *, seed: int = 0) -> Tournament:
    """Compute the tournament of some runs.

    Args:
        runs: finished ones; a pair without a ratio is left out.
        seed: of the bootstrap.

    Raises:
        ValueError: there is no pair with a ratio.
    """
    logarithms: dict[tuple[str, str, str], list[float]] = {}
    best: dict[tuple[str, str], tuple[float, Summary, int]] = {}
    for run in runs:
        for pair in (0, 1):
            ratio = pair_ratio(run.results, pair)
            if ratio is None:
                continue
            cell = run.results[2 * pair].optimized, run.results[2 * pair].fixed
            logarithms.setdefault((_picture(run), *cell), []).append(math.log(ratio))
            if cell not in best or ratio > best[cell][0]:
                best[cell] = (ratio, run, pair)
    if not logarithms:
        raise ValueError("no run of the tournament is done: run the campaign first")
    pictures = sorted({picture for picture, _, _ in logarithms})
    names = sorted({name for cell in best for name in cell})
    values = np.full((len(pictures), len(names), len(names)), np.nan)
    for (picture, optimized, fixed), found in logarithms.items():
        values[pictures.index(picture), names.index(optimized), names.index(fixed)] = sum(found) / len(found)
    order = np.argsort(-np.nan_to_num(_mean(_mean(values, 0), 0), nan=-1.0), kind="stable")
    values, names = values[:, order][:, :, order], [names[i] for i in order]
    attack, yielding = _intervals(values, 1, seed), _intervals(values, 0, seed)
    return Tournament(
        metrics=tuple(names),
        pictures=tuple(pictures),
        ratios=np.exp(_mean(values, 0)),
        aggressiveness=tuple(Interval(*np.exp(row)) for row in attack),
        resistance=tuple(Interval(math.exp(-mid), math.exp(-high), math.exp(-low)) for mid, low, high in yielding),
        most_separated={(names.index(a), names.index(b)): (run, pair) for (a, b), (_, run, pair) in best.items()},
    )


def _picture(run: Summary) -> str:
    """The name of a run's picture; of an array, which has none, that of the run."""
    return (run.origin.name if run.origin else None) or run.id


def _intervals(values: Numbers, axis: int, seed: int) -> Numbers:
    """Mean logarithm over pictures and one axis of the matrix, and its interval: (N, 3)."""
    random, count = np.random.default_rng(seed), len(values)
    drawn = [_mean(_mean(values[random.integers(0, count, count)], 0), axis) for _ in range(DRAWS)]
    tails = [(100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2]
    middle = _mean(_mean(values, 0), axis)
    ends = [np.percentile(column[~np.isnan(column)], tails, method="nearest") if not np.isnan(mid) else (mid, mid)
            for column, mid in zip(np.transpose(drawn), middle, strict=True)]  # fmt: skip
    return np.column_stack([middle, ends])


def _mean(values: Numbers, axis: int) -> Numbers:
    """The mean along an axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis)
    total = np.where(known, values, 0.0).sum(axis)
    mean: Numbers = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean
