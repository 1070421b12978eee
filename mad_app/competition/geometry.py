"""Moving along the level set of a held metric, inside the box [0, 1], four images at once.

With g the gradient of what is to grow and n that of the held metric, both at the image x, ℓ the level and f where the
held metric is:

    h = g − n ⟨g, n⟩ / ⟨n, n⟩            over the pixels that may move (not pressed against 0 or 1)
    v ← Adam's second moment of h, of g itself where the driven metric falls;  D = 1 / (√v̂ + ε)
    P d = d − D n ⟨n, d⟩ / ⟨n, D n⟩                                         tangent in the metric of D
    where it rises:  m ← Adam's first moment of h;          t = η P D m̂
    where it falls:  u ← clip(x + P (u + η D h)) − x;       t = c u;   u ← u − t
    y ← clip(x + t)
    y ← clip(y + E n e / ⟨n, E n⟩),  e = ℓ − f − ⟨n, y − x⟩                  twice, over the pixels that may move so

The last line is Newton's return to the level, together with what the box cut off the tangent step. Leaving the latter
out is fatal where many pixels are black or white: each step then loses the level by what was cut, is taken back, and
an image that could grow tenfold stands still. E is D where the driven metric falls and 1 where it rises, but smaller
where E n stands out: a few pixels of a dark, flat region can hold nearly all of n, and would have to make up for all.

A distance that rises finds many optima, and a short memory finds a near one soon. All that falls comes into a narrow
valley, whose bottom a step crosses: the next gradient points back, nearly against the last (cosines of −0.95 are usual
for LASI, a mean of norms, however short the steps are). So an image in which a distance falls follows a leader at
x + u. The leader takes steps of one length all the way, and trembles; the image comes after him by c = 2 / (k + 1) of
what lies between them in step k, so it is the mean of where he was, the j-th place weighing j, and runs along the
bottom: no step has to grow smaller, and no memory has a length to guess.

D remembers g and not h where it falls: h dies away in the valley, g does less so, and D grows the less.

The hardest corner is a squared error driven up at a fixed SSIM. Its optimum lies where nearly every value is black or
white, and SSIM's level set is curved there: a plain tangent step strays, is cut off by the box, and ended at two thirds
of what a penalty of the best weight finds. Four things together cure it, none of them for this corner alone: what the
box cut off is made up for (above); black and white values keep their gradient (`metrics.structural`); an image may
stray by three times its level at first (`pace`); one that cannot come back sets out again from where it last was on its
level (`turn`). Measured against them, and worse: a projection in the Euclidean metric after Adam's scaling, values at
the box held there where the driven metric points out of it, and returns in which values just cut off move half or a
quarter as far.

No weight trades one metric against the other. The moments are those of Kingma & Ba, ICLR 2015, the mean of places is
that of Nesterov & Shikhman, JOTA 165, 2015; the competition is that of Wang & Simoncelli, Journal of Vision 8(12):8,
2008.
Arrays are (4, H, W, 3); inner products are taken image by image.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from optax.tree_utils import tree_bias_correction, tree_update_moment, tree_update_moment_per_elem_norm

MOMENTUM = 0.8
"""Decay rate of the first moment: a memory of 5 steps for the direction, which a level set bends."""
SECOND_MOMENT = 0.99
"""Decay rate of the second moment: a memory of 100 steps for the scale, which falls by powers of ten on the way."""
FLOOR = 1e-4
"""ε in units of the root mean square of √v̂: how far a pixel that hardly matters may run ahead of the others."""
RETURNS = 2
"""How often the level and what the box cut off are made up for in a step; each costs no evaluation of a metric."""


class Moments(NamedTuple):
    """What a step remembers of those before.

    Attributes:
        heading: m where the driven metric rises, u where it falls, (4, H, W, 3).
        square: v, (4, H, W, 3).
        steps: how many went into them, a scalar.
    """

    heading: Array
    square: Array
    steps: Array


def no_moments(images: Array) -> Moments:
    """The moments before the first step."""
    return Moments(jnp.zeros_like(images), jnp.zeros_like(images), jnp.zeros((), jnp.int32))


def tangent_gradient(images: Array, ascent: Array, normal: Array) -> tuple[Array, Array]:
    """h, and where pixels may move along it; (4, H, W, 3) both."""
    free = _may_move(images, ascent - _ratio(ascent, normal, normal) * normal)
    normal = normal * free
    return ascent * free - _ratio(ascent, normal, normal) * normal, free


@jax.jit
def tangent_step(
    images: Array,
    moments: Moments,
    ascent: Array,
    normal: Array,
    missing: Array,
    step_size: Array,
    trust: Array,
    falling: Array,
) -> tuple[Array, Moments]:
    """One step along the level set and back to it.

    Args:
        images: x, (4, H, W, 3) in [0, 1].
        moments: of the steps so far.
        ascent: g, the gradient of what shall grow.
        normal: n, the gradient of the held metric.
        missing: ℓ − f, or the part of it that shall be made up for, (4,).
        step_size: η of each image, in pixel values, (4,).
        trust: the part of each image's t that it goes, (4,).
        falling: whether what shall grow is the negative of a distance, (4,).
    """
    riemannian, free = tangent_gradient(images, ascent, normal)
    falling, step_size, trust = _each(falling), _each(step_size), _each(trust)
    steps = moments.steps + 1
    remembered = jnp.where(falling, ascent * free, riemannian)
    square = tree_update_moment_per_elem_norm(remembered, moments.square, SECOND_MOMENT, 2)
    scale = _scale(tree_bias_correction(square, SECOND_MOMENT, steps))
    off_level = normal * free

    def along(direction: Array) -> Array:
        return direction - _ratio(direction, off_level, scale * off_level) * scale * off_level

    mean = tree_update_moment(riemannian, moments.heading, MOMENTUM, 1)
    climb = trust * step_size * along(scale * tree_bias_correction(mean, MOMENTUM, steps) * free)
    lead = jnp.clip(images + along(moments.heading + step_size * scale * riemannian), 0, 1) - images
    follow = trust * 2 / (steps + 1) * lead
    moved = jnp.clip(images + jnp.where(falling, follow, climb), 0, 1)
    heading = jnp.where(falling, lead - follow, mean)
    back = _even(jnp.where(falling, scale, 1), normal)
    for _ in range(RETURNS):
        left = missing - _inner(normal, moved - images).ravel()
        moved = newton_step(moved, normal, back, left)
    return moved, Moments(heading, square, steps)


@jax.jit
def return_step(images: Array, normal: Array, missing: Array) -> Array:
    """Newton's step towards the level over the pixels that may move that way; E is 1 where n does not stand out."""
    return newton_step(images, normal, _even(jnp.ones_like(normal), normal), missing)


