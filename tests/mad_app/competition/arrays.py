"""Random batches, and what is asked of two of them."""

import jax
import jax.numpy as jnp
import numpy as np

SHAPE = (4, 6, 5, 3)


def random(seed: int, low: float = -1, high: float = 1) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).uniform(low, high, SHAPE), jnp.float32)


def interior() -> jax.Array:
    """Params far from the bounds."""
    return random(0, 0.4, 0.6)


def at_bounds() -> jax.Array:
    """Params of which a third is at 0 and a third at 1."""
    return jnp.clip(jnp.round(random(0, -0.5, 1.5) * 2) / 2, 0, 1)


def filled(value: float) -> jax.Array:
    """One number for each image."""
    return jnp.full(SHAPE[0], value)


def inner(a: object, b: object) -> np.ndarray:
    return np.sum(np.asarray(a, np.float64) * np.asarray(b, np.float64), axis=(1, 2, 3), keepdims=True)


def assert_tangent(step: jax.Array, normal: jax.Array) -> None:
    """Orthogonal up to the rounding of images in float32."""
    cosine = inner(normal, step) / np.sqrt(inner(normal, normal) * inner(step, step))
    assert (np.abs(cosine) < 1e-4).all()
