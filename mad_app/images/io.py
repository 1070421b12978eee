"""Reading and writing of picture files: paths, bytes and open files; see `decode` for what becomes of the values.

A picture is reduced to the size that is asked, and never enlarged to it: a smaller one is used at its own size, which a
note says.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images.arrays import ImageArray, from_pillow, to_uint8
from mad_app.images.crop import MIN_SIZE, WHOLE_CROP, Crop, SquareCrop, check_size, reduced_size, resample
from mad_app.images.decode import ImageError, decode

ImageSource: TypeAlias = str | Path | BinaryIO | bytes

MAX_BYTES = 20_000_000


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image, and how it was made of its file.

    Attributes:
        image: float32 (H, W, 3), sRGB in [0, 1].
        notes: what was done to its values and its size, each a clause, such as "converted from Display P3 to sRGB";
            none for a picture that is taken as it is.
    """

    image: ImageArray
    notes: tuple[str, ...]


def read_image(
    source: ImageSource,
    *,
    size: int | None = None,
    crop: Crop | SquareCrop = WHOLE_CROP,
    name: str | None = None,
    background: Literal["white", "black"] = "white",
) -> Decoded:
    """Read a picture from a path, from bytes, or from a file opened for reading bytes.

    Args:
        source: PNG, JPEG, WebP, AVIF (where Pillow reads it), GIF, BMP, TIFF, JPEG 2000 or PNM; at most MAX_BYTES and
            MAX_PIXELS.
        size: longer side in pixels, 16 to 2048, to which the picture, or its crop, is reduced where it is larger
            (Lanczos, antialiased). Without it the whole picture is returned in its own size.
        crop: the part of the picture that is used with `size`.
        name: name of the picture in messages; by default its path, or "the picture".
        background: color on which transparency is composited.

    Returns:
        The image and the notes. An earlier version's square of fewer than 16 pixels is enlarged to 16.

    Raises:
        ImageError: the source is missing, empty, too large, truncated or not a picture.
        ArgumentError: size is not a whole number from 16 to 2048, or leaves fewer than 16 pixels on the shorter side.

    Example:
        >>> from mad_app.images import bundled_path
        >>> decoded = read_image(bundled_path("handwriting"), size=256)
        >>> decoded.image.shape, decoded.notes
        ((172, 172, 3), ('its 172 × 172 pixels are not enlarged to a longer side of 256',))
    """
    checked_size = None if size is None else check_size(size)
    called = _called(source, name)
    flat = decode(_read(source, called), called, background)
    if checked_size is None:
        return Decoded(from_pillow(flat.picture), flat.notes)
    reduce = _square if isinstance(crop, SquareCrop) else _rectangle
    part, note = reduce(flat.picture.crop(crop.box(*flat.picture.size)), checked_size)
    return Decoded(from_pillow(part), (*flat.notes, *note))


def load_image(
    source: ImageSource,
    *,
    size: int | None = None,
    crop: Crop | SquareCrop = WHOLE_CROP,
    name: str | None = None,
    background: Literal["white", "black"] = "white",
) -> ImageArray:
    """The image of `read_image`, without its notes; arguments and errors as there.

    Returns:
        float32 (H, W, 3), sRGB in [0, 1].

    Example:
        >>> from mad_app.images import bundled_path
        >>> load_image(bundled_path("coffee"), size=64).shape
        (64, 64, 3)
    """
    return read_image(source, size=size, crop=crop, name=name, background=background).image


def load_small(source: ImageSource, *, side: int, name: str | None = None) -> tuple[ImageArray, tuple[int, int]]:
    """Read a whole picture, reduced so that its longer side has at most `side` pixels.

    Args:
        source: as of `load_image`.
        side: in pixels; a smaller picture keeps its size.
        name: as of `load_image`.

    Returns:
        float32 (H, W, 3), sRGB in [0, 1]; and the width and height of the picture itself in pixels.

    Raises:
        ImageError: as `load_image`.

    Example:
        >>> from mad_app.images import bundled_path
        >>> small, size = load_small(bundled_path("coffee"), side=64)
        >>> small.shape, size
        ((64, 64, 3), (400, 400))
    """
    called = _called(source, name)
    picture = decode(_read(source, called), called).picture
    size = picture.size
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return from_pillow(picture), size


