"""One step of the method in the plane of both distances, as SVG: the gradient, its tangent part, and the retraction.

The drawing shows the neighborhood of one image: the first metric's change to the right, the second's upwards. Both
arrows of the gradient begin at the image; the retraction begins at the tip of the tangent part.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mad_app.competition.settings import CORNERS
from mad_app.figures.text import LETTERS, metric_title, number, percentage
from mad_app.figures.web_page.markup import Html, element, unbroken
from mad_app.figures.web_page.scale import Scale

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 346, 14, 196
"""Size of the drawing, and the borders of its axes."""

MARGIN = 0.15
"""Space beyond the arrows, as a part of what they span."""

LONGEST_RETRACTION = 2.0
"""How much longer than the other arrows the retraction is drawn at most."""

HEAD = 8.0
"""Length of an arrow's head."""

ROUNDING = 1e-4
"""Part of the largest change of a metric below which another one is 0 but for rounding."""

TITLES = ("Gradient", "Tangent part", "Retraction")
CLASSES = ("mad-gradient", "mad-tangent", "mad-retraction")
NOTE = (
    "Predicted from this image alone, to first order, for a gradient whose step changes the pixels by one of 255 "
    "levels in the root mean square. The method also averages over steps, and scales each pixel's step as Adam does."
)

Change = tuple[float, float]


def step_arrows_html(explained: Mapping[str, Any], corner: int, names: tuple[str, str]) -> Html:
    """The arrows, what each means, how they change both distances, and what they do to the pixels.

    Args:
        explained: of the four images, as `jobs.explained` says.
        corner: which of them, as in CORNERS.
        names: of the two metrics.
    """
    values, changes = explained["values"][corner], explained["changes"][corner]
    level = explained["levels"][corner]
    if None in (level, *values, *(value for change in changes for value in change)):
        return element("p", "A metric or its gradient is not finite here, so there are no arrows.")
    figures = [
        element(
            "figure", element("img", src=uri, alt=f"{title}: the change of each pixel"), element("figcaption", title)
        )
        for uri, title in zip(explained["pictures"][corner], TITLES, strict=False)
    ]
    gray = element("p", "Each pixel's change: mid gray where there is none, its largest black or white.")
    return element(
        "div",
        element("div", _drawing(values, level, changes, corner, names), *figures, gray, class_="mad-step-drawn"),
        element("div", _table(values, level, changes, corner, names), element("p", NOTE)),
        class_="mad-step",
    )


