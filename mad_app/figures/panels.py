"""The panels beneath the images: each metric over the steps, and the values of all other metrics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes

from mad_app.competition.settings import CORNERS, Role
from mad_app.figures.canvas import Canvas
from mad_app.figures.text import LETTERS, metric_title, number, typeset_powers
from mad_app.figures.typefaces import DEFAULT_TYPEFACE, Typeface, weight_of
from mad_app.records import Run

DECADE = 10.0
"""A curve that spans more than this factor is drawn on a logarithmic axis."""

LEAST_SPAN = 0.02
"""Space that a linear axis shows at least on both sides of the curves, as a fraction of their largest value."""

MARGIN = 0.06
"""Space above and below the curves, as a fraction of what they span."""


@dataclass(frozen=True)
class Curves:
    """The curves of a run, one panel a metric.

    Attributes:
        run: the competition.
        letters: names of the four images.
        images: positions of those that are shown.
    """

    run: Run
    letters: Sequence[str]
    images: Sequence[int]


def draw_curve(canvas: Canvas, curves: Curves, role: Role, x: float, y: float, width: float, height: float) -> None:
    """Draw one metric's distances of the images over the steps, and the level that it kept."""
    run = curves.run
    values = np.asarray(run.history.first if role == "first" else run.history.second, float)
    level = next(result.level for result, corner in zip(run.results, CORNERS, strict=True) if corner.fixed == role)
    name = metric_title(run.results[0].optimized if role == "first" else run.results[0].fixed)
    canvas.text(x, y + 0.76 * canvas.line, name, width=width, weight="bold")
    seen = values[:, list(curves.images)]
    shown = np.append(seen[np.isfinite(seen)], [] if level is None else level)
    if not shown.size:
        canvas.text(x, y + height / 2, "no finite value", color=canvas.theme.quiet)
        return
    widest = max(canvas.measure(curves.letters[i], weight="bold") for i in curves.images)
    left = canvas.measure("0.0001") + 0.4 * canvas.line
    right = max(canvas.measure("WW"), widest + 2 * canvas.measure("I"))
    above, below = 1.6 * canvas.line, 2.3 * canvas.line
    axes = canvas.axes(x + left, y + above, width - left - right, height - above - below)
    scale_axis(axes, shown, typeface=canvas.typeface)
    _scale_steps(axes, run.history.step)
    dress(canvas, axes)
    if level is not None:
        axes.axhline(level, color=canvas.theme.ink, linewidth=0.09 * canvas.font, linestyle=(0, (5, 5)), zorder=5)
    _draw_lines(canvas, axes, curves, values)
    canvas.text(x + width - right, y + height - 0.25 * canvas.line, "steps", align="right", color=canvas.theme.quiet)


def tick_at(canvas: Canvas, axes: Axes, values: np.ndarray, width: float) -> None:
    """Ticks of the horizontal axis at these values alone; those are labeled that have room in `width` inches."""
    shown = np.unique(values[np.isfinite(values)])
    places = width * axes.transAxes.inverted().transform(axes.transData.transform([(x, 1.0) for x in shown]))[:, 0]
    labels, free = [], -math.inf
    for value, place in zip(shown.tolist(), places.tolist(), strict=True):
        half = canvas.measure(_tick(value)) / 2
        fits = place - half >= free
        labels.append(_tick(value) if fits else "")
        free = place + half + 0.5 * canvas.font / 72 if fits else free
    axes.xaxis.set_major_locator(ticker.FixedLocator(shown.tolist()))
    axes.xaxis.set_major_formatter(ticker.FixedFormatter(labels))


