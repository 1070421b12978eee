"""Metrics whose competitions can be solved on paper.

With d = image − reference, one is ‖d‖² and the other ‖d‖² + (GAIN − 1)·‖P d‖², where P projects on a quarter of all
directions: a quadratic form with the eigenvalues GAIN and 1. So at a fixed ‖d‖² = c the form spans c … GAIN·c, and at a
fixed form q the square norm spans q/GAIN … q.
"""

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.metrics import JaxMetric
from mad_app.metrics.from_jax import Distances

SIZE, GAIN, DIRECTIONS = 16, 5.0, 192


def directions() -> jax.Array:
    """Orthonormal random directions, (DIRECTIONS, SIZE, SIZE, 3)."""
    random = np.random.default_rng(5).standard_normal((SIZE * SIZE * 3, DIRECTIONS))
    columns, _ = np.linalg.qr(random)
    return jnp.asarray(columns.T.reshape(DIRECTIONS, SIZE, SIZE, 3), jnp.float32)


def reference_and_start(strength: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    """A gray reference and white noise about it: no optimum reaches the bounds."""
    reference = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(0, strength, reference.shape)
    return reference, (reference + noise).astype(np.float32)


def metric_of(name: str, distances_to: Distances) -> JaxMetric:
    """A metric whose preparation is the reference itself."""
    return JaxMetric(name=name, prepare=lambda reference: reference, distances_to=distances_to)


def square_norms(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.sum((images - reference[None]) ** 2, axis=(1, 2, 3))


def forms(reference: jax.Array, images: jax.Array) -> jax.Array:
    along = jnp.einsum("nhwc,khwc->nk", images - reference[None], directions())
    return square_norms(reference, images) + (GAIN - 1) * jnp.sum(along**2, axis=1)


SQUARE_NORM = metric_of("square-norm", square_norms)
FORM = metric_of("form", forms)