def _drawing(
    values: Sequence[float], level: float, changes: Sequence[Sequence[float]], corner: int, names: tuple[str, str]
) -> Html:
    gradient, tangent, retraction = ((float(first), float(second)) for first, second in changes)
    part = _part_drawn(changes)
    end = (tangent[0] + part * retraction[0], tangent[1] + part * retraction[1])
    tips = [(0.0, 0.0), gradient, tangent, end]
    x, y = _scale([tip[0] for tip in tips], LEFT, RIGHT), _scale([tip[1] for tip in tips], BOTTOM, TOP)
    ends = (((0.0, 0.0), gradient), ((0.0, 0.0), tangent), (tangent, end))
    arrows = [
        _arrow((x(start[0]), y(start[1])), (x(tip[0]), y(tip[1])), class_)
        for (start, tip), class_ in zip(ends, CLASSES, strict=True)
    ]
    middle = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    titles = [metric_title(name) for name in names]
    label = {"class_": "mad-label"}
    return element(
        "svg",
        element("path", class_="mad-axis", d=f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"),
        _level_line(values, level, corner, x, y),
        *arrows,
        element("circle", class_=f"mad-dot mad-{LETTERS[corner]}", cx=x(0), cy=y(0), r=4.5),
        element("text", number(values[0]), x=f"{x(0):.1f}", y=BOTTOM + 16, text_anchor="middle", **label),
        element("text", number(values[1]), x=LEFT - 6, y=f"{y(0) + 4:.1f}", text_anchor="end", **label),
        element("text", titles[0], x=middle[0], y=HEIGHT - 8, text_anchor="middle", **label),
        element("text", titles[1], transform=f"translate(11 {middle[1]}) rotate(-90)", text_anchor="middle", **label),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=f"{titles[0]} to the right and {titles[1]} upwards: the three arrows at image {LETTERS[corner]}",
    )


def _part_drawn(changes: Sequence[Sequence[float]]) -> float:
    """How much of the retraction is drawn, so that the other arrows can be seen beside it, in (0, 1]."""
    *others, retraction = changes
    sizes = [max(abs(other[axis]) for other in others) for axis in (0, 1)]
    longest = max((abs(part) / size for part, size in zip(retraction, sizes, strict=True) if size), default=0.0)
    return LONGEST_RETRACTION / longest if longest > LONGEST_RETRACTION else 1.0


def _scale(tips: Sequence[float], start: float, end: float) -> Scale:
    span = max(tips) - min(tips) or 1.0
    return Scale(min(tips) - MARGIN * span, max(tips) + MARGIN * span, end, start)


def _level_line(values: Sequence[float], level: float, corner: int, x: Scale, y: Scale) -> Html | None:
    """The level of the fixed metric, where it is in the drawing."""
    upwards = CORNERS[corner].fixed == "second"
    scale = y if upwards else x
    away = level - values[1 if upwards else 0]
    if not scale.low <= away <= scale.high:
        return None
    d = f"M{LEFT} {y(away):.1f}H{RIGHT}" if upwards else f"M{x(away):.1f} {TOP}V{BOTTOM}"
    return element("path", class_="mad-level", d=d)


def _arrow(start: Change, tip: Change, class_: str) -> Html:
    """A line with a head, or a dot where it is too short for one."""
    along = tip[0] - start[0], tip[1] - start[1]
    length = (along[0] ** 2 + along[1] ** 2) ** 0.5
    if length < 1:
        return element("circle", cx=f"{tip[0]:.1f}", cy=f"{tip[1]:.1f}", r=2, class_=f"mad-arrow {class_}")
    ux, uy = along[0] / length, along[1] / length
    head = min(HEAD, length)
    back = tip[0] - head * ux, tip[1] - head * uy
    corners = [(back[0] + side * 0.5 * head * uy, back[1] - side * 0.5 * head * ux) for side in (1, -1)]
    heads = "".join(f"M{cx:.1f} {cy:.1f}L{tip[0]:.1f} {tip[1]:.1f}" for cx, cy in corners)
    line = f"M{start[0]:.1f} {start[1]:.1f}L{tip[0]:.1f} {tip[1]:.1f}{heads}"
    return element("path", d=line, class_=f"mad-arrow {class_}")


def _table(
    values: Sequence[float], level: float, changes: Sequence[Sequence[float]], corner: int, names: tuple[str, str]
) -> Html:
    """A line for each arrow: what it is, and the two changes."""
    titles = [metric_title(name) for name in names]
    largest = [max(abs(change[axis]) for change in changes) for axis in (0, 1)]
    rows = [
        element(
            "tr",
            element(
                "th",
                element("b", "→", class_=class_, aria_hidden="true"),
                element("b", f" {title}. "),
                unbroken(meaning),
                scope="row",
            ),
            *(element("td", _signed(value, most)) for value, most in zip(change, largest, strict=True)),
        )
        for class_, title, change, meaning in zip(
            CLASSES, TITLES, changes, _meanings(values, level, changes, corner, titles), strict=True
        )
    ]
    heads = [element("th", head, scope="col") for head in ("Arrow", *map(unbroken, titles))]
    return element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="mad-table")


def _meanings(
    values: Sequence[float], level: float, changes: Sequence[Sequence[float]], corner: int, titles: Sequence[str]
) -> tuple[str, str, str]:
    optimized, fixed = (0, 1) if CORNERS[corner].optimized == "first" else (1, 0)
    moves = "grows" if CORNERS[corner].direction == "max" else "falls"
    off = percentage(values[fixed] / level - 1) if level else number(values[fixed])
    shorter = " Drawn shorter than it is." if _part_drawn(changes) < 1 else ""
    return (
        f"The direction in which {titles[optimized]} {moves} fastest.",
        f"The gradient without its part that changes {titles[fixed]}.",
        f"Brings {titles[fixed]} back to its level; it is off by {off}.{shorter}",
    )


def _signed(value: float, largest: float) -> str:
    """A change with its sign; what rounding alone leaves of it is no change."""
    if abs(value) <= ROUNDING * largest:
        return "0"
    return ("+" if value > 0 else "") + number(value)
