"""Principal distortions in print: the original, the images, the changes magnified, and how metrics see them.

One pair stands in a row, above a table of sensitivities. Of several, each has a column: the first changes and their
images in the upper two rows, the second ones in the lower two, each above its sensitivities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from mad_app.figures.canvas import Canvas, drawing, figure_to_bytes
from mad_app.figures.export import KINDS, save_as
from mad_app.figures.measures import Format, format_of
from mad_app.figures.text import number
from mad_app.figures.themes import LIGHT

FULL_RANGE_AT = 99.5
"""Percentile of a change's absolute values that is shown as black or white where it stands by itself."""

FEWEST_COLUMNS = 3
"""For which there is room beside the original, so that two pairs are no taller than a page."""

COLORS = LIGHT.letters[0], LIGHT.letters[1]
"""Of the first and the second distortion."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DistortionsDrawing:
    """What is drawn.

    Attributes:
        reference: (H, W, 3) in [0, 1].
        images: the reference with each change, (2k, H, W, 3).
        directions: the changes of k pairs, one pair after the other, of root mean square 1, (2k, H, W, 3).
        change: root mean square of the changes in `images`.
        names: what the first and the second of a pair are called.
        measures: of each change, the eigenvalue or ratio that stands above it where there are several pairs.
        metrics: titles, K.
        sensitivities: of each metric to each change.
        caption: below.
    """

    reference: np.ndarray
    images: np.ndarray
    directions: np.ndarray
    change: float
    names: tuple[str, str]
    measures: Sequence[str]
    metrics: Sequence[str]
    sensitivities: Sequence[tuple[float, ...]]
    caption: str


def magnifications(directions: np.ndarray, change: float) -> tuple[float, ...]:
    """How many times larger each change is drawn by itself than in its image; arguments as `DistortionsDrawing`."""
    return tuple(float(0.5 / (change * np.percentile(np.abs(one), FULL_RANGE_AT))) for one in directions)


def draw_distortions(shown: DistortionsDrawing, *, width: str = "double") -> Figure:
    """Draw principal distortions.

    Args:
        shown: what is drawn.
        width: "single" (3.4 inches), "double" (7.0 inches), "slide" (12.8 inches), or millimeters.

    Raises:
        ArgumentError: there is no such width.
    """
    with drawing():
        return (_draw if len(shown.directions) == 2 else _draw_pairs)(shown, format_of(width))


def save_distortions(shown: DistortionsDrawing, path: str | Path, *, width: str = "double") -> None:
    """Write the drawing to a file whose name ends in .pdf, .svg or .png; errors also as of `save_as`."""
    save_as(path, KINDS, lambda kind: figure_to_bytes(draw_distortions(shown, width=width), kind))


def _magnified(shown: DistortionsDrawing) -> list[np.ndarray]:
    """Each change by itself, around gray."""
    return [
        0.5 + shown.change * magnification * one
        for magnification, one in zip(magnifications(shown.directions, shown.change), shown.directions, strict=True)
    ]


def _whole_pixels(side: float, pixels: int, dpi: int) -> float:
    """The width of a picture of so many pixels: at most `side` inches, whole dots per pixel where they fit."""
    return max(1, int(side * dpi) // pixels) * pixels / dpi if side * dpi >= pixels else side


def _draw_pairs(shown: DistortionsDrawing, form: Format) -> Figure:
    """Several pairs, a column each beside the original."""
    count, (rows, pixels) = len(shown.directions) // 2, shown.reference.shape[:2]
    columns = max(count, FEWEST_COLUMNS)
    side = _whole_pixels((form.inner - columns * form.gap) / (columns + 1), pixels, form.dpi)
    high = side * rows / pixels
    probe = Canvas(form.width, 1.0, font=form.font, theme=LIGHT, dpi=form.dpi)
    line, notes = probe.line, probe.wrap(shown.caption, form.inner)
    block = 2.2 * line + 2 * high + form.gap + (len(shown.metrics) + 1) * line
    height = 2 * form.margin + 2 * block + (len(notes) + 0.5) * line
    canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=form.dpi)
    magnified = _magnified(shown)
    for half, (name, color) in enumerate(zip(shown.names, COLORS, strict=True)):
        top = form.margin + half * block + 1.2 * line
        words = probe.wrap(name.capitalize(), side)
        canvas.lines(form.margin, top - 0.1 * line, words, color=color)
        canvas.lines(form.margin, top + (len(words) - 0.1) * line, probe.wrap("magnified →", side), color=LIGHT.quiet)
        canvas.image(form.margin, top + high + form.gap, side, high, shown.reference)
        below = top + 2 * high + form.gap + 0.9 * line
        canvas.text(form.margin + side + form.gap, below, "Sensitivity", width=side, color=LIGHT.quiet)
        for row, title in enumerate(("Original", *shown.metrics)):
            canvas.text(form.margin, below + row * line, title, width=side, color=None if row else LIGHT.quiet)
        for pair in range(count):
            x, which = form.margin + (pair + 1) * (side + form.gap), 2 * pair + half
            canvas.text(x, top - 0.3 * line, shown.measures[which], width=side, color=color)
            canvas.image(x, top, side, high, magnified[which])
            canvas.image(x, top + high + form.gap, side, high, shown.images[which])
            for row, values in enumerate(shown.sensitivities, start=1):
                canvas.text(x, below + row * line, number(values[which]), width=side)
    canvas.lines(form.margin, height - form.margin - len(notes) * line, notes, color=canvas.theme.quiet)
    return canvas.figure


def _draw(shown: DistortionsDrawing, form: Format) -> Figure:
    first, second = _magnified(shown)
    panels = [
        (("Original",), shown.reference, None),
        *(((f"Original + {name}", f"+ {name}"), *of_one)
          for name, *of_one in zip(shown.names, shown.images, COLORS, strict=True)),
        *(((f"{name.capitalize()}, magnified", name.capitalize()), *of_one)
          for name, *of_one in zip(shown.names, (first, second), COLORS, strict=True)),
    ]  # fmt: skip
    columns = 3 if form.stacked else 5
    rows, pixels = shown.reference.shape[:2]
    side = (form.inner - (columns - 1) * form.gap) / columns
    side = _whole_pixels(side, pixels, form.dpi)
    high = side * rows / pixels
    probe = Canvas(form.width, 1.0, font=form.font, theme=LIGHT, dpi=form.dpi)
    step = high + 1.5 * probe.line
    pictures = -(-len(panels) // columns) * step
    table = (len(shown.metrics) + 3.2) * probe.line
    notes = probe.wrap(shown.caption, form.inner)
    height = 2 * form.margin + pictures + table + (len(notes) + 1) * probe.line
    canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=form.dpi)
    for i, (titles, image, color) in enumerate(panels):
        x, y = form.margin + (i % columns) * (side + form.gap), form.margin + (i // columns) * step
        title = next((one for one in titles if canvas.measure(one) <= side), titles[-1])
        canvas.text(x, y + 0.9 * canvas.line, title, width=side, color=color)
        canvas.image(x, y + 1.2 * canvas.line, side, high, image)
    _draw_sensitivities(canvas, shown, form, form.margin + pictures + 0.5 * canvas.line)
    canvas.lines(form.margin, height - form.margin - len(notes) * canvas.line, notes, color=canvas.theme.quiet)
    return canvas.figure


def _draw_sensitivities(canvas: Canvas, shown: DistortionsDrawing, form: Format, top: float) -> None:
    """A row for each metric: its sensitivities in numbers, and as points on a common axis."""
    line, count = canvas.line, len(shown.metrics)
    names = min(max(map(canvas.measure, ["Sensitivity", *shown.metrics])) + line, form.inner / 3)
    column = max(map(canvas.measure, [*shown.names, "0.00123"])) + line
    for i, (head, color) in enumerate(zip(shown.names, COLORS, strict=True)):
        end = form.margin + names + (i + 1) * column
        canvas.text(end, top + 0.8 * line, head, align="right", color=color)
        for row, values in enumerate(shown.sensitivities):
            canvas.text(end, top + (row + 1.8) * line, number(values[i]), align="right", color=color)
    canvas.text(form.margin, top + 0.8 * line, "Sensitivity", width=names, color=canvas.theme.quiet)
    for row, title in enumerate(shown.metrics):
        canvas.text(form.margin, top + (row + 1.8) * line, title, width=names)
    left = form.margin + names + 2 * column + 1.5 * line
    axes = canvas.axes(left, top + line, form.margin + form.inner - line - left, count * line)
    values = np.maximum(np.asarray(shown.sensitivities, float), 1e-6)
    places = np.arange(count)
    axes.hlines(places, values.min(axis=1), values.max(axis=1), color=canvas.theme.quiet, linewidth=0.8)
    for i, color in enumerate(COLORS):
        axes.scatter(values[:, i], places, s=0.35 * form.font**2, color=color, zorder=3)
    axes.set_xscale("log")
    axes.set_xlim(min(values.min(), 1) / 1.5, max(values.max(), 1) * 1.5)
    axes.set_ylim(count - 0.5, -0.5)
    axes.axvline(1, color=canvas.theme.quiet, linewidth=0.5, linestyle=":")
    axes.set_yticks([])
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter("")
    axes.tick_params(labelsize=form.font, colors=canvas.theme.quiet, width=0.5, which="both")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(canvas.theme.quiet)
