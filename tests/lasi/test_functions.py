"""The functions without an object give what the object gives, for any array, and keep few programs."""

import functools
from typing import Any

import jax
import numpy as np
import pytest
import torch

import lasi
from lasi import LASI, functions

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (9, 8, 3)).astype(np.float32)
Y = np.clip(X + RANDOM.normal(0, 0.1, X.shape), -1, 1).astype(np.float32)
OBJECT = LASI(X.shape, neighborhood_size=2)
EXPECTED = float(OBJECT.compute_distance(X, Y))


def test_they_are_the_methods_of_the_object() -> None:
    assert float(lasi.distance(X, Y, neighborhood_size=2)) == pytest.approx(EXPECTED, rel=1e-5)
    np.testing.assert_allclose(lasi.embed(X, neighborhood_size=2), OBJECT.embedding(X), atol=1e-5)
    where = lasi.distance_map(X, Y, neighborhood_size=2)
    np.testing.assert_allclose(where, OBJECT.distance_map(X, Y), atol=1e-5)
    assert float(where.mean()) == pytest.approx(EXPECTED, rel=1e-5)


def test_a_range_is_mapped_to_that_of_the_authors() -> None:
    levels = np.rint((np.stack([X, Y]) + 1) * 127.5).astype(np.uint8)
    in_range = levels / np.float32(127.5) - 1
    expected = float(OBJECT.compute_distance(*in_range))
    assert float(lasi.distance(*levels, neighborhood_size=2, data_range=(0, 255))) == pytest.approx(expected, rel=1e-4)


def test_tensors_are_taken_and_copied() -> None:
    x = torch.tensor(X)
    found = lasi.distance(x, torch.tensor(Y), neighborhood_size=2)
    x.zero_()
    assert float(found) == pytest.approx(EXPECTED, rel=1e-5)
    with pytest.raises(ValueError, match=r"x must be an array of real numbers, got Tensor.*detach"):
        lasi.distance(torch.tensor(X, requires_grad=True), Y)


def test_they_are_differentiable_under_jit_and_vmap() -> None:
    distance = functools.partial(lasi.distance, X, neighborhood_size=2)
    values, gradients = jax.jit(jax.vmap(jax.value_and_grad(distance)))(np.stack([Y, -Y]))
    assert float(values[0]) == pytest.approx(EXPECTED, rel=1e-5)
    step = 2e-3 * np.sign(gradients[0]) * (np.abs(Y) < 0.9)
    slope = float(distance(Y + step) - distance(Y - step)) / 2
    assert float((gradients[0] * step).sum()) == pytest.approx(slope, rel=0.05)


def test_programs_are_kept_and_their_number_is_bounded() -> None:
    before = functions._program.cache_info()
    lasi.distance(X, Y, neighborhood_size=2)
    lasi.distance(Y, X, neighborhood_size=2)
    after = functions._program.cache_info()
    assert after.hits - before.hits >= 1
    assert after.maxsize == functions.PROGRAMS


@pytest.mark.parametrize(
    ("x", "options", "problem"),
    [
        (2 * X, {}, r"x has values from -.* to .*, beyond data_range \(-1, 1\)"),
        (X, {"data_range": 255}, "data_range must be two numbers, those of black and white, got 255"),
        (X, {"data_range": (1, 1)}, r"data_range must be two finite numbers, black below white, got \(1, 1\)"),
        (X + 0j, {}, "x must be an array of real numbers, got dtype complex64"),
        ("cat", {}, "x must be an array of real numbers, got 'cat'"),
        (X, {"neighborhood_size": 0}, "neighborhood_size must be a whole number from 1 to 100, got 0"),
        (X[:, :5], {}, r"y must be an image of shape \(9, 5, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused(x: Any, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        lasi.distance(x, Y, **options)


@pytest.mark.parametrize("data_range", [[0, 1], np.array([0, 1]), (np.float32(0), np.int64(1))])
def test_the_range_may_be_any_pair_of_numbers(data_range: object) -> None:
    x = np.random.default_rng(0).uniform(size=(4, 4))
    found = lasi.distance(x, x**2, neighborhood_size=2, data_range=data_range)  # type: ignore[arg-type]
    assert found == lasi.distance(x, x**2, neighborhood_size=2, data_range=(0, 1))


@pytest.mark.parametrize("data_range", ["ab", [[0, 1]], (0, "a"), (-1e308, 1e308), (0, 10**400), (1, 1), None])
def test_a_range_of_no_two_numbers_is_refused(data_range: object) -> None:
    x = np.zeros((4, 4))
    with pytest.raises(ValueError, match=r"^data_range must be two"):
        lasi.distance(x, x, data_range=data_range)  # type: ignore[arg-type]
