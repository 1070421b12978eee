"""An image on a sheet: its size, a part of it enlarged, its name and values, and the map of what changed."""

import math
from collections.abc import Sequence

import numpy as np

from mad_app.figures.canvas import Canvas
from mad_app.figures.inset import Box, place_inset
from mad_app.figures.text import KEPT_8BIT, drift_magnitude, number
from mad_app.images import from_uint8
from mad_app.records import CornerResult, Run

DIFFERENCES_NOTE = "Differences are amplified as printed; no change is mid gray."

TALLEST = 1.4
"""Greatest height of an image in widths of its cell; a taller image is shown narrower."""

SWING = 0.45
"""How far from mid gray the largest differences of a map may go."""

CLIPPED = 0.5
"""Percentage of the differences in a map that may go further."""

GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Gains that are easy to read, in each decade."""


def draw_image(
    canvas: Canvas, x: float, y: float, width: float, height: float, image: np.ndarray, box: Box | None
) -> None:
    """Show an image (H, W, 3) in [0, 1] and, if given, a part of it enlarged, both framed; arguments in inches."""
    canvas.image(x, y, width, height, image)
    if box is None:
        return
    inset, dpi = place_inset(box), canvas.figure.dpi
    x, y, pixel = round(x * dpi) / dpi, round(y * dpi) / dpi, width / image.shape[1]
    (left, right), (top, bottom) = (
        _pixels(box.left, box.width, image.shape[1]),
        _pixels(box.top, box.height, image.shape[0]),
    )
    wide, high = (right - left) * pixel, (bottom - top) * pixel
    dots = math.floor(inset.zoom * pixel * dpi + 1e-6)
    zoom = dots / (pixel * dpi) if dots > pixel * dpi else inset.zoom  # each pixel becomes whole dots
    at = x + inset.right * (width - zoom * wide), y + inset.bottom * (height - zoom * high)
    canvas.image(*at, zoom * wide, zoom * high, image[top:bottom, left:right])
    canvas.frame(x + left * pixel, y + top * pixel, wide, high)
    line = 0.1 * canvas.font / 72  # the frame of the enlargement lies within it, and so within the image
    canvas.frame(at[0] + line, at[1] + line, zoom * wide - 2 * line, zoom * high - 2 * line)


def _pixels(begin: float, length: float, count: int) -> tuple[int, int]:
    """The first pixel of a part, and the first one after it; at least one lies between."""
    first = min(round(begin * count), count - 1)
    return first, max(first + 1, min(round((begin + length) * count), count))


def prefix_of(letter: str) -> str:
    """The name of an image before what it is, as "A:" or "(a)"."""
    return f"{letter}:" if letter[-1].isalnum() else letter


def indent_of(canvas: Canvas, letters: Sequence[str]) -> float:
    """Width of the longest name of an image and the space after it, in inches."""
    longest = max(letters, key=len)
    return canvas.measure(prefix_of(longest), weight="bold") + 0.4 * canvas.font / 72


def value_change(result: CornerResult, name: str) -> str:
    """A metric's values at the start and of the image, as "0.12 → 0.48"."""
    return f"{number(result.start.get(name))} → {number(result.reported.get(name))}"


def fixed_values(result: CornerResult, *, drift: bool) -> list[str]:
    """The fixed metric's value and how well it was kept, ["0.12 kept", "within 0.2 %"]; without `drift` the value."""
    before, after = (number(values.get(result.fixed)) for values in (result.start, result.reported))
    values = after if before == after else value_change(result, result.fixed)
    if not drift:
        return [values]
    kept = result.reported_drift is not None and abs(result.reported_drift) <= KEPT_8BIT
    return [values + " kept" * kept, f"{'within' if kept else 'off by'} {drift_magnitude(result.reported_drift)}"]


def difference_map(run: Run, i: int, gain: float) -> np.ndarray:
    """The difference of one of the four images from the original about mid gray, (H, W, 3)."""
    shown: np.ndarray = 0.5 + gain * (from_uint8(run.images_8bit[i]) - run.reference)
    return shown


def gain_of(run: Run, pair: int) -> float:
    """The largest easy factor that lets all but the largest differences of a pair stay within SWING of mid gray."""
    differences = np.stack([from_uint8(image) for image in run.images_8bit[2 * pair : 2 * pair + 2]]) - run.reference
    largest = float(np.percentile(np.abs(differences), 100 - CLIPPED)) or float(np.abs(differences).max())
    if largest == 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(SWING / largest))
    return max((gain * decade for gain in GAINS if gain * decade <= SWING / largest), default=decade)
