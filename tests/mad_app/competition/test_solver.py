"""An iteration judges the proposal: rejected images return, failed ones freeze, those without a gain have converged."""

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.competition import CORNERS, DEFAULT_SOLVER, Corner, Settings, SolverOptions
from mad_app.competition.constraints import parametrization
from mad_app.competition.problem import DESCENTS, FALLS, Constants, Values
from mad_app.competition.solver import SolverState, StepInfo, init, reinit, restore_step, step

SHAPE = (4, 4, 4, 3)
CONSTANTS = Constants(
    levels=jnp.ones(4),
    steps=jnp.float32(1000),
    parametrization=parametrization(np.full(SHAPE[1:], 0.5, np.float32), Settings()),
    solver=SolverOptions(plateau_patience=20),
)
PATIENCE = CONSTANTS.solver.plateau_patience
advance, restore = jax.jit(step), jax.jit(restore_step)


def values(value: float, seed: int) -> Values:
    """A value of all four images, with a gradient."""
    gradients = np.random.default_rng(seed).uniform(-1, 1, SHAPE)
    return jnp.full(4, value), jnp.asarray(gradients, jnp.float32)


def params() -> jax.Array:
    return jnp.full(SHAPE, 0.5)


def after(iterations: int, value: float = 1.0) -> tuple[SolverState, StepInfo]:
    """So many iterations, in which both metrics have the value at each proposal."""
    state, info = advance(init(params()), values(1.0, 1), values(1.0, 2), CONSTANTS)
    for _ in range(iterations):
        state, info = advance(state, values(value, 1), values(value, 2), CONSTANTS)
    return state, info


def unmoved(info: StepInfo) -> np.ndarray:
    """Which images are at the start, (4,)."""
    return np.asarray(info.params == params()).all(axis=(1, 2, 3))


def test_without_a_gain_in_many_steps_an_image_has_converged() -> None:
    for iterations, expected in ((PATIENCE - 1, False), (PATIENCE, True)):
        _, info = after(iterations)
        np.testing.assert_array_equal(info.converged, expected)
        np.testing.assert_array_equal(info.at_bounds, False)


def test_an_ascent_without_a_gain_takes_smaller_steps() -> None:
    def length(iterations: int) -> np.ndarray:
        state, info = after(iterations)
        return np.abs(np.asarray(state.proposal - info.params)).max(axis=(1, 2, 3))[~FALLS]

    assert (length(PATIENCE) < 0.1 * length(PATIENCE // 2)).all()


def test_an_infeasible_image_returns_and_takes_a_smaller_step() -> None:
    state, info = after(1, value=9.0)
    assert unmoved(info).all()
    for array, expected in ((info.first, 1), (info.second, 1), (info.drift, 0)):
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_allclose(info.optimizer.step_scale, DEFAULT_SOLVER.decrease_factor)
    straight, _ = after(1)
    assert (jnp.abs(state.proposal - params()).max() < jnp.abs(straight.proposal - params()).max()).all()


def test_where_the_fixed_metric_is_nan_an_image_returns_and_where_the_optimized_one_is_it_freezes() -> None:
    state, _ = after(0)
    state, info = advance(state, values(np.nan, 1), values(1.0, 2), CONSTANTS)
    optimizes_first = np.array([corner.optimized == "first" for corner in CORNERS])
    assert unmoved(info).all()
    np.testing.assert_array_equal(info.optimizer.failed, optimizes_first)
    assert info.finite.all()
    np.testing.assert_array_equal(np.asarray(state.proposal == params()).all(axis=(1, 2, 3)), optimizes_first)


def test_a_failed_image_stays_frozen() -> None:
    state, _ = after(0)
    state, _ = advance(state, values(np.nan, 1), values(1.0, 2), CONSTANTS)
    for value in (1.0, np.nan, 1.0):
        state, info = advance(state, values(value, 1), values(1.0, 2), CONSTANTS)
        assert unmoved(info)[:2].all()
        assert info.optimizer.failed[:2].all()
        assert info.finite.all()


def test_an_image_that_can_neither_continue_nor_return_restarts_from_its_level() -> None:
    """All white and off its level, where the optimized metric grows and the fixed one falls beyond white only."""
    state, _ = after(0)
    state = state._replace(proposal=jnp.ones(SHAPE))
    outwards = np.array([corner.optimized == "first" for corner in CORNERS])[:, None, None, None]
    gradients = jnp.asarray(np.broadcast_to(np.where(outwards, 1.0, -1.0), SHAPE), jnp.float32)
    for _ in range(20):
        distances = jnp.where((state.proposal == 1).all(axis=(1, 2, 3)), 1.5, 1.0)
        state, info = advance(state, (distances, gradients), (distances, -gradients), CONSTANTS)
        on_level = np.abs(info.drift) < DEFAULT_SOLVER.on_level_tolerance
        if on_level[~FALLS].all():
            break
    assert on_level[~FALLS].all()
    np.testing.assert_array_equal(info.params[~FALLS], params()[~FALLS])


def test_a_descent_that_regressed_returns_with_half_its_fast_offset() -> None:
    falls = np.array([corner == Corner("first", "min") for corner in CORNERS])
    for value, returns in ((1.5, True), (1.05, False)):
        state, _ = after(3)
        offset, here = state.optimizer.descent.fast_offset[0], state.accepted.params[falls]
        distances, gradients = values(1.0, 1)
        _, info = advance(state, (jnp.where(falls, value, distances), gradients), values(1.0, 2), CONSTANTS)
        factor = DEFAULT_SOLVER.decrease_factor if returns else 1
        np.testing.assert_array_equal(info.optimizer.step_scale, np.where(falls, factor, 1))
        np.testing.assert_array_equal(info.optimizer.descent.fast_offset[0], offset * factor)
        assert np.array_equal(info.params[falls], here) == returns


def test_a_first_step_that_leads_up_is_rejected_where_a_distance_falls() -> None:
    _, info = after(1, value=1.2)
    np.testing.assert_array_equal(unmoved(info), FALLS)
    assert unmoved(info)[DESCENTS].all()


def test_an_image_on_its_level_stays_while_others_are_restored() -> None:
    """Its last iterate on the level is nearer to it than float32 resolves elsewhere, and yet not returned to."""
    _, info = after(0)
    here = info.params + 0.25
    state = reinit(here, info.optimizer._replace(last_on_level=params()), 0)
    for _ in range(20):
        distances = jnp.where((state.proposal == params()).all(axis=(1, 2, 3)), 1.0, 1 + 5e-6)
        state, info = restore(state, (distances, values(1.0, 1)[1]), (distances, values(1.0, 2)[1]), CONSTANTS)
        np.testing.assert_array_equal(info.params, here)


def test_an_image_that_cannot_be_restored_returns_to_its_last_iterate_on_the_level() -> None:
    state = reinit(params() + 0.25, after(0)[1].optimizer._replace(last_on_level=params()), 0)
    for _ in range(20):
        distances = jnp.where((state.proposal == params()).all(axis=(1, 2, 3)), 1.0, 1.5)
        state, info = restore(state, (distances, values(1.0, 1)[1]), (distances, values(1.0, 2)[1]), CONSTANTS)
    np.testing.assert_array_equal(info.params, params())
