"""Metrics by formula: the mean squared error, in JAX, and the structural indices, which `structural` takes from piq.

torch and piq are imported when a metric that needs them is built, not with this file.
"""

import jax
import jax.numpy as jnp

from mad_app.metrics.from_jax import JaxMetric
from mad_app.metrics.protocol import KnownMetric


def build_mse(name: str, minimum_size: int) -> KnownMetric:
    """The mean over pixels and channels of (image − reference)², on images in [0, 1]."""
    return JaxMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=_itself,
        distances_to=_mean_squared_errors,
        maps_to=_squared_errors,
    )


def build_structural(name: str, minimum_size: int) -> KnownMetric:
    """One of `structural.DISTANCES`, by its name."""
    from mad_app.metrics.structural import structural_metric

    return structural_metric(name, minimum_size)


def _itself(reference: jax.Array) -> jax.Array:
    return reference


def _mean_squared_errors(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))


def _squared_errors(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.mean((images - reference[None]) ** 2, axis=3)
