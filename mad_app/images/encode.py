"""Images as a browser takes them."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.images import to_uint8

LIVE_QUALITY = 92


@dataclass(frozen=True)
class Picture:
    """An encoded image."""

    mime: str
    content: bytes

    @classmethod
    def png(cls, image: npt.ArrayLike) -> "Picture":
        """An image (H, W, 3) in [0, 1], true to its 8-bit levels."""
        buffer = io.BytesIO()
        Image.fromarray(to_uint8(image)).save(buffer, "PNG", compress_level=3)
        return cls("image/png", buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> "Picture":
        """A PNG or JPEG file."""
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
        """The picture inside a URL, for `src`."""
        return f"data:{self.mime};base64,{base64.b64encode(self.content).decode()}"

    def _size(self) -> tuple[int, int]:
        with Image.open(io.BytesIO(self.content)) as picture:
            return picture.size


def to_jpeg(image: npt.ArrayLike) -> bytes:
    """An image (H, W, 3), for looking at while it changes; values outside [0, 1] and NaN are mended."""
    buffer = io.BytesIO()
    mended = np.clip(np.nan_to_num(np.asarray(image, np.float32)), 0, 1)
    Image.fromarray(to_uint8(mended)).save(buffer, "JPEG", quality=LIVE_QUALITY, subsampling="4:4:4")
    return buffer.getvalue()


def thumbnail(path: Path, side: int) -> Picture:
    """A small JPEG of a picture file."""
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=85)
    return Picture("image/jpeg", buffer.getvalue())
