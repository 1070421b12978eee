"""The return to the level by cuts: the smallest step that meets all of them, and where a single gradient zigzags."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import nnls

from mad_app.competition import DEFAULT_SOLVER, Settings
from mad_app.competition.constraints import parametrization
from mad_app.competition.cuts import Cuts, cuts_after, no_cuts, step_to_level
from mad_app.competition.geometry import damped_scale, retract
from mad_app.competition.problem import Constants, Evaluation
from mad_app.competition.solver import init, reinit, restore_step

SHAPE = (4, 2, 3, 3)
MIDDLE = jnp.full(SHAPE, 0.5)
WHOLE, NONE = jnp.ones(4), np.zeros(4, bool)


def random(seed: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def evaluation(params: jax.Array, residual: jax.Array, normal: jax.Array) -> Evaluation:
    return Evaluation(params, WHOLE, WHOLE, normal, normal, residual)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [-1, 1])
def test_the_step_is_the_smallest_that_meets_every_cut(seed: int, side: int) -> None:
    normals, residuals = random(seed, 3, *SHAPE), side * 0.1 * random(seed + 100, 3, 4)
    residuals = residuals.at[0].set(side * jnp.abs(residuals[0]))
    moved = step_to_level(MIDDLE, normals[0], residuals[0], Cuts(normals[1:], residuals[1:], ~NONE), WHOLE)
    scale = np.asarray(damped_scale(jnp.ones(SHAPE), normals[0]), np.float64).reshape(4, -1)
    for image in range(4):
        root = np.sqrt(scale[image])
        cuts = side * np.asarray(normals, np.float64)[:, image].reshape(3, -1) * root
        wanted = side * np.asarray(residuals, np.float64)[:, image]
        smallest = least_distance(cuts, wanted) * root
        step = np.asarray(moved - MIDDLE, np.float64)[image].ravel()
        np.testing.assert_allclose(step, smallest, atol=2e-3 * np.abs(smallest).max())


def least_distance(cuts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The smallest z with cuts @ z ≥ wanted (Lawson & Hanson, Solving Least Squares Problems, 1974, chapter 23)."""
    system = np.vstack([cuts.T, wanted])
    target = np.eye(len(system))[-1]
    residual = system @ nnls(system, target)[0] - target
    return -residual[:-1] / residual[-1]


def test_without_older_cuts_it_is_the_step_of_newton() -> None:
    params = jnp.asarray(np.random.default_rng(0).choice([0, 0.5, 1], SHAPE), jnp.float32)
    normal, residual = random(1, *SHAPE), 0.1 * random(2, 4)
    moved = step_to_level(params, normal, residual, no_cuts(params), WHOLE)
    np.testing.assert_allclose(moved, retract(params, normal, residual), atol=1e-6)


def test_parallel_and_contradicting_cuts_leave_a_finite_step() -> None:
    normal = random(3, *SHAPE)
    for older in ((normal, normal), (-normal, normal), (0 * normal, 0 * normal), (normal, 1e-20 * normal)):
        for residuals in (jnp.full((2, 4), 0.2), jnp.full((2, 4), -0.2)):
            moved = step_to_level(MIDDLE, normal, 0.1 * WHOLE, Cuts(jnp.stack(older), residuals, ~NONE), WHOLE)
            assert np.isfinite(moved).all()
            assert (moved != MIDDLE).any()


def test_cuts_are_kept_from_the_first_rejected_trial_on_and_are_of_the_present_iterate() -> None:
    def f(params: jax.Array) -> jax.Array:  # linear, so that every cut is the function itself
        return jnp.sum(params * normal, axis=(1, 2, 3))

    def at(params: jax.Array) -> Evaluation:
        return evaluation(params, -f(params), normal)

    normal = jnp.abs(random(4, *SHAPE))
    here, tried, nearer = at(MIDDLE), at(MIDDLE + 0.1), at(MIDDLE - 0.1)
    cuts = cuts_after(no_cuts(MIDDLE), here, nearer, ~NONE, NONE)
    assert not cuts.held.any()
    assert not cuts.normals.any()
    cuts = cuts_after(cuts, here, tried, NONE, ~NONE)
    assert cuts.held.all()
    np.testing.assert_allclose(cuts.residuals[0], here.residual, rtol=1e-5)
    np.testing.assert_array_equal(cuts.normals, jnp.stack([normal, 0 * normal]))
    cuts = cuts_after(cuts, here, nearer, ~NONE, NONE)
    for older in (0, 1):
        np.testing.assert_allclose(cuts.residuals[older], nearer.residual, rtol=1e-5)
        np.testing.assert_array_equal(cuts.normals[older], normal)
    beyond = nearer._replace(residual=-0.5 * nearer.residual)
    cuts = cuts_after(cuts, nearer, beyond, jnp.arange(4) < 2, NONE)
    np.testing.assert_array_equal(cuts.held, jnp.arange(4) >= 2)
    assert not cuts.normals[:, :2].any()
    np.testing.assert_array_equal(cuts.normals[:, 2:], jnp.stack([normal, normal])[:, 2:])


def test_a_crease_is_followed_without_zigzag() -> None:
    """The fixed metric is a steep valley whose bottom falls gently: Newton's steps jump from side to side."""
    across, along = jnp.asarray(np.linalg.qr(random(5, 18, 2))[0].T)

    def fixed(params: jax.Array) -> jax.Array:
        at = params.reshape(-1) - 0.5
        return 1 + 20 * jnp.sqrt((at @ across) ** 2 + 1e-6) - at @ along

    both = jax.jit(jax.vmap(jax.value_and_grad(fixed)))
    constants = Constants(
        levels=jnp.full(4, 0.9),
        steps=jnp.float32(10),
        parametrization=parametrization(np.asarray(MIDDLE[0]), Settings()),
        solver=DEFAULT_SOLVER,
    )
    state = reinit(MIDDLE + 0.01 * across.reshape(1, *SHAPE[1:]), init(MIDDLE).optimizer, 0)
    departures = []
    for _ in range(12):
        values = both(state.proposal)
        state, info = restore_step(state, values, values, constants)
        departures.append(np.abs(info.drift).max())
    assert min(departures) <= DEFAULT_SOLVER.level_tolerance
