"""From a request to arrays: the picture, the start and the mask."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from mad_app.competition.inputs import checked_image, checked_mask
from mad_app.distortions import DISTORTIONS, distort
from mad_app.errors import ArgumentError
from mad_app.images import (
    BUNDLED,
    AnyImage,
    Decoded,
    ImageArray,
    ImageError,
    bundled_path,
    image_and_notes,
    is_gray,
    load_image,
    luminance,
    read_image,
    to_gray,
)
from mad_app.metrics.devices import has_accelerator
from mad_app.request import REQUEST_SETTINGS, Request

Mask = npt.NDArray[np.bool_]

LARGEST_ON_CPU = 1024
"""Longer side in pixels; a step on a larger picture takes minutes on a CPU."""

GRAY_NOTE = "it is gray, and so its images stay gray"


@dataclass(frozen=True, kw_only=True, eq=False)
class Materials:
    """The arrays of a competition.

    Attributes:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        start: likewise, of the reference's shape.
        gray: whether only luminance changes.
        mask: bool (H, W), true where the images may change; None for everywhere.
        notes: what was done to the values and the size of the picture as it was read, each a clause.
        given: which of "start" and "mask" were given as arrays, so that the request does not describe them.
    """

    reference: ImageArray
    start: ImageArray
    gray: bool
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
        ArgumentError: a file cannot be read, something does not fit, or the start is the picture itself.
    """
    read = read_reference(request) if reference is None else Decoded(*image_and_notes(reference, "reference"))
    begun = None if start is None else checked_image(start, "start", shape=read.image.shape)
    gray = is_gray_run(request, read.image, begun)
    picture = to_gray(read.image) if gray else read.image
    if begun is None:
        begun = make_start(replace(request, gray=gray), picture)
    begun = to_gray(begun) if gray else begun
    check_start_differs(replace(request, gray=gray), picture, begun, given=start is not None)
    return Materials(
        reference=picture,
        start=begun,
        gray=gray,
        mask=load_mask(request, picture) if mask is None else checked_mask(mask, picture.shape),
        notes=notes_of(request, read, gray),
        given=tuple(name for name, array in (("start", start), ("mask", mask)) if array is not None),
    )


def picture_notes(request: Request) -> list[str]:
    """What is done to the values and the size of the request's picture, in sentences without a full stop.

    Raises:
        ArgumentError: the file cannot be read.

    Example:
        >>> picture_notes(Request(image="handwriting", size=256, gray=True))
        ['handwriting: its 172 × 172 pixels are not enlarged to a longer side of 256']
        >>> picture_notes(Request(image="cameraman"))
        ['cameraman: it is gray, and so its images stay gray']
    """
    if request.image is None:
        return []
    read = read_reference(request)
    return [f"{request.image}: {note}" for note in notes_of(request, read, is_gray_run(request, read.image))]


def notes_of(request: Request, read: Decoded, gray: bool) -> tuple[str, ...]:
    """What is done to a picture that was read, each a clause; `gray` is whether only luminance changes."""
    return (*read.notes, GRAY_NOTE) if gray and request.gray is None else read.notes


def is_gray_run(request: Request, picture: ImageArray, start: ImageArray | None = None) -> bool:
    """Whether only luminance changes: as asked, or if the picture, and a start that is given or a file, are gray."""
    if request.gray is not None:
        return request.gray
    if not is_gray(picture):
        return False
    if start is None and request.start_file is not None:
        start = _load_aligned(request, "start_file", picture)
    return start is None or is_gray(start)


def read_reference(request: Request) -> Decoded:
    """The picture that a request names, as `read_image` has it, in its own colors.

    Raises:
        ArgumentError: the file cannot be read, or the size does not suit it or this machine.
    """
    if request.image is None:
        raise ArgumentError("image", "is needed where no picture is given as an array")
    if request.size > LARGEST_ON_CPU and not has_accelerator():
        most = REQUEST_SETTINGS["size"].maximum
        raise ArgumentError("size", f"must be at most {LARGEST_ON_CPU} on a CPU ({most} on a GPU), got {request.size}")
    with refused_as("image"):
        return read_image(picture_path(request.image), size=request.size, crop=request.crop())


def make_start(request: Request, reference: ImageArray) -> ImageArray:
    """The image from which all four images start: a distorted copy, or a file."""
    gray = is_gray_run(request, reference)
    if request.start_file is not None:
        picture = _load_aligned(request, "start_file", reference)
        return to_gray(picture) if gray else picture
    start = distort(reference, request.distortion, strength=cast(float, request.strength), seed=request.seed)
    # Of a gray picture each channel is distorted at full strength; their mean would have less noise.
    return np.repeat(start[..., :1], 3, axis=2) if gray else start


def check_start_differs(request: Request, reference: ImageArray, start: ImageArray, *, given: bool = False) -> None:
    """Refuse a start that is the picture itself, with advice that fits.

    Args:
        request: what is asked, its `gray` resolved.
        reference: the picture.
        start: of it.
        given: whether the start was given as an array.

    Raises:
        ArgumentError: of "start", "start_file", "distortion" or "strength", whichever has to change.
    """
    if not np.array_equal(reference, start):
        return
    if given or request.start_file is not None:
        raise ArgumentError("start" if given else "start_file", "is the same image as the picture: choose another")
    strongest = replace(request, strength=DISTORTIONS[request.distortion].maximum)
    if np.array_equal(reference, make_start(strongest, reference)):
        problem = f"{request.distortion} changes nothing in this picture, however strong: choose another distortion"
        raise ArgumentError("distortion", f"{problem} or picture")
    raise ArgumentError("strength", f"{request.strength:g} changes nothing in this picture: choose a stronger one")


def load_mask(request: Request, reference: ImageArray) -> Mask | None:
    """Where the images may change, bool (H, W): where the mask is lighter than mid gray, and opaque.

    Raises:
        ArgumentError: the file cannot be read or does not fit, or no pixel may change.
    """
    if request.mask is None:
        return None
    white = luminance(_load_aligned(request, "mask", reference, background="black")) > 0.5
    return checked_mask(white, reference.shape)


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
