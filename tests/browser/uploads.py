"""Files that visitors upload, each with what must come of it."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

ORANGE, WHITE, BLUE = (240, 120, 30), (255, 255, 255), (0, 0, 255)
EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True)
class UploadCase:
    """A file, and what the page makes of it.

    Attributes:
        content: of the file.
        refusal: part of the sentence that refuses it; None where it is taken.
        advice: part of the sentence that says why no run of it can start at this size; None where one can.
        corners: colors of the upper left and the lower right pixel of the picture, where it is taken.
    """

    content: Callable[[], bytes]
    refusal: str | None = None
    advice: str | None = None
    corners: tuple[tuple[int, int, int], tuple[int, int, int]] = (WHITE, ORANGE)


def scene(mode: str = "RGB") -> Image.Image:
    """White in its upper left quarter, orange elsewhere."""
    picture = Image.new("RGB", (96, 96), ORANGE)
    picture.paste(WHITE, (0, 0, 48, 48))
    return picture.convert(mode)


def encode(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _alpha() -> bytes:
    """White is what lies behind the transparent quarter."""
    picture = scene("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 48, 48))
    return encode(picture)


def _deep() -> bytes:
    levels = np.full((96, 96), 2**15, np.uint16)
    levels[:48, :48] = 2**16 - 1
    return encode(Image.fromarray(levels))


def _rotated() -> bytes:
    """Upside down, with the note that a camera makes of that."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 3
    return encode(scene().rotate(180), "JPEG", quality=95, exif=exif)


def _animated() -> bytes:
    frames = [scene("P"), Image.new("P", (96, 96))]
    return encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def _claimed(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be width × height."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


UPLOADS = {
    "letter.png": UploadCase(lambda: b"Dear reader, this is a letter.\n" * 40, "is not a picture of a known kind"),
    "<img src=x onerror=alert(1)>.png": UploadCase(lambda: encode(scene())[:30], "is not a picture of a known kind"),
    "empty.png": UploadCase(lambda: b"", "is empty"),
    "truncated.jpg": UploadCase(lambda: encode(scene(), "JPEG")[:-100], "is damaged, cut short or of a rare kind"),
    "wide.png": UploadCase(lambda: _claimed(20_000, 2_600), "has more than 50 million pixels"),
    "ribbon.png": UploadCase(
        lambda: encode(Image.new("RGB", (20_000, 4), ORANGE)), advice="64 × 1 pixels of 20000 × 4"
    ),
    "pixel.png": UploadCase(lambda: encode(Image.new("RGB", (1, 1), ORANGE)), advice="1 × 1"),
    "cmyk.jpg": UploadCase(lambda: encode(scene("CMYK"), "JPEG", quality=95)),
    "alpha.png": UploadCase(_alpha),
    "deep.png": UploadCase(_deep, corners=(WHITE, (128, 128, 128))),
    "palette.png": UploadCase(lambda: encode(scene("P"))),
    "rotated.jpg": UploadCase(_rotated),
    "animated.gif": UploadCase(_animated),
}
"""Name of the file to its case."""
