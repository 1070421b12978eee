"""The contact sheet of a series: a column for each competition, with its start and its four images below each other.

Under each image stand its optimized metric and, in gray, its fixed one, both of the saved 8-bit image. For a series of
repeated seeds, the heading of each row says how much its images differ.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from mad_app.figures.canvas import LIGHT, Canvas
from mad_app.figures.options import Format
from mad_app.figures.sheet import TALLEST
from mad_app.figures.text import (
    LETTERS,
    contest_title,
    image_title,
    metric_title,
    number,
    picture_phrases,
    setting_phrases,
    start_phrase,
)
from mad_app.images import from_uint8
from mad_app.records import Run, Series, Spread, spread_of, spread_of_starts

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
        notes = canvas.wrap(f"{_conditions(self.series)} {self._legend()}", form.inner)
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
        """The starts (row −1) or the images at a position of CORNERS; returns where they end."""
        canvas, letter = self.canvas, LETTERS[row] if row >= 0 else ""
        color = canvas.theme.letters[row] if letter else canvas.theme.ink
        baseline = y + 0.76 * canvas.line
        canvas.text(self.form.margin, baseline, letter or "start", color=color, weight="bold")
        indent = canvas.measure(letter or "start", weight="bold") + 0.5 * canvas.font / 72
        canvas.text(self.form.margin + indent, baseline, self._heading(row), width=self.form.inner - indent)
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

    def _heading(self, row: int) -> str:
        """What the images of a row are, and for repeated seeds how much they differ."""
        differ = ""
        if self.series.varied == "seed":
            differ = _difference(spread_of(self.series, row) if row >= 0 else spread_of_starts(self.series))
        if row < 0:
            return "before it is brought to the level" if self.series.varied.endswith("_level") else differ
        result = self.series.runs[0].images[row]
        title = image_title(row, result.optimized).removeprefix(f"{LETTERS[row]}: ")
        return f"{title}, {metric_title(result.fixed)} kept  {differ}".rstrip()

    def _values(self, run: Run, row: int) -> tuple[str, str]:
        if row < 0:
            first, second = run.images[0].optimized, run.images[0].fixed
            return number(run.images[0].start.get(first)), number(run.images[0].start.get(second))
        result = run.images[row]
        return number(result.seen.get(result.optimized)), number(result.seen.get(result.fixed))

    def _legend(self) -> str:
        first, second = (metric_title(name) for name in competitors(self.series))
        return f"Under each start: {first} and {second}; under each image: the optimized metric and the fixed one."

    def _x(self, column: int) -> float:
        return self.form.margin + column * (self.cell + self.form.gap)


def competitors(series: Series) -> tuple[str, str]:
    """The names of the two metrics."""
    return series.runs[0].images[0].optimized, series.runs[0].images[0].fixed


def series_title(series: Series) -> str:
    """What the series is, in a line."""
    if series.varied.endswith("_level"):
        kind = "at several levels"
    else:
        kind = "with several seeds" if series.varied == "seed" else series.kind
    return f"{contest_title(*competitors(series))}, {kind}"


def _heading(series: Series, run: Run) -> str:
    """What distinguishes a competition from its neighbors."""
    if series.varied == "strength" and run.images[0].optimized == "mse":
        return f"MSE {(run.images[0].start.get('mse') or 0.0) * 255**2:.4g} / 255²"
    value = run.settings.get(series.varied)
    if series.varied.endswith("_level"):
        fixed = competitors(series)[series.varied == "second_level"]
        return f"{metric_title(fixed)} {number(float(value or 0))}"
    return f"{series.varied} {value:g}" if isinstance(value, float) else f"{series.varied} {value}"


def _difference(spread: Spread) -> str:
    text = f"differ by {number(spread.rms)} RMS"
    if spread.lowest is None or spread.highest is None:
        return text
    return f"{text}, end at {number(spread.lowest)} to {number(spread.highest)}"


def _conditions(series: Series) -> str:
    """Picture, distortion and steps in a sentence, as far as all runs share them."""
    run, varied = series.runs[0], series.varied
    start = start_phrase({**run.settings, varied: None})
    seed = [] if varied == "seed" else [f"seed {run.seed}"]
    return (
        ", ".join(
            [*picture_phrases(run), start, *setting_phrases(run, but=varied), f"{run.history.step[-1]} steps", *seed]
        )
        + "."
    )
