"""How far a step goes, and how far an image may stray from its level, as a competition goes on.

Upwards there are many optima, and the start decides which is found: steps begin large and decline, so that the image
comes to the fine work. Downwards a leader's steps keep their length, because the image that follows him is a mean of
his places (`level_set`). Either image may leave the level by up to three times its value in the first steps, and is
back when few are left.

Measured against a larger stray, a smaller one and none, steps of 0.4 to 4 times these, declines from the start, the
middle and near the end, and leaders' steps that find their length by where they led, for structural, learned and
squared distances and LASI at 50, 120 and 500 steps.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.settings import CORNERS

FALLING = np.array([corner.direction == "min" for corner in CORNERS])
"""In which of the four images a distance falls, (4,)."""

LAST_STEP_SIZE = 0.02
"""The size of the last step in units of the first; in between it falls along a cosine."""
STRAY = 3.0
"""Relative departure from the level at which the first step is taken back; falls with the 4th power of that cosine."""
LAST_STRAY = 0.01
"""What it falls to."""


def step_sizes(progress: Array, idleness: Array) -> Array:
    """Each image's step, in units of the setting, (4,).

    Args:
        progress: the part of the steps that is done.
        idleness: the part of an image's patience that went by without a gain, (4,). In its second half all steps
            decline, so that what only trembles comes to rest, and shows what it still gains.
    """
    return jnp.where(FALLING, 1, _decline(progress)) * _decline(2 * idleness - 1)


def stray(progress: Array) -> Array:
    """Relative departure from the level that is allowed when this part of the steps is done."""
    return jnp.maximum(_decline(progress) ** 4 * STRAY, LAST_STRAY)


def _decline(along: Array) -> Array:
    """From 1 at 0 to `LAST_STEP_SIZE` at 1, along a cosine."""
    return LAST_STEP_SIZE + (1 - LAST_STEP_SIZE) * (1 + jnp.cos(jnp.pi * jnp.clip(along, 0, 1))) / 2
