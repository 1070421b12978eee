"""Rectangles of pictures, and their size."""

import operator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images.arrays import ImageArray, check_image, from_pillow

MIN_SIZE, MAX_SIZE = 16, 2048
"""Least shorter side and greatest longer side, in pixels, of what a picture is reduced to."""

SMALLEST_EXTENT = 0.05
"""Smallest side of a `SquareCrop`, as a fraction of the picture's shorter side."""

ROUNDING = 2e-6
"""How far a rectangle may reach beyond the picture, since its sides are written down with six digits."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, upper, right and lower border in pixels."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A rectangle of a picture; by default all of it.

    Attributes:
        left: its left border as a fraction of the picture's width.
        top: its upper border as a fraction of the picture's height.
        width: as a fraction of the picture's width, above 0.
        height: as a fraction of the picture's height, above 0.

    Raises:
        ArgumentError: an attribute is out of its range, or the rectangle leaves the picture.
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def __post_init__(self) -> None:
        for start, side in (("left", "width"), ("top", "height")):
            begin, length = getattr(self, start), getattr(self, side)
            if not 0 <= begin <= 1:
                raise ArgumentError(start, f"must lie in [0, 1], got {begin}")
            if not 0 < length <= 1:
                raise ArgumentError(side, f"must be above 0 and at most 1, got {length}")
            if begin + length > 1 + ROUNDING:
                raise ArgumentError(side, f"must be at most 1 − {start}, got {length:g} with {start} {begin:g}")

    def box(self, width: int, height: int) -> Box:
        """The rectangle in whole pixels, in a picture of that many pixels.

        Example:
            >>> Crop().box(30, 20), Crop(left=0.5, width=0.5, top=0.1, height=0.4).box(30, 20)
            ((0, 0, 30, 20), (15, 2, 30, 10))
        """
        (left, right), (top, bottom) = (
            _interval(begin, length, pixels)
            for begin, length, pixels in ((self.left, self.width, width), (self.top, self.height, height))
        )
        return left, top, right, bottom

    @classmethod
    def of_box(cls, box: Box, width: int, height: int) -> "Crop":
        """The crop whose `box` in a picture of that many pixels is this one."""
        left, top, right, bottom = box
        return cls(
            left=round(left / width, 6),
            top=round(top / height, 6),
            width=round((right - left) / width, 6),
            height=round((bottom - top) / height, 6),
        )


@dataclass(frozen=True, kw_only=True)
class SquareCrop:
    """A square of a picture, as versions up to schema 3 cut them: by default the largest one in the middle.

    Attributes:
        left: its position between the left border (0) and the right one (1).
        top: its position between the upper border (0) and the lower one (1).
        extent: its side as a fraction of the picture's shorter side, in [SMALLEST_EXTENT, 1].

    Raises:
        ArgumentError: an attribute is out of its range.
    """

    left: float = 0.5
    top: float = 0.5
    extent: float = 1.0

    def __post_init__(self) -> None:
        for name, low in (("left", 0.0), ("top", 0.0), ("extent", SMALLEST_EXTENT)):
            if not low <= getattr(self, name) <= 1:
                raise ArgumentError(name, f"must lie in [{low:g}, 1], got {getattr(self, name)}")

    def box(self, width: int, height: int) -> Box:
        """The square in whole pixels, in a picture of that many pixels.

        Example:
            >>> SquareCrop().box(30, 20), SquareCrop(left=1, extent=0.5).box(30, 20)
            ((5, 0, 25, 20), (20, 5, 30, 15))
        """
        side = max(1, round(self.extent * min(width, height)))
        left, top = int(self.left * (width - side)), int(self.top * (height - side))
        return left, top, left + side, top + side


WHOLE_CROP = Crop()


def reduced_size(width: int, height: int, size: int) -> tuple[int, int]:
    """Width and height of a rectangle of pixels whose longer side is reduced to `size`; never more than they are.

    Example:
        >>> reduced_size(768, 512, 128), reduced_size(60, 40, 128)
        ((128, 85), (60, 40))
    """
    longer = max(width, height)
    if longer <= size:
        return width, height
    return max(1, round(width * size / longer)), max(1, round(height * size / longer))


def crop_square(image: npt.ArrayLike, size: int, *, left: float = 0.5, top: float = 0.5) -> ImageArray:
    """Cut a square out of an image, without resampling.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        size: side in pixels, 1 to min(H, W).
        left: its position between the left border (0) and the right one (1).
        top: its position between the upper border (0) and the lower one (1).

    Returns:
        (size, size, 3), a copy.

    Raises:
        ArgumentError: `size` is larger than the image, or `left` or `top` is outside [0, 1].

    Example:
        >>> crop_square(np.zeros((20, 30, 3), np.float32), 10).shape
        (10, 10, 3)
    """
    array = check_image(image, "image")
    height, width, _ = array.shape
    if not 1 <= size <= min(height, width):
        limit = min(height, width)
        raise ArgumentError("size", f"must lie between 1 and the image's shorter side {limit}, got {size}")
    for argument, value in (("left", left), ("top", top)):
        if not 0 <= value <= 1:
            raise ArgumentError(argument, f"must lie in [0, 1], got {value}")
    row, column = round(top * (height - size)), round(left * (width - size))
    return array[row : row + size, column : column + size].copy()


def resize_square(image: npt.ArrayLike, size: int) -> ImageArray:
    """Resample a square image with an antialiased Lanczos filter.

    Args:
        image: float32 (S, S, 3) in [0, 1].
        size: side of the result in pixels, MIN_SIZE to MAX_SIZE.

    Returns:
        float32 (size, size, 3) in [0, 1].

    Raises:
        ArgumentError: the image is not square, or `size` is not a whole number in its range.

    Example:
        >>> resize_square(np.zeros((20, 20, 3), np.float32), 32).shape
        (32, 32, 3)
    """
    array = check_image(image, "image")
    if array.shape[0] != array.shape[1]:
        raise ArgumentError("image", f"must be square, got {array.shape}")
    side = check_size(size)
    return _resampled(array, (side, side))


def reduce_image(image: npt.ArrayLike, size: int) -> ImageArray:
    """Reduce an image with an antialiased Lanczos filter; a smaller one is returned as it is.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        size: most pixels of the longer side, MIN_SIZE to MAX_SIZE.

    Returns:
        float32 in [0, 1], of the image's proportions.

    Raises:
        ArgumentError: `image` is no such image, or `size` is not a whole number in its range.

    Example:
        >>> reduce_image(np.zeros((96, 64, 3), np.float32), 48).shape
        (48, 32, 3)
    """
    array, side = check_image(image, "image"), check_size(size)
    return array if max(array.shape) <= side else _resampled(array, reduced_size(array.shape[1], array.shape[0], side))


def _resampled(array: ImageArray, size: tuple[int, int]) -> ImageArray:
    """An image (H, W, 3) resampled to columns and rows."""
    channels = [from_pillow(resample(Image.fromarray(array[..., k]), size))[..., 0] for k in range(3)]
    return np.stack(channels, axis=2)


def check_size(size: int) -> int:
    """Check the longer side that a picture is reduced to.

    Returns:
        `size` as an int, in pixels.

    Raises:
        ArgumentError: it is not a whole number from MIN_SIZE to MAX_SIZE.
    """
    try:
        side = operator.index(size)
    except TypeError:
        raise ArgumentError("size", f"must be a whole number of pixels, got {size!r}") from None
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise ArgumentError("size", f"must lie between {MIN_SIZE} and {MAX_SIZE} pixels, got {side}")
    return side


def resample(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A Pillow image of another width and height, by an antialiased Lanczos filter; unchanged at its own size."""
    return picture.resize(size, Image.Resampling.LANCZOS)


def _interval(begin: float, length: float, pixels: int) -> tuple[int, int]:
    """A part of a side as its first pixel and the one after its last; at least one pixel."""
    first = min(round(begin * pixels), pixels - 1)
    return first, max(first + 1, min(round((begin + length) * pixels), pixels))
