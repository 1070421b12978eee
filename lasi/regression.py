"""Weighted least squares for many elements at once: products in, ridge solutions out.

An element's *predictors* are its N neighbours n and, last, its own value x: p = (n, x). Summed over earlier elements
with weights, the products p pᵀ hold the whole regression: A (n nᵀ), b (x n) and the sum of squares (x²). They are kept
packed, the columns of the lower triangle one after the other, F = (N + 1)(N + 2)/2 numbers. The embedding solves
(A + λI) w = b.

Predictors and sums are arrays (u, N + 1 or F, …), one number an element along the other axes. What is computed from
sums are *planes*: a list of N arrays (u, …), so that every entry of a factor is one vector operation and none is copied
into its place. Nothing here calls LAPACK: on two cores its calls inside a compiled CPU program can wait for one another
for ever.
"""

import functools
import math
import operator
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Planes = list[Array]
"""A vector at every element, one array for each of its entries."""
LARGEST_UNROLLED = 24
"""N up to which every entry of the factor is an operation of its own: fast, but the program grows with N³."""


@jax.custom_vjp
def products(predictors: Array) -> Array:
    """Packed products (u, F, …) of the predictors (u, N + 1, …)."""
    rows, columns = _lower_triangle(predictors.shape[1])
    return _take(predictors, rows) * _take(predictors, columns)


def products_adjoint(predictors: Array, cotangent: Array) -> Array:
    """The symmetric matrix that the cotangent (u, F, …) packs, times the predictors, the diagonal counted twice."""
    places = _places(predictors.shape[1])
    rows = []
    for i, row in enumerate(places):
        terms = [cotangent[:, place] * predictors[:, k] for k, place in enumerate(row)]
        rows.append(sum(terms, start=terms[i]))
    return jnp.stack(rows, axis=1)


products.defvjp(
    lambda predictors: (products(predictors), predictors),
    lambda predictors, cotangent: (products_adjoint(predictors, cotangent),),
)


def packed_size(neighborhood_size: int) -> int:
    """F, for N neighbours."""
    return (neighborhood_size + 1) * (neighborhood_size + 2) // 2


@jax.custom_vjp
def ridge_solve(sums: Array, ridge: Array) -> Planes:
    """Solutions w of (A + λI) w = b.

    The gradient is that of the implicit function: with A v = ∂L/∂w, ∂L/∂b = v and ∂L/∂A = −v wᵀ.

    Args:
        sums: weighted sums of products, packed, (u, F, …).
        ridge: λ > 0, a scalar, taken as constant.
    """
    return factorise(sums, ridge)[0]


def _solve_forward(sums: Array, ridge: Array) -> tuple[Planes, tuple[Array, Array]]:
    return ridge_solve(sums, ridge), (sums, ridge)


def _solve_backward(residuals: tuple[Array, Array], cotangent: Planes) -> tuple[Array, None]:
    w, solve_for = factorise(*residuals)
    return gradient_of_sums(jnp.stack(solve_for(cotangent), axis=1), jnp.stack(w, axis=1)), None


ridge_solve.defvjp(_solve_forward, _solve_backward)


def gradient_of_sums(v: Array, w: Array) -> Array:
    """∂L/∂A and ∂L/∂b packed, (u, F, …), from the solution w and from A v = ∂L/∂w, both (u, N, …)."""
    columns = []
    for k in range(w.shape[1]):
        v_k, w_k = v[:, k : k + 1], w[:, k : k + 1]
        columns += [-v_k * w_k, -(v[:, k + 1 :] * w_k + v_k * w[:, k + 1 :]), v_k]
    return jnp.concatenate([*columns, jnp.zeros_like(v[:, :1])], axis=1)


def factorise(sums: Array, ridge: Array) -> tuple[Planes, Callable[[Planes], Planes]]:
    """The w of (A + λI) w = b, and the function that solves (A + λI) v = c for another right-hand side.

    A pivot is at least what rounding leaves of its element of A, so that the factor stays finite where λ is too small
    for the sums' precision: float32 values in 0 … 255 on flat ground.
    """
    size = (math.isqrt(8 * sums.shape[1] + 1) - 3) // 2
    return (_cholesky if size <= LARGEST_UNROLLED else _sweep)(sums, ridge, size)


