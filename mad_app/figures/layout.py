"""A page as high as its content, or of a fixed height: a title, what stands between, and a footer."""

import math
from typing import Protocol

from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import Canvas, Draft, drawing
from mad_app.figures.options import NOTHING, SheetSettings

TITLE_SCALE = 1.3
"""Size of a title, in sizes of the text."""

LEAST_IMAGE = 0.45
"""Height in inches below which images are not made smaller to fit a fixed height."""

HALVINGS = 6
"""How often the interval that holds the largest height of the images is halved."""


class Content(Protocol):
    """What stands between the title and the footer."""

    def title(self) -> str:
        """The title of a slide for which none is written."""

    def tallest(self) -> float:
        """Height of the highest image in inches, if nothing limits it."""

    def dpi(self, limit: float) -> float:
        """Dots per inch that show every pixel as whole dots, if images are at most `limit` inches high."""

    def draw(self, canvas: Canvas, limit: float, top: float) -> float:
        """Draw everything from `top` on; returns where it ends."""


def draw_page(content: Content, options: SheetSettings) -> Figure:
    """Draw a page; of a fixed height, the images are as large as fits, and the content is in its middle.

    Raises:
        ArgumentError: the content does not fit a fixed height.
    """
    fixed = options.form.height
    limit = math.inf if fixed is None else _largest(content, options, fixed)
    needed, _ = _draw(Draft, content, options, limit, 1.0, 0)
    spare = 0.0 if fixed is None else (fixed - needed) / 2
    return _draw(Canvas, content, options, limit, fixed or needed, max(spare, 0.0))[1]


def height_of(content: Content, options: SheetSettings, limit: float = math.inf) -> float:
    """Height in inches of a page on which images are at most `limit` inches high."""
    with drawing(options.typeface):
        return _draw(Draft, content, options, limit, 1.0, 0)[0]


def written(text: str | None, automatic: str = "") -> str:
    """A text that people may write: `automatic` where they did not, empty where there shall be none."""
    return automatic if text is None else "" if text.strip() in ("", NOTHING) else text


def _largest(content: Content, options: SheetSettings, height: float) -> float:
    """The largest height of images with which everything fits the page."""
    if height_of(content, options) <= height:
        return math.inf
    low, high = LEAST_IMAGE, content.tallest()
    if height_of(content, options, low) > height:
        less = "leave out sentences, drift or parts, or take smaller text"
        raise ArgumentError("width", f"{options.width} has no room for this in {options.form.font:g} points: {less}")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if height_of(content, options, middle) <= height else (low, middle)
    return low


def _draw(
    on: type[Canvas], content: Content, options: SheetSettings, limit: float, height: float, spare: float
) -> tuple[float, Figure]:
    """A page of this height with `spare` inches above and below the content, and the height that it needs."""
    form = options.form
    canvas = on(
        form.width, height, font=form.font, theme=options.colors, dpi=content.dpi(limit), typeface=options.typeface
    )
    y = form.margin
    title = canvas.wrap(
        written(options.title, content.title() if form.height else ""), form.inner / TITLE_SCALE, weight="bold"
    )
    if title:
        canvas.lines(form.margin, y, title, weight="bold", scale=TITLE_SCALE)
        y += (TITLE_SCALE * len(title) + 0.5) * canvas.line
    bottom = content.draw(canvas, limit, y + spare)
    footer = canvas.wrap(written(options.footer), form.inner)
    if footer:
        y = bottom + spare + form.gutter / 2
        canvas.lines(form.margin, y, footer, color=canvas.theme.quiet)
        bottom = y + (len(footer) + 0.1) * canvas.line
    return bottom + form.margin, canvas.figure
