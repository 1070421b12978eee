"""How far a step goes, and how far an image may stray from its level, as a competition goes on.

One rule for the two images in which a distance rises, another for the two in which it falls. Upwards there are many
optima, and the start decides which is found: steps begin large and may leave the level by up to three times its value,
as long as both decline, and the image is back when it comes to the fine work. Downwards all ways lead into one narrow
valley, and steps leave the level little. How wide the valley is differs with metric and image, so the steps find out:
they grow shorter where they led past its bottom, which a squared distance needs to come close to it, and longer where
they did not. Shorter ones remember more of those before: a distance with kinks, a mean of norms such as LASI's, lets
steps overshoot however short they are, and the mean of many still points along the valley. The last steps of all
decline and take the tremor out.

Measured against a larger stray, a smaller one and none, steps of 0.4 to 4 times these, declines from the start, the
middle and near the end, and one length and one memory for all, for structural, learned and squared distances and LASI
at 50, 120 and 500 steps.
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
LENGTHENING, SHORTENING = 1.05, 0.9
"""What a falling image's stride is multiplied by after a step that might have gone further, and after one that went too
far."""
LONGEST = 2.0
"""The largest stride."""
MOMENTUM, MOST_MOMENTUM = 0.8, 0.93
"""Decay of the first moment: a memory of 5 steps for the direction, which a level set bends, where strides are at least
1, and of 14 as they vanish."""


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


def strides(present: Array, slopes: Array, progress: Array) -> Array:
    """The next stride of each image, its step in units of its pace, (4,); 1 where a distance rises.

    Args:
        present: the last ones, (4,).
        slopes: of what shall grow, along the last step, where that led: below 0 if it went too far, (4,).
        progress: the part of the steps that is done. It bounds strides from below by a decline from the first step to
            the last.
    """
    change = jnp.where(slopes < 0, SHORTENING, jnp.where(slopes > 0, LENGTHENING, 1))
    return jnp.where(FALLING, jnp.clip(present * change, _fall(progress), LONGEST), 1)


def momenta(strides: Array) -> Array:
    """Decay of each image's first moment, (4,)."""
    return MOST_MOMENTUM - (MOST_MOMENTUM - MOMENTUM) * jnp.minimum(strides, 1)


def _decline(progress: Array) -> Array:
    """From 1 to `LAST_STEP_SIZE`, (4,)."""
    return _fall((progress - DECLINES_AFTER) / (1 - DECLINES_AFTER))


def _fall(along: Array) -> Array:
    """From 1 at 0 to `LAST_STEP_SIZE` at 1, along a cosine."""
    return LAST_STEP_SIZE + (1 - LAST_STEP_SIZE) * (1 + jnp.cos(jnp.pi * jnp.clip(along, 0, 1))) / 2
