"""A competition as four constrained optimization problems, and both metrics evaluated at their iterates.

For each corner, with o the optimized metric, f the fixed one and ℓ its level (Wang & Simoncelli, Journal of Vision
8(12):8, 2008):

    maximize ±o(x)   subject to   f(x) = ℓ,   x admissible

The four share one batch: one evaluation of each metric serves all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.constraints import Parametrization
from mad_app.competition.settings import CORNERS, SolverOptions
from mad_app.metrics import BoundMetric
from mad_app.metrics.joint import joint

ASCENTS, DESCENTS = slice(0, None, 2), slice(1, None, 2)
"""The images whose optimized metric rises, and those where it falls."""
OPTIMIZES_FIRST = np.array([corner.optimized == "first" for corner in CORNERS])
FALLS = np.array([corner.direction == "min" for corner in CORNERS])
SIGN = np.where(FALLS, np.float32(-1), np.float32(1))
"""What is maximized is the optimized metric times this, (4,)."""

Values = tuple[Array, Array]
"""A metric's distances (4,) and their gradients with respect to the params (4, H, W, 3)."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["levels", "steps", "parametrization"],
    meta_fields=["solver"],
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Constants:
    """What compiled programs need of a problem beside the metrics.

    Attributes:
        levels: ℓ of each image, (4,).
        steps: how many steps there will be, a scalar.
        parametrization: of the admissible images.
        solver: the constants of the solver, static in compiled programs.
    """

    levels: Array
    steps: Array
    parametrization: Parametrization
    solver: SolverOptions


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """What stays the same through a competition.

    Attributes:
        first: the first metric, bound to the reference.
        second: the second metric, bound to the reference.
        initial: the params that each image starts from, (4, H, W, 3).
        at_initial: both metrics there.
        constants: levels, parametrization, number of steps and solver options.
    """

    first: BoundMetric
    second: BoundMetric
    initial: Array
    at_initial: tuple[Values, ...]
    constants: Constants


class Evaluation(NamedTuple):
    """Both metrics at the iterates of the four images.

    Attributes:
        params: the iterates, (4, H, W, 3).
        first: the first metric, (4,).
        second: the second metric, (4,).
        objective_gradient: gradient of what is maximized, (4, H, W, 3).
        constraint_gradient: gradient of the fixed metric, (4, H, W, 3).
        residual: level − fixed metric, (4,).
    """

    params: Array
    first: Array
    second: Array
    objective_gradient: Array
    constraint_gradient: Array
    residual: Array


def values_at(params: Array, to: Parametrization, metrics: Sequence[BoundMetric]) -> tuple[Values, ...]:
    """Metrics at params (4, H, W, 3); a part that they have in common is evaluated once."""
    return tuple(pulled_back(to, params, joint(metrics).value_and_grad(to.to_images(params))))


def pulled_back(to: Parametrization, params: Array, values: Iterable[Values]) -> list[Values]:
    """Values and gradients of metrics at images, with the gradients at the params of these images."""
    return [(distances, to.pullback(params, gradients)) for distances, gradients in values]


def evaluate(params: Array, first: Values, second: Values, levels: Array) -> Evaluation:
    """The evaluation, from each metric's values and gradients."""
    pick, sign = OPTIMIZES_FIRST[:, None, None, None], SIGN[:, None, None, None]
    return Evaluation(
        params=params,
        first=first[0],
        second=second[0],
        objective_gradient=jnp.where(pick, first[1], second[1]) * sign,
        constraint_gradient=jnp.where(pick, second[1], first[1]),
        residual=levels - jnp.where(OPTIMIZES_FIRST, second[0], first[0]),
    )


def values_of(evaluation: Evaluation) -> tuple[Values, Values]:
    """Each metric's values and gradients: what `evaluate` was given, bit for bit. Computed without a compiler."""
    pick, sign = OPTIMIZES_FIRST[:, None, None, None], SIGN[:, None, None, None]
    optimized, fixed = np.asarray(evaluation.objective_gradient) * sign, np.asarray(evaluation.constraint_gradient)
    first, second = np.where(pick, optimized, fixed), np.where(pick, fixed, optimized)
    return (evaluation.first, jnp.asarray(first)), (evaluation.second, jnp.asarray(second))


def objective(evaluation: Evaluation) -> Array:
    """What is maximized: the optimized metric, its negative where it falls, (4,)."""
    return jnp.where(OPTIMIZES_FIRST, evaluation.first, evaluation.second) * SIGN


def is_finite(evaluation: Evaluation) -> Array:
    """Image by image, whether every number is finite, (4,)."""
    return jnp.stack([finite(array) for array in evaluation]).all(axis=0)


def finite(array: Array) -> Array:
    """Image by image, whether every number is finite, (4,)."""
    return jnp.isfinite(array).reshape(len(CORNERS), -1).all(axis=1)


def select(which: Array, these: Array, those: Array) -> Array:
    """Image by image, `these` or `those`; `which` is bool (4,)."""
    return jnp.where(which.reshape(-1, *[1] * (these.ndim - 1)), these, those)


def select_evaluation(which: Array, these: Evaluation, those: Evaluation) -> Evaluation:
    """Image by image, one evaluation or the other."""
    chosen: Evaluation = jax.tree.map(partial(select, which), these, those)
    return chosen
