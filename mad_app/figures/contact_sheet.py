"""The contact sheet of a series: each competition with its start and its four images, as a column or, of few, a row.

Under each image stand its optimized metric and, in gray, its fixed one, both of the saved 8-bit image. For a series of
repeated seeds, the heading of each row says how much its images differ.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from matplotlib.figure import Figure

from mad_app.figures.canvas import Canvas
from mad_app.figures.corners import TALLEST
from mad_app.figures.measures import Format
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
from mad_app.figures.themes import LIGHT
from mad_app.figures.typefaces import Weight
from mad_app.images import from_uint8
from mad_app.records import Run, Series, Spread, spread_of, spread_of_starts

MOST_COLUMNS = 8
"""Competitions side by side; further ones stand below, equally many in each band."""

PLACES = (-1, *range(len(LETTERS)))
"""What is shown of a competition: the start (−1) and the images at the positions of CORNERS."""


def draw_contact_sheet(series: Series, form: Format) -> Figure:
    """Draw the sheet, as high as its content and with dots so small that every pixel of an image is whole dots.

    A competition is a column, or, where there are so few that columns would leave a part of the width empty, a row.
    """
    count = len(series.runs)
    in_rows = count < len(PLACES)
    columns = len(PLACES) if in_rows else math.ceil(count / math.ceil(count / MOST_COLUMNS))
    cell = (form.inner - (columns - 1) * form.gap) / columns
    rows, wide, _ = series.runs[0].reference.shape
    pixel = min(cell / wide, TALLEST * cell / rows)
    dpi = math.ceil(form.dpi * pixel) / pixel

    def draw(height: float) -> tuple[float, Figure]:
        canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=dpi)
        sheet = _ContactSheet(series, form, canvas, cell, pixel * wide, pixel * rows)
        return sheet.draw(None if in_rows else columns) + form.margin, canvas.figure

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

    def draw(self, columns: int | None) -> float:
        """Draw everything, with so many competitions side by side, or each in a row; returns where it ends."""
        canvas, form, runs = self.canvas, self.form, self.series.runs
        title = canvas.wrap(series_title(self.series), form.inner, weight="bold")
        canvas.lines(form.margin, form.margin, title, weight="bold")
        y = form.margin + (len(title) + 0.5) * canvas.line
        if columns is None:
            y = self._rows(runs, y) + form.gutter
        else:
            for first in range(0, len(runs), columns):
                y = self._band(runs[first : first + columns], y) + form.gutter
        notes = canvas.wrap(
            " ".join([conditions(self.series), self._legend(), missing_sentence(self.series)]), form.inner
        )
        canvas.lines(form.margin, y, notes, color=canvas.theme.quiet)
        return y + (len(notes) + 0.1) * canvas.line

    def _rows(self, runs: tuple[Run, ...], y: float) -> float:
        """A row for each competition under what its images are; returns where they end."""
        canvas = self.canvas
        heads = [canvas.wrap(self._heading(place), self.cell - self._indent(place)) for place in PLACES]
        for column, (place, lines) in enumerate(zip(PLACES, heads, strict=True)):
            self._letter(place, self._x(column), y + 0.76 * canvas.line)
            canvas.lines(self._x(column) + self._indent(place), y, lines)
        y += (max(1, *map(len, heads)) + 0.5) * canvas.line
        for run in runs:
            canvas.text(self.form.margin, y + 0.76 * canvas.line, run_heading(self.series, run), width=self.form.inner)
            y += 1.2 * canvas.line
            for column, place in enumerate(PLACES):
                self._image(run, place, self._x(column), y)
            y += self.high + 1.7 * canvas.line
        return y

    def _band(self, runs: tuple[Run, ...], y: float) -> float:
        """The columns of some competitions; returns where they end."""
        canvas, margin = self.canvas, self.form.margin
        for column, run in enumerate(runs):
            canvas.text(self._x(column), y + 0.76 * canvas.line, run_heading(self.series, run), width=self.cell)
        y += 1.4 * canvas.line
        for place in PLACES:
            baseline, indent = y + 0.76 * canvas.line, self._indent(place)
            self._letter(place, margin, baseline)
            canvas.text(margin + indent, baseline, self._heading(place), width=self.form.inner - indent)
            y += 1.2 * canvas.line
            for column, run in enumerate(runs):
                self._image(run, place, self._x(column), y)
            y += self.high + 1.7 * canvas.line
        return y

    def _letter(self, place: int, x: float, baseline: float) -> None:
        """The name of what stands at a place."""
        color = self.canvas.theme.letters[place] if place >= 0 else self.canvas.theme.ink
        self.canvas.text(x, baseline, _name(place), color=color, weight="bold")

    def _indent(self, place: int) -> float:
        """Width of that name and the space after it."""
        return self.canvas.measure(_name(place), weight="bold") + 0.5 * self.canvas.font / 72

    def _image(self, run: Run, place: int, x: float, y: float) -> None:
        """The start or one of the four images of a competition, with its values below."""
        canvas, (left, right) = self.canvas, self._values(run, place)
        canvas.image(x, y, self.wide, self.high, run.start if place < 0 else from_uint8(run.images_8bit[place]))
        below, weight = y + self.high + canvas.line, "normal" if place < 0 else "bold"
        canvas.text(x, below, left, weight=cast(Weight, weight), scale=self.values_scale)
        canvas.text(x + self.wide, below, right, align="right", color=canvas.theme.quiet, scale=self.values_scale)

    @cached_property
    def values_scale(self) -> float:
        """How large the values are written: as large as the rest where there is room for the two of each picture."""
        canvas = self.canvas
        pairs = [self._values(run, row) for run in self.series.runs for row in PLACES]
        widest = max(canvas.measure(left, weight="bold") + canvas.measure(right) for left, right in pairs)
        return min(1.0, self.wide / (widest + 0.5 * canvas.font / 72))

    def _heading(self, row: int) -> str:
        """What the images of a row are, and for repeated seeds how much they differ."""
        differ = ""
        if self.series.varied == "seed":
            differ = _difference(spread_of(self.series, row) if row >= 0 else spread_of_starts(self.series))
        if row < 0:
            return "before it is brought to the level" if self.series.varied.endswith("_level") else differ
        result = self.series.runs[0].results[row]
        title = image_title(row, result.optimized).removeprefix(f"{LETTERS[row]}: ")
        return f"{title}, {metric_title(result.fixed)} kept  {differ}".rstrip()

    def _values(self, run: Run, row: int) -> tuple[str, str]:
        if row < 0:
            first, second = run.results[0].optimized, run.results[0].fixed
            return number(run.results[0].start.get(first)), number(run.results[0].start.get(second))
        result = run.results[row]
        return number(result.reported.get(result.optimized)), number(result.reported.get(result.fixed))

    def _legend(self) -> str:
        first, second = (metric_title(name) for name in competitors(self.series))
        return f"Under each start: {first} and {second}; under each image: the optimized metric and the fixed one."

    def _x(self, column: int) -> float:
        return self.form.margin + column * (self.cell + self.form.gap)


def competitors(series: Series) -> tuple[str, str]:
    """The names of the two metrics."""
    return series.runs[0].results[0].optimized, series.runs[0].results[0].fixed


def series_title(series: Series) -> str:
    """What the series is, in a line."""
    if series.varied.endswith("_level"):
        kind = "at several levels"
    else:
        kind = "with several seeds" if series.varied == "seed" else series.kind
    return f"{contest_title(*competitors(series))}, {kind}"


def run_heading(series: Series, run: Run) -> str:
    """What distinguishes a competition from its neighbors."""
    if series.varied == "strength" and run.results[0].optimized == "mse":
        return f"MSE {(run.results[0].start.get('mse') or 0.0) * 255**2:.4g} / 255²"
    return _value_phrase(series, run.settings.get(series.varied))


def _difference(spread: Spread) -> str:
    text = f"differ by {number(spread.rms)} RMS"
    if spread.lowest is None or spread.highest is None:
        return text
    return f"{text}, end at {number(spread.lowest)} to {number(spread.highest)}"


def conditions(series: Series) -> str:
    """Picture, start, settings, steps and seed in a sentence, as far as all runs share them."""
    first, varied = series.runs[0], series.varied
    shared = {
        name: value
        for name, value in first.settings.items()
        if name != varied and all(run.settings.get(name) == value for run in series.runs)
    }
    run = replace(first, settings=shared)
    steps = sorted({int(run.history.step[-1]) for run in series.runs})
    made = f"{steps[0]} steps" if len(steps) == 1 else f"{steps[0]} to {steps[-1]} steps"
    seed = [f"seed {run.seed}"] if varied != "seed" and len({run.seed for run in series.runs}) == 1 else []
    return ", ".join([*picture_phrases(run), start_phrase(shared), *setting_phrases(run), made, *seed]) + "."


def missing_phrases(series: Series) -> list[str]:
    """What distinguishes each competition of a series that has no finished run, as ["MSE 0.0300"]."""
    return [_value_phrase(series, member.planned.settings.get(series.varied)) for member in series.missing]


def missing_sentence(series: Series) -> str:
    """Which competitions are not shown; empty where all are."""
    missing = missing_phrases(series)
    return f"Not shown, because there is no finished run: {', '.join(missing)}." if missing else ""


def _name(place: int) -> str:
    return LETTERS[place] if place >= 0 else "start"


def _value_phrase(series: Series, value: object) -> str:
    """A value of the setting in which the competitions differ."""
    if series.varied.endswith("_level"):
        fixed = competitors(series)[series.varied == "second_level"]
        return f"{metric_title(fixed)} {number(value if isinstance(value, int | float) else None)}"
    return f"{series.varied} {value:g}" if isinstance(value, float) else f"{series.varied} {value}"
