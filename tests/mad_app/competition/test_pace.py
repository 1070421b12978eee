"""Strides: shorter where they overshot, longer where they did not, and only where a distance falls."""

import jax.numpy as jnp
import numpy as np

from mad_app.competition.pace import (
    FALLING,
    LENGTHENING,
    LONGEST,
    MOMENTUM,
    MOST_MOMENTUM,
    SHORTENING,
    momenta,
    strides,
)

ONE = jnp.ones(4)


def after(times: int, slope: float, progress: float = 0.5) -> np.ndarray:
    """The strides after so many steps of one kind."""
    now = ONE
    for _ in range(times):
        now = strides(now, slope * ONE, jnp.float32(progress))
    return np.asarray(now)


def test_a_falling_image_strides_by_where_its_step_led() -> None:
    for slope, change in ((-1.0, SHORTENING), (1.0, LENGTHENING), (0.0, 1.0)):
        np.testing.assert_allclose(after(1, slope), np.where(FALLING, change, 1), rtol=1e-6)


def test_strides_have_bounds() -> None:
    np.testing.assert_allclose(after(200, 1.0), np.where(FALLING, LONGEST, 1))
    shortest = [after(200, -1.0, progress)[FALLING] for progress in (0.0, 0.3, 0.7, 1.0)]
    np.testing.assert_array_equal(shortest[0], 1)
    assert (np.diff(shortest, axis=0) < 0).all()
    assert (shortest[-1] > 0).all()


def test_shorter_strides_remember_more() -> None:
    remembered = [MOMENTUM, MOMENTUM, (MOMENTUM + MOST_MOMENTUM) / 2, MOST_MOMENTUM]
    np.testing.assert_allclose(momenta(jnp.array([LONGEST, 1.0, 0.5, 0.0])), remembered, rtol=1e-6)
