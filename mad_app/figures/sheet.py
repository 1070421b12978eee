"""The layout of the MAD sheet: what stands where, in inches from the upper left corner."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from mad_app.figures.canvas import Canvas, Theme
from mad_app.figures.panels import draw_curve, jury_table
from mad_app.figures.wording import LETTERS, constraints, metric_title, number, outcomes, percentage, verdict
from mad_app.images import from_uint8
from mad_app.records import CornerResult, Run

Width = Literal["single", "double", "slide"]

TALLEST = 1.4
"""Greatest height of an image in widths of its cell; a taller image is shown narrower."""

SWING = 0.45
"""How far from mid grey the largest differences of a map may go."""

CLIPPED = 0.5
"""Percentage of the differences in a map that may go further."""

GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Gains that are easy to read, in each decade."""


MOST_OF_WIDTH = 0.54
"""Fraction of the width that the jury's table may take beside the curves."""


@dataclass(frozen=True)
class Format:
    """Measures of a sheet in inches, but `font` in points.

    Attributes:
        width: of the sheet.
        font: size of all text.
        stacked: whether the second pair stands under the first.
        margin: round the sheet.
        gap: between the images of a pair.
        gutter: between groups.
        curve_height: of the curves.
        page: height of the page on which the sheet must fit, if it can.
        dpi: fewest dots an inch of a PNG.
    """

    width: float
    font: float
    stacked: bool
    margin: float
    gap: float
    gutter: float
    curve_height: float
    page: float
    dpi: int

    @property
    def inner(self) -> float:
        """Width within the margins."""
        return self.width - 2 * self.margin


FORMATS: dict[Width, Format] = {
    "single": Format(3.4, 6.5, True, 0.03, 0.06, 0.1, 1.2, 9.3, 300),
    "double": Format(7.0, 6.5, False, 0.03, 0.08, 0.2, 1.3, 9.3, 300),
    "slide": Format(12.8, 12.0, False, 0.2, 0.13, 0.35, 2.4, 12.0, 150),
}


@dataclass(frozen=True)
class Parts:
    """What a sheet shows beside the images; the jury may be None: if it then still fits on a page."""

    maps: bool
    curves: bool
    jury: bool | None


@dataclass(frozen=True)
class _Rows:
    """Where the rows of a pair are: baselines of text, upper edges of images, and the end."""

    label: float
    image: float
    values: float
    map_label: float
    map: float
    bottom: float


def draw_sheet(run: Run, form: Format, theme: Theme, parts: Parts) -> Figure:
    """Draw the sheet, as high as its content and with dots so small that every pixel of an image is whole dots."""
    rows, columns = run.reference.shape[:2]
    cell = _cell_width(form, parts)
    pixel = min(cell / columns, TALLEST * cell / rows)
    dpi = math.ceil(form.dpi * pixel) / pixel

    def draw(height: float, parts: Parts) -> tuple[float, Figure]:
        canvas = Canvas(form.width, height, font=form.font, theme=theme, dpi=dpi)
        sheet = _Sheet(run, form, parts, canvas, cell, pixel * columns, pixel * rows)
        return sheet.draw() + form.margin, canvas.figure

    shown = replace(parts, jury=parts.jury is not False)
    needed, _ = draw(1.0, shown)
    if needed > form.page and parts.jury is None:
        shown = replace(parts, jury=False)
        needed, _ = draw(1.0, shown)
    return draw(needed, shown)[1]


def _cell_width(form: Format, parts: Parts) -> float:
    columns = 3 if form.stacked else 5 if parts.maps else 6
    gutters, gaps = (1, 1) if form.stacked else (2, columns - 3)
    return (form.inner - gutters * form.gutter - gaps * form.gap) / columns


