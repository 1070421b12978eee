"""Some of the four images along a run, in 8 bits: enough to look at how they went.

keyframes.npz, and the checkpoint under `keyframes.…`, hold `step` (K,) and `images` (K, 4, H, W, 3). The images change
most at first, so the steps lie close together there. The last images are not among them: those are the record's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from mad_app.competition.settings import CORNERS, Step
from mad_app.images import to_uint8
from mad_app.records.storage import RecordError

MAX_COUNT = 24
MIN_COUNT = 4
MAX_BYTES = 8_000_000
"""What the keyframes of a run may take, unless fewer than MIN_COUNT fit: 24 at 128 × 128 pixels, 10 at 256 × 256."""


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Images along a run; position i on the second axis belongs to CORNERS[i].

    Attributes:
        step: steps done, (K,) integers that grow.
        images: uint8 (K, 4, H, W, 3).
    """

    step: np.ndarray
    images: np.ndarray

    @classmethod
    def empty(cls) -> "Keyframes":
        """None at all, as in records of runs that kept none."""
        return cls(np.zeros(0, np.int64), np.zeros((0, len(CORNERS), 0, 0, 3), np.uint8))

    def with_step(self, step: Step, steps: int) -> "Keyframes":
        """These and the step's images, if they are to be kept in a run of `steps`."""
        height, width = step.images.shape[1:3]
        if step.index not in keyframe_steps(steps, height * width) or step.index in self.step:
            return self
        images = np.stack([to_uint8(image) for image in np.asarray(step.images)])[None]
        kept = np.concatenate([self.images, images]) if len(self.step) else images
        return Keyframes(np.append(self.step, step.index), kept)

    def before(self, step: int) -> "Keyframes":
        """Those of earlier steps."""
        return Keyframes(self.step[self.step < step], self.images[self.step < step])


def keyframe_steps(steps: int, pixels: int) -> list[int]:
    """Which steps of a run of `steps`, on pictures of `pixels`, are kept: the start, and ever fewer on the way.

    Example:
        >>> keyframe_steps(500, 256 * 256)
        [0, 5, 20, 45, 80, 125, 180, 245, 320, 405]
    """
    count = int(np.clip(MAX_BYTES // (3 * len(CORNERS) * pixels), MIN_COUNT, MAX_COUNT))
    return sorted({steps * i * i // count**2 for i in range(count)})


def keyframe_arrays(keyframes: Keyframes, *, prefix: str = "") -> dict[str, np.ndarray]:
    """The keyframes as named arrays, for an NPZ file."""
    return {f"{prefix}{item.name}": getattr(keyframes, item.name) for item in fields(Keyframes)}


def keyframes_from(
    arrays: Mapping[str, np.ndarray], shape: tuple[int, ...], where: str, *, prefix: str = ""
) -> Keyframes:
    """The inverse of `keyframe_arrays`, checked against the images' shape (H, W, 3); none where the arrays lack."""
    if f"{prefix}step" not in arrays:
        return Keyframes.empty()
    found = [arrays.get(f"{prefix}{item.name}", np.zeros(0)) for item in fields(Keyframes)]
    keyframes = Keyframes(*found)
    check_keyframes(keyframes, shape, where)
    return keyframes


def check_keyframes(keyframes: Keyframes, shape: tuple[int, ...], where: str) -> None:
    """Refuse steps that do not grow, and images that are not those of a run on pictures of `shape`."""
    step, images = keyframes.step, keyframes.images
    if step.ndim != 1 or step.dtype.kind not in "iu" or (np.diff(step) <= 0).any():
        raise RecordError(f"{where}: the keyframes' steps are not a growing row of whole numbers")
    expected = (len(step), len(CORNERS), *shape)
    if len(step) and (images.shape != expected or images.dtype != np.uint8):
        raise RecordError(f"{where}: the keyframes are {images.dtype} {images.shape}, expected uint8 {expected}")
