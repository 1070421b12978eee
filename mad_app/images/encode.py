"""Encoding of images for a browser: PNG, JPEG and data URIs."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.images.arrays import to_uint8

LIVE_QUALITY = 92
"""JPEG quality of images during a run."""
THUMBNAIL_QUALITY = 85


@dataclass(frozen=True)
class Picture:
    """An encoded image.

    Attributes:
        mime: its media type, such as "image/png".
        content: the bytes of a file.

    Example:
        >>> picture = Picture.png(np.zeros((2, 4, 3), np.float32))
        >>> picture.width, picture.height, picture.uri()[:22]
        (4, 2, 'data:image/png;base64,')
    """

    mime: str
    content: bytes

    @classmethod
    def png(cls, image: npt.ArrayLike) -> "Picture":
        """Encode an image, float32 (H, W, 3) in [0, 1], by its 8-bit values without loss."""
        buffer = io.BytesIO()
        Image.fromarray(to_uint8(image)).save(buffer, "PNG", compress_level=3)
        return cls("image/png", buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> "Picture":
        """Read a PNG or JPEG file."""
        return cls("image/png" if path.suffix == ".png" else "image/jpeg", path.read_bytes())

    @property
    def width(self) -> int:
        """In pixels."""
        return self._size()[0]

    @property
    def height(self) -> int:
        """In pixels."""
        return self._size()[1]

    def uri(self) -> str:
        """The picture as a data URI, for the attribute `src`."""
        return f"data:{self.mime};base64,{base64.b64encode(self.content).decode()}"

    def _size(self) -> tuple[int, int]:
        with Image.open(io.BytesIO(self.content)) as picture:
            return picture.size


def to_jpeg(image: npt.ArrayLike) -> bytes:
    """Encode an image during a run, with some loss.

    Args:
        image: (H, W, 3); values are clipped to [0, 1], and NaN becomes 0.

    Returns:
        The bytes of a JPEG file.
    """
    buffer = io.BytesIO()
    valid = np.clip(np.nan_to_num(np.asarray(image, np.float32)), 0, 1)
    Image.fromarray(to_uint8(valid)).save(buffer, "JPEG", quality=LIVE_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()


def thumbnail(path: Path, side: int) -> Picture:
    """A square JPEG of a picture file, resampled to `side` pixels."""
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(
            buffer, "JPEG", quality=THUMBNAIL_QUALITY
        )
    return Picture("image/jpeg", buffer.getvalue())
