"""The way of both metrics as small drawings in a page: SVG, so that it is sharp and takes the page's colors.

One drawing for the metric that is driven apart, one for the metric that is held, with its level. A and B, C and D bear
the colors of their images; the letters at the ends say the same to those who cannot tell the colors apart.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mad_app.competition.settings import CORNERS
from mad_app.figures import metric_title, number
from mad_app.records.trace import Row, Trace

LETTERS = "ABCD"
WIDE, LEFT, RIGHT = 260, 4, 190
"""Width of a drawing, and where its lines begin and end; what is right of them is for labels."""

LOGARITHMIC_FROM = 8.0
"""Ratio of the largest to the smallest value from which equal ratios, not differences, are drawn equally long."""

NARROWEST = 0.02
"""Least part of the level that the held metric's drawing spans; smaller departures should look small."""

LABEL_GAP = 12.0
"""Least distance of two labels."""

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Scale:
    """From a value to a height in the drawing.

    Attributes:
        low: the least value.
        high: the greatest.
        top: height of the greatest.
        bottom: height of the least.
        logarithmic: equal ratios are equally high.
    """

    low: float
    high: float
    top: float
    bottom: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Height of a value."""
        low, high, at = (math.log(v) if self.logarithmic else v for v in (self.low, self.high, value))
        share = (at - low) / (high - low) if high > low else 0.5
        return self.bottom + (self.top - self.bottom) * share


def pair_curves(trace: Trace, pair: int, names: tuple[str, str], steps: int) -> str:
    """Both drawings of a pair as HTML.

    Args:
        trace: the way so far.
        pair: 0 or 1.
        names: of both metrics.
        steps: how many there will be; the drawings span them all.
    """
    driven = 0 if CORNERS[2 * pair].optimized == "first" else 1
    columns = (trace.first, trace.second)
    ids = (2 * pair, 2 * pair + 1)
    moving = _lines(trace, columns[driven], ids, steps)
    held = _lines(trace, columns[1 - driven], ids, steps)
    return (
        f'<div class="mad-curves">{_driven(moving, ids, metric_title(names[driven]))}'
        f"{_held(held, ids, metric_title(names[1 - driven]))}</div>"
    )


def _lines(trace: Trace, rows: Sequence[Row], ids: tuple[int, int], steps: int) -> list[Points]:
    """For both images, (x, value) of every finite point."""
    width = (RIGHT - LEFT) / max(steps, 1)
    return [
        [
            (LEFT + width * step, value)
            for step, row in zip(trace.step, rows, strict=True)
            if (value := row[i]) is not None
        ]
        for i in ids
    ]


def _driven(lines: list[Points], ids: tuple[int, int], title: str) -> str:
    values = [value for line in lines for _, value in line]
    if not values:
        return _empty(title, 132)
    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low > LOGARITHMIC_FROM
    scale = Scale(low, high, 12, 122, logarithmic)
    start = lines[0][0][1] if lines[0] else low
    said = "; ".join(
        f"{LETTERS[i]} {number(start)} to {number(line[-1][1])}" for i, line in zip(ids, lines, strict=True) if line
    )
    body = _level(scale(start)) + _paths(lines, ids, scale) + _end_labels(lines, ids, scale)
    note = ", log scale" if logarithmic else ""
    return _drawing(body, 132, f"{title} driven{note}", f"{title} along the steps: {said}")


def _held(lines: list[Points], ids: tuple[int, int], title: str) -> str:
    values = [value for line in lines for _, value in line]
    if not values or not lines[0]:
        return _empty(title, 56)
    level = lines[0][0][1]
    reach = max([NARROWEST * abs(level), *(abs(value - level) for value in values)]) or 1.0
    scale = Scale(level - reach, level + reach, 6, 50)
    label = f'<text class="mad-label" x="{RIGHT + 6}" y="{scale(level) + 4:.1f}">{number(level)}</text>'
    body = _level(scale(level)) + _paths(lines, ids, scale) + label
    return _drawing(body, 56, f"{title} held at its level", f"{title} along the steps, held at {number(level)}")


def _paths(lines: list[Points], ids: tuple[int, int], scale: Scale) -> str:
    paths = []
    for i, line in zip(ids, lines, strict=True):
        way = " ".join(f"{x:.1f},{scale(value):.1f}" for x, value in line)
        paths.append(f'<polyline class="mad-line mad-{LETTERS[i]}" points="{way}"/>')
    return "".join(paths)


def _level(y: float) -> str:
    return f'<line class="mad-level" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _end_labels(lines: list[Points], ids: tuple[int, int], scale: Scale) -> str:
    """Letter and value right of each line's end; the upper one stays clear of the lower one."""
    ends = sorted((scale(line[-1][1]), i, line[-1][1]) for i, line in zip(ids, lines, strict=True) if line)
    heights = [height for height, _, _ in ends]
    if len(heights) == 2 and heights[1] - heights[0] < LABEL_GAP:
        middle = sum(heights) / 2
        heights = [middle - LABEL_GAP / 2, middle + LABEL_GAP / 2]
    return "".join(
        f'<text class="mad-label" x="{RIGHT + 6}" y="{height + 4:.1f}">'
        f'<tspan class="mad-{LETTERS[i]}">{LETTERS[i]}</tspan> {number(value)}</text>'
        for height, (_, i, value) in zip(heights, ends, strict=True)
    )


def _empty(title: str, height: int) -> str:
    return _drawing(_level(height / 2), height, title, f"{title}: no values yet")


def _drawing(body: str, height: int, heading: str, said: str) -> str:
    return (
        f'<p class="mad-quiet">{html.escape(heading)}</p>'
        f'<svg viewBox="0 0 {WIDE} {height}" role="img" aria-label="{html.escape(said)}">{body}</svg>'
    )
