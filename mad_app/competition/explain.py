"""One step of the method taken apart, for people to look at: the gradient, its tangent part, and the retraction.

With x the params, g the objective gradient, n the constraint gradient and f the fixed metric with its level ℓ
(`geometry`), and a factor c that gives the gradient's step a root mean square of STEP_LENGTH:

    gradient      c g                              the fixed metric changes as well
    tangent part  c h = c (g − n ⟨g, n⟩ / ⟨n, n⟩)     to first order the fixed metric stays
    retraction    E n r / ⟨n, E n⟩                  removes the residual r = ℓ − f(x), which earlier steps left

Each changes a metric with the gradient a by ⟨a, ·⟩, to first order. The solver also averages over steps and scales the
pixels by Adam's D (`updates`); the arrows are those of the present image alone, D = 1.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.constraints import Parametrization
from mad_app.competition.geometry import is_inactive, norms, per_image, products, retract, riemannian_gradient
from mad_app.competition.problem import OPTIMIZES_FIRST, SIGN, evaluate
from mad_app.metrics import BoundMetric

ARROWS = ("gradient", "tangent", "retraction")
STEP_LENGTH = 1 / 255
"""Root mean square of the gradient's step: one level of 8 bits, small enough for changes that are nearly linear."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainedStep:
    """The three parts of a step of each of the four images.

    Attributes:
        values: both metrics, (4, 2).
        levels: ℓ of each image, (4,).
        changes: predicted change of both metrics along each of ARROWS, (4, 3, 2).
        moves: the change of the image along each of ARROWS, (4, 3, H, W, 3).
    """

    values: np.ndarray
    levels: np.ndarray
    changes: np.ndarray
    moves: np.ndarray


def explain_step(
    images: Array,
    first: BoundMetric,
    second: BoundMetric,
    levels: Array,
    to: Parametrization,
) -> ExplainedStep:
    """Take the next step of the four images of a competition apart.

    Args:
        images: in the order of CORNERS, (4, H, W, 3) in [0, 1], admissible.
        first: the first metric, bound to the reference.
        second: likewise the second one.
        levels: ℓ of each image's fixed metric, (4,).
        to: the parametrization of the admissible images.
    """
    params = jnp.stack([to.to_params(image) for image in images])
    at = evaluate(params, to.compose(first).value_and_grad(params), to.compose(second).value_and_grad(params), levels)
    normal = at.constraint_gradient
    gradient = at.objective_gradient * is_inactive(params, at.objective_gradient)
    tangent, _ = riemannian_gradient(params, at.objective_gradient, normal)
    size = norms(gradient)
    factor = per_image(jnp.where(size > 0, STEP_LENGTH * gradient[0].size ** 0.5 / size, 0))
    steps = [factor * gradient, factor * tangent, retract(params, normal, at.residual) - params]
    optimized = at.objective_gradient * SIGN[:, None, None, None]
    changes = np.asarray(jnp.stack([_changes(optimized, normal, step) for step in steps], axis=1))
    shown = to.to_images(params)
    moves = [to.to_images(jnp.clip(params + step, 0, 1)) - shown for step in steps]
    return ExplainedStep(
        values=np.stack([np.asarray(at.first), np.asarray(at.second)], axis=1),
        levels=np.asarray(levels),
        changes=np.where(OPTIMIZES_FIRST[:, None, None], changes, changes[..., ::-1]),
        moves=np.asarray(jnp.stack(moves, axis=1)),
    )


def _changes(optimized: Array, fixed: Array, step: Array) -> Array:
    """Change of the optimized and of the fixed metric along a step, to first order, (4, 2)."""
    return jnp.stack([products(optimized, step), products(fixed, step)], axis=1)