def _cholesky(sums: Array, ridge: Array, size: int) -> tuple[Planes, Callable[[Planes], Planes]]:
    """By the factor L of A + λI, with L⁻¹ b as one more row.

    Substitution divides, rather than multiplies by an inverse, because XLA computes an entry anew for each use of it
    unless it ends in something as dear as a division.
    """
    places = _places(size + 1)
    factor: list[Planes] = [[] for _ in range(size + 1)]
    diagonal: Planes = []
    for k in range(size):
        column = [sums[:, places[i, k]] for i in range(k, size + 1)]
        for m in range(k):
            column = [number - factor[i][m] * factor[k][m] for i, number in enumerate(column, start=k)]
        pivot = jnp.maximum(column[0] + ridge, _resolved(sums[:, places[k, k]], size))
        diagonal.append(jnp.sqrt(pivot))
        inverse = 1 / diagonal[k]
        for row, number in zip(factor[k:], column, strict=True):
            row.append(number * inverse)

    def back_substitute(y: Planes) -> Planes:
        solution = y.copy()
        for k in reversed(range(size)):
            for i in range(k + 1, size):
                solution[k] = solution[k] - factor[i][k] * solution[i]
            solution[k] = solution[k] / diagonal[k]
        return solution

    def solve_for(right: Planes) -> Planes:
        y = list(right)
        for k in range(size):
            for m in range(k):
                y[k] = y[k] - factor[k][m] * y[m]
            y[k] = y[k] / diagonal[k]
        return back_substitute(y)

    return back_substitute(factor[size]), solve_for


def _sweep(sums: Array, ridge: Array, size: int) -> tuple[Planes, Callable[[Planes], Planes]]:
    """By the inverse of A + λI: the sweep operator (Beaton 1964) at every element of its diagonal in turn."""
    matrix = jnp.moveaxis(_take(sums, _places(size + 1)), (1, 2), (0, 1))
    resolved = _resolved(jnp.stack([matrix[k, k] for k in range(size)]), size)
    row = jnp.arange(size + 1).reshape(-1, *[1] * (matrix.ndim - 1))
    column = jnp.swapaxes(row, 0, 1)

    def sweep(k: Array, matrix: Array) -> Array:
        pivot = jnp.maximum(matrix[k, k] + ridge, resolved[k])
        of_row, of_column = matrix[k][None] / pivot[None, None], matrix[:, k][:, None]
        swept = jnp.where(row == k, of_row, matrix - of_column * of_row)
        swept = jnp.where(column == k, of_column / pivot[None, None], swept)
        return jnp.where((row == k) & (column == k), -1 / pivot[None, None], swept)

    swept = lax.fori_loop(0, size, sweep, matrix)

    def solve_for(right: Planes) -> Planes:
        return list(-jnp.sum(swept[:size, :size] * jnp.stack(right)[None], axis=1))

    return list(swept[:size, size]), solve_for


def _resolved(diagonal: Array, size: int) -> Array:
    """What rounding leaves of an element of A's diagonal."""
    return size * np.finfo(diagonal.dtype).eps * diagonal


def residual_energy(sums: Array, w: Planes, ridge: float) -> Array:
    """Weighted sum of squared prediction errors at the solutions, Σ ω^{|p−q|} (x_q − wᵀn_q)²: (u, …).

    Because (A + λI) w = b it is Σ ω^{|p−q|} x_q² − bᵀw − λ‖w‖².
    """
    right = _places(len(w) + 1)[-1]
    explained = sum(sums[:, place] * number + ridge * number**2 for place, number in zip(right, w, strict=False))
    return sums[:, -1] - explained


def inner(a: Planes, b: Planes) -> Array:
    """Inner products Σ_k a_k b_k."""
    return functools.reduce(operator.add, map(operator.mul, a, b))


def _take(array: Array, places: np.ndarray) -> Array:
    return jnp.take(array, places, axis=1, mode="clip")


@functools.lru_cache(maxsize=32)
def _lower_triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every packed number of a symmetric matrix of that size."""
    columns, rows = (index.astype(np.int32) for index in np.triu_indices(size))
    return rows, columns


@functools.lru_cache(maxsize=32)
def _places(size: int) -> np.ndarray:
    """Where each entry of a symmetric matrix of that size is packed: (size, size)."""
    rows, columns = _lower_triangle(size)
    places = np.zeros((size, size), np.int32)
    places[rows, columns] = places[columns, rows] = np.arange(len(rows))
    return places
