"""The two distances as the axes of a plane: where the four images went from their common start, as SVG.

An image whose second metric is held moves to the side, one whose first metric is held moves up or down: four paths that
make a cross. Colors and letters are those of the curves.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from mad_app.figures import metric_title, number
from mad_app.records.trace import Row, Trace
from mad_app.ui.components.curves import LETTERS, LOGARITHMIC_FROM, Scale

WIDE, HIGH = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 336, 14, 226
"""Size of the drawing, and where its plane lies."""

TICK_GAP = {"x": 44.0, "y": 14.0}
"""Least distance of two numbers on an axis."""

ROOM = 0.08
"""Space beyond the paths, as a part of what they span."""

Point = tuple[float, float] | None


@dataclass(frozen=True)
class TrajectoryPlot:
    """The drawing.

    Attributes:
        svg: its SVG; an element with `data-image="0"` … `"3"` marks the place of each image.
        x: from the first metric's distance to a place.
        y: likewise for the second metric.
    """

    svg: str
    x: Scale
    y: Scale

    def points(self, first: Row, second: Row) -> list[Point]:
        """Where the four images lie in the drawing, None where a value is not finite."""
        return [
            None if a is None or b is None else (round(self.x(a), 1), round(self.y(b), 1))
            for a, b in zip(first, second, strict=True)
        ]


def draw_trajectory_plot(trace: Trace, names: tuple[str, str]) -> TrajectoryPlot:
    """The paths of the four images.

    Args:
        trace: the way of both metrics, at least one row.
        names: of the metrics.
    """
    x, y = _scale(trace.first, LEFT, RIGHT), _scale(trace.second, BOTTOM, TOP)
    plane = TrajectoryPlot("", x, y)
    ways = [plane.points(*rows) for rows in zip(trace.first, trace.second, strict=True)]
    start = ways[0][0]
    parts = [_axes(trace, x, y, names)]
    for i in range(len(LETTERS)):
        line = " ".join(f"{point[0]},{point[1]}" for way in ways if (point := way[i]))
        parts.append(f'<polyline class="mad-line mad-{LETTERS[i]}" points="{line}"/>')
    if start:
        parts.append(f'<circle class="start" cx="{start[0]}" cy="{start[1]}" r="3.5"/>')
    parts += [_marker(i, ways[-1][i]) for i in range(len(LETTERS))]
    said = html.escape(_said(trace, names))
    svg = f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{said}">{"".join(parts)}</svg>'
    return TrajectoryPlot(svg, x, y)


def _scale(rows: Sequence[Row], start: float, end: float) -> Scale:
    """From a distance to a place between `start` and `end`; logarithmic where the values span a wide range."""
    values = [value for row in rows for value in row if value is not None] or [0.0]
    low, high = min(values), max(values)
    if low > 0 and high / low > LOGARITHMIC_FROM:
        room = (high / low) ** ROOM
        return Scale(low / room, high * room, end, start, logarithmic=True)
    room = ROOM * (high - low) or ROOM * abs(high) or 1.0
    return Scale(max(low - room, 0.0), high + room, end, start)


def _axes(trace: Trace, x: Scale, y: Scale, names: tuple[str, str]) -> str:
    """Both axes with the least, the greatest and the level's value, and a cross of dashes at the levels."""
    titles = [
        html.escape(metric_title(name) + (", log scale" if s.logarithmic else ""))
        for name, s in zip(names, (x, y), strict=True)
    ]
    parts = [f'<path class="axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>']
    level = trace.first[0][0], trace.second[0][0]
    if level[0] is not None and level[1] is not None:
        parts.append(
            f'<path class="mad-level" d="M{x(level[0]):.1f} {TOP}V{BOTTOM}M{LEFT} {y(level[1]):.1f}H{RIGHT}"/>'
        )
    for place, value in _ticks(x, trace.first, "x"):
        parts.append(
            f'<text class="mad-label" x="{place:.1f}" y="{BOTTOM + 16}" text-anchor="middle">{number(value)}</text>'
        )
    for place, value in _ticks(y, trace.second, "y"):
        parts.append(
            f'<text class="mad-label" x="{LEFT - 6}" y="{place + 4:.1f}" text-anchor="end">{number(value)}</text>'
        )
    middle = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    parts.append(f'<text class="title" x="{middle[0]}" y="{HIGH - 6}" text-anchor="middle">{titles[0]}</text>')
    turn = f'transform="translate(11 {middle[1]}) rotate(-90)"'
    parts.append(f'<text class="title" {turn} text-anchor="middle">{titles[1]}</text>')
    return "".join(parts)


def _ticks(scale: Scale, rows: Sequence[Row], axis: str) -> list[tuple[float, float]]:
    """Place and value of the level, the least and the greatest distance, as far as they are clear of each other."""
    values = [value for row in rows for value in row if value is not None] or [0.0]
    ticks: list[tuple[float, float]] = []
    for value in (rows[0][0], min(values), max(values)):
        if value is not None and all(abs(scale(value) - place) >= TICK_GAP[axis] for place, _ in ticks):
            ticks.append((scale(value), value))
    return ticks


def _marker(i: int, point: Point) -> str:
    x, y = point or (0.0, 0.0)
    hidden = "" if point else ' visibility="hidden"'
    letter = LETTERS[i]
    return (
        f'<g class="marker mad-{letter}" data-image="{i}" transform="translate({x} {y})"{hidden}>'
        f'<circle r="9"/><text y="4" text-anchor="middle">{letter}</text></g>'
    )


def _said(trace: Trace, names: tuple[str, str]) -> str:
    """The drawing in words."""
    first, second = map(metric_title, names)
    ends = "; ".join(
        f"{LETTERS[i]} {number(trace.first[-1][i])}, {number(trace.second[-1][i])}" for i in range(len(LETTERS))
    )
    start = f"{number(trace.first[0][0])}, {number(trace.second[0][0])}"
    return f"{first} to the right and {second} upwards: from the start at {start} to {ends}"
