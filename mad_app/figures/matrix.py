"""A matrix of metrics against metrics: how far each differs at equal level of another."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mad_app.figures.canvas import Canvas, Kind, drawing, figure_to_bytes
from mad_app.figures.measures import Format, format_of
from mad_app.figures.text import metric_title, number
from mad_app.figures.themes import LIGHT

COLORS = "Blues"
"""From no difference to the greatest: light to dark, which prints in gray, too."""

DARK_FROM = 0.69
"""Part of the scale from which numbers are white: there, white and ink differ equally from the color, by 4.1."""

NOTES = (
    "Row: the optimized metric. Column, by its number: the fixed metric, which rates both images of a pair equal. "
    "Cell: how many times as far from the original one image is as the other for the optimized metric, the geometric "
    "mean over pictures. Optimized: the mean of the row (aggressiveness). Fixed: the mean of the column (the inverse "
    "of resistance); the greatest comes first, as that metric fails most if the pairs look different to you. "
    "Intervals: 95 %, over pictures."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix:
    """What is drawn.

    Attributes:
        title: above the matrix.
        metrics: names, N.
        ratios: (N, N), at least 1; NaN for an empty cell.
        optimized: of each metric the mean of its row, with an interval, as text.
        fixed: of each metric the mean of its column, likewise.
    """

    title: str
    metrics: Sequence[str]
    ratios: np.ndarray
    optimized: Sequence[str]
    fixed: Sequence[str]


def matrix_bytes(matrix: Matrix, kind: Kind, *, width: str = "double") -> bytes:
    """The matrix as the bytes of a file.

    Args:
        matrix: what is drawn.
        kind: "pdf", "svg" or "png".
        width: "single" (3.4 inches), "double" (7.0 inches), "slide" (12.8 inches), or millimeters.

    Raises:
        ArgumentError: there is no such width.
    """
    form = format_of(width)
    with drawing():
        figure = _draw(matrix, form)
    return figure_to_bytes(figure, kind)


def shades(ratios: np.ndarray) -> np.ndarray:
    """Where each ratio lies on the scale of colors, from 0 for a ratio of 1 to 1 for the greatest; NaN stays NaN."""
    logarithms = np.log(ratios)
    finite = logarithms[np.isfinite(logarithms)]
    greatest = float(finite.max(initial=0.0)) or 1.0
    shade: np.ndarray = np.clip(logarithms / greatest, 0, 1)
    return shade


def _draw(matrix: Matrix, form: Format) -> Figure:
    count = len(matrix.metrics)
    canvas = Canvas(form.width, 1.0, font=form.font, theme=LIGHT, dpi=form.dpi)
    titles = [f"{i + 1}  {metric_title(name)}" for i, name in enumerate(matrix.metrics)]
    left = min(max(canvas.measure(title) for title in titles) + canvas.line, form.inner / 3)
    columns = [max(map(canvas.measure, [*texts, head])) + canvas.line
               for texts, head in ((matrix.optimized, "optimized"), (matrix.fixed, "fixed"))]  # fmt: skip
    cell = min((form.inner - left - sum(columns)) / count, 3 * canvas.line)
    top, row = form.margin + 3.2 * canvas.line, max(min(cell, 2 * canvas.line), 1.3 * canvas.line)
    notes = canvas.wrap(NOTES, form.inner)
    height = top + count * row + (len(notes) + 1.4) * canvas.line + form.margin
    canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=form.dpi)
    canvas.text(form.margin, form.margin + 0.76 * canvas.line, matrix.title, width=form.inner, weight="bold")
    x = form.margin + left
    _draw_cells(canvas, matrix, x, top, cell, row)
    ends = (x + count * cell + columns[0], x + count * cell + sum(columns))
    for end, head, texts in zip(ends, ("optimized", "fixed"), (matrix.optimized, matrix.fixed), strict=True):
        canvas.text(end, top - 0.4 * canvas.line, head, align="right", color=canvas.theme.quiet)
        for i, text in enumerate(texts):
            canvas.text(end, _baseline(canvas, top, row, i), text, align="right")
    for i, title in enumerate(titles):
        canvas.text(form.margin, _baseline(canvas, top, row, i), title, width=left - 0.5 * canvas.line)
        center = x + (i + 0.5) * cell
        canvas.text(center, top - 0.4 * canvas.line, str(i + 1), align="center", color=canvas.theme.quiet)
    canvas.lines(form.margin, top + count * row + canvas.line, notes, color=canvas.theme.quiet)
    return canvas.figure


def _draw_cells(canvas: Canvas, matrix: Matrix, x: float, top: float, cell: float, row: float) -> None:
    """The colored cells with their ratios; the diagonal and what is not known stay empty."""
    count, shade = len(matrix.metrics), shades(matrix.ratios)
    axes = canvas.axes(x, top, count * cell, count * row)
    colors = matplotlib.colormaps[COLORS].with_extremes(bad=canvas.theme.paper)
    axes.pcolormesh(np.ma.masked_invalid(shade[::-1]), cmap=colors, norm=Normalize(0, 1), edgecolors="white")
    axes.set_axis_off()
    for i, j in np.argwhere(~np.isnan(matrix.ratios)):
        text = ratio_text(float(matrix.ratios[i, j]))
        scale = min(1.0, 0.92 * cell / canvas.measure(text))
        color = "white" if shade[i, j] > DARK_FROM else canvas.theme.ink
        y = _baseline(canvas, top, row, int(i))
        canvas.text(x + (j + 0.5) * cell, y, text, align="center", color=color, scale=scale)


def ratio_text(ratio: float) -> str:
    """A ratio in a cell, such as "1.32", "12.5" or "1340"."""
    return "∞" if np.isposinf(ratio) else number(ratio)


def _baseline(canvas: Canvas, top: float, row: float, i: int) -> float:
    return top + (i + 0.5) * row + 0.27 * canvas.line
