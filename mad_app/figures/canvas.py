"""A page measured in inches from its upper left corner: text that fits, images pixel by pixel, and its bytes.

No global state of Matplotlib is left changed, the user's own settings have no influence, and equal pages give equal
bytes. Matplotlib is not safe for threads: draw inside `drawing()`.
"""

import contextlib
import functools
import io
import logging
import math
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
from matplotlib import font_manager, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from mad_app.figures.themes import Theme
from mad_app.figures.typefaces import DEFAULT_TYPEFACE, FONT, Typeface, Weight
from mad_app.figures.web_page.markup import unbroken

Kind = Literal["pdf", "svg", "png"]
Align = Literal["left", "center", "right"]

LINE = 1.32
"""Distance of lines of text, in font sizes."""

_STYLE: dict[str, Any] = {
    "font.family": [FONT],
    "pdf.fonttype": 42,  # text stays text
    "svg.fonttype": "none",
    "svg.hashsalt": "mad_app",
    "text.hinting": "none",  # letters as wide in PNG as measured and as in PDF
    "image.composite_image": False,  # PDF and SVG keep each image by itself, with its own pixels
}
_SVG_FONT = f"font-family: '{FONT}'".encode()
_SVG_FONTS = _SVG_FONT + b", Verdana, sans-serif"  # of the same widths, for readers without the first
_BREAKS = re.compile(r"[^\S\xa0]+")
"""Where lines may be broken: not at spaces that forbid it."""
_WITHOUT_DATE: dict[Kind, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
logging.getLogger("fontTools.ttLib.tables._h_e_a_d").setLevel(logging.ERROR)  # Computer Modern is older than its clock
_CANVASES = {"pdf": FigureCanvasPdf, "svg": FigureCanvasSVG, "png": FigureCanvasAgg}
_LOCK = threading.RLock()


@contextlib.contextmanager
def drawing(typeface: Typeface = DEFAULT_TYPEFACE) -> Iterator[None]:
    """Draw in the project's style, one thread at a time."""
    own: dict[str, Any] = {"font.family": list(typeface.normal)}
    if typeface.is_tex:  # its letters are elsewhere than a reader of SVG expects them
        own |= {"mathtext.fontset": "cm", "axes.formatter.use_mathtext": True, "svg.fonttype": "path"}
    with _LOCK, style.context(["default", _STYLE, own]):
        yield


def figure_to_bytes(
    figure: Figure, kind: Kind, *, dpi: float | None = None, typeface: Typeface = DEFAULT_TYPEFACE
) -> bytes:
    """The figure as a file of a kind, without date; PNG at `dpi` dots per inch, by default the figure's own."""
    buffer = io.BytesIO()
    with drawing(typeface):
        canvas = _CANVASES[kind](figure)
        canvas.print_figure(
            buffer,
            format=kind,
            dpi=dpi or figure.dpi,
            facecolor=figure.get_facecolor(),
            metadata=_WITHOUT_DATE[kind],
            bbox_inches=None,
        )
    return buffer.getvalue().replace(_SVG_FONT, _SVG_FONTS) if kind == "svg" else buffer.getvalue()


def font_path() -> str:
    """The file of the font."""
    return font_manager.findfont(font_manager.FontProperties(family=FONT))


class Canvas:
    """A figure with positions in inches, y growing downwards; sizes of text are relative to `font`.

    Args:
        width: in inches.
        height: in inches, rounded up to a whole number of dots.
        font: size of the text in points.
        theme: the colors.
        dpi: dots per inch; images begin on whole dots.
        typeface: of all text.
    """

    def __init__(
        self,
        width: float,
        height: float,
        *,
        font: float,
        theme: Theme,
        dpi: float,
        typeface: Typeface = DEFAULT_TYPEFACE,
    ) -> None:
        self.width = width
        self.height = math.ceil(height * dpi) / dpi
        self.font = font
        self.theme = theme
        self.typeface = typeface
        self.line = LINE * font / 72
        self.figure = Figure(figsize=(self.width, self.height), dpi=dpi, facecolor=theme.paper)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        width: float | None = None,
        color: str | None = None,
        weight: Weight = "normal",
        align: Align = "left",
        scale: float = 1,
    ) -> None:
        """Write one line with its baseline at y, cut with "…" to `width` inches if given, `scale` times as large."""
        shown = text if width is None else self.cut(text, width / scale, weight=weight)
        typeset = self.typeface.typeset(shown, weight)
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            typeset.text,
            fontproperties=self.typeface.properties(scale * self.font, weight),
            color=color or self.theme.ink,
            ha=align,
            va="baseline",
            parse_math=typeset.is_math,
        )

    def lines(
        self,
        x: float,
        y: float,
        lines: Iterable[str],
        *,
        color: str | None = None,
        weight: Weight = "normal",
        scale: float = 1,
    ) -> None:
        """Write lines of text, the first one's upper edge at y, `scale` times as large."""
        for i, line in enumerate(lines):
            self.text(x, y + scale * (i + 0.76) * self.line, line, color=color, weight=weight, scale=scale)

    def measure(self, text: str, *, weight: Weight = "normal") -> float:
        """Width of a line of text in inches."""
        return self.typeface.measure(text, self.font, weight)

    def cut(self, text: str, width: float, *, weight: Weight = "normal") -> str:
        """The text, or as much of it as fits into `width` inches with "…" after it."""
        text = " ".join(text.split())
        if self.measure(text, weight=weight) <= width:
            return text
        while text and self.measure(f"{text}…", weight=weight) > width:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def wrap(self, text: str, width: float, *, weight: Weight = "normal") -> list[str]:
        """The text in lines of at most `width` inches; "1 − SSIM" and "5 %" stay on one line."""
        lines: list[str] = []
        for word in self._words(text, width, weight):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, weight=weight) <= width:
                lines[-1] = longer
            else:
                lines.append(self.cut(word, width, weight=weight))
        return lines

    def _words(self, text: str, width: float, weight: Weight) -> Iterator[str]:
        """What wrapping keeps on one line where that has room for it."""
        for word in filter(None, _BREAKS.split(unbroken(text))):
            yield from [word] if self.measure(word, weight=weight) <= width else word.split()

    def image(self, x: float, y: float, width: float, height: float, image: np.ndarray) -> None:
        """Show an image (H, W, 3) in [0, 1], unresampled, with its corner on the dot nearest to (x, y)."""
        dpi = self.figure.dpi
        left, top = round(x * dpi), round(y * dpi)
        levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)  # as in the saved pictures
        self._page.imshow(
            levels, interpolation="none", aspect="auto", extent=(left, left + width * dpi, top + height * dpi, top)
        )

    @functools.cached_property
    def _page(self) -> Axes:
        """Axes of the whole page, in dots, for all its images: axes for each would take as long as all else."""
        page = self.axes(0, 0, self.width, self.height)
        page.set(xlim=(0, self.width * self.figure.dpi), ylim=(self.height * self.figure.dpi, 0), autoscale_on=False)
        page.set_axis_off()
        return page

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """A thin frame around a part of an image, white within black, which is seen on any image."""
        for color, line in (("black", 0.2), ("white", 0.1)):
            self.figure.add_artist(
                Rectangle(
                    (x / self.width, 1 - (y + height) / self.height),
                    width / self.width,
                    height / self.height,
                    fill=False,
                    edgecolor=color,
                    linewidth=line * self.font,
                    joinstyle="miter",
                    zorder=10,
                )
            )

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """New axes with this frame."""
        bottom = self.height - y - height
        return self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height), facecolor="none"
        )

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin horizontal line."""
        at = 1 - y / self.height
        ends = x / self.width, (x + width) / self.width
        self.figure.add_artist(Line2D(ends, (at, at), color=self.theme.quiet, linewidth=0.5))


class Draft(Canvas):
    """A canvas to find where content ends, in half the time: texts, images and rules are left out."""

    def text(self, *_: Any, **__: Any) -> None:
        """Write nothing."""

    def image(self, *_: Any, **__: Any) -> None:
        """Show nothing."""

    def frame(self, *_: Any, **__: Any) -> None:
        """Frame nothing."""

    def rule(self, *_: Any, **__: Any) -> None:
        """Rule nothing."""
