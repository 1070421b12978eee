"""Pictures as callers have them, converted to the form of this package: float32 (H, W, 3), sRGB in [0, 1].

NumPy, JAX and PyTorch arrays and Pillow images are taken, in the layouts of `layout_of`, as uint8 or as floating point
in [0, 1]. What could be meant in two ways, or lies out of range, is refused: nothing is guessed.
"""

import sys
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images.arrays import ImageArray, from_pillow
from mad_app.images.decode import ImageError, flatten

AnyImage: TypeAlias = Any
"""What `as_image` takes."""

Layout = Literal["HW", "HWC", "CHW", "NCHW", "NHWC"]
"""Order of the axes: N images, C channels, H rows, W columns."""

LAYOUTS = "(H, W), (H, W, 3), (3, H, W) or (1, 3, H, W)"
BATCH_LAYOUTS = "(H, W), (H, W, 3), (3, H, W), (N, H, W, 3) or (N, 3, H, W)"

FLOATS = ("float16", "bfloat16", "float32", "float64")


def as_image(picture: AnyImage, name: str) -> ImageArray:
    """A picture in the form of this package.

    Args:
        picture: a NumPy, JAX or PyTorch array (H, W), (H, W, 3), (3, H, W) or (1, 3, H, W), uint8 or floating point in
            [0, 1]; or a Pillow image, which is converted to sRGB as a file is.
        name: the argument as the caller has it, for the error.

    Returns:
        float32 (H, W, 3) in [0, 1], of the same memory where it has this form already. Gray is in all three channels.

    Raises:
        ArgumentError: it has another type, layout or range, its layout is ambiguous, or a value is not finite.

    Example:
        >>> as_image(np.full((3, 4, 5), 51, np.uint8), "start").shape
        (4, 5, 3)
    """
    return image_and_notes(picture, name)[0]


def image_and_notes(picture: AnyImage, name: str) -> tuple[ImageArray, tuple[str, ...]]:
    """The image of `as_image`, and what was done to the values of a Pillow image, each a clause."""
    if not isinstance(picture, Image.Image):
        return _image_of(as_numpy(picture, name), name), ()
    try:
        flat = flatten(picture, "the picture")
    except ImageError as error:
        raise ArgumentError(name, f"cannot be used: {error}") from error
    return from_pillow(flat.picture), flat.notes


def _image_of(array: npt.NDArray[Any], name: str) -> ImageArray:
    layout = layout_of(array.shape, name)
    image = _floats(array, name)
    if layout == "HW":
        return np.repeat(image[..., None], 3, axis=2)
    if layout == "HWC":
        return image
    return np.ascontiguousarray(np.moveaxis(image.reshape(image.shape[-3:]), 0, 2))


def layout_of(shape: tuple[int, ...], name: str, *, batch: bool = False) -> Layout:
    """Where the axes of a picture are, from its shape.

    Args:
        shape: of an array.
        name: of the argument, for the error.
        batch: whether it may hold several images.

    Raises:
        ArgumentError: none of the layouts fits, or two do.

    Example:
        >>> layout_of((3, 40, 30), "start"), layout_of((8, 40, 30, 3), "images", batch=True)
        ('CHW', 'NHWC')
    """
    fits: list[Layout] = []
    if 0 not in shape:
        if len(shape) == 2:
            fits = ["HW"]
        elif len(shape) in (3, 4):
            last, first = ("HWC", "CHW") if len(shape) == 3 else ("NHWC", "NCHW")
            fits = [layout for layout, axis in ((last, -1), (first, -3)) if shape[axis] == 3]  # type: ignore[misc]
            if len(shape) == 4 and not batch:
                fits = ["NCHW"] if shape[:2] == (1, 3) else []
    if not fits:
        raise ArgumentError(name, f"must have shape {BATCH_LAYOUTS if batch else LAYOUTS}, got {shape}")
    if len(fits) == 2:
        raise ArgumentError(
            name, f"is ambiguous: its shape {shape} has 3 channels on either side; give a picture of another size"
        )
    return fits[0]


MOST_VALUES = 10**9
"""Of an array: six times those of the largest picture that is read from a file."""


def is_tensor(array: Any) -> bool:
    """Whether something is a PyTorch tensor. PyTorch is not imported for it."""
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)  # none yet where another thread is importing PyTorch
    return tensor is not None and isinstance(array, tensor)


def as_numpy(array: Any, name: str) -> npt.NDArray[Any]:
    """A NumPy, JAX or PyTorch array as a NumPy array, of the same memory where possible.

    Raises:
        ArgumentError: it is none.
    """
    if is_tensor(array):
        tensor = array.detach().cpu()
        return np.asarray(tensor if str(tensor.dtype) != "torch.bfloat16" else tensor.float())
    given = np.asarray(array)
    if given.dtype.kind in "OUS":
        raise ArgumentError(name, f"must be a picture, as an array or of Pillow, got {type(array).__name__}")
    if given.size > MOST_VALUES:  # a view of a few numbers may be of any size
        raise ArgumentError(name, f"must have at most {MOST_VALUES} values, got shape {given.shape}")
    return given


def describe_range(array: npt.NDArray[Any]) -> str:
    """Type and range of an array, such as "float32 from -1 to 1"."""
    return f"{array.dtype} from {array.min():g} to {array.max():g}"


def _floats(array: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    """The values of an array, uint8 or floating point in [0, 1], as float32 in [0, 1]."""
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype.name not in FLOATS:
        raise ArgumentError(name, f"must be uint8 or floating point in [0, 1], got {array.dtype}")
    given = array if array.dtype.itemsize > 2 else array.astype(np.float32)
    if not np.isfinite(given).all():
        count = np.count_nonzero(~np.isfinite(given))
        raise ArgumentError(name, f"must be finite, got {array.dtype} with {count} values that are NaN or ±∞")
    if given.min() < 0 or given.max() > 1:
        raise ArgumentError(name, f"must be uint8 or floating point in [0, 1], got {describe_range(given)}")
    return given.astype(np.float32, copy=False)
