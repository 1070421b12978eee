"""A ridge below the rounding error of the sums is refused; the smallest ridge allowed keeps its precision."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi import LASI
from tests.lasi.pictures import noisy, smooth_noise

SHAPE, SIZE = (9, 10, 3), 4
X = smooth_noise(SHAPE, seed=1)
Y = noisy(X, 0.2, seed=2)


@pytest.mark.parametrize("coefficient", [1e-300, 1e-30, 1e-6])
@pytest.mark.parametrize("call", ["compute_distance", "compute_distances_to", "embedding"])
def test_a_ridge_too_small_for_float32_is_refused(coefficient: float, call: str) -> None:
    lasi = LASI(SHAPE, SIZE, ols_regularization_coef=coefficient)
    images = {
        "compute_distance": (np.float32(X), np.float32(Y)),
        "compute_distances_to": (np.zeros((*SHAPE, SIZE), np.float32), np.float32([Y])),
        "embedding": (np.float32(X),),
    }
    message = "^ols_regularization_coef must be at least .* for float32 images, .* got " + re.escape(repr(coefficient))
    with pytest.raises(ValueError, match=message):
        getattr(lasi, call)(*images[call])


def test_float64_takes_a_smaller_one() -> None:
    lasi = LASI(SHAPE, SIZE, ols_regularization_coef=1e-6)
    with jax.enable_x64(True):
        assert np.isfinite(jax.jit(lasi.compute_distance)(X, Y))


def test_the_smallest_ridge_allowed_in_float32_is_precise_enough() -> None:
    lasi = LASI(SHAPE, SIZE, ols_regularization_coef=1e-4)
    single = jax.jit(lasi.compute_distance)(jnp.float32(X), jnp.float32(Y))
    with jax.enable_x64(True):
        double = jax.jit(lasi.compute_distance)(X, Y)
    np.testing.assert_allclose(single, double, rtol=1e-2)


@pytest.mark.parametrize(("shape", "size"), [((12, 12, 3), 16), ((12, 12, 3), 40), ((4, 5), 1)])
def test_the_smallest_ridge_that_is_named_is_allowed(shape: tuple[int, ...], size: int) -> None:
    image = jax.ShapeDtypeStruct(shape, jnp.float32)
    with pytest.raises(ValueError, match="at least") as refusal:
        jax.eval_shape(LASI(shape, size, ols_regularization_coef=1e-300).embedding, image)
    named = float(re.findall(r"at least (\S+)", str(refusal.value))[0])
    embedding = jax.eval_shape(LASI(shape, size, ols_regularization_coef=named).embedding, image)
    assert embedding.shape == (*shape, size)
