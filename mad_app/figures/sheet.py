"""The layout of the MAD sheet of a run: what stands where, in inches from the upper left corner."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mad_app.figures.canvas import Canvas
from mad_app.figures.corners import (
    DIFFERENCES_NOTE,
    TALLEST,
    difference_map,
    draw_image,
    fixed_values,
    gain_of,
    indent_of,
    prefix_of,
    value_change,
)
from mad_app.figures.layout import draw_page, height_of
from mad_app.figures.measures import Format
from mad_app.figures.metric_maps import MAPS_NOTE, MetricMap, draw_scale
from mad_app.figures.options import PAIRS, UNASKED, Part, SheetSettings
from mad_app.figures.panels import Curves, draw_curve, has_other_metrics, other_metrics_table
from mad_app.figures.text import (
    contest_title,
    extreme_phrase,
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

MOST_OF_WIDTH = 0.54
"""Fraction of the width that the table of other metrics may take beside the curves."""


@dataclass(frozen=True)
class _Rows:
    """Where the rows of a pair are: baselines of text, upper edges of images, and the end.

    A label may take several lines: `label` is the first one's baseline, `name` the last one's. Of each row of maps,
    `maps` has the baseline of its label and its upper edge.
    """

    label: float
    name: float
    image: float
    values: float
    maps: tuple[tuple[float, float], ...]
    bottom: float


def draw_sheet(run: Run, options: SheetSettings, maps: Sequence[MetricMap] = ()) -> Figure:
    """Draw the sheet, with dots so small that every pixel of an image is whole dots; `maps` where they are asked for.

    Raises:
        ArgumentError: it does not fit a fixed height.
    """
    return draw_page(_Content(run, options, parts_of(run, options), tuple(maps)), options)


def parts_of(run: Run, options: SheetSettings) -> frozenset[Part]:
    """The parts that a sheet has: of those that are asked for, those of which the run holds something.

    Without any asked for these are UNASKED, the other metrics only if they then still fit on a page; on a page of fixed
    height, the images alone.
    """
    asked, form = options.parts, options.form
    if asked is None and form.height is not None:
        return frozenset(PAIRS)
    parts = frozenset(UNASKED if asked is None else asked)
    if not has_other_metrics(run) and parts != {"others"}:
        parts -= {"others"}
    if asked is None and "others" in parts and height_of(_Content(run, options, parts), options) > form.page:
        parts -= {"others"}
    return parts


def shown_pairs(parts: Collection[Part]) -> tuple[int, ...]:
    """The pairs that a sheet shows, as images or, where these are not asked for, as differences; 0 is A and B."""
    asked = tuple(pair for pair, part in enumerate(PAIRS) if part in parts)
    return asked or ((0, 1) if "differences" in parts else ())


@dataclass(frozen=True)
class _Content:
    """What a page shows of a run."""

    run: Run
    options: SheetSettings
    parts: frozenset[Part]
    maps: tuple[MetricMap, ...] = ()

    @property
    def _cell(self) -> float:
        """Width of the place of an image."""
        form, pairs = self.options.form, len(shown_pairs(self.parts))
        if form.stacked:
            columns, gutters = (2, 0) if pairs == 1 else (3, 1)
        else:
            columns = 2 * pairs + (1 if map_rows(self.parts) else 2) if pairs else 6
            gutters = pairs or 2
        return (form.inner - gutters * form.gutter - (columns - 1 - gutters) * form.gap) / columns

    def _pixel(self, limit: float) -> float:
        rows, columns, _ = self.run.reference.shape
        return min(self._cell / columns, min(TALLEST * self._cell, limit) / rows)

    def tallest(self) -> float:
        """As in `Content`."""
        return self._pixel(math.inf) * self.run.reference.shape[0]

    def dpi(self, limit: float) -> float:
        """As in `Content`."""
        pixel = self._pixel(limit)
        return math.ceil(self.options.form.dpi * pixel) / pixel

    def title(self) -> str:
        """As in `Content`."""
        return contest_title(self.run.results[0].optimized, self.run.results[0].fixed)

    def draw(self, canvas: Canvas, limit: float, top: float) -> float:
        """As in `Content`."""
        rows, columns, _ = self.run.reference.shape
        pixel = self._pixel(limit)
        size = (self._cell, pixel * columns, pixel * rows)
        return _Sheet(self.run, self.options, self.parts, self.maps, canvas, *size, top).draw()


def map_rows(parts: Collection[Part]) -> int:
    """How many rows of maps are below the images of a pair, or below the differences that stand in their place."""
    return ("differences" in parts and _has_images(parts)) + 2 * ("metric-maps" in parts)


def _has_images(parts: Collection[Part]) -> bool:
    return any(part in parts for part in PAIRS)


@dataclass(frozen=True)
class _Sheet:
    """A sheet being laid out from `top` on; an image takes `wide` × `high` inches of a place that is `cell` wide."""

    run: Run
    options: SheetSettings
    parts: frozenset[Part]
    maps: tuple[MetricMap, ...]
    canvas: Canvas
    cell: float
    wide: float
    high: float
    top: float

    @property
    def form(self) -> Format:
        """The measures of the sheet."""
        return self.options.form

    @property
    def pairs(self) -> tuple[int, ...]:
        """The pairs that are shown."""
        return shown_pairs(self.parts)

    def draw(self) -> float:
        """Draw everything; returns where it ends."""
        form, left, noted = self.form, self.form.margin, False
        if self.pairs:
            bottom, last = self._images(left)
            if self.options.footer is None and form.stacked and len(self.pairs) == 2 and map_rows(self.parts):
                noted = self._notes_beside(left, last)
        else:
            bottom = self._legend(left, self.top)
        if self.parts & {"curves", "others"}:
            bottom = self._evidence(left, bottom + form.gutter)
        if noted or self.options.footer is not None:
            return bottom
        return self._notes(left, bottom + form.gutter / 2, form.inner)

    def _images(self, left: float) -> tuple[float, _Rows]:
        """The original, the start and the pairs; returns where they end, and the rows of the last pair."""
        form, step = self.form, self.cell + self.form.gap
        if form.stacked and len(self.pairs) == 1:
            return self._one_pair_below(left)
        x = left + self.cell + form.gutter + (0 if form.stacked or map_rows(self.parts) else step)
        first = last = self._pair(self.pairs[0], x, self.top)
        for pair in self.pairs[1:]:
            if form.stacked:
                last = self._pair(pair, x, first.bottom + 2 * form.gutter)
            else:
                last = self._pair(pair, x + step + self.cell + form.gutter, self.top)
        self.canvas.lines(left, self.top, self._title_lines(), weight="bold")
        if map_rows(self.parts):
            places = (left, *first.maps[0])
        elif form.stacked:
            places = (left, last.name, last.image)
        else:
            places = (left + step, first.name, first.image)
        return max(last.bottom, self._originals((left, first.name, first.image), places)), last

    def _one_pair_below(self, left: float) -> tuple[float, _Rows]:
        """In a narrow column, the original and the start side by side, and the pair below."""
        title, line = self._title_lines(), self.canvas.line
        self.canvas.lines(left, self.top, title, weight="bold")
        label = self.top + (len(title) + 0.76 + 0.3 * bool(title)) * line
        image = label + 0.4 * line
        bottom = self._originals((left, label, image), (left + self.cell + self.form.gap, label, image))
        rows = self._pair(self.pairs[0], left, bottom + 2 * self.form.gutter)
        return rows.bottom, rows

    def _pair(self, pair: int, x: float, y: float) -> _Rows:
        """A sentence, the two images it is about, their values, and their maps."""
        canvas, width = self.canvas, 2 * self.cell + self.form.gap
        rows = self._rows(y, width)
        canvas.lines(x, y, self._sentence_lines(pair, width))
        if self.options.sentence:
            canvas.rule(x, rows.label - 1.1 * canvas.line, width)
        gain = gain_of(self.run, pair)
        with_scale = rows.maps[len(rows.maps) - len(self.maps) :]
        for (label, _), shown in zip(with_scale, self.maps, strict=True):
            draw_scale(canvas, x, label, width, shown)
        for i in (2 * pair, 2 * pair + 1):
            at = x + (i % 2) * (self.cell + self.form.gap)
            self._corner(i, at, rows, gain)
            if len(rows.maps) > len(self.maps):
                names, (label, top) = self.options.names, rows.maps[0]
                canvas.text(at, label, f"{names[2 + i]} − {names[0]}, × {gain:g}", width=self.cell)
                self._image(at, top, difference_map(self.run, i, gain))
            for (_, top), shown in zip(with_scale, self.maps, strict=True):
                self._image(at, top, shown.picture(i))
        return rows

    def _corner(self, i: int, x: float, rows: _Rows, gain: float) -> None:
        """One of the four images, or its difference where images are not shown, between its name and its values."""
        canvas, result = self.canvas, self.run.results[i]
        label = self._label_lines(i)
        y = rows.name - (len(label) - 1) * canvas.line
        canvas.text(x, y, prefix_of(self.options.letters[i]), color=canvas.theme.letters[i], weight="bold")
        for line, text in enumerate(label):
            canvas.text(x + indent_of(canvas, self.options.letters), y + line * canvas.line, text)
        shown = _has_images(self.parts)
        self._image(x, rows.image, from_uint8(self.run.images_8bit[i]) if shown else difference_map(self.run, i, gain))
        values = self._values(result) if shown else [*self._values(result), (f"difference × {gain:g}", False)]
        for line, (text, bold) in enumerate(values):
            color = canvas.theme.ink if bold else canvas.theme.quiet
            y = rows.values + line * canvas.line
            canvas.text(x, y, text, width=self.cell, color=color, weight="bold" if bold else "normal")

    def _label_lines(self, i: int) -> list[str]:
        """What one of the four images is, without its name, in lines as wide as its place."""
        space = self.cell - indent_of(self.canvas, self.options.letters)
        return self.canvas.wrap(extreme_phrase(i, self.run.results[i].optimized), space)

    def _sentence_lines(self, pair: int, width: float) -> list[str]:
        """What a pair shows, in lines."""
        if not self.options.sentence:
            return []
        return self.canvas.wrap(pair_sentence(self.run, pair, self.options.letters), width)

    def _values(self, result: CornerResult) -> list[tuple[str, bool]]:
        """Name and values of the optimized and of the fixed metric."""
        optimized, fixed = result.optimized, result.fixed
        value, *drift = fixed_values(result, drift=self.options.drift)
        return [
            (metric_title(optimized), False),
            (value_change(result, optimized), True),
            (metric_title(fixed), False),
            (value, True),
            *((text, False) for text in drift),
        ]

    def _originals(self, original: tuple[float, float, float], start: tuple[float, float, float]) -> float:
        """The original and the start with its values; returns where they end.

        Args:
            original: where it is, the baseline of its name, and the upper edge of the image.
            start: likewise.
        """
        canvas, run = self.canvas, self.run
        for name, (x, label, image), picture in zip(
            self.options.names, (original, start), (run.reference, run.start), strict=False
        ):
            canvas.text(x, label, name, width=self.cell)
            self._image(x, image, picture)
        x, _, image = start
        y = image + self.high + 1.05 * canvas.line
        for name in (run.results[0].optimized, run.results[0].fixed):
            value = number(run.results[0].start.get(name))
            space = self.cell - canvas.measure(f" {value}", weight="bold")
            title = canvas.cut(metric_title(name), space)
            canvas.text(x, y, title, color=canvas.theme.quiet)
            canvas.text(x + self.cell, y, value, weight="bold", align="right")
            y += canvas.line
        return y - 0.7 * canvas.line

    def _legend(self, x: float, y: float) -> float:
        """In place of the images: who competes, and what the letters stand for; returns where it ends."""
        canvas, width = self.canvas, self.form.inner
        title = canvas.wrap(self._title(), width, weight="bold")
        letters = self.options.letters
        named = [image_title(i, image.optimized, letters) for i, image in enumerate(self.run.results)]
        lines = canvas.wrap("; ".join(named) + ". The other metric keeps its value.", width)
        canvas.lines(x, y, title, weight="bold")
        canvas.lines(x, y + len(title) * canvas.line, lines)
        return y + (len(title) + len(lines)) * canvas.line

    def _evidence(self, x: float, y: float) -> float:
        """The curves and the other metrics, side by side or one under the other; returns where they end."""
        form, curves = self.form, "curves" in self.parts
        pairs, names = self.pairs or (0, 1), self.options.names
        images = [2 * pair + k for pair in pairs for k in (0, 1)]
        drawn = Curves(self.run, names[2:], images)
        table = other_metrics_table(self.run, self.canvas, names[1:], images) if "others" in self.parts else None
        width, bottom = form.inner, y
        if table and not form.stacked:
            table_width = min(table.width, MOST_OF_WIDTH * width if curves else width)
            bottom = table.draw(x + width - table_width if curves else x, y, table_width)
            width -= table_width + form.gutter
        if curves:
            height = max(form.curve_height, bottom - y)
            each = (width - form.gutter) / 2
            draw_curve(self.canvas, drawn, "first", x, y, each, height)
            draw_curve(self.canvas, drawn, "second", x + each + form.gutter, y, each, height)
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
        texts = [settings_sentence(self.run), outcome_sentence(self.run, self.options.letters)]
        if self.pairs:
            texts.append(f"Under each image: values at the start → at the end, of {measured_images(self.run)}.")
        if "differences" in self.parts:
            texts.append(DIFFERENCES_NOTE)
        if self.maps:
            texts.append(MAPS_NOTE)
        return self.canvas.wrap(" ".join(texts), width)

    def _title_lines(self) -> list[str]:
        narrow = self.form.stacked and len(self.pairs) == 1
        return self.canvas.wrap(self._title(), self.form.inner if narrow else self.cell, weight="bold")

    def _title(self) -> str:
        """The two metrics; nothing where a title is on top of the page, or none is wanted."""
        return contest_title(self.run.results[0].optimized, self.run.results[0].fixed) * self._has_own_title

    @property
    def _has_own_title(self) -> bool:
        """Whether no title is on top of the page, and one is wanted."""
        return self.options.title is None and self.form.height is None

    def _rows(self, y: float, width: float) -> _Rows:
        """The rows of a pair whose sentence begins at y; both sentences and the title get equally many lines."""
        line, narrow = self.canvas.line, self.form.stacked and len(self.pairs) == 1
        heads = [len(self._sentence_lines(pair, width)) for pair in self.pairs]
        head = max(*heads, 0 if narrow else len(self._title_lines()))
        label = y + (head + (1.4 if head else 0.76)) * line
        images = [2 * pair + k for pair in self.pairs for k in (0, 1)]
        name = label + (max(len(self._label_lines(i)) for i in images) - 1) * line
        image = name + 0.4 * line
        values = image + self.high + 1.05 * line
        drift = 0.0 if self.options.drift else 1.0
        lines = (4 if _has_images(self.parts) else 5) - drift
        maps, bottom = [], values + (lines + 0.3) * line
        for n in range(map_rows(self.parts)):
            below = values + (lines + 1.5) * line if n == 0 else bottom + 1.4 * line
            maps.append((below, below + 0.4 * line))
            bottom = below + 0.4 * line + self.high
        return _Rows(label, name, image, values, tuple(maps), bottom)

    def _image(self, x: float, y: float, image: np.ndarray) -> None:
        draw_image(self.canvas, x, y, self.wide, self.high, image, self.options.box)
