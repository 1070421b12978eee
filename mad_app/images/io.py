"""Reading and writing of picture files: paths, bytes and open files; see `decode` for what becomes of the values.

A picture is reduced to the size that is asked, and never enlarged to it: a smaller one is used at its own size, which a
note says.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy.typing as npt
from PIL import Image

from mad_app.images.arrays import ImageArray, from_pillow, to_uint8
from mad_app.images.crop import MIN_SIZE, WHOLE_CROP, Crop, check_size, resample
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
    crop: Crop = WHOLE_CROP,
    name: str | None = None,
    background: Literal["white", "black"] = "white",
) -> Decoded:
    """Read a picture from a path, from bytes, or from a file opened for reading bytes.

    Args:
        source: PNG, JPEG, WebP, AVIF (where Pillow reads it), GIF, BMP, TIFF, JPEG 2000 or PNM; at most MAX_BYTES and
            MAX_PIXELS.
        size: side in pixels, 16 to 1024: the square of `crop` is cut out and, where it is larger, reduced to it
            (Lanczos, antialiased). Without it the whole picture is returned in its own size.
        crop: the square that is cut out for `size`.
        name: name of the picture in messages; by default its path, or "the picture".
        background: color on which transparency is composited.

    Returns:
        The image and the notes. With `size` the image is square, of that side or, where the picture has fewer pixels,
        of the picture's own; one of fewer than 16 is enlarged to 16.

    Raises:
        ImageError: the source is missing, empty, too large, truncated or not a picture.
        ArgumentError: size is not a whole number from 16 to 1024.

    Example:
        >>> from mad_app.images import bundled_path
        >>> decoded = read_image(bundled_path("handwriting"), size=256)
        >>> decoded.image.shape, decoded.notes
        ((172, 172, 3), ('its square of 172 × 172 pixels is not enlarged to 256 × 256',))
    """
    checked_size = None if size is None else check_size(size)
    called = _called(source, name)
    flat = decode(_read(source, called), called, background)
    if checked_size is None:
        return Decoded(from_pillow(flat.picture), flat.notes)
    square, note = _square(flat.picture, checked_size, crop)
    return Decoded(from_pillow(square), (*flat.notes, *note))


def load_image(
    source: ImageSource,
    *,
    size: int | None = None,
    crop: Crop = WHOLE_CROP,
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


def load_small(source: ImageSource, *, side: int, name: str | None = None) -> ImageArray:
    """Read a whole picture, reduced so that its longer side has at most `side` pixels.

    Args:
        source: as of `load_image`.
        side: in pixels; a smaller picture keeps its size.
        name: as of `load_image`.

    Returns:
        float32 (H, W, 3), sRGB in [0, 1].

    Raises:
        ImageError: as `load_image`.

    Example:
        >>> from mad_app.images import bundled_path
        >>> max(load_small(bundled_path("coffee"), side=64).shape)
        64
    """
    called = _called(source, name)
    picture = decode(_read(source, called), called).picture
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return from_pillow(picture)


def save_png(path: str | Path, image: npt.ArrayLike) -> None:
    """Write an image as 8-bit PNG, each value rounded to the nearest level.

    Args:
        path: of the file.
        image: float32 (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: `image` is not of this form.
        OSError: the file cannot be written.
    """
    Image.fromarray(to_uint8(image)).save(path, format="PNG")


def _called(source: ImageSource, name: str | None) -> str:
    """Name of the picture in messages."""
    return name or (str(source) if isinstance(source, str | Path) else "the picture")


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


def _square(picture: Image.Image, size: int, crop: Crop) -> tuple[Image.Image, tuple[str, ...]]:
    """A square of a picture, at most `size` pixels on each side, and a note where it has fewer."""
    square = picture.crop(crop.box(*picture.size))
    side = square.width
    if side >= size:
        return resample(square, size), ()
    what = f"its square of {side} × {side} pixels is"
    if side < MIN_SIZE:
        return resample(square, MIN_SIZE), (f"{what} enlarged to {MIN_SIZE} × {MIN_SIZE}, the smallest size",)
    return square, (f"{what} not enlarged to {size} × {size}",)
