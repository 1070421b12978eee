"""The update rules follow their formulas, and each solves a problem whose answer is known."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import DEFAULT_SOLVER
from mad_app.competition.geometry import riemannian_gradient
from mad_app.competition.settings import SolverOptions
from mad_app.competition.updates import AscentState, DescentState, Linearization, update
from tests.mad_app.competition.arrays import SHAPE, assert_tangent, at_bounds, filled, inner, interior, random

RULES = ("ascend", "descend")
ZEROS = jnp.zeros(SHAPE)


def step(
    rule: str,
    params: jax.Array,
    gradient: jax.Array,
    normal: jax.Array,
    *,
    state: tuple[jax.Array, jax.Array] = (ZEROS, ZEROS),
    count: int = 1,
    residual: float = 0.0,
    size: float = 1e-3,
    scale: float = 1.0,
    solver: SolverOptions = DEFAULT_SOLVER,
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """Each image makes a step by both rules; the result is that of one of them."""
    at = Linearization(*(jnp.repeat(array, 2, axis=0) for array in (params, gradient, normal, filled(residual))))
    sizes, scales = (jnp.repeat(filled(value), 2) for value in (size, scale))
    moved, *states = _update(
        at, AscentState(*state), DescentState(*state), jnp.asarray(count), sizes, scales, solver=solver
    )
    return moved[RULES.index(rule) :: 2], states[RULES.index(rule)]


@partial(jax.jit, static_argnames="solver")
def _update(at: Linearization, *arguments: Any, solver: SolverOptions) -> tuple[jax.Array, AscentState, DescentState]:
    along = riemannian_gradient(at.params, at.objective_gradient, at.constraint_gradient)
    return update(at, along, *arguments, solver=solver)


def formulas(rule: str, gradients: list[jax.Array], normals: list[jax.Array], residual: float) -> np.ndarray:
    """The formulas of the module in float64, far from the bounds: the params after the steps."""
    x = np.asarray(interior(), np.float64)
    m, u, v = np.zeros(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE)
    for k, pair in enumerate(zip(gradients, normals, strict=True), start=1):
        g, n = (np.asarray(array, np.float64) for array in pair)
        h = g - inner(g, n) / inner(n, n) * n
        v = 0.99 * v + 0.01 * (g if rule == "descend" else h) ** 2
        v_hat = v / (1 - 0.99**k)
        d = 1 / (np.sqrt(v_hat) + 1e-4 * np.sqrt(v_hat.mean(axis=(1, 2, 3), keepdims=True)))
        m = 0.8 * m + 0.2 * h
        move = u + 1e-3 * d * h if rule == "descend" else 1e-3 * d * m / (1 - 0.8**k)
        move = move - d * n * inner(n, move) / inner(n, d * n)
        t = 2 / (k + 1) * move if rule == "descend" else move
        u = move - t
        e = d if rule == "descend" else np.ones(SHAPE)
        e = e / (1 + np.abs(e * n) / np.sqrt(((e * n) ** 2).mean(axis=(1, 2, 3), keepdims=True)))
        x = x + t + e * n * residual / inner(n, e * n)
    return x


@pytest.mark.parametrize("rule", RULES)
def test_steps_follow_the_formulas(rule: str) -> None:
    gradients, normals = [random(seed) for seed in (1, 2, 3)], [random(seed) for seed in (4, 5, 6)]
    params, state = interior(), (ZEROS, ZEROS)
    for k, (gradient, normal) in enumerate(zip(gradients, normals, strict=True), start=1):
        params, state = step(rule, params, gradient, normal, state=state, count=k, residual=0.02)
    np.testing.assert_allclose(params, formulas(rule, gradients, normals, 0.02), atol=2e-6)


def sphere(params: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Offsets from the middle of the box, scaled to the sphere of radius 1 round it, and that sphere's normal."""
    offset = params - 0.5
    offset = offset / jnp.sqrt(jnp.sum(offset**2, axis=(1, 2, 3), keepdims=True))
    return offset, 2 * offset


def ascended(steps: int) -> jax.Array:
    """The unit vectors that ascend finds for a linear function of them."""
    params, state = 0.5 + sphere(0.5 + random(7))[0], (ZEROS, ZEROS)
    for k in range(1, steps + 1):
        offset, normal = sphere(params)
        params, state = step("ascend", 0.5 + offset, random(1), normal, state=state, count=k, size=0.3 / k)
    return sphere(params)[0]


def test_ascent_maximizes_a_linear_function_on_a_sphere() -> None:
    """Its maximum under ‖x‖ = 1 is at the function's own direction."""
    direction = random(1) / np.sqrt(inner(random(1), random(1)))
    assert (inner(ascended(100), direction) > 0.999).all()


