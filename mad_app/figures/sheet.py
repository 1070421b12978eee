"""The layout of the MAD sheet: what stands where, in inches from the upper left corner."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mad_app.figures.canvas import LIGHT, Canvas, Theme
from mad_app.figures.options import PARTS, Format, Part
from mad_app.figures.panels import draw_curve, has_other_metrics, other_metrics_table
from mad_app.figures.text import (
    KEPT,
    LETTERS,
    contest_title,
    drift_magnitude,
    image_title,
    measured_images,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    settings_sentence,
)
from mad_app.images import from_uint8
from mad_app.records import CornerResult, Run

TALLEST = 1.4
"""Greatest height of an image in widths of its cell; a taller image is shown narrower."""

SWING = 0.45
"""How far from mid gray the largest differences of a map may go."""

CLIPPED = 0.5
"""Percentage of the differences in a map that may go further."""

GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Gains that are easy to read, in each decade."""

MOST_OF_WIDTH = 0.54
"""Fraction of the width that the table of other metrics may take beside the curves."""


@dataclass(frozen=True)
class _Rows:
    """Where the rows of a pair are: baselines of text, upper edges of images, and the end.

    A label may take several lines: `label` is the first one's baseline, `name` the last one's.
    """

    label: float
    name: float
    image: float
    values: float
    map_label: float
    map: float
    bottom: float


def draw_sheet(run: Run, form: Format, theme: Theme, show: Collection[Part] | None) -> Figure:
    """Draw the sheet, as high as its content and with dots so small that every pixel of an image is whole dots.

    Without `show` it has all parts, the other metrics only if they then still fit on a page.
    """
    parts = parts_of(run, form, show)
    needed, _ = _draw(run, form, theme, parts, 1.0)
    return _draw(run, form, theme, parts, needed)[1]


def parts_of(run: Run, form: Format, show: Collection[Part] | None) -> frozenset[Part]:
    """The parts that a sheet has: of those that are asked for, those of which the run holds something.

    Without `show` these are all, the other metrics only if they then still fit on a page.
    """
    parts = frozenset(PARTS if show is None else show)
    if not has_other_metrics(run) and parts != {"others"}:
        parts -= {"others"}
    if show is None and "others" in parts and _draw(run, form, LIGHT, parts, 1.0)[0] > form.page:
        parts -= {"others"}
    return parts


def _draw(run: Run, form: Format, theme: Theme, parts: frozenset[Part], height: float) -> tuple[float, Figure]:
    """A sheet of this height, and the height that it needs."""
    rows, columns = run.reference.shape[:2]
    cell = _cell_width(form, parts)
    pixel = min(cell / columns, TALLEST * cell / rows)
    canvas = Canvas(form.width, height, font=form.font, theme=theme, dpi=math.ceil(form.dpi * pixel) / pixel)
    sheet = _Sheet(run, form, parts, canvas, cell, pixel * columns, pixel * rows)
    return sheet.draw() + form.margin, canvas.figure


def _in_two_rows(parts: Collection[Part]) -> bool:
    """Whether each pair has a row of images and one of maps; otherwise there is one row of either."""
    return "pairs" in parts and "maps" in parts


def _cell_width(form: Format, parts: Collection[Part]) -> float:
    columns = 3 if form.stacked else 5 if _in_two_rows(parts) else 6
    gutters, gaps = (1, 1) if form.stacked else (2, columns - 3)
    return (form.inner - gutters * form.gutter - gaps * form.gap) / columns


