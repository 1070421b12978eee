"""A slide of 16:9 with captioned pictures in rows of one size, a title above them, and a text in the last place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import LINE, Canvas, drawing, figure_to_bytes
from mad_app.figures.handout import PicturePanel
from mad_app.figures.measures import WIDTHS
from mad_app.figures.themes import theme_called

SlideKind = Literal["pdf", "png"]

TITLE = 2.0
"""Size of the title, in sizes of text."""

SMALLEST_SCALE = 0.7
"""Of a text that has to fit beside the pictures."""


@dataclass(frozen=True, eq=False)
class Slide:
    """What is on it.

    Attributes:
        title: at the top.
        pictures: of one height and width, in the order of reading; as many side by side as lets them be largest.
        text: paragraphs in the place after the last picture; the first in bold.
        source: at the lower right.
    """

    title: str
    pictures: Sequence[PicturePanel]
    text: Sequence[str] = ()
    source: str = ""


def slide_bytes(slide: Slide, kind: SlideKind, *, theme: str = "light") -> bytes:
    """The slide as the bytes of a file.

    Args:
        slide: what is on it; at least one picture.
        kind: "pdf" or "png", the latter so fine that each pixel of a picture is whole dots.
        theme: a name of THEMES.

    Raises:
        ArgumentError: there is no such theme, or no picture.
    """
    if not slide.pictures:
        raise ArgumentError("pictures", "must be at least one")
    with drawing():
        figure = _draw(slide, theme)
    return figure_to_bytes(figure, kind)


def _draw(slide: Slide, theme: str) -> Figure:
    form, colors = WIDTHS["16:9"], theme_called(theme)
    height, margin = form.height or form.page, form.margin
    line = LINE * form.font / 72
    top = margin + 1.25 * TITLE * line
    captions = (max(len(one.caption) for one in slide.pictures) + 0.6) * line
    high, wide, _ = slide.pictures[0].image.shape
    places = len(slide.pictures) + bool(slide.text)

    def fitted(columns: int) -> tuple[float, int, float]:
        """The size of a pixel with so many columns, and the width of one."""
        cell = (form.inner - (columns - 1) * form.gutter) / columns
        room = (height - top - margin - line) / math.ceil(places / columns) - captions
        return min(cell / wide, room / high), columns, cell

    pixel, columns, cell = max(fitted(columns) for columns in range(1, places + 1))
    dpi = math.ceil(form.dpi * pixel) / pixel
    canvas = Canvas(form.width, height, font=form.font, theme=colors, dpi=dpi)
    title = canvas.cut(slide.title, form.inner / TITLE, weight="bold")
    canvas.lines(margin, margin, [title], weight="bold", scale=TITLE)
    at = [
        (margin + i % columns * (cell + form.gutter), top + i // columns * (pixel * high + captions))
        for i in range(places)
    ]
    for (x, y), one in zip(at, slide.pictures, strict=False):
        canvas.image(x, y, pixel * wide, pixel * high, one.image)
        name, *values = [canvas.cut(text, cell) for text in one.caption]
        below = y + pixel * high + 0.1 * line
        canvas.lines(x, below, [name], weight="bold")
        canvas.lines(x, below + line, values)
    if slide.text:
        _write(canvas, slide.text, at[-1], cell, pixel * high + captions)
    canvas.text(form.width - margin, height - margin, slide.source, align="right", color=colors.quiet, scale=0.8)
    return canvas.figure


def _write(canvas: Canvas, paragraphs: Sequence[str], at: tuple[float, float], width: float, height: float) -> None:
    """Paragraphs as large as they fit into a place."""
    scale = 1.2
    while True:
        wrapped = [
            canvas.wrap(text, width / scale, weight="normal" if i else "bold") for i, text in enumerate(paragraphs)
        ]
        count = sum(len(lines) + 0.5 for lines in wrapped)
        if scale <= SMALLEST_SCALE or count * scale * canvas.line <= height:
            break
        scale = round(scale - 0.05, 2)
    y = at[1]
    for i, lines in enumerate(wrapped):
        canvas.lines(at[0], y, lines, weight="normal" if i else "bold", scale=scale)
        y += (len(lines) + 0.5) * scale * canvas.line