def test_averaged_descent_minimizes_a_quadratic_in_a_valley() -> None:
    """½ ⟨d, W d⟩ with eigenvalues from 1 to 1000, whose least value 0 is at d = 0; every step has the same length."""
    weights, target = 10.0 ** random(8, 0, 3), interior()

    def value(params: jax.Array) -> jax.Array:
        return jnp.sum(weights * (params - target) ** 2, axis=(1, 2, 3)) / 2

    params, state = jnp.clip(target + 0.1 * random(9), 0, 1), (ZEROS, ZEROS)
    first = value(params)
    for k in range(1, 201):
        gradient = weights * (params - target)
        params, state = step("descend", params, -gradient, ZEROS, state=state, count=k, size=0.02)
    assert (value(params) < 1e-2 * first).all()


def test_the_averaged_iterate_is_the_mean_of_the_fast_iterates() -> None:
    """With no fixed metric and a constant gradient, position j has the weight j."""
    params, gradient, size = interior(), random(1), 1e-4
    state, fast, positions = (ZEROS, ZEROS), params, []
    typical = jnp.sqrt((gradient**2).mean((1, 2, 3), keepdims=True))
    for k in range(1, 6):
        params, state = step("descend", params, gradient, ZEROS, state=state, count=k, size=size)
        fast = fast + size * gradient / (jnp.abs(gradient) + DEFAULT_SOLVER.epsilon * typical)
        positions.append(fast)
    weights = np.arange(1.0, 6)
    mean = sum(weight * np.asarray(at) for weight, at in zip(weights / weights.sum(), positions, strict=True))
    np.testing.assert_allclose(params, mean, atol=1e-6)
    np.testing.assert_allclose(params + state[0], fast, atol=1e-6)


def test_the_fast_iterate_stays_in_the_box() -> None:
    params = interior()
    moved, (offset, _) = step(
        "descend", params, random(1), random(2), state=(10 * random(3), random(4, 0, 1)), count=8, size=0.01
    )
    fast = params + (moved - params + offset)
    assert ((fast >= -0.01) & (fast <= 1.01)).all()


@pytest.mark.parametrize("rule", RULES)
def test_half_the_step_scale_is_half_the_step(rule: str) -> None:
    params, gradient, normal = interior(), random(1), random(2)
    whole, half = (step(rule, params, gradient, normal, scale=scale)[0] - params for scale in (1.0, 0.5))
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_steps_are_tangent_and_improve(rule: str) -> None:
    params, gradient, normal = interior(), random(1), random(2)
    moved, _ = step(rule, params, gradient, normal)
    assert_tangent(moved - params, normal)
    assert (inner(gradient, moved - params) > 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_what_the_bounds_cut_off_is_restored_by_other_values(rule: str) -> None:
    """Half of the values are so near to a bound that they are cut off."""
    params = jnp.clip(random(0, 0.4, 0.6).at[:, ::2].set(0.9995), 0, 1)
    gradient, normal = random(1), random(2)
    moved, _ = step(rule, params, gradient, normal, size=1e-2)
    assert (moved == 1).any()
    assert_tangent(moved - params, normal)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("residual", [-100.0, 100.0])
def test_nothing_leaves_the_box(rule: str, residual: float) -> None:
    params, state = at_bounds(), (ZEROS, ZEROS)
    for k in range(1, 6):
        params, state = step(rule, params, random(k), random(k + 10), state=state, count=k, residual=residual, size=1.0)
        assert ((params >= 0) & (params <= 1)).all()


@pytest.mark.parametrize("rule", RULES)
def test_an_image_is_independent_of_the_others(rule: str) -> None:
    params, gradient, normal = interior(), random(1), random(2)
    moved, _ = step(rule, params, gradient, normal, size=0.01)
    other, _ = step(rule, params, gradient.at[1:].multiply(-100), normal.at[2].set(jnp.nan), size=0.01)
    np.testing.assert_array_equal(moved[0], other[0])


def test_the_moments_of_an_ascent_stay_finite_whatever_the_gradient() -> None:
    _, state = step("ascend", interior(), random(1).at[2, 0, 0, 0].set(jnp.nan), random(2))
    assert all(np.isfinite(array).all() for array in state)


def test_other_constants_are_other_steps() -> None:
    plain, _ = step("ascend", interior(), random(1), random(2))
    smooth, _ = step("ascend", interior(), random(1), random(2), solver=replace(DEFAULT_SOLVER, epsilon=1.0))
    assert float(jnp.abs(plain - smooth).max()) > 1e-4
