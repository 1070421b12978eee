"""Ascent steps decay, descent steps keep their length, all come to rest on a plateau, and the tolerance shrinks."""

import jax.numpy as jnp
import numpy as np
import optax

from mad_app.competition import DEFAULT_SOLVER
from mad_app.competition.schedules import ascent_step_size, descent_step_size, feasibility_tolerance

GRID = np.linspace(0, 1, 21)
NO_PLATEAU = jnp.zeros(len(GRID))


def test_ascent_steps_decay_as_optax_has_it() -> None:
    expected = optax.cosine_decay_schedule(DEFAULT_SOLVER.step_size, 20, alpha=DEFAULT_SOLVER.last_step_size)
    sizes = [float(ascent_step_size(jnp.float32(at), jnp.zeros(1), DEFAULT_SOLVER)[0]) for at in GRID]
    np.testing.assert_allclose(sizes, [float(expected(k)) for k in range(21)], rtol=1e-5)


def test_descent_steps_keep_their_length() -> None:
    np.testing.assert_allclose(descent_step_size(NO_PLATEAU, DEFAULT_SOLVER), DEFAULT_SOLVER.step_size, rtol=1e-6)


def test_all_steps_decay_in_the_second_half_of_the_patience() -> None:
    plateau = jnp.asarray(GRID, jnp.float32)
    for sizes in (
        ascent_step_size(jnp.float32(0.3), plateau, DEFAULT_SOLVER),
        descent_step_size(plateau, DEFAULT_SOLVER),
    ):
        assert (sizes[:11] == sizes[0]).all()
        assert (jnp.diff(sizes[10:]) < 0).all()


def test_the_feasibility_tolerance_shrinks() -> None:
    allowed = np.array([float(feasibility_tolerance(jnp.float32(at), DEFAULT_SOLVER)) for at in GRID])
    expected = [DEFAULT_SOLVER.max_violation, DEFAULT_SOLVER.last_violation]
    np.testing.assert_allclose(allowed[[0, -1]], expected, rtol=1e-6)
    assert (np.diff(allowed) <= 0).all()
