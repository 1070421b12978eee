"""The two update rules, ascent and averaged descent, as one pure function of all images.

With x the iterate, g the objective gradient, n the constraint gradient, h the Riemannian gradient, P the tangent
projection and E the damped scale of `geometry`, η the step size and c the step scale of each image:

    ascent               m, v ← Adam's moments of h;   D = 1 / (√v̂ + ε)
                         x ← clip(x + c η P D m̂)
    averaged descent     v ← Adam's second moment of g;   D = 1 / (√v̂ + ε)
                         z ← clip(x + P (z − x + η D h));   x ← x + c 2 / (k + 1) (z − x)
    both                 x ← R x, twice: the Newton retraction with E of 1 (ascent) or of D (descent)

Ascent is Adam (Kingma & Ba, ICLR 2015) on the Riemannian gradient, projected in Adam's metric. An ascent has many local
optima, and a short average of the directions finds a near one soon.

A descent enters a narrow valley, whose bottom each step crosses: consecutive gradients are nearly opposite (cosines of
−0.95 are typical of LASI, a mean of norms). Therefore a fast iterate z takes steps of constant length, and x is the
average of its positions with linear weights: primal averaging (Nesterov & Shikhman, Journal of Optimization Theory and
Applications 165, 2015), which is schedule-free learning with β₁ = 1 (Defazio et al., NeurIPS 2024). No step size has to
decay. v averages g instead of h, which vanishes in the valley and would make D grow.

The retraction also restores the part of the tangent step that the bounds cut off. Without this, where many pixels are
black or white every step leaves the level set and is rejected. The hardest corner is a squared error maximized at a
fixed SSIM, whose optimum has nearly all values at a bound, where the level set of SSIM is strongly curved.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from optax.tree_utils import tree_bias_correction, tree_update_moment, tree_update_moment_per_elem_norm

from mad_app.competition.geometry import (
    damped_scale,
    inner,
    per_image,
    products,
    project_tangent,
    retract,
)
from mad_app.competition.problem import ASCENTS, DESCENTS
from mad_app.competition.settings import SolverOptions


class Linearization(NamedTuple):
    """Both metrics to first order at the iterate.

    Attributes:
        params: x, (n, H, W, 3) in [0, 1].
        objective_gradient: g, the gradient of what is maximized, (n, H, W, 3).
        constraint_gradient: n, the gradient of the fixed metric, (n, H, W, 3).
        residual: level − value of the fixed metric, (n,).
    """

    params: Array
    objective_gradient: Array
    constraint_gradient: Array
    residual: Array


class AscentState(NamedTuple):
    """Adam's moments.

    Attributes:
        momentum: m, (n, H, W, 3).
        second_moment: v, (n, H, W, 3).
    """

    momentum: Array
    second_moment: Array


class DescentState(NamedTuple):
    """The fast iterate, and the second moment that scales its steps.

    Attributes:
        fast_offset: z − x, (n, H, W, 3).
        second_moment: v, (n, H, W, 3).
    """

    fast_offset: Array
    second_moment: Array


def update(
    at: Linearization,
    along: tuple[Array, Array],
    ascent: AscentState,
    descent: DescentState,
    count: Array,
    step_size: Array,
    step_scale: Array,
    solver: SolverOptions,
) -> tuple[Array, AscentState, DescentState]:
    """One step of every image along its level set: those of ASCENTS by the ascent's rule, the others by the descent's.

    What both rules share is computed for all images at once, so that it is compiled and launched once.

    Args:
        at: both metrics at x; the objective gradient is that of what is maximized in a descent too.
        along: h, and which values are inactive (`riemannian_gradient`).
        ascent: state of the steps so far, of the images of ASCENTS.
        descent: the same of those of DESCENTS.
        count: k, this step's number, from 1.
        step_size: η, (n,), in pixel values.
        step_scale: c, (n,), in (0, 1].
        solver: the constants.

    Returns:
        The next params (n, H, W, 3) in [0, 1], and the states.
    """
    gradient, inactive = _finite_or_zero(along[0]), along[1]
    rises = _rises(len(gradient))
    averaged = jnp.where(~rises & inactive, at.objective_gradient, gradient)  # the gradient is 0 at active bounds
    second_moment = _interleaved(ascent.second_moment, descent.second_moment)
    second_moment, scale = _adam_scale(averaged, second_moment, count, solver)
    momentum = tree_update_moment(gradient[ASCENTS], ascent.momentum, solver.momentum, 1)
    rising = scale[ASCENTS] * tree_bias_correction(momentum, solver.momentum, count) * inactive[ASCENTS]
    falling = descent.fast_offset + (per_image(step_size) * scale * gradient)[DESCENTS]
    tangent = project_tangent(_interleaved(rising, falling), at.constraint_gradient * inactive, scale)
    offset = jnp.clip(at.params + tangent, 0, 1) - at.params
    factor = per_image(step_scale) * jnp.where(rises, per_image(step_size), 2 / (count + 1))
    moved = _moved(at.params, factor, jnp.where(rises, tangent, offset))
    proposal = _retracted(at, moved, jnp.where(rises, 1, scale), step_scale, solver)
    left = (offset - factor * offset)[DESCENTS]
    moments = AscentState(momentum, second_moment[ASCENTS]), DescentState(left, second_moment[DESCENTS])
    return proposal, *moments


def _rises(count: int) -> Array:
    """Which of so many images are of ASCENTS, (n, 1, 1, 1)."""
    rises = np.zeros(count, np.bool_)
    rises[ASCENTS] = True
    return per_image(jnp.asarray(rises))


def _interleaved(ascents: Array, descents: Array) -> Array:
    """All images, of those of ASCENTS and of DESCENTS."""
    return jnp.stack([ascents, descents], axis=1).reshape(-1, *ascents.shape[1:])


def _moved(params: Array, factor: Array, direction: Array) -> Array:
    """clip(x + factor · direction), the product rounded before the sum.

    XLA contracts a sum of a product to a fused multiply-add or not, depending on what else is in the program. The
    selection prevents it, so that a step is the same whatever the constraints. The factor is (n, 1, 1, 1).
    """
    product = factor * direction
    return jnp.clip(params + jnp.where(jnp.isnan(factor), factor, product), 0, 1)


def _finite_or_zero(gradient: Array) -> Array:
    """The gradient, 0 for an image where it is not finite: the moments of an image that failed stay finite."""
    return jnp.where(jnp.isfinite(inner(gradient, gradient)), gradient, 0)


def _adam_scale(gradient: Array, second_moment: Array, count: Array, solver: SolverOptions) -> tuple[Array, Array]:
    """v after this step, and D; D is 1 where all of v vanishes."""
    second_moment = tree_update_moment_per_elem_norm(gradient, second_moment, solver.second_moment_decay, 2)
    corrected = tree_bias_correction(second_moment, solver.second_moment_decay, count)
    typical = jnp.sqrt(jnp.mean(corrected, axis=(1, 2, 3), keepdims=True))
    return second_moment, jnp.where(typical > 0, 1 / (jnp.sqrt(corrected) + solver.epsilon * typical), 1)


def _retracted(at: Linearization, moved: Array, scale: Array, step_scale: Array, solver: SolverOptions) -> Array:
    """The moved params back on the linearized level set, over the values that the bounds did not cut off."""
    damped = damped_scale(scale, at.constraint_gradient)
    corrected = at.residual * jnp.minimum(solver.retraction_gain * step_scale, 1)
    for _ in range(solver.retractions):
        left = corrected - products(at.constraint_gradient, moved - at.params)
        moved = retract(moved, at.constraint_gradient, left, damped)
    return moved