def scale_axis(
    axes: Axes, shown: np.ndarray, along: Literal["x", "y"] = "y", *, typeface: Typeface = DEFAULT_TYPEFACE
) -> None:
    """Limits and ticks: logarithmic where the positive values span more than a decade."""
    axis, set_limits = (axes.xaxis, axes.set_xlim) if along == "x" else (axes.yaxis, axes.set_ylim)
    positive = shown[shown > 0]
    logarithmic = positive.size > 0 and positive.max() > DECADE * positive.min()
    if logarithmic:
        low, high = np.log10(positive.min()), np.log10(positive.max())
        margin = MARGIN * (high - low)
        (axes.set_xscale if along == "x" else axes.set_yscale)("log", nonpositive="clip")
        set_limits(10 ** (low - margin), 10 ** (high + margin))
        axis.set_major_locator(ticker.FixedLocator(_decades(low - margin, high + margin)))
    else:
        low, high = float(shown.min()), float(shown.max())
        margin = max(MARGIN * (high - low), LEAST_SPAN * max(abs(low), abs(high))) or 1.0
        set_limits(low - margin, high + margin)
        axis.set_major_locator(ticker.MaxNLocator(4))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: typeface.typeset(_tick(value)).text))


def _scale_steps(axes: Axes, steps: np.ndarray) -> None:
    first, last = steps[0], steps[-1]
    axes.set_xlim(first if first < last else last - 1, last)  # a single point stands at the right, by the letters
    several = ticker.MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=True)
    axes.xaxis.set_major_locator(several if first < last else ticker.FixedLocator([last]))


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten within the limits, at most five; 2 and 5 between them where they are few."""
    exponents = range(math.ceil(low), math.floor(high) + 1)
    if len(exponents) >= 2:
        return [10.0**exponent for exponent in exponents[:: math.ceil(len(exponents) / 5)]]
    candidates = [step * 10.0**exponent for exponent in range(math.floor(low), math.ceil(high)) for step in (1, 2, 5)]
    return [value for value in candidates if 10**low <= value <= 10**high]


def _tick(value: float) -> str:
    return typeset_powers(f"{value:.3g}")


def dress(canvas: Canvas, axes: Axes) -> None:
    """Quiet lines at the left and below, with quiet numbers."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=canvas.theme.quiet, linewidth=0.5)
    axes.tick_params(
        labelsize=canvas.font,
        labelfontfamily=list(canvas.typeface.normal),
        labelcolor=canvas.theme.quiet,
        color=canvas.theme.quiet,
        width=0.5,
        length=0.25 * canvas.font,
        pad=0.3 * canvas.font,
    )


def _draw_lines(canvas: Canvas, axes: Axes, curves: Curves, values: np.ndarray) -> None:
    """The curves, each with its letter at its end."""
    (low, high), steps = axes.get_ylim(), curves.run.history.step
    ends: dict[int, float] = {}
    for i in curves.images:
        color = canvas.theme.letters[i]
        axes.plot(steps, values[:, i], color=color, linewidth=canvas.font / 6.5, solid_capstyle="round", clip_on=False)
        finite = np.flatnonzero(np.isfinite(values[:, i]))
        if finite.size:
            last = min(max(values[finite[-1], i], low), high)
            axes.plot(steps[finite[-1]], last, ".", color=color, markersize=canvas.font / 2, clip_on=False)
            ends[i] = float(axes.transAxes.inverted().transform(axes.transData.transform((steps[0], last)))[1])
    height = axes.get_position().height * canvas.height
    positions = spread_labels(list(ends.values()), 1.0 * canvas.font / 72 / height)
    for i, position in zip(ends, positions, strict=True):
        x = 1 + canvas.measure("I") * 1.5 / (axes.get_position().width * canvas.width)
        typeset = canvas.typeface.typeset(curves.letters[i], "bold")
        axes.text(
            x,
            position,
            typeset.text,
            color=canvas.theme.letters[i],
            fontproperties=canvas.typeface.properties(canvas.font, "bold"),
            va="center",
            transform=axes.transAxes,
            parse_math=typeset.is_math,
        )


