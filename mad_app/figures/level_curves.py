"""The curves of a level sweep: how high and how low each metric can be at each level of the other."""

import numpy as np
from matplotlib.figure import Figure

from mad_app.competition.settings import CORNERS
from mad_app.figures.canvas import Canvas
from mad_app.figures.contact_sheet import missing_sentence, series_title
from mad_app.figures.measures import Format
from mad_app.figures.panels import dress, scale_axis, spread_labels, tick_at
from mad_app.figures.text import LETTERS, measured_images, metric_title
from mad_app.figures.themes import LIGHT
from mad_app.records import Run, Series

HEIGHT = 0.72
"""Height of a panel, in its widths."""

_ENDS = {"max": "high", "min": "low"}


def draw_level_curves(series: Series, form: Format) -> Figure:
    """Draw both panels side by side under a title."""
    width = (form.inner - form.gutter) / 2
    canvas = Canvas(form.width, 1.0, font=form.font, theme=LIGHT, dpi=form.dpi)
    top = form.margin + 1.6 * canvas.line
    note = f"Dotted: the start, brought to each level. Values are those of {measured_images(series.runs[0])}."
    notes = canvas.wrap(f"{note} {missing_sentence(series)}", form.inner)
    below = top + HEIGHT * width + canvas.line
    height = below + (len(notes) + 0.2) * canvas.line + form.margin
    canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=form.dpi)
    canvas.text(form.margin, form.margin + 0.76 * canvas.line, series_title(series), width=form.inner, weight="bold")
    for pair in (0, 1):
        _draw_panel(canvas, series, pair, form.margin + pair * (width + form.gutter), top, width, HEIGHT * width)
    canvas.lines(form.margin, below, notes, color=canvas.theme.quiet)
    return canvas.figure


def _draw_panel(canvas: Canvas, series: Series, pair: int, x: float, y: float, width: float, height: float) -> None:
    """One metric, raised and lowered, over the levels of the other."""
    optimized, fixed = series.runs[0].results[2 * pair].optimized, series.runs[0].results[2 * pair].fixed
    canvas.text(x, y + 0.76 * canvas.line, metric_title(optimized), width=width, weight="bold")
    levels = np.array([run.results[2 * pair].level for run in series.runs], float)
    order = np.argsort(levels)
    ends = {i: np.array([_optimized(run, i) for run in series.runs])[order] for i in (2 * pair, 2 * pair + 1)}
    starts = np.array([_start(run, 2 * pair) for run in series.runs])[order]
    levels = levels[order]
    shown = np.concatenate([*ends.values(), starts])
    if not (np.isfinite(shown).any() and np.isfinite(levels).any()):
        canvas.text(x, y + height / 2, "no finite value", color=canvas.theme.quiet)
        return
    left, right = canvas.measure("0.0001") + 0.4 * canvas.line, canvas.measure("A high") + 0.4 * canvas.line
    axes = canvas.axes(x + left, y + 1.6 * canvas.line, width - left - right, height - 3.4 * canvas.line)
    scale_axis(axes, shown[np.isfinite(shown)])
    scale_axis(axes, levels[np.isfinite(levels)], "x")
    tick_at(canvas, axes, levels, width - left - right)
    dress(canvas, axes)
    axes.plot(levels, starts, ":", color=canvas.theme.quiet, linewidth=canvas.font / 8)
    for i, values in ends.items():
        axes.plot(levels, values, ".-", color=canvas.theme.letters[i], linewidth=canvas.font / 6.5, clip_on=False)
    positions = [float(axes.transAxes.inverted().transform(axes.transData.transform((levels[-1], v[-1])))[1])
              for v in ends.values()]  # fmt: skip
    apart = spread_labels(
        [position if np.isfinite(position) else 0.5 for position in positions], 1.2 * canvas.line / height
    )
    for (i, _), position in zip(ends.items(), apart, strict=True):
        axes.text(
            1 + 0.3 * canvas.line / width, position, f"{LETTERS[i]} {_ENDS[CORNERS[i].direction]}",
            color=canvas.theme.letters[i], weight="bold", fontsize=canvas.font, va="center", transform=axes.transAxes,
        )  # fmt: skip
    title = f"{metric_title(fixed)} kept at"
    canvas.text(x + width - right, y + height, title, align="right", color=canvas.theme.quiet)


def _optimized(run: Run, i: int) -> float:
    value = run.results[i].reported.get(run.results[i].optimized)
    return np.nan if value is None else value


def _start(run: Run, i: int) -> float:
    """The optimized metric of the start, brought to the level."""
    return float(getattr(run.history, CORNERS[i].optimized)[0, i])
