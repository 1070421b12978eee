"""Metrics by formula: the mean squared error, in JAX, and the structural indices, by `structural` from piq.

torch and piq are imported only when a metric that needs them is built.
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
        prepare=_identity,
        distances_to=_mean_squared_errors,
        maps_to=_squared_errors,
    )


def build_structural(name: str, minimum_size: int) -> KnownMetric:
    """A metric of `structural.DISTANCES`, by its name."""
    from mad_app.metrics.structural import structural_metric

    return structural_metric(name, minimum_size)


def _identity(reference: jax.Array) -> jax.Array:
    return reference


def _mean_squared_errors(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))


def _squared_errors(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.mean((images - reference[None]) ** 2, axis=3)
