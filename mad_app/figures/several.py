"""The layout of a sheet of several runs: rows are runs, columns the original, the start and the four images.

In a narrow column each run takes two rows, the original with the first pair and the start with the second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import Canvas
from mad_app.figures.comparison import common_contest, common_phrases, row_labels
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
from mad_app.figures.layout import draw_page
from mad_app.figures.measures import Format
from mad_app.figures.metric_maps import MAPS_NOTE, MetricMap, draw_scale
from mad_app.figures.options import PAIRS, SEVERAL, Part, SheetSettings
from mad_app.figures.text import (
    extreme_phrase,
    measured_images,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
)
from mad_app.figures.typefaces import weight_of
from mad_app.images import from_uint8
from mad_app.records import Run

MOST_RUNS = 24
"""Most runs on a sheet."""

ORIGINAL, START = -2, -1
"""Places beside those of the four images, which are their positions in CORNERS."""

FINEST_DPI = 600
"""Most dots per inch with which pixels of pictures of different sizes are made whole dots."""

Line = tuple[str, bool]
"""A text, and whether it is bold."""


def draw_runs(runs: Sequence[Run], options: SheetSettings, maps: Sequence[Sequence[MetricMap]] = ()) -> Figure:
    """Draw the sheet; `maps` of each run where they are asked for.

    Raises:
        ArgumentError: there are too many runs, they are named wrongly, or a part is asked for that is of one run.
    """
    if len(runs) > MOST_RUNS:
        raise ArgumentError("runs", f"must be at most {MOST_RUNS}, got {len(runs)}")
    parts = several_parts(options)
    return draw_page(_Content(tuple(runs), options, parts, tuple(maps) or ((),) * len(runs)), options)


def several_parts(options: SheetSettings) -> tuple[Part, ...]:
    """The parts that a sheet of several runs shows; by default both pairs.

    Raises:
        ArgumentError: one is asked for that is of one run.
    """
    parts = PAIRS if options.parts is None else options.parts
    for part in parts:
        if part not in SEVERAL:
            raise ArgumentError("show", f"must be of {', '.join(SEVERAL)} for several runs, got {part!r}")
    return parts


@dataclass(frozen=True)
class _Content:
    """What a page shows of several runs."""

    runs: tuple[Run, ...]
    options: SheetSettings
    parts: tuple[Part, ...]
    maps: tuple[Sequence[MetricMap], ...]

    @property
    def form(self) -> Format:
        """The measures of the sheet."""
        return self.options.form

    @cached_property
    def pairs(self) -> tuple[int, ...]:
        """The pairs that are shown, 0 for A and B."""
        return tuple(pair for pair, part in enumerate(PAIRS) if part in self.parts) or (0, 1)

    @cached_property
    def grid(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """The rows of a run, each in groups of places."""
        pairs = tuple((2 * pair, 2 * pair + 1) for pair in self.pairs)
        if self.form.stacked and len(pairs) == 2:
            return ((ORIGINAL,), pairs[0]), ((START,), pairs[1])
        return (((ORIGINAL, START), *pairs),)

    @property
    def cell(self) -> float:
        """Width of the place of an image."""
        groups = self.grid[0]
        columns = sum(map(len, groups))
        gaps = (columns - len(groups)) * self.form.gap + (len(groups) - 1) * self.form.gutter
        return (self.form.inner - gaps) / columns

    def pixel(self, run: Run, limit: float) -> float:
        """Side of a pixel of a run's images in inches."""
        rows, columns, _ = run.reference.shape
        return min(self.cell / columns, min(TALLEST * self.cell, limit) / rows)

    def tallest(self) -> float:
        """As in `layout.Content`."""
        return max(self.pixel(run, math.inf) * run.reference.shape[0] for run in self.runs)

    def dpi(self, limit: float) -> float:
        """As in `layout.Content`; where no resolution up to FINEST_DPI does that for all runs, for the first."""
        pixels = [self.pixel(run, limit) for run in self.runs]
        fewest = math.ceil(self.form.dpi * pixels[0])
        for dots in range(fewest, math.floor(FINEST_DPI * pixels[0]) + 1):
            if all(math.isclose(dots / pixels[0] * pixel, round(dots / pixels[0] * pixel)) for pixel in pixels):
                return dots / pixels[0]
        return fewest / pixels[0]

    def title(self) -> str:
        """As in `layout.Content`."""
        return common_contest(self.runs)

    def draw(self, canvas: Canvas, limit: float, top: float) -> float:
        """As in `layout.Content`."""
        return _Rows(self, canvas, limit).draw(top)


