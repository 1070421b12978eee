"""Pictures of a viewer as data URIs: exact, or, for a file of limited size, with some loss and fewer of them."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

Encode = Callable[[np.ndarray], str]
"""From 8-bit values, (H, W, 3) or (H, W), to a data URI."""


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """How the pictures of a run are encoded, and how many of them.

    Attributes:
        ends: encodes the original, the start and the four images at the end.
        between: encodes the images between the start and the end.
        maps: encodes the maps of the metrics; None to leave them out.
        frames: how many frames there are at most, at least the start and the end.
        words: a sentence that says what is exact.
    """

    ends: Encode
    between: Encode
    maps: Encode | None
    frames: int
    words: str


class PictureTable:
    """Encoded pictures, each once, however often it is shown.

    Attributes:
        uris: the pictures.
    """

    def __init__(self) -> None:
        self.uris: list[str] = []
        self._known: dict[tuple[bytes, tuple[int, ...], Encode], int] = {}

    def add(self, values: np.ndarray, encode: Encode) -> int:
        """The position in `uris` of a picture, which is encoded unless an equal one is there."""
        key = values.tobytes(), values.shape, encode
        if key not in self._known:
            self._known[key] = len(self.uris)
            self.uris.append(encode(values))
        return self._known[key]


def to_png(values: np.ndarray) -> str:
    """Exact, and quickly made."""
    return _encoded(values, "PNG", compress_level=3)


def to_webp(values: np.ndarray) -> str:
    """Exact, and a fifth smaller than as PNG."""
    return _encoded(values, "WEBP", lossless=True, method=3, quality=60)


def to_jpeg(values: np.ndarray, quality: int) -> str:
    """With some loss, but colors as fine as gray."""
    return _encoded(values, "JPEG", quality=quality, subsampling="4:4:4")


def _encoded(values: np.ndarray, form: str, **options: object) -> str:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, form, **options)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


ALL_FRAMES = 10_000
EVERYTHING_EXACT = "All images are exact."
BETWEEN_LOSSY = "The original, the start and the images at the end are exact; those between are JPEG."
ENDS_ALONE = "The original, the start and the images at the end are exact; those between are left out."
ALL_LOSSY = "The images are JPEG, and those between start and end are left out, to keep this file small."

LIVE = Fidelity(ends=to_png, between=to_png, maps=to_png, frames=ALL_FRAMES, words=EVERYTHING_EXACT)
"""For a browser that is connected to the server."""


def _lossy(frames: int, quality: int, maps: int) -> Fidelity:
    encode, of_maps = partial(to_jpeg, quality=quality), partial(to_jpeg, quality=maps)
    return Fidelity(ends=to_webp, between=encode, maps=of_maps, frames=frames, words=BETWEEN_LOSSY)


def _ends(quality: int) -> Fidelity:
    encode = partial(to_jpeg, quality=quality)
    return Fidelity(ends=encode, between=encode, maps=None, frames=2, words=ALL_LOSSY)


LIGHT = _lossy(ALL_FRAMES, 92, 85)
"""For a first look."""

FOR_FILES = (
    Fidelity(ends=to_webp, between=to_webp, maps=to_webp, frames=ALL_FRAMES, words=EVERYTHING_EXACT),
    LIGHT,
    _lossy(12, 90, 80),
    _lossy(8, 85, 75),
    _lossy(6, 80, 70),
    _lossy(4, 80, 70),
    Fidelity(ends=to_webp, between=to_webp, maps=partial(to_jpeg, quality=75), frames=2, words=ENDS_ALONE),
    Fidelity(ends=to_webp, between=to_webp, maps=None, frames=2, words=ENDS_ALONE),
    *(_ends(quality) for quality in (92, 80, 60, 40, 20)),
)
"""For a file, from the finest to the smallest."""
