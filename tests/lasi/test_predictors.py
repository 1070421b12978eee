"""Gathering predictors reads the window at their indices, zero where there is none; its adjoint adds them back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi.predictors import GatherIndices, gather, gather_indices

STRIPS, POSITIONS, PREDICTORS, ROWS, TILES, WINDOW, IMAGES = 3, 6, 4, 2, 5, 40, 2
pytestmark = pytest.mark.usefixtures("float64")


def random_indices(seed: int, *, most: int = WINDOW) -> GatherIndices:
    """Indices up to and with `most`; `WINDOW` is outside."""
    indices = np.random.default_rng(seed).integers(0, most + 1, (STRIPS, POSITIONS, PREDICTORS, ROWS, TILES))
    return gather_indices(indices, WINDOW)


@pytest.mark.parametrize("strip", range(STRIPS))
def test_reads_the_window_and_zero_outside(strip: int) -> None:
    indices, window = random_indices(0), np.random.default_rng(1).standard_normal((IMAGES, WINDOW))
    gathered = gather(jnp.asarray(window), indices.predictors[strip], indices.sources[strip])
    expected = np.append(window, np.zeros((IMAGES, 1)), axis=1)[:, indices.predictors[strip]]
    assert (indices.predictors[strip] == WINDOW).any(), "the case must have indices outside"
    np.testing.assert_array_equal(gathered, np.moveaxis(expected, 0, 3))


@pytest.mark.parametrize("most", [WINDOW, WINDOW // 3], ids=["all used", "some unused"])
@pytest.mark.parametrize("strip", range(STRIPS))
def test_the_adjoint_adds_at_every_source(strip: int, most: int) -> None:
    indices, generator = random_indices(2, most=most), np.random.default_rng(3)
    window = generator.standard_normal((IMAGES, WINDOW))
    weights = generator.standard_normal((POSITIONS, PREDICTORS, ROWS, IMAGES, TILES))
    predictors, sources = indices.predictors[strip], indices.sources[strip]
    gathered, adjoint = jax.vjp(lambda window: gather(window, predictors, sources), jnp.asarray(window))
    (added_back,) = adjoint(jnp.asarray(weights))
    added = np.zeros((IMAGES, WINDOW + 1))
    for image in range(IMAGES):
        np.add.at(added[image], predictors, weights[..., image, :])
    np.testing.assert_allclose(added_back, added[:, :WINDOW], rtol=0, atol=1e-13)
    np.testing.assert_allclose(np.vdot(gathered, weights), np.vdot(window, added_back), rtol=1e-12)


def test_every_predictor_has_one_source() -> None:
    indices = random_indices(4)
    beyond = POSITIONS * PREDICTORS * ROWS * TILES
    for predictors, sources in zip(indices.predictors, indices.sources, strict=True):
        inside = np.flatnonzero(predictors < WINDOW)
        np.testing.assert_array_equal(np.sort(sources[sources < beyond]), inside)
        assert sources.max() <= beyond


def test_predictors_that_all_lie_outside_are_zero() -> None:
    indices = gather_indices(np.full((1, POSITIONS, PREDICTORS, ROWS, TILES), WINDOW), WINDOW)
    window = jnp.ones((IMAGES, WINDOW))
    gathered, adjoint = jax.vjp(lambda window: gather(window, indices.predictors[0], indices.sources[0]), window)
    assert not gathered.any()
    assert not adjoint(jnp.ones_like(gathered))[0].any()
