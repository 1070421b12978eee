"""From a request to arrays: the picture, the start and the mask."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from mad_app.competition.inputs import checked_image, checked_mask
from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import (
    BUNDLED,
    AnyImage,
    Decoded,
    ImageArray,
    ImageError,
    bundled_path,
    image_and_notes,
    load_image,
    luminance,
    read_image,
    to_gray,
)
from mad_app.request import Request

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Materials:
    """The arrays of a competition.

    Attributes:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        start: likewise, of the reference's shape.
        mask: bool (H, W), true where the images may change; None for everywhere.
        notes: what was done to the values and the size of the picture as it was read, each a clause.
        given: which of "start" and "mask" were given as arrays, so that the request does not describe them.
    """

    reference: ImageArray
    start: ImageArray
    mask: Mask | None = None
    notes: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def materialize(
    request: Request,
    reference: AnyImage | None = None,
    *,
    start: AnyImage | None = None,
    mask: npt.ArrayLike | None = None,
) -> Materials:
    """The arrays that a request asks for.

    Args:
        request: what is asked.
        reference: the picture itself, as `as_image` takes it, instead of the file that the request names.
        start: likewise, instead of the start that the request describes.
        mask: bool (H, W), instead of the file that the request names.

    Raises:
        ArgumentError: a file cannot be read, or something does not fit.
    """
    read = read_reference(request) if reference is None else Decoded(*image_and_notes(reference, "reference"))
    picture = to_gray(read.image) if request.gray else read.image
    return Materials(
        reference=picture,
        start=make_start(request, picture) if start is None else _given_start(request, picture, start),
        mask=load_mask(request, picture) if mask is None else checked_mask(mask, picture.shape),
        notes=read.notes,
        given=tuple(name for name, array in (("start", start), ("mask", mask)) if array is not None),
    )


def _given_start(request: Request, reference: ImageArray, start: AnyImage) -> ImageArray:
    image = checked_image(start, "start", shape=reference.shape)
    return to_gray(image) if request.gray else image


def picture_notes(request: Request) -> list[str]:
    """What is done to the values and the size of the request's picture, in sentences without a full stop.

    Raises:
        ArgumentError: the file cannot be read.

    Example:
        >>> picture_notes(Request(image="handwriting", size=256))
        ['handwriting: its square of 172 × 172 pixels is not enlarged to 256 × 256']
    """
    return [] if request.image is None else [f"{request.image}: {note}" for note in read_reference(request).notes]


def read_reference(request: Request) -> Decoded:
    """The picture that a request names, (size, size, 3) or smaller, as `read_image` has it, in its own colors."""
    if request.image is None:
        raise ArgumentError("image", "is needed where no picture is given as an array")
    with refused_as("image"):
        return read_image(picture_path(request.image), size=request.size, crop=request.crop())


def make_start(request: Request, reference: ImageArray) -> ImageArray:
    """The image from which all four images start: a distorted copy, or a file."""
    if request.start_file is not None:
        picture = _load_aligned(request, "start_file", reference)
        return to_gray(picture) if request.gray else picture
    start = distort(reference, request.distortion, strength=cast(float, request.strength), seed=request.seed)
    # Of a gray picture each channel is distorted at full strength; their mean would have less noise.
    return np.repeat(start[..., :1], 3, axis=2) if request.gray else start


def load_mask(request: Request, reference: ImageArray) -> Mask | None:
    """Where the images may change, bool (H, W): where the mask is lighter than mid gray, and opaque."""
    if request.mask is None:
        return None
    return luminance(_load_aligned(request, "mask", reference, background="black")) > 0.5


def picture_path(picture: str) -> str | Path:
    """Where a picture lies, from its bundled name or its path."""
    return bundled_path(picture) if picture in BUNDLED else picture


def _load_aligned(
    request: Request,
    name: Literal["mask", "start_file"],
    reference: ImageArray,
    *,
    background: Literal["white", "black"] = "white",
) -> ImageArray:
    """A file that covers the picture pixel by pixel: of the picture's own size, or cut to the reference's before.

    Raises:
        ArgumentError: it is of another size.
    """
    picture: str = getattr(request, name)
    file = picture_path(picture)
    with refused_as(name):
        rows, columns, _ = load_image(file).shape
    of_picture = None
    if request.image is not None:
        with contextlib.suppress(ImageError):
            of_picture = load_image(picture_path(request.image)).shape[:2]
    if (rows, columns) == of_picture:
        return load_image(file, size=request.size, crop=request.crop(), background=background)
    if (rows, columns) == reference.shape[:2]:
        return load_image(file, background=background)
    sizes = sorted({reference.shape[:2], of_picture or reference.shape[:2]})
    needed = " or ".join(f"{width} × {height}" for height, width in sizes)
    raise ArgumentError(name, f"{picture} has {columns} × {rows} pixels, but needs {needed}: cut or scale it")


@contextlib.contextmanager
def refused_as(name: str) -> Iterator[None]:
    """Report a file that cannot be read under the setting that names it."""
    try:
        yield
    except ImageError as error:
        raise ArgumentError(name, str(error)) from error