@jax.jit
def newton_step(images: Array, normal: Array, scale: Array, missing: Array) -> Array:
    """Newton's step clip(x + E n e / ⟨n, E n⟩) over the pixels that may move that way, (N, H, W, 3).

    Args:
        images: x, (N, H, W, 3) in [0, 1].
        normal: n, the gradient of the metric that shall change.
        scale: E, of x's shape.
        missing: e, by how much it shall, (N,).
    """
    free = normal * _may_move(images, normal * _each(missing))
    step = scale * free * _quotient(_each(missing), _inner(free, scale * free))
    return jnp.clip(images + step, 0, 1)


def norms(arrays: Array) -> Array:
    """‖·‖₂ of each image's array, (4,)."""
    return jnp.sqrt(jnp.sum(arrays**2, axis=(1, 2, 3)))


def _scale(square: Array) -> Array:
    """D; 1 where the moments vanish."""
    root = jnp.sqrt(square)
    typical = jnp.sqrt(jnp.mean(square, axis=(1, 2, 3), keepdims=True))
    return jnp.where(typical > 0, 1 / (root + FLOOR * typical), 1)


def _even(scale: Array, normal: Array) -> Array:
    """E: the scale, but smaller where its product with n is far above the root mean square of that."""
    size = jnp.abs(scale * normal)
    typical = jnp.sqrt(jnp.mean(size**2, axis=(1, 2, 3), keepdims=True))
    return scale * jnp.where(typical > 0, typical / (size + typical), 1)


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


def _each(values: Array) -> Array:
    """A number an image (4,) as (4, 1, 1, 1)."""
    return values[:, None, None, None]
