"""The pace: what rises begins with large steps, leaders keep theirs, and all come to rest without a gain."""

import jax.numpy as jnp
import numpy as np

from mad_app.competition.schedules import FALLING, LAST_STRAY, STRAY, step_sizes, stray

PROGRESS = np.linspace(0, 1, 21)


def sizes(progress: float, idleness: float = 0.0) -> np.ndarray:
    return np.asarray(step_sizes(jnp.float32(progress), jnp.full(4, idleness)))


def test_steps_decline_where_a_distance_rises_and_leaders_steps_do_not() -> None:
    along = np.stack([sizes(progress) for progress in PROGRESS])
    assert (np.diff(along[:, ~FALLING], axis=0) < 0).all()
    assert (along[:, FALLING] == along[0, FALLING]).all()


def test_all_steps_decline_in_the_second_half_of_an_images_patience() -> None:
    idle = np.stack([sizes(0.3, idleness) for idleness in PROGRESS])
    assert (idle[: len(PROGRESS) // 2 + 1] == idle[0]).all()
    assert (np.diff(idle[len(PROGRESS) // 2 :], axis=0) < 0).all()


def test_images_may_stray_less_and_less() -> None:
    allowed = np.array([float(stray(jnp.float32(progress))) for progress in PROGRESS])
    np.testing.assert_allclose(allowed[[0, -1]], [STRAY, LAST_STRAY], rtol=1e-6)
    assert (np.diff(allowed) <= 0).all()
