"""The distances of a pair over the steps as small drawings in a page: SVG, so that they are sharp and take its colors.

One drawing for the optimized metric, one for the fixed metric, with its level. A and B, C and D have the colors of
their images; letters at the ends say the same to those who cannot tell the colors apart.
"""

from collections.abc import Sequence

from mad_app.competition.settings import CORNERS
from mad_app.figures import LETTERS, metric_title, number
from mad_app.figures.web_page.scale import LOGARITHMIC_FROM, Scale
from mad_app.records.trace import Row, Trace
from mad_app.ui.components.html import Html, element, join, term

DRAWING_WIDTH, LEFT, RIGHT = 260, 4, 190
"""Width of a drawing, and where its lines begin and end; what is right of them is for labels."""

OPTIMIZED_HEIGHT, FIXED_HEIGHT = 132, 56

NARROWEST = 0.02
"""Least part of the level that the fixed metric's drawing spans; smaller departures should look small."""

LABEL_GAP = 12.0
"""Least distance of two labels."""

OPTIMIZED = "The metric that is changed as far as it goes: up for one image of the pair, down for the other."
FIXED = "The metric that has to stay at the level of the start, the dashed line, for both images of the pair."
LOG_SCALE = "Equal ratios are equally high: from 0.01 to 0.1 is as far as from 0.1 to 1."

Points = list[tuple[float, float]]


def pair_curves(trace: Trace, pair: int, names: tuple[str, str], steps: int) -> Html:
    """Both drawings of a pair.

    Args:
        trace: the values so far.
        pair: 0 or 1.
        names: of both metrics.
        steps: how many there will be; the drawings span them all.
    """
    optimized = 0 if CORNERS[2 * pair].optimized == "first" else 1
    columns = (trace.first, trace.second)
    ids = (2 * pair, 2 * pair + 1)
    moving = _lines(trace, columns[optimized], ids, steps)
    fixed = _lines(trace, columns[1 - optimized], ids, steps)
    return element(
        "div",
        _optimized_drawing(moving, ids, metric_title(names[optimized])),
        _fixed_drawing(fixed, ids, metric_title(names[1 - optimized])),
        class_="mad-curves",
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


def _optimized_drawing(lines: list[Points], ids: tuple[int, int], title: str) -> Html:
    values = [value for line in lines for _, value in line]
    if not values:
        return _empty(title, OPTIMIZED_HEIGHT)
    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low > LOGARITHMIC_FROM
    scale = Scale(low, high, 12, OPTIMIZED_HEIGHT - 10, logarithmic)
    start = lines[0][0][1] if lines[0] else low
    described = "; ".join(
        f"{LETTERS[i]} {number(start)} to {number(line[-1][1])}" for i, line in zip(ids, lines, strict=True) if line
    )
    body = join(_level(scale(start)), _paths(lines, ids, scale), _end_labels(lines, ids, scale))
    note = join(", ", term("log scale", LOG_SCALE)) if logarithmic else ""
    heading = join(f"{title}, ", term("optimized", OPTIMIZED), note)
    return _drawing(body, OPTIMIZED_HEIGHT, heading, f"{title} over the steps: {described}")


def _fixed_drawing(lines: list[Points], ids: tuple[int, int], title: str) -> Html:
    values = [value for line in lines for _, value in line]
    if not values or not lines[0]:
        return _empty(title, FIXED_HEIGHT)
    level = lines[0][0][1]
    reach = max([NARROWEST * abs(level), *(abs(value - level) for value in values)]) or 1.0
    scale = Scale(level - reach, level + reach, 6, FIXED_HEIGHT - 6)
    label = _label(RIGHT + 6, scale(level), number(level))
    body = join(_level(scale(level)), _paths(lines, ids, scale), label)
    return _drawing(
        body,
        FIXED_HEIGHT,
        join(f"{title}, ", term("fixed", FIXED)),
        f"{title} over the steps, fixed at {number(level)}",
    )


def _paths(lines: list[Points], ids: tuple[int, int], scale: Scale) -> Html:
    paths = []
    for i, line in zip(ids, lines, strict=True):
        points = " ".join(f"{x:.1f},{scale(value):.1f}" for x, value in line)
        paths.append(element("polyline", class_=f"mad-line mad-{LETTERS[i]}", points=points))
    return join(*paths)


def _level(y: float) -> Html:
    return element("line", class_="mad-level", x1=LEFT, x2=RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}")


def _end_labels(lines: list[Points], ids: tuple[int, int], scale: Scale) -> Html:
    """Letter and value right of each line's end; the upper one stays clear of the lower one."""
    ends = sorted((scale(line[-1][1]), i, line[-1][1]) for i, line in zip(ids, lines, strict=True) if line)
    heights = [height for height, _, _ in ends]
    if len(heights) == 2 and heights[1] - heights[0] < LABEL_GAP:
        middle = sum(heights) / 2
        heights = [middle - LABEL_GAP / 2, middle + LABEL_GAP / 2]
    return join(
        *(
            _label(RIGHT + 6, height, element("tspan", LETTERS[i], class_=f"mad-{LETTERS[i]}"), f" {number(value)}")
            for height, (_, i, value) in zip(heights, ends, strict=True)
        )
    )


def _label(x: float, y: float, *children: str) -> Html:
    return element("text", *children, class_="mad-label", x=x, y=f"{y + 4:.1f}")


def _empty(title: str, height: int) -> Html:
    return _drawing(_level(height / 2), height, title, f"{title}: no values yet")


def _drawing(body: Html, height: int, heading: str, described: str) -> Html:
    svg = element("svg", body, viewBox=f"0 0 {DRAWING_WIDTH} {height}", role="img", aria_label=described)
    return join(element("p", heading, class_="mad-quiet"), svg)
