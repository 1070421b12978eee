"""Ascent steps decay, descent steps keep their length, all come to rest on a plateau, and the tolerance shrinks."""

import jax.numpy as jnp
import numpy as np
import optax

from mad_app.competition import DEFAULT_SOLVER
from mad_app.competition.schedules import feasibility_tolerance, step_size

GRID = np.linspace(0, 1, 21)
FALLS = np.array([False, True])


def size_at(progress: float, plateau: float = 0.0) -> np.ndarray:
    """Of an ascent and of a descent."""
    return np.asarray(step_size(jnp.float32(progress), jnp.full(2, plateau), FALLS, DEFAULT_SOLVER))


def test_ascent_steps_decay_as_optax_has_it() -> None:
    expected = optax.cosine_decay_schedule(DEFAULT_SOLVER.step_size, 20, alpha=DEFAULT_SOLVER.last_step_size)
    sizes = [size_at(at)[0] for at in GRID]
    np.testing.assert_allclose(sizes, [float(expected(k)) for k in range(21)], rtol=1e-5)


def test_descent_steps_keep_their_length() -> None:
    np.testing.assert_allclose([size_at(at)[1] for at in GRID], DEFAULT_SOLVER.step_size, rtol=1e-6)


def test_all_steps_decay_in_the_second_half_of_the_patience() -> None:
    sizes = np.array([size_at(0.3, plateau) for plateau in GRID])
    assert (sizes[:11] == sizes[0]).all()
    assert (np.diff(sizes[10:], axis=0) < 0).all()


def test_the_feasibility_tolerance_shrinks() -> None:
    allowed = np.array([float(feasibility_tolerance(jnp.float32(at), DEFAULT_SOLVER)) for at in GRID])
    expected = [DEFAULT_SOLVER.max_violation, DEFAULT_SOLVER.last_violation]
    np.testing.assert_allclose(allowed[[0, -1]], expected, rtol=1e-6)
    assert (np.diff(allowed) <= 0).all()