@dataclass(frozen=True)
class _Sheet:
    """A sheet being laid out; an image takes `wide` × `high` inches of a place that is `cell` wide."""

    run: Run
    form: Format
    parts: Parts
    canvas: Canvas
    cell: float
    wide: float
    high: float

    def draw(self) -> float:
        """Draw everything; returns where it ends."""
        form, left, top = self.form, self.form.margin, self.form.margin
        step = self.cell + form.gap
        first = left + self.cell + form.gutter + (0 if form.stacked or self.parts.maps else step)
        rows = self._pair(0, first, top)
        if form.stacked:
            below = self._pair(1, first, rows.bottom + 2 * form.gutter)
        else:
            below = self._pair(1, first + step + self.cell + form.gutter, top)
        bottom = max(below.bottom, self._originals(left, rows, below))
        noted = form.stacked and self.parts.maps and self._notes_beside(left, below)
        if self.parts.curves or self.parts.jury:
            bottom = self._evidence(left, bottom + form.gutter)
        return bottom if noted else self._notes(left, bottom + form.gutter / 2, form.inner)

    def _pair(self, pair: int, x: float, y: float) -> _Rows:
        """A verdict, the two images it is about, their values, and their differences from the reference."""
        canvas, width = self.canvas, 2 * self.cell + self.form.gap
        rows = self._rows(y)
        canvas.lines(x, y, canvas.wrap(verdict(self.run, pair), width))
        canvas.rule(x, rows.label - 1.1 * canvas.line, width)
        gain = _gain(self.run.finals[2 * pair : 2 * pair + 2] - self.run.reference)
        for i in (2 * pair, 2 * pair + 1):
            at = x + (i % 2) * (self.cell + self.form.gap)
            self._corner(i, at, rows)
            if self.parts.maps:
                canvas.text(at, rows.map_label, f"{LETTERS[i]} − reference, × {gain:g}", width=self.cell)
                self._image(at, rows.map, 0.5 + gain * (self.run.finals[i] - self.run.reference))
        return rows

    def _corner(self, i: int, x: float, rows: _Rows) -> None:
        """One of the four images between its name and its values."""
        canvas, result = self.canvas, self.run.images[i]
        canvas.text(x, rows.label, LETTERS[i], color=canvas.theme.letters[i], weight="bold")
        indent = canvas.measure("A", weight="bold") + 0.5 * canvas.font / 72
        label = f"{result.direction} {metric_title(result.optimised)}"
        canvas.text(x + indent, rows.label, label, width=self.cell - indent)
        self._image(x, rows.image, from_uint8(self.run.pictures[i]))
        for line, (text, bold) in enumerate(self._values(result)):
            color = canvas.theme.ink if bold else canvas.theme.quiet
            y = rows.values + line * canvas.line
            canvas.text(x, y, text, width=self.cell, color=color, weight="bold" if bold else "normal")

    def _values(self, result: CornerResult) -> list[tuple[str, bool]]:
        """Name and values of the driven and of the held metric."""
        driven, held = result.optimised, result.fixed
        before, after = number(result.start.get(held)), number(result.seen.get(held))
        way = after if before == after else f"{before} → {after}"
        return [
            (metric_title(driven), False),
            (f"{number(result.start.get(driven))} → {number(result.seen.get(driven))}", True),
            (metric_title(held), False),
            (f"{way} held", True),
            (f"drift {percentage(result.drift_seen)}", False),
        ]

    def _originals(self, left: float, rows: _Rows, below: _Rows) -> float:
        """The reference and the start with its values; returns where they end."""
        canvas, run = self.canvas, self.run
        canvas.lines(left, self.form.margin, self._title_lines(), weight="bold")
        canvas.text(left, rows.label, "reference")
        self._image(left, rows.image, run.reference)
        x, label, image = left, rows.map_label, rows.map
        if not self.parts.maps:
            x += 0 if self.form.stacked else self.cell + self.form.gap
            label, image = below.label, below.image
        canvas.text(x, label, "start", width=self.cell)
        self._image(x, image, run.start)
        y = image + self.high + 1.05 * canvas.line
        for name in (run.images[0].optimised, run.images[0].fixed):
            value = number(run.images[0].start.get(name))
            space = self.cell - canvas.measure(f" {value}", weight="bold")
            title = canvas.cut(metric_title(name), space)
            canvas.text(x, y, title, color=canvas.theme.quiet)
            canvas.text(x + self.cell, y, value, weight="bold", align="right")
            y += canvas.line
        return y - 0.7 * canvas.line

    def _evidence(self, x: float, y: float) -> float:
        """The curves and the jury's table, side by side or one under the other; returns where they end."""
        form, parts = self.form, self.parts
        table = jury_table(self.run, self.canvas) if parts.jury else None
        width, bottom = form.inner, y
        if table and not form.stacked:
            table_width = min(table.width, MOST_OF_WIDTH * width if parts.curves else width)
            bottom = table.draw(x + width - table_width if parts.curves else x, y, table_width)
            width -= table_width + form.gutter
        if parts.curves:
            height = max(form.curve_height, bottom - y)
            each = (width - form.gutter) / 2
            draw_curve(self.canvas, self.run, "first", x, y, each, height)
            draw_curve(self.canvas, self.run, "second", x + each + form.gutter, y, each, height)
            bottom = y + height
        if table and form.stacked:
            bottom = table.draw(x, bottom + form.gutter if parts.curves else y, width)
        return bottom

    def _notes_beside(self, x: float, rows: _Rows) -> bool:
        """Put the notes into the empty place left of the second pair, if they fit."""
        lines = self._notes_lines(self.cell)
        fits = rows.label + len(lines) * self.canvas.line <= rows.bottom
        if fits:
            self.canvas.lines(x, rows.label - 0.85 * self.canvas.line, lines, color=self.canvas.theme.quiet)
        return fits

    def _notes(self, x: float, y: float, width: float) -> float:
        lines = self._notes_lines(width)
        self.canvas.lines(x, y, lines, color=self.canvas.theme.quiet)
        return y + (len(lines) + 0.1) * self.canvas.line

    def _notes_lines(self, width: float) -> list[str]:
        texts = [_conditions(self.run), outcomes(self.run)]
        texts.append("Under each image, in 8 bits as shown: start → end; drift: of the held metric from its level.")
        if self.parts.maps:
            texts.append("Differences: times a gain, zero is mid grey.")
        return self.canvas.wrap(" ".join(texts), width)

    def _title_lines(self) -> list[str]:
        first, second = self.run.images[0].optimised, self.run.images[0].fixed
        title = f"{metric_title(first)} against {metric_title(second)}"
        return self.canvas.wrap(title, self.cell, weight="bold")

    def _rows(self, y: float) -> _Rows:
        """The rows of a pair whose verdict begins at y; verdicts and title take equally many lines."""
        line, width = self.canvas.line, 2 * self.cell + self.form.gap
        heads = [len(self.canvas.wrap(verdict(self.run, pair), width)) for pair in (0, 1)]
        label = y + (max(*heads, len(self._title_lines())) + 1.4) * line
        image = label + 0.4 * line
        values = image + self.high + 1.05 * line
        map_label = values + 5.5 * line
        map_top = map_label + 0.4 * line
        bottom = map_top + self.high if self.parts.maps else values + 4.3 * line
        return _Rows(label, image, values, map_label, map_top, bottom)

    def _image(self, x: float, y: float, image: np.ndarray) -> None:
        self.canvas.image(x, y, self.wide, self.high, image)


def _gain(differences: np.ndarray) -> float:
    """The largest easy factor that lets all but the largest differences stay within SWING of mid grey."""
    largest = float(np.percentile(np.abs(differences), 100 - CLIPPED)) or float(np.abs(differences).max())
    if largest == 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(SWING / largest))
    return max((gain * decade for gain in GAINS if gain * decade <= SWING / largest), default=decade)


def _conditions(run: Run) -> str:
    """Picture, distortion and budget in a sentence, as far as the settings tell."""
    settings, (rows, columns, _) = run.settings, run.reference.shape
    shown = ("start_file",) if settings.get("start_file") else ("distortion", "strength")
    distortion = " ".join(str(settings[key]) for key in shown if settings.get(key) is not None)
    parts = [str(settings.get("image") or "image"), f"{columns} × {rows} pixels", distortion]
    parts += [*constraints(settings), f"{run.history.step[-1]} steps", f"seed {run.seed}"]
    return ", ".join(part for part in parts if part) + "."
