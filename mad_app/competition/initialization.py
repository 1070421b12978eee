"""The initial images and the levels: the start, brought to a level where one is given (feasibility restoration).

A fixed metric keeps its given level, or else its value at the start. If one level alone is given, the start is brought
to it, and all four images start there; if both are, each pair starts from the start brought to the level of its fixed
metric. This is Newton's method along the metric's gradient n,

    x ← clip(x + n (ℓ − f) / ⟨n, n⟩)        over the values that may move

where each step changes the value by a factor of `max_level_ratio` at most, and half as much after a step that came no
nearer. Where it stops above the level, the level is found on the segment to the reference, which passes every lower
level, by bisection. Arrays are params (H, W, 3) in [0, 1].
"""

from collections.abc import Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.geometry import retract
from mad_app.competition.settings import CORNERS, MAX_DRIFT, Role, Settings, SolverOptions
from mad_app.errors import ArgumentError
from mad_app.metrics import BoundMetric

OUT_OF_REACH = 1e6
"""Factor from the start's value to one that no image has."""

STEPS_UP = 15
"""Steps after which the highest level that was found is good enough to be named."""


def initial_params(
    start: Array, reference: Array, metrics: Mapping[Role, BoundMetric], settings: Settings, solver: SolverOptions
) -> Array:
    """The params that each image starts from, (4, H, W, 3).

    Args:
        start: the params of the start, (H, W, 3).
        reference: the params nearest to the reference, (H, W, 3).
        metrics: both, as functions of params.
        settings: of which the levels count.
        solver: the constants.

    Raises:
        ArgumentError: a given level cannot be reached from the start.
    """
    restored = {
        role: restore_level(start, reference, metrics[role], level, solver, argument=f"{role}_level")
        for role, level in _given(settings).items()
        if level is not None
    }
    shared = next(iter(restored.values()), start)
    return jnp.stack([restored.get(corner.fixed, shared) for corner in CORNERS])


def levels_of(values: Mapping[Role, Array], settings: Settings) -> Array:
    """The level of each image's fixed metric, (4,): as given, or else its value at the initial params, (4,) each."""
    given = _given(settings)
    levels = [
        values[corner.fixed][i] if (level := given[corner.fixed]) is None else jnp.float32(level)
        for i, corner in enumerate(CORNERS)
    ]
    return jnp.stack(levels)


def _given(settings: Settings) -> dict[Role, float | None]:
    return {"first": settings.first_level, "second": settings.second_level}


def restore_level(
    start: Array, reference: Array, metric: BoundMetric, level: float, solver: SolverOptions, *, argument: str
) -> Array:
    """Params near the start where the metric has the level, to within a relative tolerance or what float32 resolves.

    They are evaluated in a batch as large as the solver's, for which the metric is compiled anyway.

    Raises:
        ArgumentError: the level cannot be reached; `argument` is its name, and the message has how near it came.
    """
    params, value = _newton(start, metric, level, solver)
    if value > (1 + solver.level_tolerance) * level:
        params, value = _newton(bisect_to_level(reference, params, metric, level, solver), metric, level, solver)
    if abs(value / level - 1) <= MAX_DRIFT:
        return params
    raise ArgumentError(
        argument,
        f"{level:g} cannot be reached from the start, which came to {value:g}: give a level nearer to the start's, "
        f"or a start nearer to the level",
    )


def bisect_to_level(reference: Array, params: Array, metric: BoundMetric, level: float, solver: SolverOptions) -> Array:
    """The params where the metric has the level, on the segment from params above it to the reference.

    Each round evaluates as many points as there are images in a batch and keeps the interval that contains the level.
    """
    low, high = 0.0, 1.0
    for _ in range(solver.bisections):
        parts = np.linspace(low, high, len(CORNERS) + 2)
        between = jnp.asarray(parts[1:-1], jnp.float32)[:, None, None, None]
        values = metric.value_and_grad(params[None] + between * (reference - params)[None])[0]
        above = int(np.argmin(np.append(np.asarray(values) > level, False)))  # points before the level is passed
        low, high = parts[above], parts[above + 1]
    return params + jnp.float32(low) * (reference - params)


def highest_level(start: Array, metric: BoundMetric, solver: SolverOptions) -> float:
    """The value that Newton's method ends at when it aims far above what any image has."""
    value = float(metric.value_and_grad(jnp.repeat(start[None], len(CORNERS), axis=0))[0][0])
    few = replace(solver, max_initial_steps=STEPS_UP)
    return _newton(start, metric, OUT_OF_REACH * value, few)[1] if value > 0 else 0.0


def _newton(start: Array, metric: BoundMetric, level: float, solver: SolverOptions) -> tuple[Array, float]:
    """The params that Newton's method ends at, and the metric there."""
    params, scale = jnp.repeat(start[None], len(CORNERS), axis=0), 1.0
    value, gradient = metric.value_and_grad(params)
    for _ in range(solver.max_initial_steps):
        if abs(float(value[0]) / level - 1) <= solver.level_tolerance:
            break
        target = jnp.clip(level, value / solver.max_level_ratio, value * solver.max_level_ratio)
        moved = retract(params, gradient, scale * (target - value), jnp.ones_like(gradient))
        new_value, new_gradient = metric.value_and_grad(moved)
        if abs(float(new_value[0]) - level) < abs(float(value[0]) - level):
            params, value, gradient, scale = moved, new_value, new_gradient, min(1.0, 2 * scale)
        else:
            scale /= 2
    return params[0], float(value[0])
