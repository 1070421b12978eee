"""Strokes of a brush on a picture, as text, and the picture that they give.

Strokes are joined by "_". One is a tool and its amount, a radius and points, such as `p3.60.120.440.130.450`: positions
and the radius are in thousandths of the picture's longer side, x before y, from the upper left. The same strokes on the
same picture give the same picture. Inside half the radius a tool acts fully; from there to the radius less and less.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image

LONGEST = 6000
"""Characters of all strokes, which an address has to hold."""

UNIT = 1000
"""Of positions, on the longer side."""

COLORS = ("#000000", "#ffffff", "#808080", "#d62728", "#ff9f1c", "#f4e04d", "#2ca02c", "#1f77b4", "#8e44ad")
"""That the paint can have, by its amount, 1 to 9."""

BLUR_PER_AMOUNT, DEGREES_PER_AMOUNT, PIXELS_PER_AMOUNT = 0.5, 12.0, 2
"""Standard deviation in pixels; angle of hue; longest way of a shift in pixels."""

_STROKE = re.compile(r"([pbsh])([1-9])\.(\d{1,3})((?:\.\d{1,4}\.\d{1,4}){1,200})")


@dataclass(frozen=True)
class Stroke:
    """One stroke.

    Attributes:
        tool: a key of TOOLS.
        amount: from 1 to 9.
        radius: in thousandths of the longer side.
        points: x and y, likewise.
    """

    tool: str
    amount: int
    radius: int
    points: tuple[tuple[int, int], ...]


def parse_strokes(text: str) -> tuple[Stroke, ...]:
    """The strokes of a text.

    Raises:
        ArgumentError: it is longer than LONGEST, or no strokes.

    Example:
        >>> parse_strokes("p3.60.120.440")
        (Stroke(tool='p', amount=3, radius=60, points=((120, 440),)),)
    """
    if len(text) > LONGEST:
        raise ArgumentError("strokes", f"must have at most {LONGEST} characters, got {len(text)}")
    return tuple(_parsed(part) for part in text.split("_")) if text else ()


def paint(image: npt.ArrayLike, strokes: str) -> ImageArray:
    """A picture with strokes on it.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        strokes: as text.

    Returns:
        (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: the image is not of this form, or the text is no strokes.

    Example:
        >>> paint(np.zeros((4, 4, 3), np.float32), "p2.250.125.125")[:2, :2, 0].tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    painted = check_image(image, "image")
    for stroke in parse_strokes(strokes):
        painted = add_stroke(painted, stroke)
    return painted


def add_stroke(image: ImageArray, stroke: Stroke) -> ImageArray:
    """A picture (H, W, 3) with one more stroke on it."""
    scale = max(image.shape[:2]) / UNIT
    points = np.array(stroke.points, float) * scale
    mask = _mask(image.shape, points, stroke.radius * scale)[..., None]
    other = TOOLS[stroke.tool](image, stroke.amount, points)
    return np.clip(image + mask * (other - image), 0, 1).astype(np.float32)


def _parsed(part: str) -> Stroke:
    match = _STROKE.fullmatch(part)
    if match is None:
        raise ArgumentError("strokes", f"must be a tool, an amount, a radius and points, got {part!r:.60}")
    numbers = [int(number) for number in match[4][1:].split(".")]
    return Stroke(match[1], int(match[2]), int(match[3]), tuple(zip(numbers[::2], numbers[1::2], strict=True)))


def _mask(shape: tuple[int, ...], points: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.float64]:
    """How much a stroke acts on each pixel, (H, W), by the distance of its center from the line through the points."""
    centers = np.stack(np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5), axis=-1)
    nearest = np.full(shape[:2], np.inf)
    for one, other in zip(points, points[1:] if len(points) > 1 else points, strict=False):
        way = other - one
        along = np.clip((centers - one) @ way / max(float(way @ way), 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(centers - one - along[..., None] * way, axis=-1))
    return np.clip(2 * (1 - nearest / max(radius, 1e-9)), 0, 1)


def _paint(image: ImageArray, amount: int, _: npt.NDArray[np.float64]) -> ImageArray:
    color = COLORS[amount - 1]
    levels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
    return np.broadcast_to(levels / np.float32(255), image.shape)


def _blur(image: ImageArray, amount: int, _: npt.NDArray[np.float64]) -> ImageArray:
    return distort(image, "blur", strength=BLUR_PER_AMOUNT * amount, seed=0)


def _hue(image: ImageArray, amount: int, _: npt.NDArray[np.float64]) -> ImageArray:
    return distort(image, "hue", strength=DEGREES_PER_AMOUNT * amount, seed=0)


def _shift(image: ImageArray, amount: int, points: npt.NDArray[np.float64]) -> ImageArray:
    """Moved by the way from the first point to the last one, or as far in its direction as the amount allows."""
    way = points[-1] - points[0]
    way *= min(1, PIXELS_PER_AMOUNT * amount / max(float(np.linalg.norm(way)), 1e-9))
    right, down = np.rint(way).astype(int)
    rows = np.clip(np.arange(image.shape[0]) - down, 0, image.shape[0] - 1)
    columns = np.clip(np.arange(image.shape[1]) - right, 0, image.shape[1] - 1)
    return image[rows][:, columns]


TOOLS: Mapping[str, Callable[[ImageArray, int, npt.NDArray[np.float64]], ImageArray]] = {
    "p": _paint,
    "b": _blur,
    "s": _shift,
    "h": _hue,
}
"""What a tool makes of a whole picture, from its amount and the points (M, 2) in pixels, by its letter."""
