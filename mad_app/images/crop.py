"""Squares of pictures, and their size."""

import operator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images.arrays import ImageArray, check_image, from_pillow

MIN_SIZE, MAX_SIZE = 16, 1024
"""Smallest and largest side, in pixels, of a square to which a picture is resampled."""

SMALLEST_EXTENT = 0.05
"""Smallest side of a crop, as a fraction of the picture's shorter side."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A square of a picture; by default the largest one in the middle.

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

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, upper, right and lower border of the square, in pixels, in a picture of that many pixels.

        Example:
            >>> Crop().box(30, 20), Crop(left=1, extent=0.5).box(30, 20)
            ((5, 0, 25, 20), (20, 5, 30, 15))
        """
        side = max(1, round(self.extent * min(width, height)))
        left, top = int(self.left * (width - side)), int(self.top * (height - side))
        return left, top, left + side, top + side


WHOLE_CROP = Crop()


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
    channels = [from_pillow(resample(Image.fromarray(array[..., k]), side))[..., 0] for k in range(3)]
    return np.stack(channels, axis=2)


def check_size(size: int) -> int:
    """Check the side of a square that a picture is resampled to.

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


def resample(picture: Image.Image, size: int) -> Image.Image:
    """A square Pillow image of another size, by an antialiased Lanczos filter; unchanged at its own size."""
    return picture.resize((size, size), Image.Resampling.LANCZOS)
