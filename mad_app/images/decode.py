"""Decoding of a picture file: from its bytes to sRGB values without transparency.

The limits on bytes and pixels are checked before a file is decoded. EXIF rotation is applied; of an animation the first
frame is taken; colors become sRGB, by `color`; transparency is composited on a background; 16-bit gray keeps its
precision; palettes, 1-bit and 16-bit color become 8-bit RGB.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, features

from mad_app.images.color import ColorCoding, read_coding, to_srgb

MAX_PIXELS = 50_000_000  # a 50-megapixel camera; as float32 it takes 600 MB

READS_AVIF = "avif" in features.modules and features.check_module("avif")
"""Whether the installed Pillow can read AVIF: from 11.3 on, if it was built with it."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", *(("AVIF",) if READS_AVIF else ()))
"""Each is decoded by Pillow itself."""

_UNREADABLE_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "HEIF"),
}
"""Brands of pictures of the ISO base media format that may be unreadable here."""

DEEP = "16 bits per channel are reduced to 8"
"""The note on color of 16 bits."""

FIRST = "only its first frame is used"
"""The note on an animation, or on a file of several pages."""

_DEEP_WHITE = 65535  # white in Pillow's 16-bit gray modes
_REMEDY = "open it in an image editor and export it as PNG or JPEG"


class ImageError(ValueError):
    """A file is not a picture that can be read; the message names it and says what to do, in one sentence."""


@dataclass(frozen=True, eq=False)
class Flat:
    """A decoded picture.

    Attributes:
        picture: of Pillow's mode RGB, or of mode F with gray in [0, 1].
        notes: what was done to its values, each a clause.
    """

    picture: Image.Image
    notes: tuple[str, ...]


def decode(content: bytes, called: str, background: str = "white") -> Flat:
    """Decode the first frame, upright, in sRGB.

    Args:
        content: the bytes of the file.
        called: name of the picture in messages.
        background: color on which transparency is composited.

    Raises:
        ImageError: it is not a picture, damaged, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_pixels(picture.size, called)
            deep = _is_deep_color(picture)
            picture.load()
            flat = _flat(picture, read_coding(picture, content), called, background)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{called} {_unidentified(content)}: {_REMEDY}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_many_pixels(called)) from error
    except Exception as error:  # damaged files raise many types, from struct.error to SyntaxError
        raise ImageError(f"{called} is damaged, cut short or of a rare kind: {_REMEDY}") from error
    further = {DEEP: deep, FIRST: _has_more_frames(content)}
    return Flat(flat.picture, (*flat.notes, *(note for note, holds in further.items() if holds)))


def flatten(picture: Image.Image, called: str, background: str = "white") -> Flat:
    """A Pillow image, upright, in sRGB by its profile, if it has one; arguments and errors as of `decode`."""
    _check_pixels(picture.size, called)
    try:
        return _flat(picture, read_coding(picture, b""), called, background)
    except ImageError:
        raise
    except Exception as error:  # a picture that is loaded now may be damaged
        raise ImageError(f"{called} is damaged, cut short or of a rare kind: {_REMEDY}") from error


def _flat(picture: Image.Image, coding: ColorCoding, called: str, background: str) -> Flat:
    opaque, alpha = _split(ImageOps.exif_transpose(picture), called)
    converted, notes = to_srgb(opaque, coding)
    if alpha is not None and alpha.getextrema()[0] != 255:
        notes.append(f"transparent parts lie on {background}")
    return Flat(_over(converted, alpha, background), tuple(notes))


def _check_pixels(size: tuple[int, int], called: str) -> None:
    """Raise an ImageError for a picture whose header has too many pixels to decode."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(f"{_too_many_pixels(called)} (it has {width} × {height})")


def _too_many_pixels(called: str) -> str:
    return f"{called} has more than {MAX_PIXELS // 10**6} million pixels: scale it down first"


def _unidentified(content: bytes) -> str:
    """What is wrong with a file that Pillow does not know."""
    kind = _UNREADABLE_BRANDS.get(content[8:12]) if content[4:8] == b"ftyp" else None
    if kind == "HEIF" or (kind == "AVIF" and not READS_AVIF):
        return f"is a picture of the kind {kind}, which cannot be read here"
    return "is not a picture of a known kind, or its beginning is damaged"


def _has_more_frames(content: bytes) -> bool:
    """Whether a file is an animation or has several pages; previews beside a photograph (MPO) do not count."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            return picture.format != "MPO" and bool(getattr(picture, "is_animated", False))
    except Exception:  # damage after the first frame, of many types, costs nothing
        return False


def _is_deep_color(picture: ImageFile.ImageFile) -> bool:
    """Whether a file that is not loaded yet has color of 16 bits, which Pillow reduces to 8."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return False
    arguments = [tile.args for tile in picture.tile]
    if picture.format == "PPM":  # the mode, and the value of white where that is not 255
        return any(isinstance(given, tuple) and isinstance(given[-1], int) and given[-1] > 255 for given in arguments)
    return any(";16" in str(given) for given in arguments)


def _split(picture: Image.Image, called: str) -> tuple[Image.Image, Image.Image | None]:
    """Any of Pillow's modes as one without transparency, L, RGB, CMYK or F, and the opacity, if there is any."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _deep_gray(picture, called), None
    gray = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        over = picture.convert("RGBA")
        return over.getchannel("R") if gray else over.convert("RGB"), over.getchannel("A")
    return picture if picture.mode == "CMYK" else picture.convert("L" if gray else "RGB"), None


def _over(picture: Image.Image, alpha: Image.Image | None, background: str) -> Image.Image:
    """The picture on a background, in mode RGB, or in mode F, which has no transparency."""
    if picture.mode == "F":
        return picture
    if alpha is None:
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    over.putalpha(alpha)
    flat = Image.new("RGBA", over.size, background)
    flat.alpha_composite(over)
    return flat.convert("RGB")


def _deep_gray(picture: Image.Image, called: str) -> Image.Image:
    """Gray of 16 bits per pixel, or floating point in [0, 1], as mode F."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else _DEEP_WHITE
    if not (values.min() >= 0 and values.max() <= white):  # also true of NaN
        raise ImageError(f"{called} has gray values outside 0…{white}: save it with 8 or 16 bits per channel")
    return Image.fromarray((values / white).astype(np.float32))
