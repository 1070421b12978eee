"""Some of the four 8-bit images along a run: enough to look at how they went.

keyframes.npz, and the checkpoint under `keyframes.…`, hold `step` (K,) and `images` (K, 4, H, W, 3). The images change
most at first, so the steps lie close together there. The last images are not among them: those are the record's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from mad_app.competition.settings import CORNERS, Step
from mad_app.images import nearest_8bit

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
        images = nearest_8bit(step.images)[None]
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


def keyframes_from(arrays: Mapping[str, np.ndarray], *, prefix: str = "") -> Keyframes:
    """The inverse of `keyframe_arrays`; none where the arrays lack."""
    found = [arrays.get(f"{prefix}{item.name}") for item in fields(Keyframes)]
    if found[0] is None or found[1] is None:
        return Keyframes.empty()
    return Keyframes(step=found[0], images=found[1])
