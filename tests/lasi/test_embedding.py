"""Strips and tiles cover images of any shape, and the embedding of each is that of the definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi import LASI
from lasi.strips import Target, layout_of
from tests.lasi import oracle
from tests.lasi.pictures import smooth_noise

SHAPES_AND_SIZES = [
    ((1, 1, 1), 1),
    ((1, 1, 7), 3),
    ((1, 3, 1), 5),
    ((1, 23, 3), 2),
    ((23, 1, 3), 4),
    ((2, 2, 3), 6),
    ((3, 3, 2), 7),
    ((4, 4, 1), 2),
    ((5, 17, 3), 5),
    ((17, 5, 1), 5),
    ((8, 12, 3), 3),
    ((11, 13, 4), 2),
    ((6, 7, 1), 14),
    ((14, 25, 3), 4),
    ((9, 8, 3), 50),
]
every_shape = pytest.mark.parametrize(("shape", "size"), SHAPES_AND_SIZES, ids=str)


@pytest.mark.usefixtures("float64")
@every_shape
def test_coefficients_and_predictions(shape: tuple[int, int, int], size: int) -> None:
    image, lasi = smooth_noise(shape, seed=1), LASI(shape, size)
    coefficients, prediction = jax.jit(lambda image: (lasi.coefficients(image), lasi.prediction(image)))(image)
    expected = oracle.regress(image, size)
    np.testing.assert_allclose(coefficients.reshape(-1, size), expected.coefficients, rtol=0, atol=1e-11)
    np.testing.assert_allclose(prediction.ravel(), expected.predictions, rtol=0, atol=1e-11)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("shape", "size"), [((1, 3, 1), 5), ((5, 17, 3), 5), ((4, 5, 3), 50)], ids=str)
def test_the_weighted_loss(shape: tuple[int, int, int], size: int) -> None:
    image = smooth_noise(shape, seed=1)
    loss = jax.jit(LASI(shape, size).wls_loss)(image)
    np.testing.assert_allclose(loss, oracle.regress(image, size).losses.mean(), rtol=1e-11, atol=1e-15)


@every_shape
def test_strips_hold_every_element_once(shape: tuple[int, int, int], size: int) -> None:
    layout = layout_of(shape, size, 1, Target("cpu"))
    image = jnp.arange(1.0, np.prod(shape) + 1).reshape(*shape, 1)
    strips = np.asarray(jax.jit(layout.to_strips)(image))
    assert strips.shape == (layout.strips, layout.width * shape[2], 1, layout.height, layout.tiles)
    np.testing.assert_array_equal(np.sort(strips[strips > 0]), np.ravel(image))
    np.testing.assert_array_equal(jax.jit(layout.to_image)(strips[..., None, :])[..., 0], image)


@pytest.mark.usefixtures("float64")
def test_an_embedding_depends_on_earlier_elements_only() -> None:
    shape, element = (6, 9, 3), (3, 4, 1)
    image, lasi = smooth_noise(shape, seed=2), LASI(shape, 3)
    changed = image.copy()
    changed[element] += 0.5
    embed = jax.jit(lasi.embedding)
    difference = np.abs(np.asarray(embed(image) - embed(changed))).max(axis=-1).ravel()
    flat = np.ravel_multi_index(element, shape)
    np.testing.assert_allclose(difference[: flat + 1], 0, atol=1e-13)
    assert difference[flat + 1] > 1e-3
