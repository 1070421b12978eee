"""The causal sums, strip by strip and tile by tile, are the sum over all earlier elements; so is their adjoint."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from lasi.causal_sum import causal_sums, initial_carry
from lasi.predictors import GatherIndices
from lasi.strips import Layout
from tests.lasi import oracle

NUMBERS, IMAGES = 2, 2
NO_INDICES = GatherIndices(predictors=np.zeros((0, 0, 0, 0), np.int32), sources=np.zeros((0, 0, 0), np.int32))

LAYOUTS = [
    ((1, 1, 1), (1, 1)),
    ((1, 1, 4), (1, 1)),
    ((8, 8, 1), (4, 4)),
    ((8, 8, 3), (4, 4)),
    ((9, 10, 3), (4, 4)),
    ((7, 5, 2), (2, 3)),
    ((7, 5, 2), (7, 5)),
    ((6, 11, 3), (1, 4)),
    ((6, 11, 3), (3, 1)),
    ((6, 11, 3), (1, 1)),
    ((1, 37, 3), (1, 4)),
    ((17, 1, 3), (4, 1)),
    ((11, 6, 1), (8, 2)),
]
every_layout = pytest.mark.parametrize(("shape", "tile"), LAYOUTS, ids=str)
pytestmark = pytest.mark.usefixtures("float64")


def sums_by_strips(values: Array, tile: tuple[int, int], *, later: bool = False) -> Array:
    """The causal sums of values (H, W, C, F, n), the state carried from strip to strip."""
    height, width, channels, *rest = values.shape
    layout = Layout(
        shape=(height, width, channels),
        height=tile[0],
        width=tile[1],
        strips=-(-height // tile[0]),
        tiles=-(-width // tile[1]),
        reach=0,
        indices=NO_INDICES,
    )
    beyond = initial_carry(layout.width * channels, channels, (*rest, layout.tiles), values)
    order = slice(None, None, -1 if later else 1)
    sums = []
    for strip in layout.to_strips(values)[order]:
        strip_sums, beyond = causal_sums(jnp.swapaxes(strip, 2, 3), beyond, later=later)
        sums.append(strip_sums)
    return layout.to_image(jnp.stack(sums[order]))


def random_values(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((*shape, NUMBERS, IMAGES))


@functools.partial(jax.jit, static_argnums=2)
def sums_and_adjoint(values: Array, weights: Array, tile: tuple[int, int]) -> tuple[Array, Array, Array]:
    """The causal sums, the gradient of their product with weights, and the weights' sums over later elements."""
    sums, adjoint = jax.vjp(lambda values: sums_by_strips(values, tile), values)
    return sums, adjoint(weights)[0], sums_by_strips(weights, tile, later=True)


@every_layout
def test_sums_over_all_earlier_elements_and_their_adjoint(shape: tuple[int, int, int], tile: tuple[int, int]) -> None:
    values, weights = random_values(shape, seed=1), random_values(shape, seed=2)
    sums, gradient, later = sums_and_adjoint(values, weights, tile)
    np.testing.assert_allclose(sums, oracle.causal_sums(values), rtol=0, atol=1e-12)
    expected = oracle.causal_sums(weights[::-1, ::-1, ::-1])[::-1, ::-1, ::-1]
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(later, expected, rtol=0, atol=1e-12)


def test_float32_stays_near_float64() -> None:
    values = random_values((9, 10, 3), seed=3)
    sums, *_ = sums_and_adjoint(jnp.asarray(values, jnp.float32), jnp.zeros(values.shape, jnp.float32), (4, 4))
    assert sums.dtype == jnp.float32
    np.testing.assert_allclose(sums, oracle.causal_sums(values), rtol=0, atol=1e-4)