def spread_labels(positions: Sequence[float], distance: float) -> list[float]:
    """Positions moved as little as possible, so that neighbors keep a distance and all lie in [0, 1] if they can."""
    order = sorted(range(len(positions)), key=lambda i: (round(positions[i], 2), -i))  # of equals, A above B
    moved = [positions[i] for i in order]
    for _ in range(100):
        for i in range(len(moved) - 1):
            overlap = distance - (moved[i + 1] - moved[i])
            if overlap > 1e-9:
                moved[i] -= overlap / 2
                moved[i + 1] += overlap / 2
        if moved and moved[0] < 0:
            moved[0] = 0.0
        if moved and moved[-1] > 1:
            moved[-1] = 1.0
    result = [0.0] * len(positions)
    for i, position in zip(order, moved, strict=True):
        result[i] = position
    return result


@dataclass(frozen=True)
class Table:
    """A table of texts: the first column is set left, the others right; bold where marked."""

    canvas: Canvas
    title: str
    rows: tuple[tuple[tuple[str, bool], ...], ...]

    @property
    def columns(self) -> list[float]:
        """Width of each column in inches, with the space before it."""
        space = 0.07 * self.canvas.font / 6.5
        measured = ([self.canvas.measure(text, weight=weight_of(bold)) for text, bold in row] for row in self.rows)
        widths = [max(column) for column in zip(*measured, strict=True)]
        return [widths[0] + 0.01, *(width + space for width in widths[1:])]

    @property
    def width(self) -> float:
        """Width in inches if nothing is cut."""
        return max(sum(self.columns), self.canvas.measure(self.title, weight="bold"))

    def draw(self, x: float, y: float, width: float) -> float:
        """Draw it, the names cut to what `width` inches leave; returns where it ends."""
        canvas, (_, *columns) = self.canvas, self.columns
        canvas.text(x, y + 0.76 * canvas.line, self.title, width=width, weight="bold")
        canvas.rule(x, y + 1.25 * canvas.line, width)
        y += 2.2 * canvas.line
        for row in self.rows:
            canvas.text(x, y, row[0][0], width=width - sum(columns), color=canvas.theme.quiet)
            for i, (text, bold) in enumerate(row[1:]):
                right = x + width - sum(columns[i + 1 :])
                color = canvas.theme.ink if bold or row is self.rows[0] else canvas.theme.quiet
                canvas.text(right, y, text, align="right", weight=weight_of(bold), color=color)
            y += canvas.line
        return y - 0.7 * canvas.line


def other_metrics_table(
    run: Run, canvas: Canvas, names: Sequence[str] = ("start", *LETTERS), images: Sequence[int] = range(len(LETTERS))
) -> Table | None:
    """Values of the metrics that did not compete; of each pair the larger distance is bold. None without any.

    Args:
        run: the competition.
        canvas: where it will be drawn.
        names: of the start and the four images.
        images: positions of those of the four that are shown.
    """
    measured = _measured_others(run)
    if not measured:
        return None
    columns = [0, *(1 + i for i in images)]
    head = (("", False), (names[0], False), *((names[1 + i], True) for i in images))
    body = [
        ((metric_title(name), False), *((number(row[k]), _larger(row)[k]) for k in columns))
        for name, row in measured.items()
    ]
    return Table(canvas, "Other metrics (bold: the larger of a pair)", (head, *body))


def has_other_metrics(run: Run) -> bool:
    """Whether metrics were measured that did not compete."""
    return bool(_measured_others(run))


def _measured_others(run: Run) -> dict[str, list[float | None]]:
    """The metrics that did not compete → their values of the start and the four images, at least one of them known."""
    competing = (run.results[0].optimized, run.results[0].fixed)
    rows = {
        name: [run.results[0].start.get(name), *(result.reported.get(name) for result in run.results)]
        for name in run.results[0].start
        if name not in competing
    }
    return {name: row for name, row in rows.items() if any(value is not None for value in row)}


def _larger(row: Sequence[float | None]) -> list[bool]:
    """Which of start, A, B, C and D has the larger distance of its pair."""
    marks = [False]
    for a, b in (row[1:3], row[3:5]):
        if a is None or b is None or number(a) == number(b):
            marks += [False, False]
        else:
            marks += [a > b, b > a]
    return marks
