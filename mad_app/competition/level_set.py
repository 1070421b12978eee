"""Moving along the level set of a held metric, inside the box [0, 1], four images at once.

With g the gradient of what is to grow and n that of the held metric, both at the image x:

    λ = ⟨g, n⟩ / ⟨n, n⟩  over the pixels that may move (not pressed against 0 or 1)
    m, v ← Adam moments of the Riemannian gradient g − λ n,      D = 1 / (√v̂ + ε)
    t = D m̂ − D n ⟨n, D m̂⟩ / ⟨n, D n⟩                             tangent in the metric of D
    x ← clip(x + η t + D n (ℓ − f) / ⟨n, D n⟩)                     a tangent step, and Newton's return to the level ℓ

No weight trades one metric against the other. The moments are those of Kingma & Ba, ICLR 2015; the competition is that
of Wang & Simoncelli, Journal of Vision 8(12):8, 2008.
Arrays are (4, H, W, 3); inner products are taken image by image.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from optax.tree_utils import tree_bias_correction, tree_update_moment, tree_update_moment_per_elem_norm

FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.999
"""Decay rates of the moments; the values of Kingma & Ba."""
FLOOR = 0.03
"""ε in units of the root mean square of √v̂: how far a pixel that hardly matters may run ahead of the others."""


class Moments(NamedTuple):
    """Adam's memory of the Riemannian gradient.

    Attributes:
        mean: m, (4, H, W, 3).
        square: v, (4, H, W, 3).
        steps: how many went into them, a scalar.
    """

    mean: Array
    square: Array
    steps: Array


def no_moments(images: Array) -> Moments:
    """The moments before the first step."""
    return Moments(jnp.zeros_like(images), jnp.zeros_like(images), jnp.zeros((), jnp.int32))


@jax.jit
def tangent_step(
    images: Array, moments: Moments, ascent: Array, normal: Array, missing: Array, step_size: Array
) -> tuple[Array, Moments]:
    """One step along the level set and back to it.

    Args:
        images: x, (4, H, W, 3) in [0, 1].
        moments: of the steps so far.
        ascent: g, the gradient of what shall grow.
        normal: n, the gradient of the held metric.
        missing: ℓ − f, what the held metric lacks, (4,).
        step_size: η of each image, in pixel values, (4,).
    """
    free = _may_move(images, ascent - _ratio(ascent, normal, normal) * normal)
    normal = normal * free
    riemannian = ascent * free - _ratio(ascent, normal, normal) * normal
    steps = moments.steps + 1
    mean = tree_update_moment(riemannian, moments.mean, FIRST_MOMENT, 1)
    square = tree_update_moment_per_elem_norm(riemannian, moments.square, SECOND_MOMENT, 2)
    scale = _scale(tree_bias_correction(square, SECOND_MOMENT, steps))
    direction = scale * tree_bias_correction(mean, FIRST_MOMENT, steps) * free
    tangent = direction - _ratio(direction, normal, scale * normal) * scale * normal
    moved = images + step_size[:, None, None, None] * tangent + _newton(normal, scale, missing)
    return jnp.clip(moved, 0, 1), Moments(mean, square, steps)


@jax.jit
def return_step(images: Array, moments: Moments, normal: Array, missing: Array) -> Array:
    """Newton's step towards the level, over the pixels that may move that way."""
    scale = _scale(moments.square)
    free = _may_move(images, _newton(normal, scale, missing))
    return jnp.clip(images + _newton(normal * free, scale, missing), 0, 1)


def _scale(square: Array) -> Array:
    """D, without dimension: 1 where the moments vanish."""
    root = jnp.sqrt(square)
    typical = jnp.sqrt(jnp.mean(square, axis=(1, 2, 3), keepdims=True))
    return jnp.where(typical > 0, 1 / (root + FLOOR * typical), 1)


def _newton(normal: Array, scale: Array, missing: Array) -> Array:
    """D n (ℓ − f) / ⟨n, D n⟩."""
    return scale * normal * _quotient(missing[:, None, None, None], _inner(normal, scale * normal))


def _may_move(images: Array, direction: Array) -> Array:
    """False where a pixel is pressed against the box."""
    return ~((images <= 0) & (direction < 0) | (images >= 1) & (direction > 0))


def _ratio(a: Array, b: Array, c: Array) -> Array:
    """⟨a, b⟩ / ⟨b, c⟩, and 0 where there is nothing to divide by."""
    return _quotient(_inner(a, b), _inner(b, c))


def _quotient(numerator: Array, denominator: Array) -> Array:
    safe = denominator != 0
    return jnp.where(safe, numerator / jnp.where(safe, denominator, 1), 0)


def _inner(a: Array, b: Array) -> Array:
    return jnp.sum(a * b, axis=(1, 2, 3), keepdims=True)
