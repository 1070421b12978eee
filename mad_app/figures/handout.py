"""A hand-out on one page of A4: texts, pictures with captions, a question to answer by hand; for a teacher, answers.

The size of the text is the largest at which all of it fits on the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from mad_app.figures.canvas import Canvas, drawing, figure_to_bytes
from mad_app.figures.themes import LIGHT
from mad_app.figures.typefaces import Weight
from mad_app.images import ImageArray

WIDTH, HEIGHT, MARGIN = 8.27, 11.69, 0.75
"""A4 in inches."""

FONTS = (10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
"""Sizes of text in points, the largest first."""

DPI = 300
GAP = 0.12
"""Between pictures, in inches."""

TALLEST = 2.9
"""Of all rows of pictures together, in inches."""

FAR_RIGHT = 0.8
"""Of a plane, from where on the name of a point stands on its left."""

LIGHT_LEVEL, DARK_LEVEL = "#d55e00", "#0072b2"


@dataclass(frozen=True, eq=False)
class PicturePanel:
    """A picture with a caption.

    Attributes:
        image: (H, W, 3) in [0, 1].
        caption: lines below it.
    """

    image: ImageArray
    caption: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PlanePanel:
    """A square of the plane with curves and points.

    Attributes:
        curves: segments (S, 2, 2) in [0, 1], and whether they are of the second of two metrics.
        points: by their letters, each (2,).
        axes: what x and y are, from 0 to 1; None for a plane without numbers.
        caption: lines below it.
        thick: which of the curves are drawn thick.
    """

    curves: Sequence[tuple[np.ndarray, bool]]
    points: Mapping[str, Sequence[float]]
    axes: tuple[str, str] | None
    caption: tuple[str, ...] = ()
    thick: tuple[int, ...] = ()


Panel = PicturePanel | PlanePanel


@dataclass(frozen=True, kw_only=True, eq=False)
class Handout:
    """What is printed.

    Attributes:
        title: at the top.
        objective: below it.
        text: what to know.
        panels: rows of pictures.
        tasks: numbered.
        question: to be answered before the reveal.
        answers: each with a box to tick.
        right: position of the right one, which is ticked; None on a student's copy.
        answer_sections: headings and paragraphs that a teacher's copy has besides.
        more: further tasks.
        words: explained at the end.
        source: of the lesson.
        address: where the lesson is; empty if nowhere.
        code: the address as a square of dark (True) and light modules; None without.
    """

    title: str
    objective: str
    text: str
    panels: Sequence[Sequence[Panel]]
    tasks: Sequence[str]
    question: str
    answers: Sequence[str]
    right: int | None
    answer_sections: Sequence[tuple[str, Sequence[str]]]
    more: Sequence[str]
    words: Mapping[str, str]
    source: str
    address: str = ""
    code: np.ndarray | None = None


class _Page(Canvas):
    """A page that measures each word once, whatever the size of the text, which is tried out."""

    def measure(self, text: str, *, weight: Weight = "normal") -> float:
        """Width of a line of text in inches: of its words and the spaces between them."""
        words = [self.typeface.measure(word, FONTS[0], weight) for word in text.split(" ")]
        space = self.typeface.measure("a a", FONTS[0], weight) - self.typeface.measure("aa", FONTS[0], weight)
        return self.font / FONTS[0] * (sum(words) + space * (len(words) - 1))


class _Block(NamedTuple):
    height: float
    draw: Callable[[float], None]
    """At an upper edge, in inches."""


def handout_bytes(handout: Handout) -> bytes:
    """The hand-out as the bytes of a PDF."""
    with drawing():
        figure = _draw(handout)
    return figure_to_bytes(figure, "pdf")


def _draw(handout: Handout) -> Figure:
    for font in FONTS:
        canvas = _Page(WIDTH, HEIGHT, font=font, theme=LIGHT, dpi=DPI)
        blocks = _blocks(canvas, handout)
        if sum(block.height for block in blocks) <= HEIGHT - 2 * MARGIN or font == FONTS[-1]:
            break
    y = MARGIN
    for block in blocks:
        block.draw(y)
        y += block.height
    return canvas.figure


def _blocks(canvas: Canvas, handout: Handout) -> list[_Block]:
    numbered = [f"{i}. {task}" for i, task in enumerate(handout.tasks, start=1)]
    boxes = [f"{'☒' if i == handout.right else '☐'} {answer}" for i, answer in enumerate(handout.answers)]
    blocks = [
        _head(canvas, handout),
        _paragraph(canvas, handout.objective, bold=True),
        _paragraph(canvas, handout.text),
        *_pictures(canvas, handout.panels),
        *_section(canvas, "Try it", numbered, indent=1.4),
        *_section(canvas, "Predict", [handout.question]),
        *(_paragraph(canvas, box, indent=1.6) for box in boxes),
    ]
    if handout.right is None:
        blocks += [*_section(canvas, "What I saw, and why", []), _lines_to_write(canvas)]
    for heading, paragraphs in handout.answer_sections:
        blocks += _section(canvas, heading, paragraphs)
    blocks += _section(canvas, "More to try", [f"– {task}" for task in handout.more], indent=1)
    words = [f"{word}: {explanation}" for word, explanation in handout.words.items()]
    blocks += _section(canvas, "Words", [" ".join(words)], scale=0.86)
    return [*blocks, _paragraph(canvas, f"Source: {handout.source}", scale=0.86)]


def _head(canvas: Canvas, handout: Handout) -> _Block:
    """The title, and on the right the address as a code and as text."""
    side = 0.0 if handout.code is None else 0.95
    width = WIDTH - 2 * MARGIN - side - 0.2
    titles = canvas.wrap(handout.title, width / 1.9, weight="bold")
    copy = "Teacher's copy" if handout.right is not None else "Name:"
    address = canvas.wrap(handout.address, width / 0.8) if handout.address else []
    height = (1.9 * len(titles) + 1.2 + 0.8 * len(address)) * canvas.line + 0.1

    def draw(y: float) -> None:
        canvas.lines(MARGIN, y, titles, weight="bold", scale=1.9)
        below = y + 1.9 * len(titles) * canvas.line
        canvas.lines(MARGIN, below, [copy], color=canvas.theme.quiet)
        canvas.lines(MARGIN, below + 1.1 * canvas.line, address, color=canvas.theme.quiet, scale=0.8)
        if handout.code is not None:
            modules = np.repeat(np.where(handout.code, 0.0, 1.0)[..., None], 3, axis=2)
            canvas.image(WIDTH - MARGIN - side, y, side, side, modules)

    return _Block(max(height, side + 0.1), draw)


def _section(
    canvas: Canvas, heading: str, paragraphs: Sequence[str], *, indent: float = 0, scale: float = 1
) -> list[_Block]:
    def draw(y: float) -> None:
        canvas.lines(MARGIN, y + 0.5 * canvas.line, [heading], weight="bold", scale=1.15)

    parts = [_paragraph(canvas, one, indent=indent, scale=scale) for one in paragraphs]
    return [_Block(1.8 * canvas.line, draw), *parts]


def _paragraph(canvas: Canvas, text: str, *, bold: bool = False, indent: float = 0, scale: float = 1) -> _Block:
    """Lines as wide as the page; those after the first are indented by some letters."""
    weight: Weight = "bold" if bold else "normal"
    left = indent * canvas.font / 72
    first, *others = canvas.wrap(text, (WIDTH - 2 * MARGIN - left) / scale, weight=weight) or [""]

    def draw(y: float) -> None:
        canvas.lines(MARGIN, y, [first], weight=weight, scale=scale)
        canvas.lines(MARGIN + left, y + scale * canvas.line, others, weight=weight, scale=scale)

    return _Block((scale * (1 + len(others)) + 0.25) * canvas.line, draw)


def _lines_to_write(canvas: Canvas) -> _Block:
    distance, count = 0.3, 3

    def draw(y: float) -> None:
        for i in range(count):
            canvas.rule(MARGIN, y + (i + 1) * distance, WIDTH - 2 * MARGIN)

    return _Block(distance * count + 0.1, draw)


def _pictures(canvas: Canvas, rows: Sequence[Sequence[Panel]]) -> list[_Block]:
    return [_picture_row(canvas, row, TALLEST / len(rows)) for row in rows if row]


def _picture_row(canvas: Canvas, row: Sequence[Panel], tallest: float) -> _Block:
    """Panels of one height side by side, as high as the page's width and `tallest` allow."""
    captions = 0.86 * max(len(panel.caption) for panel in row) * canvas.line
    ratios = [_ratio(panel) for panel in row]
    room = WIDTH - 2 * MARGIN - GAP * (len(row) - 1)
    height = min(room / sum(ratios), tallest - captions)

    above = 0.4 * canvas.line

    def draw(y: float) -> None:
        x, y = MARGIN, y + above
        for panel, ratio in zip(row, ratios, strict=True):
            if isinstance(panel, PicturePanel):
                canvas.image(x, y, ratio * height, height, panel.image)
            else:
                _draw_plane(canvas, panel, x, y, height)
            cut = [canvas.cut(line, ratio * height / 0.86) for line in panel.caption]
            canvas.lines(x, y + height + 0.2 * canvas.line, cut, scale=0.86)
            x += ratio * height + GAP

    return _Block(above + height + captions + 0.5 * canvas.line, draw)


