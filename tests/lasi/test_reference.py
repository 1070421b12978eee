"""LASI agrees with the authors' program: to 1e-9 in float64, and to 2e-4 in float32 for values in [−1, 1]."""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from lasi import flat_neighborhood
from tests.lasi import oracle
from tests.lasi.reference import CASES, Case

IN_FLOAT64, IN_FLOAT32 = 1e-9, 2e-4
every_case = pytest.mark.parametrize("case", CASES, ids=str)
some_cases = pytest.mark.parametrize("case", [CASES[i] for i in (0, 2, 7, 11)], ids=str)
"""A gray picture, one of color, one of 8-bit levels and a single row; `test_embedding.py` has more shapes."""
some_unit_range_cases = pytest.mark.parametrize("case", [CASES[i] for i in (2, 5)], ids=str)
"""A picture of color and one without normalization; a gray one and a single row are compiled by default below, and
every case is tested in float64."""


@dataclass(frozen=True)
class Pair:
    """Values of LASI for a case, by two images, in float64."""

    distance: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Values of LASI for a case, by the embedding of x and the batch (y, x), in float32."""

    distances: np.ndarray
    gradients: np.ndarray
    embedding: np.ndarray


@functools.cache
def pair_of(index: int) -> Pair:
    evaluate = jax.jit(jax.value_and_grad(CASES[index].lasi.compute_distance, argnums=1))
    with jax.enable_x64(True):
        return Pair(*map(np.asarray, evaluate(*CASES[index].images)))


@functools.cache
def batch_of(index: int) -> Batch:
    lasi, (x, y) = CASES[index].lasi, CASES[index].images

    @jax.jit
    def evaluate(x: Array, y: Array) -> tuple[Array, Array, Array]:
        embedding = lasi.embedding(x)

        def distance_of_first(images: Array) -> tuple[Array, Array]:
            distances = lasi.compute_distances_to(embedding, images)
            return distances[0], distances

        (_, distances), gradients = jax.value_and_grad(distance_of_first, has_aux=True)(jnp.stack([y, x]))
        return distances, gradients, embedding

    return Batch(*map(np.asarray, evaluate(np.float32(x), np.float32(y))))


def assert_near(actual: np.ndarray, expected: object, tolerance: float, *, scale: float | None = None) -> None:
    """Equal to a tolerance relative to a scale, by default the largest of the expected values."""
    wanted = np.asarray(expected)
    error = np.max(np.abs(np.asarray(actual, np.float64) - wanted))
    allowed = tolerance * (np.max(np.abs(wanted)) if scale is None else scale)
    assert error <= allowed, f"off by {error:.3g}, allowed {allowed:.3g}"


def assert_gradient_near(gradient: np.ndarray, case: Case, tolerance: float) -> None:
    flat = gradient.astype(np.float64).ravel()
    assert_near(flat[:4], case.grad_y_first, tolerance)
    assert_near(np.abs(flat).sum(), case.grad_y_abs_sum, tolerance)
    assert_near(flat.sum(), case.grad_y_sum, tolerance, scale=case.grad_y_abs_sum)


@every_case
def test_neighborhoods(case: Case) -> None:
    height, width, *channels = case.shape
    flat = flat_neighborhood((height, width, *(channels or [1])), case.neighborhood_size)
    assert {element: flat[int(element)].tolist() for element in case.neighborhood_rows} == case.neighborhood_rows


@every_case
def test_distance_in_float64(case: Case) -> None:
    pair = pair_of(CASES.index(case))
    assert pair.distance.dtype == np.float64
    assert_near(pair.distance, case.distance, IN_FLOAT64)


@pytest.mark.usefixtures("float64")
@some_cases
def test_coefficients_and_prediction_error_in_float64(case: Case) -> None:
    coefficients, prediction = jax.jit(lambda x: (case.lasi.coefficients(x), case.lasi.prediction(x)))(case.images[0])
    assert coefficients.shape == (*case.shape, case.neighborhood_size)
    rows = np.asarray(coefficients).reshape(-1, case.neighborhood_size)
    for element, row in case.params_rows.items():
        assert_near(rows[int(element)], row, IN_FLOAT64)
    assert_near(np.abs(rows).sum(), case.params_abs_sum, IN_FLOAT64)
    assert_near(rows.sum(), case.params_sum, IN_FLOAT64, scale=case.params_abs_sum)
    assert_near(np.mean((np.asarray(prediction) - case.images[0]) ** 2), case.prediction_mse, IN_FLOAT64)


@every_case
def test_gradient_in_float64(case: Case) -> None:
    assert_gradient_near(pair_of(CASES.index(case)).gradient, case, IN_FLOAT64)


@pytest.mark.usefixtures("float64")
def test_multiple_distances_in_float64() -> None:
    case = CASES[2]
    x, y = case.images
    distances = jax.jit(lambda x, y: case.lasi.compute_distance_multiple(ref=x, noisy=y, same=x))(x, y)
    assert list(distances) == ["noisy", "same"]
    assert_near(distances["noisy"], case.distance, IN_FLOAT64)
    assert distances["same"] <= 1e-12


@some_unit_range_cases
def test_batch_of_distances_in_float32(case: Case) -> None:
    batch = batch_of(CASES.index(case))
    assert batch.distances.dtype == np.float32
    assert_near(batch.distances[0], case.distance, IN_FLOAT32)
    assert batch.distances[1] <= 1e-5


@some_unit_range_cases
def test_embedding_in_float32(case: Case) -> None:
    rows = batch_of(CASES.index(case)).embedding.reshape(-1, case.neighborhood_size)
    for element, row in case.params_rows.items():
        shifted = np.array(row) + oracle.SHIFT
        expected = shifted / np.linalg.norm(shifted) if case.unit_normalize_features else shifted
        assert_near(rows[int(element)], expected, IN_FLOAT32)


@some_unit_range_cases
def test_gradient_in_float32(case: Case) -> None:
    of_first, of_second = batch_of(CASES.index(case)).gradients
    assert_gradient_near(of_first, case, IN_FLOAT32)
    assert not of_second.any(), "the distance of one image must not depend on another of its batch"


@pytest.mark.as_shipped
@pytest.mark.parametrize("case", [CASES[0], CASES[10], CASES[11]], ids=str)
def test_gradient_in_float32_compiled_by_default(case: Case) -> None:
    """Some of their elements have embeddings that differ by rounding alone, which depends on the compilation."""
    x, y = np.float32(case.images)
    if case is CASES[0]:  # in two programs
        alone = jax.grad(case.lasi.compute_distance_to, argnums=1)(case.lasi.embedding(x), y)
        assert_gradient_near(np.asarray(alone), case, IN_FLOAT32)
    both = jax.jit(lambda x, y: jax.grad(case.lasi.compute_distance_to, argnums=1)(case.lasi.embedding(x), y))
    assert_gradient_near(np.asarray(both(x, y)), case, IN_FLOAT32)


@every_case
def test_the_oracle_agrees_too(case: Case) -> None:
    x, y = case.images
    settings = {"coefficient": case.ols_regularization_coef, "unit_normalize": case.unit_normalize_features}
    assert_near(oracle.distance(x, y, case.neighborhood_size, **settings), case.distance, IN_FLOAT64)
    coefficients = oracle.regress(x, case.neighborhood_size, coefficient=case.ols_regularization_coef).coefficients
    assert_near(np.abs(coefficients).sum(), case.params_abs_sum, IN_FLOAT64)
