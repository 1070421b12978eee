"""The two distances as axes: where the four images moved from their common start, as SVG.

An image whose second metric is fixed moves sideways, one whose first metric is fixed moves up or down: four paths that
form a cross. Colors and letters are those of the curves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mad_app.figures.text import LETTERS, metric_title, number
from mad_app.figures.web_page.markup import Html, element, join
from mad_app.figures.web_page.scale import LOGARITHMIC_FROM, Scale
from mad_app.records.trace import Row, Trace

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 336, 14, 226
"""Size of the drawing, and the borders of its axes."""

TICK_GAP = {"x": 44.0, "y": 14.0}
"""Least distance of two numbers on an axis."""

MARGIN = 0.08
"""Space beyond the paths, as a part of what they span."""

Point = tuple[float, float] | None


@dataclass(frozen=True)
class TrajectoryPlot:
    """The drawing.

    Attributes:
        svg: its SVG; an element with `data-image="0"` … `"3"` marks the position of each image.
        x: from the first metric's distance to a position.
        y: likewise for the second metric.
    """

    svg: Html
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
        trace: the values of both metrics, at least one row.
        names: of the metrics.
    """
    plot = TrajectoryPlot(Html(), _scale(trace.first, LEFT, RIGHT), _scale(trace.second, BOTTOM, TOP))
    positions = [plot.points(*rows) for rows in zip(trace.first, trace.second, strict=True)]
    paths = [
        element(
            "polyline",
            class_=f"mad-line mad-{letter}",
            points=" ".join(f"{point[0]},{point[1]}" for four in positions if (point := four[i])),
        )
        for i, letter in enumerate(LETTERS)
    ]
    start = positions[0][0]
    mark = element("circle", class_="start", cx=start[0], cy=start[1], r=3.5) if start else None
    markers = [_marker(i, positions[-1][i]) for i in range(len(LETTERS))]
    svg = element(
        "svg",
        _axes(trace, plot.x, plot.y, names),
        *paths,
        mark,
        *markers,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=_described(trace, names),
    )
    return TrajectoryPlot(svg, plot.x, plot.y)


def _scale(rows: Sequence[Row], start: float, end: float) -> Scale:
    """From a distance to a position between `start` and `end`; logarithmic where the values span a wide range."""
    values = [value for row in rows for value in row if value is not None] or [0.0]
    low, high = min(values), max(values)
    margin = (high / low) ** MARGIN if low > 0 and high / low > LOGARITHMIC_FROM else 0.0
    if margin and low / margin > 0:  # which it is not for the least numbers that there are
        return Scale(low / margin, high * margin, end, start, logarithmic=True)
    margin = MARGIN * (high - low) or MARGIN * abs(high) or 1.0
    return Scale(max(low - margin, 0.0), high + margin, end, start)


def _axes(trace: Trace, x: Scale, y: Scale, names: tuple[str, str]) -> Html:
    """Both axes with the least, the greatest and the level's value, and a cross of dashes at the levels."""
    titles = [
        metric_title(name) + (", log scale" if s.logarithmic else "") for name, s in zip(names, (x, y), strict=True)
    ]
    level = trace.first[0][0], trace.second[0][0]
    cross = None
    if level[0] is not None and level[1] is not None:
        lines = f"M{x(level[0]):.1f} {TOP}V{BOTTOM}M{LEFT} {y(level[1]):.1f}H{RIGHT}"
        cross = element("path", class_="mad-level", d=lines)
    middle = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    return join(
        element("path", class_="axis", d=f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"),
        cross,
        *(_text(number(value), at, BOTTOM + 16, "middle") for at, value in _ticks(x, trace.first, "x")),
        *(_text(number(value), LEFT - 6, at + 4, "end") for at, value in _ticks(y, trace.second, "y")),
        element("text", titles[0], class_="title", x=middle[0], y=HEIGHT - 6, text_anchor="middle"),
        element(
            "text",
            titles[1],
            class_="title",
            transform=f"translate(11 {middle[1]}) rotate(-90)",
            text_anchor="middle",
        ),
    )


def _text(text: str, x: float, y: float, anchor: str) -> Html:
    return element("text", text, class_="mad-label", x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)


def _ticks(scale: Scale, rows: Sequence[Row], axis: str) -> list[tuple[float, float]]:
    """Position and value of the level, the least and the greatest distance, as far as they are clear of each other."""
    values = [value for row in rows for value in row if value is not None] or [0.0]
    ticks: list[tuple[float, float]] = []
    for value in (rows[0][0], min(values), max(values)):
        if value is not None and all(abs(scale(value) - at) >= TICK_GAP[axis] for at, _ in ticks):
            ticks.append((scale(value), value))
    return ticks


def _marker(i: int, point: Point) -> Html:
    x, y = point or (0.0, 0.0)
    letter = LETTERS[i]
    return element(
        "g",
        element("circle", r=9),
        element("text", letter, y=4, text_anchor="middle"),
        class_=f"marker mad-{letter}",
        data_image=i,
        transform=f"translate({x} {y})",
        visibility=None if point else "hidden",
    )


def _described(trace: Trace, names: tuple[str, str]) -> str:
    """The drawing in words."""
    first, second = map(metric_title, names)
    ends = "; ".join(
        f"{LETTERS[i]} {number(trace.first[-1][i])}, {number(trace.second[-1][i])}" for i in range(len(LETTERS))
    )
    start = f"{number(trace.first[0][0])}, {number(trace.second[0][0])}"
    return f"{first} to the right and {second} upwards: from the start at {start} to {ends}"
