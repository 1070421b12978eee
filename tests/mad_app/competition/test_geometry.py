"""The geometry: gradients and projections are tangent, retractions reach the level, nothing leaves the box."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition.geometry import damped_scale, project_tangent, retract, riemannian_gradient
from tests.mad_app.competition.arrays import assert_tangent, at_bounds, filled, inner, interior, random


def test_the_riemannian_gradient_is_tangent_and_ascends() -> None:
    gradient, normal = random(1), random(2)
    found, inactive = riemannian_gradient(interior(), gradient, normal)
    assert inactive.all()
    assert_tangent(found, normal)
    assert (inner(found, gradient) > 0).all()


def test_values_at_active_bounds_take_no_part() -> None:
    """They point out of the box strongly; were they counted, the others would compensate for what never happens."""
    params = interior().at[:, :2].set(1.0)
    gradient, normal = random(1).at[:, :2].set(5.0), random(2)
    found, inactive = riemannian_gradient(params, gradient, normal)
    np.testing.assert_array_equal(found[:, :2], 0)
    assert not inactive[:, :2].any()
    assert_tangent(found[:, 2:], normal[:, 2:])


def test_a_projection_is_tangent_in_any_metric_and_changes_no_tangent() -> None:
    scale, normal = random(3, 0.1, 10), random(2)
    tangent = project_tangent(random(1), normal, scale)
    assert_tangent(tangent, normal)
    np.testing.assert_allclose(project_tangent(tangent, normal, scale), tangent, atol=1e-5)


def test_a_pixel_with_nearly_all_of_the_gradient_is_damped() -> None:
    normal = jnp.full_like(random(0), 1e-3).at[:, 0, 0, 0].set(1.0)
    scale = damped_scale(jnp.ones_like(normal), normal)
    assert (scale[:, 0, 0, 0] < 0.15 * scale[:, 1, 0, 0]).all()


@pytest.mark.parametrize("residual", [-0.5, 0.3])
def test_a_retraction_reaches_the_level_of_a_linear_metric_at_once(residual: float) -> None:
    params, normal = interior(), random(2)
    retracted = retract(params, normal, filled(residual))
    np.testing.assert_allclose(inner(normal, retracted - params).ravel(), residual, rtol=1e-4)


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_retractions_converge_quadratically_on_a_quadratic_metric(level: float) -> None:
    reference, weights = interior(), random(1, 0.2, 3)
    params = jnp.clip(reference + 0.2 * random(2), 0, 1)

    def distances(params: jax.Array) -> jax.Array:
        return jnp.sum(weights * (params - reference) ** 2, axis=(1, 2, 3))

    target = level * distances(params)
    departures = [1.0]
    for _ in range(7):
        normal = 2 * weights * (params - reference)
        params = retract(params, normal, target - distances(params))
        departures.append(float(jnp.abs(distances(params) / target - 1).max()))
    assert departures[-1] < 1e-5
    for before, after in itertools.pairwise(departures):
        assert after < max(2 * before**2, 1e-5)


def test_a_retraction_moves_inactive_values_only() -> None:
    params, normal, residual = at_bounds(), random(2), filled(0.05)
    moved = retract(params, normal, residual)
    outward = (params <= 0) & (normal < 0) | (params >= 1) & (normal > 0)
    np.testing.assert_array_equal(moved[outward], params[outward])
    np.testing.assert_allclose(inner(normal, moved - params).ravel(), residual, rtol=1e-4)


@pytest.mark.parametrize("residual", [-100.0, 0.0, 100.0])
def test_no_retraction_leaves_the_box(residual: float) -> None:
    for seed in range(5):
        moved = retract(at_bounds(), random(seed), filled(residual))
        assert ((moved >= 0) & (moved <= 1)).all()


def test_without_a_gradient_nothing_moves() -> None:
    params, nothing = interior(), jnp.zeros_like(interior())
    np.testing.assert_array_equal(retract(params, nothing, filled(0.1)), params)
    found, _ = riemannian_gradient(params, nothing, nothing)
    np.testing.assert_array_equal(found, 0)