@dataclass(frozen=True)
class _Sheet:
    """A sheet being laid out; an image takes `wide` × `high` inches of a place that is `cell` wide."""

    run: Run
    form: Format
    parts: frozenset[Part]
    canvas: Canvas
    cell: float
    wide: float
    high: float

    def draw(self) -> float:
        """Draw everything; returns where it ends."""
        form, left, noted = self.form, self.form.margin, False
        if self.parts & {"pairs", "maps"}:
            first, second = self._pairs(left, form.margin)
            bottom = max(second.bottom, self._originals(left, first, second))
            noted = form.stacked and _in_two_rows(self.parts) and self._notes_beside(left, second)
        else:
            bottom = self._legend(left, form.margin)
        if self.parts & {"curves", "others"}:
            bottom = self._evidence(left, bottom + form.gutter)
        return bottom if noted else self._notes(left, bottom + form.gutter / 2, form.inner)

    def _pairs(self, left: float, top: float) -> tuple[_Rows, _Rows]:
        """Both pairs, side by side or one under the other."""
        form, step = self.form, self.cell + self.form.gap
        x = left + self.cell + form.gutter + (0 if form.stacked or _in_two_rows(self.parts) else step)
        first = self._pair(0, x, top)
        if form.stacked:
            return first, self._pair(1, x, first.bottom + 2 * form.gutter)
        return first, self._pair(1, x + step + self.cell + form.gutter, top)

    def _pair(self, pair: int, x: float, y: float) -> _Rows:
        """A sentence, the two images it is about, their values, and their differences from the original."""
        canvas, width = self.canvas, 2 * self.cell + self.form.gap
        rows = self._rows(y)
        canvas.lines(x, y, canvas.wrap(pair_sentence(self.run, pair), width))
        canvas.rule(x, rows.label - 1.1 * canvas.line, width)
        gain = gain_of(self.run, pair)
        for i in (2 * pair, 2 * pair + 1):
            at = x + (i % 2) * (self.cell + self.form.gap)
            self._corner(i, at, rows, gain)
            if _in_two_rows(self.parts):
                canvas.text(at, rows.map_label, f"{LETTERS[i]} − original, × {gain:g}", width=self.cell)
                self._image(at, rows.map, self._map(i, gain))
        return rows

    def _map(self, i: int, gain: float) -> np.ndarray:
        """The difference of one of the four images from the original about mid gray."""
        return 0.5 + gain * (from_uint8(self.run.pictures[i]) - self.run.reference)

    def _corner(self, i: int, x: float, rows: _Rows, gain: float) -> None:
        """One of the four images, or its map where only maps are shown, between its name and its values."""
        canvas, result = self.canvas, self.run.images[i]
        label = self._label_lines(i)
        y = rows.name - (len(label) - 1) * canvas.line
        canvas.text(x, y, f"{LETTERS[i]}:", color=canvas.theme.letters[i], weight="bold")
        for line, text in enumerate(label):
            canvas.text(x + self._indent, y + line * canvas.line, text)
        shown = "pairs" in self.parts
        self._image(x, rows.image, from_uint8(self.run.pictures[i]) if shown else self._map(i, gain))
        values = self._values(result) if shown else [*self._values(result), (f"difference × {gain:g}", False)]
        for line, (text, bold) in enumerate(values):
            color = canvas.theme.ink if bold else canvas.theme.quiet
            y = rows.values + line * canvas.line
            canvas.text(x, y, text, width=self.cell, color=color, weight="bold" if bold else "normal")

    @property
    def _indent(self) -> float:
        """Width of an image's letter and the space after it."""
        return self.canvas.measure("A:", weight="bold") + 0.4 * self.canvas.font / 72

    def _label_lines(self, i: int) -> list[str]:
        """What one of the four images is, without its letter, in lines as wide as its place."""
        text = image_title(i, self.run.images[i].optimized).removeprefix(f"{LETTERS[i]}: ")
        return self.canvas.wrap(text, self.cell - self._indent)

    def _values(self, result: CornerResult) -> list[tuple[str, bool]]:
        """Name and values of the optimized and of the fixed metric."""
        optimized, fixed = result.optimized, result.fixed
        before, after = number(result.start.get(fixed)), number(result.seen.get(fixed))
        drift = result.drift_seen
        kept = drift is not None and abs(drift) <= KEPT
        return [
            (metric_title(optimized), False),
            (f"{number(result.start.get(optimized))} → {number(result.seen.get(optimized))}", True),
            (metric_title(fixed), False),
            ((after if before == after else f"{before} → {after}") + " kept" * kept, True),
            (f"{'within' if kept else 'off by'} {drift_magnitude(drift)}", False),
        ]

    def _originals(self, left: float, rows: _Rows, below: _Rows) -> float:
        """The original and the start with its values; returns where they end."""
        canvas, run = self.canvas, self.run
        canvas.lines(left, self.form.margin, self._title_lines(), weight="bold")
        canvas.text(left, rows.name, "original")
        self._image(left, rows.image, run.reference)
        x, label, image = left, rows.map_label, rows.map
        if not _in_two_rows(self.parts):
            x += 0 if self.form.stacked else self.cell + self.form.gap
            label, image = below.name, below.image
        canvas.text(x, label, "start", width=self.cell)
        self._image(x, image, run.start)
        y = image + self.high + 1.05 * canvas.line
        for name in (run.images[0].optimized, run.images[0].fixed):
            value = number(run.images[0].start.get(name))
            space = self.cell - canvas.measure(f" {value}", weight="bold")
            title = canvas.cut(metric_title(name), space)
            canvas.text(x, y, title, color=canvas.theme.quiet)
            canvas.text(x + self.cell, y, value, weight="bold", align="right")
            y += canvas.line
        return y - 0.7 * canvas.line

    def _legend(self, x: float, y: float) -> float:
        """In place of the images: who competes, and what the letters stand for; returns where it ends."""
        canvas, width = self.canvas, self.form.inner
        title = canvas.wrap(_title(self.run), width, weight="bold")
        named = [image_title(i, image.optimized) for i, image in enumerate(self.run.images)]
        lines = canvas.wrap("; ".join(named) + ". The other metric keeps its value.", width)
        canvas.lines(x, y, title, weight="bold")
        canvas.lines(x, y + len(title) * canvas.line, lines)
        return y + (len(title) + len(lines)) * canvas.line

    def _evidence(self, x: float, y: float) -> float:
        """The curves and the other metrics, side by side or one under the other; returns where they end."""
        form, curves = self.form, "curves" in self.parts
        table = other_metrics_table(self.run, self.canvas) if "others" in self.parts else None
        width, bottom = form.inner, y
        if table and not form.stacked:
            table_width = min(table.width, MOST_OF_WIDTH * width if curves else width)
            bottom = table.draw(x + width - table_width if curves else x, y, table_width)
            width -= table_width + form.gutter
        if curves:
            height = max(form.curve_height, bottom - y)
            each = (width - form.gutter) / 2
            draw_curve(self.canvas, self.run, "first", x, y, each, height)
            draw_curve(self.canvas, self.run, "second", x + each + form.gutter, y, each, height)
            bottom = y + height
        if table and form.stacked:
            bottom = table.draw(x, bottom + form.gutter if curves else y, width)
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
        texts = [settings_sentence(self.run), outcome_sentence(self.run)]
        if self.parts & {"pairs", "maps"}:
            texts.append(f"Under each image: values at the start → at the end, of {measured_images(self.run)}.")
        if "maps" in self.parts:
            texts.append("Differences are amplified as printed; no change is mid gray.")
        return self.canvas.wrap(" ".join(texts), width)

    def _title_lines(self) -> list[str]:
        return self.canvas.wrap(_title(self.run), self.cell, weight="bold")

    def _rows(self, y: float) -> _Rows:
        """The rows of a pair whose sentence begins at y; both sentences and the title get equally many lines."""
        line, width = self.canvas.line, 2 * self.cell + self.form.gap
        heads = [len(self.canvas.wrap(pair_sentence(self.run, pair), width)) for pair in (0, 1)]
        label = y + (max(*heads, len(self._title_lines())) + 1.4) * line
        name = label + (max(len(self._label_lines(i)) for i in range(len(LETTERS))) - 1) * line
        image = name + 0.4 * line
        values = image + self.high + 1.05 * line
        map_label = values + 5.5 * line
        map_top = map_label + 0.4 * line
        lines_below = 4.3 if "pairs" in self.parts else 5.3
        bottom = map_top + self.high if _in_two_rows(self.parts) else values + lines_below * line
        return _Rows(label, name, image, values, map_label, map_top, bottom)

    def _image(self, x: float, y: float, image: np.ndarray) -> None:
        self.canvas.image(x, y, self.wide, self.high, image)


def gain_of(run: Run, pair: int) -> float:
    """The largest easy factor that lets all but the largest differences of a pair stay within SWING of mid gray."""
    differences = np.stack([from_uint8(image) for image in run.pictures[2 * pair : 2 * pair + 2]]) - run.reference
    largest = float(np.percentile(np.abs(differences), 100 - CLIPPED)) or float(np.abs(differences).max())
    if largest == 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(SWING / largest))
    return max((gain * decade for gain in GAINS if gain * decade <= SWING / largest), default=decade)


def _title(run: Run) -> str:
    return contest_title(run.images[0].optimized, run.images[0].fixed)
