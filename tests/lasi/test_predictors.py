"""Fetching predictors reads the window at its places, zero where there is none; its adjoint adds them back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi.predictors import Places, gather, places_of

STRIPS, POSITIONS, PREDICTORS, ROWS, TILES, WINDOW, IMAGES = 3, 6, 4, 2, 5, 40, 2
pytestmark = pytest.mark.usefixtures("float64")


def random_places(seed: int, *, most: int = WINDOW) -> Places:
    """Places up to and with `most`; `WINDOW` is outside."""
    places = np.random.default_rng(seed).integers(0, most + 1, (STRIPS, POSITIONS, PREDICTORS, ROWS, TILES))
    return places_of(places, WINDOW)


@pytest.mark.parametrize("strip", range(STRIPS))
def test_reads_the_window_and_zero_outside(strip: int) -> None:
    places, window = random_places(0), np.random.default_rng(1).standard_normal((IMAGES, WINDOW))
    fetched = gather(jnp.asarray(window), places.predictors[strip], places.uses[strip])
    expected = np.append(window, np.zeros((IMAGES, 1)), axis=1)[:, places.predictors[strip]]
    assert (places.predictors[strip] == WINDOW).any(), "the case must have places outside"
    np.testing.assert_array_equal(fetched, np.moveaxis(expected, 0, 3))


@pytest.mark.parametrize("most", [WINDOW, WINDOW // 3], ids=["all used", "some unused"])
@pytest.mark.parametrize("strip", range(STRIPS))
def test_the_adjoint_adds_every_use(strip: int, most: int) -> None:
    places, generator = random_places(2, most=most), np.random.default_rng(3)
    window = generator.standard_normal((IMAGES, WINDOW))
    weights = generator.standard_normal((POSITIONS, PREDICTORS, ROWS, IMAGES, TILES))
    predictors, uses = places.predictors[strip], places.uses[strip]
    fetched, adjoint = jax.vjp(lambda window: gather(window, predictors, uses), jnp.asarray(window))
    (gathered,) = adjoint(jnp.asarray(weights))
    added = np.zeros((IMAGES, WINDOW + 1))
    for image in range(IMAGES):
        np.add.at(added[image], predictors, weights[..., image, :])
    np.testing.assert_allclose(gathered, added[:, :WINDOW], rtol=0, atol=1e-13)
    np.testing.assert_allclose(np.vdot(fetched, weights), np.vdot(window, gathered), rtol=1e-12)


def test_every_predictor_is_a_use_once() -> None:
    places = random_places(4)
    beyond = POSITIONS * PREDICTORS * ROWS * TILES
    for predictors, uses in zip(places.predictors, places.uses, strict=True):
        inside = np.flatnonzero(predictors < WINDOW)
        np.testing.assert_array_equal(np.sort(uses[uses < beyond]), inside)
        assert uses.max() <= beyond


def test_a_window_outside_of_which_everything_lies_gives_zeros() -> None:
    places = places_of(np.full((1, POSITIONS, PREDICTORS, ROWS, TILES), WINDOW), WINDOW)
    window = jnp.ones((IMAGES, WINDOW))
    fetched, adjoint = jax.vjp(lambda window: gather(window, places.predictors[0], places.uses[0]), window)
    assert not fetched.any()
    assert not adjoint(jnp.ones_like(fetched))[0].any()
