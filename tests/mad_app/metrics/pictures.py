"""Pictures for the tests of metrics: float32 (H, W, 3) within [0, 1]."""

import jax
import jax.numpy as jnp
import numpy as np


def smooth_picture(size: int, seed: int = 0) -> jax.Array:
    """A few waves a channel within [0.2, 0.8]."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / 64
    speeds = random.uniform(-4, 4, (2, 3, 3, 1, 1))
    waves = np.sin(2 * np.pi * (speeds[0] * x + speeds[1] * y)).sum(axis=0)
    return jnp.asarray(np.moveaxis(0.5 + 0.1 * waves, 0, -1), jnp.float32)


def noisy(picture: jax.Array, *strengths: float, seed: int = 1) -> jax.Array:
    """The picture under the same white noise at each strength (standard deviation), cut to [0, 1]: (N, H, W, 3)."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape)
    return jnp.asarray(np.clip([np.asarray(picture) + strength * noise for strength in strengths], 0, 1), jnp.float32)


def formula_pair(size: int = 64) -> tuple[jax.Array, jax.Array]:
    """Two pictures by formula, with no random numbers: the pair of the golden values."""
    y, x, channel = np.mgrid[0:size, 0:size, 0:3].astype(np.float64)
    picture = 0.5 + 0.3 * np.sin(x / 7 + channel) * np.cos(y / 5 - channel)
    changed = picture + 0.1 * np.sin(2.3 * x + 1.7 * y + channel)
    return jnp.asarray(picture, jnp.float32), jnp.asarray(changed, jnp.float32)
