"""A page measured in inches from its upper left corner: text that fits, images pixel by pixel, and its bytes.

No global state of Matplotlib is left changed, the user's own settings have no influence, and equal pages give equal
bytes. Matplotlib is not safe for threads: draw inside `drawing()`.
"""

import contextlib
import functools
import io
import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib import font_manager, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path

Kind = Literal["pdf", "svg", "png"]
Align = Literal["left", "center", "right"]
Weight = Literal["normal", "bold"]

FONT = "DejaVu Sans"
"""The one sans serif that comes with Matplotlib, so that a page looks the same everywhere."""

LINE = 1.32
"""Distance of lines of text, in font sizes."""

_STYLE: dict[str, Any] = {
    "font.family": [FONT],
    "pdf.fonttype": 42,  # text stays text
    "svg.fonttype": "none",
    "svg.hashsalt": "mad_app",
    "text.hinting": "none",  # letters as wide in PNG as measured and as in PDF
}
_SVG_FONT = f"font-family: '{FONT}'".encode()
_SVG_FONTS = _SVG_FONT + b", Verdana, sans-serif"  # of the same widths, for readers without the first
_WITHOUT_DATE: dict[Kind, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
_CANVASES = {"pdf": FigureCanvasPdf, "svg": FigureCanvasSVG, "png": FigureCanvasAgg}
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Theme:
    """Colors of a page.

    Attributes:
        paper: the ground.
        ink: text that matters.
        quiet: text and lines that stay back.
        letters: the four images, colors of Okabe and Ito that color-blind people can tell apart.
    """

    paper: str
    ink: str
    quiet: str
    letters: tuple[str, str, str, str]


LIGHT = Theme("#ffffff", "#1a1a1a", "#666666", ("#d55e00", "#0072b2", "#cc79a7", "#009e73"))
DARK = Theme("#14161a", "#f2f2f2", "#a0a4aa", ("#e69f00", "#56b4e9", "#cc79a7", "#009e73"))


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Draw in the project's style, one thread at a time."""
    with _LOCK, style.context(["default", _STYLE]):
        yield


def figure_to_bytes(figure: Figure, kind: Kind, *, dpi: float | None = None) -> bytes:
    """The figure as a file of a kind, without date; PNG at `dpi` dots per inch, by default the figure's own."""
    buffer = io.BytesIO()
    with drawing():
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


def printable(text: str) -> str:
    """The text in one line, with "?" for what the font cannot show."""
    shown = _characters()
    return "".join(c if ord(c) in shown else "?" for c in " ".join(text.split()))


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
    """

    def __init__(self, width: float, height: float, *, font: float, theme: Theme, dpi: float) -> None:
        self.width = width
        self.height = math.ceil(height * dpi) / dpi
        self.font = font
        self.theme = theme
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
        shown = printable(text) if width is None else self.cut(text, width / scale, weight=weight)
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            shown,
            fontsize=scale * self.font,
            color=color or self.theme.ink,
            weight=weight,
            ha=align,
            va="baseline",
            parse_math=False,
        )

    def lines(
        self, x: float, y: float, lines: Iterable[str], *, color: str | None = None, weight: Weight = "normal"
    ) -> None:
        """Write lines of text, the first one's upper edge at y."""
        for i, line in enumerate(lines):
            self.text(x, y + (i + 0.76) * self.line, line, color=color, weight=weight)

    def measure(self, text: str, *, weight: Weight = "normal") -> float:
        """Width of a line of text in inches."""
        return _measure(printable(text), self.font, weight)

    def cut(self, text: str, width: float, *, weight: Weight = "normal") -> str:
        """The text, or as much of it as fits into `width` inches with "…" after it."""
        text = printable(text)
        if self.measure(text, weight=weight) <= width:
            return text
        while text and self.measure(f"{text}…", weight=weight) > width:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def wrap(self, text: str, width: float, *, weight: Weight = "normal") -> list[str]:
        """The text in lines of at most `width` inches."""
        lines: list[str] = []
        for word in printable(text).split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.measure(longer, weight=weight) <= width:
                lines[-1] = longer
            else:
                lines.append(self.cut(word, width, weight=weight))
        return lines

    def image(self, x: float, y: float, width: float, height: float, image: np.ndarray) -> None:
        """Show an image (H, W, 3) in [0, 1], unresampled, with its corner on the dot nearest to (x, y)."""
        dpi = self.figure.dpi
        axes = self.axes(round(x * dpi) / dpi, round(y * dpi) / dpi, width, height)
        levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)  # as in the saved pictures
        axes.imshow(levels, interpolation="none", aspect="auto")
        axes.set_axis_off()

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """New axes with this frame."""
        bottom = self.height - y - height
        return self.figure.add_axes(
            (x / self.width, bottom / self.height, width / self.width, height / self.height), facecolor="none"
        )

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin horizontal line."""
        axes = self.axes(x, y, width, 0.001)
        axes.set_axis_off()
        axes.axhline(0.5, color=self.theme.quiet, linewidth=0.5, clip_on=False)


@functools.lru_cache(maxsize=4096)
def _measure(text: str, size: float, weight: Weight) -> float:
    properties = font_manager.FontProperties(family=FONT, size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0]) / 72


@functools.cache
def _characters() -> frozenset[int]:
    return frozenset(font_manager.get_font(font_path()).get_charmap())