def load_onto(
    source: ImageSource, shape: tuple[int, ...], *, crop: Crop | SquareCrop = WHOLE_CROP, name: str | None = None
) -> ImageArray:
    """Read a picture that lies on another one: cut as that is, and reduced to its height and width.

    Args:
        source: as of `load_image`.
        shape: height and width of the result; a picture with fewer pixels is not enlarged.
        crop: the part that is used.
        name: as of `load_image`.

    Raises:
        ImageError: as `load_image`.
    """
    called = _called(source, name)
    picture = decode(_read(source, called), called).picture
    part = picture.crop(crop.box(*picture.size))
    height, width = shape[:2]
    return from_pillow(resample(part, (width, height)) if part.width >= width and part.height >= height else part)


def save_png(path: str | Path, image: npt.ArrayLike) -> None:
    """Write an image as 8-bit PNG, each value rounded to the nearest.

    Args:
        path: of the file.
        image: float32 (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: `image` is not of this form.
        OSError: the file cannot be written.
    """
    Image.fromarray(to_uint8(image)).save(path, format="PNG")


def _called(source: ImageSource, name: str | None) -> str:
    """Name of the picture in messages; in quotation marks where it is empty or cannot be printed."""
    called = name or (str(source) if isinstance(source, str | Path) else "the picture")
    return called if called.strip() and called.isprintable() else repr(called)


def _read(source: ImageSource, called: str) -> bytes:
    """All bytes of the source, never more than MAX_BYTES of them."""
    if isinstance(source, bytes):
        content = source
    elif isinstance(source, str | Path):
        content = _read_file(Path(source), called)
    else:
        content = source.read(MAX_BYTES + 1)
    if not content:
        raise ImageError(f"{called} is empty: choose a file that holds a picture")
    if len(content) > MAX_BYTES:
        raise ImageError(f"{called} has more than {MAX_BYTES // 10**6} MB: scale it down or save it as JPEG")
    return content


def _read_file(path: Path, called: str) -> bytes:
    """The first MAX_BYTES + 1 bytes of a regular file."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{called} cannot be opened ({error.strerror}): check its name and permissions") from error
    raise ImageError(f"{called} does not exist or is not a file: check the path")


def _rectangle(picture: Image.Image, size: int) -> tuple[Image.Image, tuple[str, ...]]:
    """A picture whose longer side is reduced to `size` pixels, and a note where it is smaller.

    Raises:
        ArgumentError: its shorter side would be too short.
    """
    columns, rows = reduced_size(*picture.size, size)
    width, height = picture.size
    if min(columns, rows) < MIN_SIZE:
        raise ArgumentError(
            "size",
            f"{size} gives {columns} × {rows} pixels of {width} × {height}, but the shorter side needs at least "
            f"{MIN_SIZE}: choose a larger size, or another picture or crop",
        )
    if max(width, height) >= size:
        return resample(picture, (columns, rows)), ()
    return picture, (f"its {width} × {height} pixels are not enlarged to a longer side of {size}",)


def _square(square: Image.Image, size: int) -> tuple[Image.Image, tuple[str, ...]]:
    """A square of an earlier version, at most `size` pixels on each side, and a note where it has fewer."""
    side = square.width
    if side >= size:
        return resample(square, (size, size)), ()
    what = f"its square of {side} × {side} pixels is"
    if side < MIN_SIZE:
        return resample(square, (MIN_SIZE,) * 2), (f"{what} enlarged to {MIN_SIZE} × {MIN_SIZE}, the smallest size",)
    return square, (f"{what} not enlarged to {size} × {size}",)