def _ratio(panel: Panel) -> float:
    return panel.image.shape[1] / panel.image.shape[0] if isinstance(panel, PicturePanel) else 1.0


def _draw_plane(canvas: Canvas, panel: PlanePanel, x: float, y: float, side: float) -> None:
    """A square with curves and points."""
    room = 1.4 * canvas.line if panel.axes else 0.0
    axes = canvas.axes(x + room, y, side - room, side - room)
    for i, (segments, is_second) in enumerate(panel.curves):
        color, width = DARK_LEVEL if is_second else LIGHT_LEVEL, 2.2 if i in panel.thick else 0.9
        axes.add_collection(LineCollection(list(segments), colors=color, lw=width))
    for letter, (right, up) in panel.points.items():
        axes.plot([right], [up], "o", color=canvas.theme.ink, markersize=3.5)
        side_of, align = (-1, "right") if right > FAR_RIGHT else (1, "left")
        axes.annotate(
            letter,
            (right, up),
            xytext=(3 * side_of, 3),
            textcoords="offset points",
            ha=align,
            fontsize=canvas.font,
            weight="bold",
        )
    ticks = [0, 1] if panel.axes else []
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks)
    if panel.axes:
        axes.set_xlabel(panel.axes[0], fontsize=0.8 * canvas.font, labelpad=-6)
        axes.set_ylabel(panel.axes[1], fontsize=0.8 * canvas.font, labelpad=-6)
    axes.tick_params(labelsize=0.8 * canvas.font, length=2)
