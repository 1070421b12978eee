"""Ridge solutions against `numpy.linalg.solve`, and their implicit gradient against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi import regression
from lasi.regression import LARGEST_UNROLLED, factorize, packed_size, products, residual_energy, ridge_solve

RIDGE = 80 / 127.5
SIZES = [1, 2, 5, 10, LARGEST_UNROLLED + 1]
OBSERVATIONS, ELEMENTS = 30, 4
every_size = pytest.mark.parametrize("size", SIZES)
pytestmark = pytest.mark.usefixtures("float64")


def random_predictors(size: int, *, seed: int = 0) -> np.ndarray:
    """(observations, N + 1, elements)."""
    return np.random.default_rng(seed).standard_normal((OBSERVATIONS, size + 1, ELEMENTS))


@jax.jit
def packed_sums(predictors: np.ndarray) -> jax.Array:
    """(1, F, elements)."""
    return products(jnp.asarray(predictors)).sum(axis=0, keepdims=True)


@jax.jit
def solve_and_adjoint(sums: jax.Array, cotangent: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The solutions (u, N, elements), and the gradient of their product with a cotangent."""
    solution, adjoint = jax.vjp(lambda sums: ridge_solve(sums, jnp.asarray(RIDGE, sums.dtype), False), sums)
    return solution, adjoint(cotangent)[0]


def normal_equations(predictors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (elements, N, N) and b (elements, N)."""
    neighbors, values = predictors[:, :-1], predictors[:, -1]
    return np.einsum("sig,sjg->gij", neighbors, neighbors), np.einsum("sig,sg->gi", neighbors, values)


@every_size
def test_products_hold_the_lower_triangle_column_by_column(size: int) -> None:
    predictors = random_predictors(size)
    packed = jax.jit(products)(predictors)
    columns = [
        predictors[:, row] * predictors[:, column] for column in range(size + 1) for row in range(column, size + 1)
    ]
    np.testing.assert_array_equal(packed, np.stack(columns, axis=1))
    assert packed.shape == (OBSERVATIONS, packed_size(size), ELEMENTS)


@every_size
def test_solutions(size: int) -> None:
    predictors = random_predictors(size)
    a, b = normal_equations(predictors)
    solution, _ = solve_and_adjoint(packed_sums(predictors), jnp.zeros((1, size, ELEMENTS)))
    expected = np.linalg.solve(a + RIDGE * np.eye(size), b[..., None])[..., 0].T
    np.testing.assert_allclose(solution[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("largest_in_one_block", [2, 5])
def test_solutions_entry_by_entry_in_one_block_and_in_several(
    largest_in_one_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a GPU, of an even number of elements and of an odd one, and for two right-hand sides."""
    size = 5
    monkeypatch.setattr(regression, "LARGEST_IN_ONE_BLOCK", largest_in_one_block)
    monkeypatch.setattr(regression, "BLOCK_SIZE", 8)

    @jax.jit
    def solve_twice(sums: jax.Array, right: jax.Array) -> tuple[jax.Array, jax.Array]:
        w, solve_for = factorize(sums, jnp.asarray(RIDGE, sums.dtype), True)
        return w, solve_for(right)

    for predictors in (random_predictors(size), random_predictors(size)[..., 1:]):
        a, b = normal_equations(predictors)
        right = np.random.default_rng(3).standard_normal(b.shape)
        solutions = solve_twice(packed_sums(predictors), jnp.asarray(right.T)[None])
        expected = np.linalg.solve(a + RIDGE * np.eye(size), np.stack([b, right], axis=-1))
        np.testing.assert_allclose(jnp.stack(solutions, axis=-1)[0], np.swapaxes(expected, 0, 1), rtol=0, atol=1e-12)


@every_size
def test_gradient_against_finite_differences(size: int) -> None:
    generator, step = np.random.default_rng(1), 1e-5
    sums, cotangent = packed_sums(random_predictors(size)), generator.standard_normal((1, size, ELEMENTS))
    direction = generator.standard_normal(sums.shape)
    _, gradient = solve_and_adjoint(sums, cotangent)
    ahead, behind = (solve_and_adjoint(sums + sign * step * direction, cotangent)[0] for sign in (1, -1))
    central = np.vdot(cotangent, ahead - behind) / (2 * step)
    np.testing.assert_allclose(np.vdot(gradient, direction), central, rtol=1e-7)


@every_size
def test_gradient_of_each_entry(size: int) -> None:
    """∂L/∂b = v and ∂L/∂A = −v wᵀ (both triangles in one number), 0 for the sum of squares."""
    predictors, cotangent = random_predictors(size), np.random.default_rng(2).standard_normal((size, ELEMENTS))
    a, b = (array[0] for array in normal_equations(predictors))
    w, v = np.linalg.solve(a + RIDGE * np.eye(size), np.stack([b, cotangent[:, 0]], axis=-1)).T
    _, gradient = solve_and_adjoint(packed_sums(predictors), jnp.asarray(cotangent)[None])
    outer = -(np.outer(v, w) + np.outer(w, v)) / (1 + np.eye(size))
    columns = [np.append(outer[column:, column], v[column]) for column in range(size)]
    np.testing.assert_allclose(gradient[0, :, 0], np.concatenate([*columns, [0]]), rtol=0, atol=1e-12)


@every_size
def test_residual_energy(size: int) -> None:
    predictors = random_predictors(size)
    sums = packed_sums(predictors)
    solution, _ = solve_and_adjoint(sums, jnp.zeros((1, size, ELEMENTS)))
    residuals = predictors[:, -1] - np.einsum("sig,ig->sg", predictors[:, :-1], solution[0])
    energy = jax.jit(residual_energy)(sums, solution, RIDGE)
    np.testing.assert_allclose(energy[0], np.sum(residuals**2, axis=0), rtol=1e-11)


def test_without_earlier_elements_the_solution_is_zero_and_its_gradient_finite() -> None:
    solution, gradient = solve_and_adjoint(jnp.zeros((1, packed_size(5), ELEMENTS)), jnp.ones((1, 5, ELEMENTS)))
    assert not solution.any()
    assert jnp.isfinite(gradient).all()


def test_jit_equals_eager() -> None:
    sums, cotangent = packed_sums(random_predictors(2)), jnp.ones((1, 2, ELEMENTS))
    compiled = solve_and_adjoint(sums, cotangent)
    with jax.disable_jit():
        eager = solve_and_adjoint(sums, cotangent)
    for one, other in zip(compiled, eager, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_elements_are_independent() -> None:
    sums = [packed_sums(random_predictors(3, seed=seed)) for seed in range(4)]
    each = [solve_and_adjoint(one, jnp.ones((1, 3, ELEMENTS))) for one in sums]
    together = solve_and_adjoint(jnp.concatenate(sums), jnp.ones((4, 3, ELEMENTS)))
    for one, other in zip(together, zip(*each, strict=True), strict=True):
        np.testing.assert_allclose(one, jnp.concatenate(other), rtol=0, atol=1e-13)


def test_float32_stays_near_float64() -> None:
    sums, cotangent = packed_sums(random_predictors(10)), jnp.ones((1, 10, ELEMENTS))
    double = solve_and_adjoint(sums, cotangent)
    single = solve_and_adjoint(sums.astype(jnp.float32), cotangent.astype(jnp.float32))
    for one, other in zip(single, double, strict=True):
        assert one.dtype == jnp.float32
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
