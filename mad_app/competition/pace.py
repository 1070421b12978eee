"""How far a step goes, and how far an image may stray from its level, as a competition goes on.

One rule for the two images in which a distance rises, another for the two in which it falls. Upwards there are many
optima, and the start decides which is found: steps begin large and may leave the level by up to three times its value,
as long as both decline, and the image is back when it comes to the fine work. Downwards all ways lead into one narrow
valley: steps keep one size, fit for it, until the last ones take the tremor out, and leave the level little.

Measured against a larger stray, a smaller one and none, steps of 0.4 to 1.6 of these, and declines from the start, the
middle and near the end, for structural, learned and squared distances at 50, 120 and 500 steps.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.settings import CORNERS

FALLING = np.array([corner.direction == "min" for corner in CORNERS])
"""In which of the four images a distance falls, (4,)."""

STEP_SIZE = np.where(FALLING, 0.25, 1.0).astype(np.float32)
"""Size of the first step in units of the setting."""
DECLINES_AFTER = np.where(FALLING, 0.85, 0.0).astype(np.float32)
"""The part of the steps after which they grow smaller."""
LAST_STEP_SIZE = 0.02
"""The size of the last step in units of the first; in between it falls along a cosine."""
STRAY = np.where(FALLING, 0.3, 3.0).astype(np.float32)
"""Relative departure from the level at which the first step is taken back; falls with the 4th power of the decline."""
LAST_STRAY = 0.01
"""What it falls to."""


def step_sizes(progress: Array, idleness: Array) -> Array:
    """Each image's step, in units of the setting, (4,).

    Args:
        progress: the part of the steps that is done.
        idleness: the part of an image's patience that went by without a gain, (4,). In its second half the steps
            decline as they do at the end, so that what only trembles comes to rest, and shows what it still gains.
    """
    return _decline(progress) * _fall(2 * idleness - 1) * STEP_SIZE


def strays(progress: Array) -> Array:
    """Relative departure from the level that is allowed when this part of the steps is done, (4,)."""
    return jnp.maximum(_decline(progress) ** 4 * STRAY, LAST_STRAY)


def _decline(progress: Array) -> Array:
    """From 1 to `LAST_STEP_SIZE`, (4,)."""
    return _fall((progress - DECLINES_AFTER) / (1 - DECLINES_AFTER))


def _fall(along: Array) -> Array:
    """From 1 at 0 to `LAST_STEP_SIZE` at 1, along a cosine."""
    return LAST_STEP_SIZE + (1 - LAST_STEP_SIZE) * (1 + jnp.cos(jnp.pi * jnp.clip(along, 0, 1))) / 2
