"""Reading and writing of picture files.

Files are decoded to the form of `arrays` here and nowhere else; the limits on bytes and pixels are checked before a
file is decoded.

What decoding does: EXIF rotation is applied; of an animation the first frame is taken; gray becomes three equal
channels; transparency is composited on white, unless another background is given; 16-bit gray keeps its precision;
palettes, 1-bit, CMYK and 16-bit color become 8-bit RGB. Color profiles (ICC) are ignored: the values are taken as sRGB,
as the authors of the metrics did.
"""

import io
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from mad_app.images.arrays import ImageArray, from_pillow, to_uint8
from mad_app.images.crop import WHOLE_CROP, Crop, check_size, resample

ImageSource: TypeAlias = str | Path | BinaryIO | bytes

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000  # a 50-megapixel camera; as float32 it takes 600 MB
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM")  # each decoded by Pillow itself

_DEEP_WHITE = 65535  # white in Pillow's 16-bit gray modes
_REMEDY = "open it in an image editor and export it as PNG or JPEG"


class ImageError(ValueError):
    """A file is not a picture that can be read; the message names it and says what to do, in one sentence."""


def load_image(
    source: ImageSource,
    *,
    size: int | None = None,
    crop: Crop = WHOLE_CROP,
    name: str | None = None,
    background: Literal["white", "black"] = "white",
) -> ImageArray:
    """Read a picture from a path, from bytes, or from a file opened for reading bytes.

    Args:
        source: PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000 or PNM; at most MAX_BYTES and MAX_PIXELS.
        size: side in pixels, 16 to 1024: the square of `crop` is cut out and resampled to it (Lanczos, antialiased).
            Without it the whole picture is returned in its own size.
        crop: the square that is cut out for `size`.
        name: name of the picture in messages; by default its path, or "the picture".
        background: color on which transparency is composited.

    Returns:
        float32 (H, W, 3), sRGB in [0, 1]; (size, size, 3) with `size`.

    Raises:
        ImageError: the source is missing, empty, too large, truncated or not a picture.
        ArgumentError: size is not a whole number from 16 to 1024.

    Example:
        >>> from mad_app.images import bundled_path
        >>> load_image(bundled_path("coffee"), size=64).shape
        (64, 64, 3)
    """
    checked_size = None if size is None else check_size(size)
    called = _called(source, name)
    picture = _decode(_read(source, called), called, background)
    if checked_size is not None:
        picture = resample(picture.crop(crop.box(*picture.size)), checked_size)
    return from_pillow(picture)


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
    picture = _decode(_read(source, called), called)
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


def _decode(content: bytes, called: str, background: str = "white") -> Image.Image:
    """The first frame, upright, in Pillow's mode RGB, or in mode F with gray in [0, 1]."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_pixels(picture.size, called)
            picture.load()
            return _flatten(ImageOps.exif_transpose(picture), called, background)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{called} is not a picture of a known kind, or its beginning is damaged: {_REMEDY}"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_many_pixels(called)) from error
    except Exception as error:  # damaged files raise many types, from struct.error to SyntaxError
        raise ImageError(f"{called} is damaged, cut short or of a rare kind: {_REMEDY}") from error


def _check_pixels(size: tuple[int, int], called: str) -> None:
    """Raise an ImageError for a picture whose header has too many pixels to decode."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(f"{_too_many_pixels(called)} (it has {width} × {height})")


def _too_many_pixels(called: str) -> str:
    return f"{called} has more than {MAX_PIXELS // 10**6} million pixels: scale it down first"


def _flatten(picture: Image.Image, called: str, background: str) -> Image.Image:
    """Convert any of Pillow's modes to RGB, or to F with gray in [0, 1]."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _flatten_deep_gray(picture, called)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    flat = Image.new("RGBA", over.size, background)
    flat.alpha_composite(over)
    return flat.convert("RGB")


def _flatten_deep_gray(picture: Image.Image, called: str) -> Image.Image:
    """Gray of 16 bits per pixel, or floating point in [0, 1], as mode F."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else _DEEP_WHITE
    if not (values.min() >= 0 and values.max() <= white):  # also true of NaN
        raise ImageError(f"{called} has gray values outside 0…{white}: save it with 8 or 16 bits per channel")
    return Image.fromarray((values / white).astype(np.float32))
