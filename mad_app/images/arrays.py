"""The form of an image: float32 (H, W, 3), sRGB in [0, 1]. Its check, its 8-bit values and its luminance."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError

ImageArray: TypeAlias = npt.NDArray[np.float32]
Image8Bit: TypeAlias = npt.NDArray[np.uint8]
"""An image, or several, with values from 0 to 255: as files hold it and people see it."""

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of red, green and blue in the luma: ITU-R BT.709."""


def check_image(image: npt.ArrayLike, name: str) -> ImageArray:
    """Check that an array is an image.

    Args:
        image: a NumPy or JAX array.
        name: the argument as the caller has it, for the error.

    Returns:
        float32 (H, W, 3) in [0, 1] as a NumPy array, of the same memory where possible.

    Raises:
        ArgumentError: wrong dtype, shape or range, or not finite; says what is needed and what was given.

    Example:
        >>> check_image(np.zeros((4, 4, 3), np.float32), "start").shape
        (4, 4, 3)
    """
    array = np.asarray(image)
    if array.dtype != np.float32:
        raise ArgumentError(name, f"must be float32 with values in [0, 1], got {array.dtype}")
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ArgumentError(name, f"must have shape (H, W, 3), got {array.shape}")
    if not np.isfinite(array).all():
        count = np.count_nonzero(~np.isfinite(array))
        raise ArgumentError(name, f"must be finite, got {count} values that are NaN or ±∞")
    low, high = array.min(), array.max()
    if low < 0 or high > 1:
        raise ArgumentError(name, f"must have values in [0, 1], got values from {low:g} to {high:g}")
    return array


def to_uint8(image: npt.ArrayLike) -> Image8Bit:
    """The nearest 8-bit values of an image.

    Args:
        image: float32 (H, W, 3) in [0, 1].

    Returns:
        uint8 (H, W, 3).

    Raises:
        ArgumentError: `image` is not of this form.

    Example:
        >>> to_uint8(np.full((1, 1, 3), 0.5, np.float32)).tolist()
        [[[128, 128, 128]]]
    """
    values: Image8Bit = np.rint(check_image(image, "image") * np.float32(255)).astype(np.uint8)
    return values


def nearest_8bit(images: npt.ArrayLike) -> Image8Bit:
    """The nearest 8-bit images of several, uint8 of their shape (N, H, W, 3); arguments and errors as `to_uint8`."""
    return np.stack([to_uint8(image) for image in np.asarray(images)])


def from_uint8(array: npt.ArrayLike) -> ImageArray:
    """The image of 8-bit values; `to_uint8` is its inverse.

    Args:
        array: uint8 (H, W, 3).

    Returns:
        float32 (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: `array` is not of this form.

    Example:
        >>> from_uint8(np.full((1, 1, 3), 51, np.uint8)).tolist() == [[[np.float32(0.2)] * 3]]
        True
    """
    values = np.asarray(array)
    if values.dtype != np.uint8 or values.ndim != 3 or values.shape[2] != 3 or values.size == 0:
        raise ArgumentError("array", f"must be uint8 (H, W, 3), got {values.dtype} {values.shape}")
    return values.astype(np.float32) / np.float32(255)


def from_pillow(picture: Image.Image) -> ImageArray:
    """A Pillow image of mode RGB, or of mode F with gray in [0, 1], as float32 (H, W, 3) in [0, 1]."""
    if picture.mode == "RGB":
        return from_uint8(np.asarray(picture))
    gray = np.clip(np.asarray(picture, np.float32), 0, 1)  # Lanczos overshoots next to edges
    return np.repeat(gray[..., None], 3, axis=2)


def luminance(image: npt.ArrayLike) -> ImageArray:
    """Luma of each pixel, computed on the sRGB values without linearization; for a gray image, its gray.

    Source: ITU-R BT.709.

    Args:
        image: (H, W, 3) in [0, 1].

    Returns:
        float32 (H, W) in [0, 1].

    Example:
        >>> round(float(luminance(np.array([[[0, 1, 0]]], np.float32))[0, 0]), 4)
        0.7152
    """
    array = np.asarray(image, np.float32)
    red, green, blue = np.moveaxis(array, -1, 0)
    return np.clip(green + LUMA[0] * (red - green) + LUMA[2] * (blue - green), 0, 1)


def to_gray(image: npt.ArrayLike) -> ImageArray:
    """An image (H, W, 3) with its luminance in all three channels.

    Example:
        >>> to_gray(np.array([[[0, 1, 0]]], np.float32)).round(4).tolist() == [[[np.float32(0.7152)] * 3]]
        True
    """
    return np.repeat(luminance(image)[..., None], 3, axis=2)


def is_gray(image: npt.ArrayLike) -> bool:
    """Whether red, green and blue of an image (H, W, 3) are equal everywhere.

    Example:
        >>> is_gray(np.full((2, 2, 3), 0.5)), is_gray(np.array([[[0, 1, 0]]], np.float32))
        (True, False)
    """
    array = np.asarray(image)
    return bool((array == array[..., :1]).all())
