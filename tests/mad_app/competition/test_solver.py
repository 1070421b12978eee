"""A turn judges where the last step led: what strayed goes back, and what gains no more has converged."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.competition import schedules as pace
from mad_app.competition.settings import CORNERS, Corner
from mad_app.competition.solver import (
    ON_LEVEL,
    PATIENCE,
    SHRINKAGE,
    Terms,
    Turn,
    Values,
    Walk,
    advance,
    begin,
    resume,
    settle,
)

SHAPE = (4, 4, 4, 3)
TERMS = Terms(jnp.ones(4), *(jnp.float32(number) for number in (1000, 0.05, 1e-5)))
take = jax.jit(partial(advance, terms=TERMS))


def said(value: float, seed: int) -> Values:
    """A value of all four images, with a gradient."""
    gradients = np.random.default_rng(seed).uniform(-1, 1, SHAPE)
    return jnp.full(4, value), jnp.asarray(gradients, jnp.float32)


def images() -> jax.Array:
    return jnp.full(SHAPE, 0.5)


def after(turns: int, value: float = 1.0) -> tuple[Walk, Turn]:
    """So many turns, in which both metrics say the value of each proposed image."""
    walk = begin(images())
    walk, turn = take(walk, said(1.0, 1), said(1.0, 2))
    for _ in range(turns):
        walk, turn = take(walk, said(value, 1), said(value, 2))
    return walk, turn


def test_without_a_gain_in_many_steps_an_image_has_converged() -> None:
    for turns, expected in ((PATIENCE - 1, 0), (PATIENCE, 1)):
        _, turn = after(turns)
        np.testing.assert_array_equal(turn.told[4], expected)
        np.testing.assert_array_equal(turn.told[5], 0)


def test_a_rising_image_without_a_gain_takes_smaller_steps() -> None:
    def length(turns: int) -> np.ndarray:
        walk, turn = after(turns)
        return np.abs(np.asarray(walk.proposed - turn.images)).max(axis=(1, 2, 3))[~pace.FALLING]

    assert (length(PATIENCE) < 0.1 * length(PATIENCE // 2)).all()


def test_an_image_that_strays_goes_back_and_takes_a_smaller_step() -> None:
    walk, turn = after(1, value=9.0)
    np.testing.assert_array_equal(turn.images, images())
    np.testing.assert_array_equal(turn.told[:3], np.stack([np.ones(4), np.ones(4), np.zeros(4)]))
    np.testing.assert_allclose(turn.memory.trust, SHRINKAGE)
    straight, _ = after(1)
    assert (jnp.abs(walk.proposed - images()).max() < jnp.abs(straight.proposed - turn.images).max()).all()


def test_a_value_that_is_no_number_is_no_place_to_go() -> None:
    walk, _ = after(0)
    walk, turn = take(walk, said(np.nan, 1), said(1.0, 2))
    held_by_first = np.array([False, False, True, True])
    np.testing.assert_array_equal(np.asarray(turn.images == images()).all(axis=(1, 2, 3)), held_by_first)
    np.testing.assert_array_equal(turn.told[3], held_by_first)


def test_an_image_that_can_neither_go_on_nor_return_sets_out_again_from_its_level() -> None:
    """All white and off its level, where the driven metric grows and the held one falls beyond white only."""
    walk, _ = after(0)
    walk = walk._replace(proposed=jnp.ones(SHAPE))
    outwards = np.array([corner.optimized == "first" for corner in CORNERS])[:, None, None, None]
    gradients = jnp.asarray(np.broadcast_to(np.where(outwards, 1.0, -1.0), SHAPE), jnp.float32)
    for _ in range(20):
        values = jnp.where((walk.proposed == 1).all(axis=(1, 2, 3)), 1.5, 1.0)
        walk, turn = take(walk, (values, gradients), (values, -gradients))
        back = np.abs(turn.told[2]) < ON_LEVEL
        if back[~pace.FALLING].all():
            break
    assert back[~pace.FALLING].all()
    np.testing.assert_array_equal(turn.images[~pace.FALLING], images()[~pace.FALLING])


def test_a_falling_image_that_relapsed_goes_back_with_half_its_lead() -> None:
    first_falls = np.array([corner == Corner("first", "min") for corner in CORNERS])
    for value, back in ((1.5, True), (1.05, False)):
        walk, _ = after(3)
        lead, here = walk.memory.moments.heading[first_falls], walk.view.images[first_falls]
        values, gradients = said(1.0, 1)
        _, turn = take(walk, (jnp.where(first_falls, value, values), gradients), said(1.0, 2))
        np.testing.assert_array_equal(turn.memory.trust, np.where(first_falls & back, SHRINKAGE, 1))
        np.testing.assert_array_equal(turn.memory.moments.heading[first_falls], lead * (SHRINKAGE if back else 1))
        assert np.array_equal(turn.images[first_falls], here) == back


def test_a_first_step_that_leads_up_is_taken_back_where_a_distance_falls() -> None:
    _, turn = after(1, value=1.2)
    np.testing.assert_array_equal(np.asarray(turn.images == images()).all(axis=(1, 2, 3)), pace.FALLING)


def test_an_image_on_its_level_stays_while_others_return() -> None:
    """The last place that was on the level is nearer to it than float32 tells elsewhere, and yet not gone back to."""
    walk, turn = after(0)
    here, earlier = turn.images + 0.25, turn.memory._replace(held=images())
    walk = resume(here, earlier, 0)
    for _ in range(20):
        at_start = (walk.proposed == images()).all(axis=(1, 2, 3))
        values = jnp.where(at_start, 1.0, 1 + 5e-6)
        walk, turn = settle(walk, (values, said(1.0, 1)[1]), (values, said(1.0, 2)[1]), TERMS)
        np.testing.assert_array_equal(turn.images, here)


def test_an_image_that_cannot_return_goes_back_to_where_it_was_on_its_level() -> None:
    walk = resume(images() + 0.25, after(0)[1].memory._replace(held=images()), 0)
    for _ in range(20):
        at_start = (walk.proposed == images()).all(axis=(1, 2, 3))
        values = jnp.where(at_start, 1.0, 1.5)
        walk, turn = settle(walk, (values, said(1.0, 1)[1]), (values, said(1.0, 2)[1]), TERMS)
    np.testing.assert_array_equal(turn.images, images())
