"""Where each metric finds differences, at the end of a run: maps on one scale a metric, and the bar that shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import Canvas
from mad_app.figures.text import metric_title, number
from mad_app.records import Maps, Run, load_maps

COLORS = "inferno"
"""From black to yellow, as in the viewer."""

CLIPPED = 0.5
"""Percentage of the values of the four images that may lie above the scale."""

LONGEST_BAR = 0.2
"""Of the bar, as a fraction of the row's width."""

MAPS_NOTE = "Maps of metrics: each pixel's contribution to the distance."
"""What is written on a sheet of them."""


@dataclass(frozen=True, eq=False)
class MetricMap:
    """One metric's maps of the four images.

    Attributes:
        title: of the metric.
        values: each pixel's contribution to the distance, ≥ 0, (4, H, W).
        top: the value that is drawn yellow, and all above it; 0 where all values are 0.
    """

    title: str
    values: np.ndarray
    top: float

    def picture(self, i: int) -> np.ndarray:
        """The map of one of the four images in colors, (H, W, 3) in [0, 1]."""
        colors: np.ndarray = matplotlib.colormaps[COLORS](np.clip(self.values[i] / (self.top or 1.0), 0, 1))
        return colors[..., :3]

    @property
    def is_clipped(self) -> bool:
        """Whether values lie above the scale."""
        return bool((self.values > self.top).any())


def metric_maps(run: Run, maps: Maps | None = None) -> tuple[MetricMap, MetricMap]:
    """The maps of both metrics at the end of a run.

    Args:
        run: the competition.
        maps: of a run that has no folder; None for those that lie in it.

    Raises:
        ArgumentError: there are none.
        RecordError: they are damaged.
    """
    found = load_maps(run.folder) if run.folder else maps
    if found is None or not len(found.step) or found.step[-1] != run.history.step[-1]:
        which = f"the run {run.id}" if run.id else "this run"
        raise ArgumentError(
            "show",
            f"must leave out metric-maps: {which} lacks the maps of the metrics, which are measured last, "
            "after its last step: run it again, and let it end",
        )
    names = run.results[0].optimized, run.results[0].fixed
    first, second = (
        _metric_map(name, levels[-1] / 255.0 * peak[-1][:, None, None])
        for name, levels, peak in zip(
            names, (found.first, found.second), (found.first_peak, found.second_peak), strict=True
        )
    )
    return first, second


def _metric_map(name: str, values: np.ndarray) -> MetricMap:
    top = float(np.percentile(values, 100 - CLIPPED)) or float(values.max())
    return MetricMap(metric_title(name), values, top)


def draw_scale(canvas: Canvas, x: float, y: float, width: float, shown: MetricMap) -> None:
    """Write with its baseline at y what a row of maps shows, and draw its scale at the right, in `width` inches."""
    title, line = f"Map of {shown.title}", canvas.line
    if not shown.top:
        canvas.text(x, y, f"{title}: 0 everywhere", width=width)
        return
    bar, space = LONGEST_BAR * width, 0.4 * canvas.font / 72
    top = "≥ " * shown.is_clipped + number(shown.top)
    right = x + width - canvas.measure(top) - space
    left = right - bar - space - canvas.measure("0")
    canvas.text(x + width, y, top, align="right", color=canvas.theme.quiet)
    canvas.text(left, y, "0", color=canvas.theme.quiet)
    canvas.text(x, y, title, width=left - space - x)
    axes = canvas.axes(right - bar, y - 0.5 * line, bar, 0.5 * line)
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=COLORS, aspect="auto")
    axes.set_axis_off()


def maps_sentence(shown: Sequence[MetricMap]) -> str:
    """What the maps are, and their scales, for a caption."""
    titles = " and ".join(one.title for one in shown)
    scales = "; ".join(f"{one.title} {_scale_phrase(one)}" for one in shown)
    return (
        f"Maps of {titles}: each pixel's contribution to the distance, to first order where a metric is no mean over "
        f"pixels; {scales}."
    )


def _scale_phrase(shown: MetricMap) -> str:
    if not shown.top:
        return "0 everywhere"
    return f"from 0 (black) to {number(shown.top)}{' or more' * shown.is_clipped} (yellow)"
