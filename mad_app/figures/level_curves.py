"""The curves of a ladder: how far each metric was driven, up and down, at each level of the other."""

import numpy as np
from matplotlib.figure import Figure

from mad_app.competition.settings import CORNERS
from mad_app.figures.canvas import LIGHT, Canvas
from mad_app.figures.contact_sheet import series_title
from mad_app.figures.options import Format
from mad_app.figures.panels import dress, scale_axis, spread_labels
from mad_app.figures.text import LETTERS, metric_title
from mad_app.records import Run, Series

HEIGHT = 0.72
"""Of a panel, in its widths."""


def draw_ladder_curves(series: Series, form: Format) -> Figure:
    """Draw both panels side by side under a title."""
    width = (form.inner - form.gutter) / 2
    canvas = Canvas(form.width, 1.0, font=form.font, theme=LIGHT, dpi=form.dpi)
    top = form.margin + 1.6 * canvas.line
    height = top + HEIGHT * width + 2.2 * canvas.line + form.margin
    canvas = Canvas(form.width, height, font=form.font, theme=LIGHT, dpi=form.dpi)
    canvas.text(form.margin, form.margin + 0.76 * canvas.line, series_title(series), width=form.inner, weight="bold")
    for pair in (0, 1):
        _draw_panel(canvas, series, pair, form.margin + pair * (width + form.gutter), top, width, HEIGHT * width)
    note = "Dotted: where the optimization set out. Values are those of the saved pictures."
    canvas.text(form.margin, height - form.margin - 0.3 * canvas.line, note, color=canvas.theme.quiet)
    return canvas.figure


def _draw_panel(canvas: Canvas, series: Series, pair: int, x: float, y: float, width: float, height: float) -> None:
    """One metric, driven up and down, over the levels of the other."""
    driven, held = series.runs[0].images[2 * pair].optimized, series.runs[0].images[2 * pair].fixed
    canvas.text(x, y + 0.76 * canvas.line, metric_title(driven), width=width, weight="bold")
    levels = np.array([run.images[2 * pair].level for run in series.runs], float)
    order = np.argsort(levels)
    ends = {i: np.array([_driven(run, i) for run in series.runs])[order] for i in (2 * pair, 2 * pair + 1)}
    begins = np.array([_begin(run, 2 * pair) for run in series.runs])[order]
    levels = levels[order]
    seen = np.concatenate([*ends.values(), begins])
    if not (np.isfinite(seen).any() and np.isfinite(levels).any()):
        canvas.text(x, y + height / 2, "no finite value", color=canvas.theme.quiet)
        return
    left, right = canvas.measure("0.0001") + 0.4 * canvas.line, canvas.measure("A max") + 0.4 * canvas.line
    axes = canvas.axes(x + left, y + 1.6 * canvas.line, width - left - right, height - 3.4 * canvas.line)
    scale_axis(axes, seen[np.isfinite(seen)])
    scale_axis(axes, levels[np.isfinite(levels)], "x")
    dress(canvas, axes)
    axes.plot(levels, begins, ":", color=canvas.theme.quiet, linewidth=canvas.font / 8)
    for i, values in ends.items():
        axes.plot(levels, values, ".-", color=canvas.theme.letters[i], linewidth=canvas.font / 6.5, clip_on=False)
    places = [float(axes.transAxes.inverted().transform(axes.transData.transform((levels[-1], v[-1])))[1])
              for v in ends.values()]  # fmt: skip
    apart = spread_labels([place if np.isfinite(place) else 0.5 for place in places], 1.2 * canvas.line / height)
    for (i, _), place in zip(ends.items(), apart, strict=True):
        axes.text(
            1 + 0.3 * canvas.line / width, place, f"{LETTERS[i]} {CORNERS[i].direction}",
            color=canvas.theme.letters[i], weight="bold", fontsize=canvas.font, va="center", transform=axes.transAxes,
        )  # fmt: skip
    title = f"{metric_title(held)} held at"
    canvas.text(x + width - right, y + height, title, align="right", color=canvas.theme.quiet)


def _driven(run: Run, i: int) -> float:
    value = run.images[i].seen.get(run.images[i].optimized)
    return np.nan if value is None else value


def _begin(run: Run, i: int) -> float:
    """The driven metric where the image set out, at the level that is held."""
    return float(getattr(run.history, CORNERS[i].optimized)[0, i])
