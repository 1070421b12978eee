"""Where the four images set out from, and the levels at which they are held.

A metric that is held is held at its given level, or else at what it is at the start. If one level alone is given, the
start is first brought to that level, and all four set out from there; if both are, each pair sets out from the start
brought to the level of the metric that it holds. Bringing is Newton's method along the metric's gradient,

    x ← clip(x + n (ℓ − f) / ⟨n, n⟩)        over the pixels that may move

with at most a change by a factor of FURTHEST a step, and half a step after one that was no gain. Where that comes to a
halt above the level, the point is drawn towards the reference, on whose way every lower level lies.
Points are those of `admissible`, (H, W, 3) in [0, 1].
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.geometry import newton_step
from mad_app.competition.settings import CORNERS, MAX_DRIFT, Role, Settings
from mad_app.metrics import BoundMetric

FURTHEST = 2.0
"""Greatest factor between a metric's value and what a step of Newton's method aims at."""
MOST_STEPS = 100
"""Steps allowed on the way to a level; a dozen is usual."""
SECTIONS = 16
"""How often the way to the reference is cut into as many parts as there are images and one, to find the level on it."""


def starts_and_levels(
    start: Array, reference: Array, comparisons: Mapping[Role, BoundMetric], settings: Settings, tolerance: float
) -> tuple[Array, Array]:
    """The point each image sets out from (4, H, W, 3) and the level its fixed metric is held at (4,).

    Args:
        start: the point of the start, (H, W, 3).
        reference: the point nearest to the reference, (H, W, 3).
        comparisons: both metrics, as functions of points.
        settings: of which the levels count.
        tolerance: relative departure from a given level that is aimed at.

    Raises:
        ValueError: a level that is given cannot be reached from the start.
    """
    asked: dict[Role, float | None] = {"first": settings.first_level, "second": settings.second_level}
    brought = {
        role: bring_to_level(start, reference, comparisons[role], level, tolerance, called=f"{role}_level")
        for role, level in asked.items()
        if level is not None
    }
    shared = next(iter(brought.values()), start)
    starts = jnp.stack([brought.get(corner.fixed, shared) for corner in CORNERS])
    values = {role: comparison.value_and_grad(starts)[0] for role, comparison in comparisons.items()}
    levels = [
        values[corner.fixed][i] if (level := asked[corner.fixed]) is None else jnp.float32(level)
        for i, corner in enumerate(CORNERS)
    ]
    return starts, jnp.stack(levels)


def bring_to_level(
    start: Array, reference: Array, comparison: BoundMetric, level: float, tolerance: float, *, called: str
) -> Array:
    """A point near the start where the metric has the level, to within a relative tolerance or what float32 resolves.

    It is sought in a batch as large as the engine's, for which the metric is compiled anyway.

    Raises:
        ValueError: it cannot be reached; `called` opens the message, which tells how far it came.
    """
    point, value = _newton(start, comparison, level, tolerance)
    if value > (1 + tolerance) * level:
        point, value = _newton(_towards(reference, point, comparison, level), comparison, level, tolerance)
    if abs(value / level - 1) <= MAX_DRIFT:
        return point
    raise ValueError(
        f"{called} {level:g} cannot be reached from the start, which came to {value:g}: give a level nearer "
        f"to the start's, or a start nearer to the level"
    )


def _newton(start: Array, comparison: BoundMetric, level: float, tolerance: float) -> tuple[Array, float]:
    """The point that Newton's method comes to, and the metric there."""
    point, share = jnp.repeat(start[None], len(CORNERS), axis=0), 1.0
    value, gradient = comparison.value_and_grad(point)
    for _ in range(MOST_STEPS):
        if abs(float(value[0]) / level - 1) <= tolerance:
            break
        goal = jnp.clip(level, value / FURTHEST, value * FURTHEST)
        moved = newton_step(point, gradient, jnp.ones_like(gradient), share * (goal - value))
        now, slope = comparison.value_and_grad(moved)
        if abs(float(now[0]) - level) < abs(float(value[0]) - level):
            point, value, gradient, share = moved, now, slope, min(1.0, 2 * share)
        else:
            share /= 2
    return point[0], float(value[0])


def _towards(reference: Array, point: Array, comparison: BoundMetric, level: float) -> Array:
    """The point where the metric has the level, on the way from one above it to the reference."""
    near, far = 0.0, 1.0
    for _ in range(SECTIONS):
        parts = np.linspace(near, far, len(CORNERS) + 2)
        between = jnp.asarray(parts[1:-1], jnp.float32)[:, None, None, None]
        values = comparison.value_and_grad(point[None] + between * (reference - point)[None])[0]
        above = int(np.argmin(np.append(np.asarray(values) > level, False)))  # parts before the level is passed
        near, far = parts[above], parts[above + 1]
    return point + jnp.float32(near) * (reference - point)
