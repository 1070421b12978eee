"""The contact sheet of a series: a column for each competition, with its start and its four extremes below each other.

Under each picture is what was driven and, quietly, what was held, of the picture as it is shown, in 8 bits. Beside the
heading of a row of a series of seeds is how much they differ.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from mad_app.figures.canvas import LIGHT, Canvas
from mad_app.figures.options import Format
from mad_app.figures.sheet import TALLEST
from mad_app.figures.text import LETTERS, constraints, contest_title, metric_title, number
from mad_app.images import from_uint8
from mad_app.records import Run, Series, Spread, spread_of, spread_of_starts, without_folders

MOST_COLUMNS = 8
"""Competitions side by side; further ones stand below."""

ROWS = 0.8
"""Part of a page's height that the pictures of a column may take at most."""


def draw_contact_sheet(series: Series, form: Format) -> Figure:
    """Draw the sheet, as high as its content and with dots so small that every pixel of an image is whole dots."""
    columns = min(len(series.runs), MOST_COLUMNS)
    cell = min((form.inner - (columns - 1) * form.gap) / columns, ROWS * form.page / (len(LETTERS) + 1))
    rows, wide, _ = series.runs[0].reference.shape
    pixel = min(cell / wide, TALLEST * cell / rows)
    dpi = math.ceil(form.dpi * pixel) / pixel

    def draw(height: float) -> tuple[float, Figure]:
        canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=dpi)
        sheet = _ContactSheet(series, form, canvas, cell, pixel * wide, pixel * rows)
        return sheet.draw(columns) + form.margin, canvas.figure

    needed, _ = draw(1.0)
    return draw(needed)[1]


@dataclass(frozen=True)
class _ContactSheet:
    """A contact sheet being laid out; an image takes `wide` × `high` inches of a place that is `cell` wide."""

    series: Series
    form: Format
    canvas: Canvas
    cell: float
    wide: float
    high: float

    def draw(self, columns: int) -> float:
        """Draw everything; returns where it ends."""
        canvas, form = self.canvas, self.form
        title = canvas.wrap(series_title(self.series), form.inner, weight="bold")
        canvas.lines(form.margin, form.margin, title, weight="bold")
        y = form.margin + (len(title) + 0.5) * canvas.line
        for first in range(0, len(self.series.runs), columns):
            y = self._band(self.series.runs[first : first + columns], y) + form.gutter
        notes = canvas.wrap(f"{_conditions(self.series)} Under each picture: {self._legend()}.", form.inner)
        canvas.lines(form.margin, y, notes, color=canvas.theme.quiet)
        return y + (len(notes) + 0.1) * canvas.line

    def _band(self, runs: tuple[Run, ...], y: float) -> float:
        """The columns of some competitions; returns where they end."""
        for column, run in enumerate(runs):
            self.canvas.text(self._x(column), y + 0.76 * self.canvas.line, _heading(self.series, run), width=self.cell)
        y += 1.4 * self.canvas.line
        for row in range(-1, len(LETTERS)):
            y = self._row(runs, row, y)
        return y

    def _row(self, runs: tuple[Run, ...], row: int, y: float) -> float:
        """The starts (row −1) or the pictures at a position of CORNERS; returns where they end."""
        canvas, letter = self.canvas, LETTERS[row] if row >= 0 else ""
        color = canvas.theme.letters[row] if letter else canvas.theme.ink
        baseline = y + 0.76 * canvas.line
        canvas.text(self.form.margin, baseline, letter or "start", color=color, weight="bold")
        indent = canvas.measure(letter or "start", weight="bold") + 0.5 * canvas.font / 72
        canvas.text(self.form.margin + indent, baseline, self._told(row), width=self.form.inner - indent)
        y += 1.2 * canvas.line
        for column, run in enumerate(runs):
            x = self._x(column)
            canvas.image(x, y, self.wide, self.high, run.start if row < 0 else from_uint8(run.pictures[row]))
            left, right = self._values(run, row)
            below = y + self.high + canvas.line
            canvas.text(x, below, left, weight="bold" if letter else "normal", scale=self.values_scale)
            canvas.text(x + self.wide, below, right, align="right", color=canvas.theme.quiet, scale=self.values_scale)
        return y + self.high + 1.7 * canvas.line

    @cached_property
    def values_scale(self) -> float:
        """How large the values are written: as large as the rest where there is room for the two of each picture."""
        canvas = self.canvas
        pairs = [self._values(run, row) for run in self.series.runs for row in range(-1, len(LETTERS))]
        widest = max(canvas.measure(left, weight="bold") + canvas.measure(right) for left, right in pairs)
        return min(1.0, self.wide / (widest + 0.5 * canvas.font / 72))

    def _told(self, row: int) -> str:
        """What was done in a row, and in one of seeds how much its pictures differ."""
        differ = ""
        if self.series.kind == "repeated_seeds":
            differ = _difference(spread_of(self.series, row) if row >= 0 else spread_of_starts(self.series))
        if row < 0:
            return "before it is brought to the level" if self.series.kind == "level_sweep" else differ
        result = self.series.runs[0].images[row]
        return (
            f"{result.direction} {metric_title(result.optimized)}, {metric_title(result.fixed)} held  {differ}".rstrip()
        )

    def _values(self, run: Run, row: int) -> tuple[str, str]:
        if row < 0:
            first, second = run.images[0].optimized, run.images[0].fixed
            return number(run.images[0].start.get(first)), number(run.images[0].start.get(second))
        result = run.images[row]
        return number(result.seen.get(result.optimized)), number(result.seen.get(result.fixed))

    def _legend(self) -> str:
        first, second = (metric_title(name) for name in competitors(self.series))
        return f"of a start {first} and {second}; else what was driven, and what was held"

    def _x(self, column: int) -> float:
        return self.form.margin + column * (self.cell + self.form.gap)


def competitors(series: Series) -> tuple[str, str]:
    """The names of the two metrics."""
    return series.runs[0].images[0].optimized, series.runs[0].images[0].fixed


def series_title(series: Series) -> str:
    """What the series is, in a line."""
    kinds = {"level_sweep": "at several levels", "repeated_seeds": "from several seeds"}
    return f"{contest_title(*competitors(series))}, {kinds.get(series.kind, series.kind)}"


def _heading(series: Series, run: Run) -> str:
    """What distinguishes a competition from its neighbors."""
    if series.varied == "strength" and run.images[0].optimized == "mse":
        return f"MSE {(run.images[0].start.get('mse') or 0.0) * 255**2:.4g} / 255²"
    value = run.settings.get(series.varied)
    if series.varied.endswith("_level"):
        held = competitors(series)[series.varied == "second_level"]
        return f"{metric_title(held)} {number(float(value or 0))}"
    return f"{series.varied} {value:g}" if isinstance(value, float) else f"{series.varied} {value}"


def _difference(spread: Spread) -> str:
    text = f"differ by {number(spread.rms)} RMS"
    if spread.lowest is None or spread.highest is None:
        return text
    return f"{text}, end at {number(spread.lowest)} to {number(spread.highest)}"


def _conditions(series: Series) -> str:
    """Picture, distortion and budget in a sentence, as far as all runs share them."""
    run = series.runs[0]
    settings, (rows, columns, _) = without_folders(run.settings), run.reference.shape
    parts = [str(settings.get("image") or "image"), f"{columns} × {rows} pixels"]
    parts.append(str(settings.get("start_file") or settings.get("distortion") or ""))
    parts += [*constraints(settings), f"{run.history.step[-1]} steps"]
    parts.append("" if series.varied == "seed" else f"seed {run.seed}")
    return ", ".join(part for part in parts if part) + "."