@dataclass(frozen=True)
class _Rows:
    """The rows being laid out."""

    content: _Content
    canvas: Canvas
    limit: float

    @property
    def options(self) -> SheetSettings:
        """Of the sheet."""
        return self.content.options

    @cached_property
    def contest(self) -> str:
        """The two metrics of all runs; empty where they differ."""
        return common_contest(self.content.runs)

    @cached_property
    def heads_once(self) -> bool:
        """Whether each column has the same name in all rows."""
        return bool(self.contest) and len(self.content.grid) == 1

    def draw(self, y: float) -> float:
        """Draw everything; returns where it ends."""
        content, canvas, form = self.content, self.canvas, self.content.form
        if self.options.title is None and form.height is None and self.contest:
            canvas.lines(form.margin, y, [self.contest], weight="bold")
            y += 1.5 * canvas.line
        if self.heads_once:
            y = self._names(content.runs[0], content.grid[0], y) + 0.3 * canvas.line
        labels = row_labels(content.runs, self.options)
        for n, (run, maps, label) in enumerate(zip(content.runs, content.maps, labels, strict=True)):
            y = self._run(run, maps, label, y + (form.gutter if n else 0))
        if self.options.footer is not None:
            return y
        notes = canvas.wrap(self._notes(), form.inner)
        canvas.lines(form.margin, y + form.gutter, notes, color=canvas.theme.quiet)
        return y + form.gutter + (len(notes) + 0.1) * canvas.line

    def _run(self, run: Run, maps: Sequence[MetricMap], label: str, y: float) -> float:
        """The rows of a run; returns where they end."""
        canvas, form = self.canvas, self.content.form
        if not self.options.sentence:
            lines = canvas.wrap(label, form.inner, weight="bold")
            canvas.lines(form.margin, y, lines, weight="bold")
            y += (len(lines) + 0.2) * canvas.line
        for n, groups in enumerate(self.content.grid):
            if self.options.sentence:
                y = self._sentences(run, label if n == 0 else "", groups, y)
            if not self.heads_once:
                y = self._names(run, groups, y)
            y = self._metric_maps(run, maps, groups, self._images(run, groups, y))
            y += form.gutter if n + 1 < len(self.content.grid) else 0
        return y

    def _sentences(self, run: Run, label: str, groups: Sequence[Sequence[int]], y: float) -> float:
        """The name of the run above its original and start, and what each pair shows; returns where they end."""
        canvas, heads = self.canvas, []
        for places in groups:
            width = self._x(groups, places[-1]) + self.content.cell - self._x(groups, places[0])
            first = places[0] < 0
            text = (
                label.replace(" × ", "\xa0×\xa0") if first else pair_sentence(run, places[0] // 2, self.options.letters)
            )
            lines = canvas.wrap(text, width, weight=weight_of(first))
            canvas.lines(self._x(groups, places[0]), y, lines, weight=weight_of(first))
            heads.append((places, width, len(lines)))
        bottom = y + (max(count for *_, count in heads) + 0.3) * canvas.line
        for places, width, _ in heads:
            if places[0] >= 0:
                canvas.rule(self._x(groups, places[0]), bottom, width)
        return bottom + 0.3 * canvas.line

    def _names(self, run: Run, groups: Sequence[Sequence[int]], y: float) -> float:
        """What each image is; returns where the images begin."""
        canvas, cell, names = self.canvas, self.content.cell, {}
        indent = indent_of(canvas, self.options.letters)
        for place in (place for places in groups for place in places):
            letter = self.options.names[place + 2]
            phrase = "" if place < 0 else extreme_phrase(place, run.results[place].optimized)
            names[place] = canvas.wrap(phrase or letter, cell - (indent if phrase else 0))
        most = max(map(len, names.values()))
        for place, lines in names.items():
            x, top = self._x(groups, place), y + (most - len(lines)) * canvas.line
            if place >= 0:
                letter = self.options.letters[place]
                color = canvas.theme.letters[place]
                canvas.lines(x, top, [prefix_of(letter)], color=color, weight="bold")
                x += indent
            canvas.lines(x, top, lines)
        return y + (most + 0.2) * canvas.line

    def _images(self, run: Run, groups: Sequence[Sequence[int]], y: float) -> float:
        """A row of images with their values, and a row of differences; returns where they end."""
        content, canvas = self.content, self.canvas
        shown, maps = any(part in content.parts for part in PAIRS), "differences" in content.parts
        pixel = content.pixel(run, self.limit)
        high, bottoms = pixel * run.reference.shape[0], []
        for place in (place for places in groups for place in places):
            x, map_of = self._x(groups, place), maps and place >= 0
            image = run.reference if place == ORIGINAL else run.start if place == START else None
            if image is None:
                image = from_uint8(run.images_8bit[place]) if shown else self._map(run, place)
            self._image(run, x, y, image)
            below = self._values(run, place, x, y + high)
            if map_of:
                below += 0.3 * canvas.line * shown
                text = f"{self.options.names[place + 2]} − {self.options.names[0]}, × {gain_of(run, place // 2):g}"
                canvas.text(x, below + 0.76 * canvas.line, text, width=content.cell)
                below += (1.1 if shown else 1) * canvas.line
            if map_of and shown:
                self._image(run, x, below, self._map(run, place))
                below += high
            bottoms.append(below)
        return max(bottoms)

    def _metric_maps(self, run: Run, maps: Sequence[MetricMap], groups: Sequence[Sequence[int]], y: float) -> float:
        """A row for the maps of each metric; returns where they end."""
        canvas, cell = self.canvas, self.content.cell
        high = self.content.pixel(run, self.limit) * run.reference.shape[0]
        for shown in maps:
            baseline, top = y + 1.1 * canvas.line, y + 1.4 * canvas.line
            for places in groups:
                if places[0] < 0:
                    continue
                x, width = self._x(groups, places[0]), len(places) * (cell + self.content.form.gap)
                draw_scale(canvas, x, baseline, width - self.content.form.gap, shown)
                for place in places:
                    self._image(run, self._x(groups, place), top, shown.picture(place))
            y = top + high
        return y

    def _map(self, run: Run, place: int) -> np.ndarray:
        return difference_map(run, place, gain_of(run, place // 2))

    def _image(self, run: Run, x: float, y: float, image: np.ndarray) -> None:
        rows, columns, _ = run.reference.shape
        pixel = self.content.pixel(run, self.limit)
        draw_image(self.canvas, x, y, pixel * columns, pixel * rows, image, self.options.box)

    def _values(self, run: Run, place: int, x: float, y: float) -> float:
        """The values below an image that ends at y; returns where they end."""
        canvas, lines = self.canvas, self._value_lines(run, place)
        y += 0.15 * canvas.line
        if place == START and self._names_beside:
            right = x + self.content.cell
            for n, (name, value) in enumerate(_start_values(run)):
                at = y + (n + 0.76) * canvas.line
                left = min(x, right - self._start_width)
                canvas.text(left, at, name, color=canvas.theme.quiet, scale=self._scale)
                canvas.text(right, at, value, weight="bold", align="right", scale=self._scale)
            return y + 2 * canvas.line
        for n, (text, bold) in enumerate(lines):
            color, at = canvas.theme.ink if bold else canvas.theme.quiet, y + (n + 0.76) * canvas.line
            canvas.text(x, at, text, width=self.content.cell, color=color, weight=weight_of(bold), scale=self._scale)
        return y + len(lines) * canvas.line

    def _value_lines(self, run: Run, place: int) -> list[Line]:
        """The two metrics and their values at the start, or the optimized and the fixed one's of an image."""
        if place == ORIGINAL:
            return []
        if place == START:
            return [line for name, value in _start_values(run) for line in ((name, False), (value, True))]
        result = run.results[place]
        fixed = fixed_values(result, drift=self.options.drift)
        return [(value_change(result, result.optimized), True), *((text, False) for text in fixed)]

    @cached_property
    def _scale(self) -> float:
        """How large the values are written: as large as the rest where the widest fits its place."""
        lines = [line for run in self.content.runs for place in range(4) for line in self._value_lines(run, place)]
        widest = max(self.canvas.measure(text, weight=weight_of(bold)) for text, bold in lines)
        return min(1.0, 0.99 * self.content.cell / widest)

    @cached_property
    def _start_width(self) -> float:
        """Width of the widest metric of a start with its value beside it."""
        space = 1.5 * self.canvas.font / 72
        lines = [line for run in self.content.runs for line in _start_values(run)]
        measure = self.canvas.measure
        return self._scale * (space + max(measure(name) + measure(value, weight="bold") for name, value in lines))

    @property
    def _names_beside(self) -> bool:
        """Whether there is room for that, under the original, too, where it is to the left."""
        places = next(places for groups in self.content.grid for places in groups if START in places)
        return self._start_width <= len(places) * (self.content.cell + self.content.form.gap) - self.content.form.gap

    def _x(self, groups: Sequence[Sequence[int]], place: int) -> float:
        """Left edge of a place."""
        form, x = self.content.form, self.content.form.margin
        for places in groups:
            if place in places:
                return x + list(places).index(place) * (self.content.cell + form.gap)
            x += len(places) * (self.content.cell + form.gap) - form.gap + form.gutter
        raise LookupError(place)

    def _notes(self) -> str:
        """What all runs share, and what the values are."""
        runs = self.content.runs
        shared = ", ".join(common_phrases(runs))
        outcomes = {outcome_sentence(run, self.options.letters) for run in runs}
        measured = " and ".join(sorted({measured_images(run) for run in runs}))
        texts = [
            f"{shared}." * bool(shared),
            outcomes.pop() if len(outcomes) == 1 else "",
            f"Under each image: the optimized metric at the start → at the end, and the fixed one; of {measured}.",
        ]
        if "differences" in self.content.parts:
            texts.append(DIFFERENCES_NOTE)
        if "metric-maps" in self.content.parts:
            texts.append(MAPS_NOTE)
        return " ".join(filter(None, texts))


def _start_values(run: Run) -> list[tuple[str, str]]:
    """Titles of the two metrics, and their values at the start."""
    names = (run.results[0].optimized, run.results[0].fixed)
    return [(metric_title(name), number(run.results[0].start.get(name))) for name in names]
