"""Weighted least squares for many elements at once: products in, ridge solutions out.

An element's *predictors* are its N neighbours n and, last, its own value x: p = (n, x). Summed over earlier elements
with weights, the products p pᵀ hold the whole regression: A (n nᵀ), b (x n) and the sum of squares (x²). They are kept
packed, the columns of the lower triangle one after the other, F = (N + 1)(N + 2)/2 numbers. The embedding solves
(A + λI) w = b.

Predictors and sums are arrays (u, N + 1 or F, …), one number an element along the other axes. Solutions are *planes*, a
list of N arrays (u, …), so that each is one vector operation and none is copied into its place. Axes after the second
are taken as one, since XLA's loops for CPUs run along the last. Nothing here calls LAPACK: on two cores its calls
inside a compiled CPU program can wait for one another for ever.
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
LARGEST_UNROLLED = 32
"""N up to which every step of the solution is an operation of its own: fast, but the program grows with N²."""


@jax.custom_vjp
def products(predictors: Array) -> Array:
    """Packed products (u, F, …) of the predictors (u, N + 1, …)."""
    rows, columns = _lower_triangle(predictors.shape[1])
    return _take(predictors, rows) * _take(predictors, columns)


def products_adjoint(predictors: Array, cotangent: Array) -> Array:
    """The symmetric matrix that the cotangent (u, F, …) packs, times the predictors, the diagonal counted twice."""
    places = _places(predictors.shape[1])
    flat, p = _flat(cotangent), _flat(predictors)
    return sum(
        (_take(flat, column) * p[:, k : k + 1] for k, column in enumerate(places.T)),
        start=_take(flat, np.diag(places)) * p,
    ).reshape(predictors.shape)


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
    shape = v.shape[:1] + (packed_size(v.shape[1]),) + v.shape[2:]
    rows, columns = _lower_triangle(v.shape[1] + 1)
    once = np.where(rows == columns, -0.5, -1.0)[None, :, None]
    v, w = (jnp.concatenate([a, jnp.full_like(a[:, :1], last)], axis=1) for a, last in ((_flat(v), 0), (_flat(w), -1)))
    twice = _take(v, rows) * _take(w, columns) + _take(v, columns) * _take(w, rows)
    return (jnp.asarray(once, w.dtype) * twice).reshape(shape)


def factorise(sums: Array, ridge: Array) -> tuple[Planes, Callable[[Planes], Planes]]:
    """The w of (A + λI) w = b, and the function that solves (A + λI) v = c for another right-hand side.

    A pivot is at least what rounding leaves of its element of A, so that the factor stays finite where λ is too small
    for the sums' precision: float32 values in 0 … 255 on flat ground.
    """
    size = (math.isqrt(8 * sums.shape[1] + 1) - 3) // 2
    shape = sums.shape[:1] + sums.shape[2:]
    w, solve_for = (_cholesky if size <= LARGEST_UNROLLED else _sweep)(_flat(sums), ridge, size)

    def solve_planes(right: Planes) -> Planes:
        return [plane.reshape(shape) for plane in solve_for([plane.reshape(len(plane), -1) for plane in right])]

    return [plane.reshape(shape) for plane in w], solve_planes


def _flat(array: Array) -> Array:
    return array.reshape(*array.shape[:2], -1)


def _cholesky(sums: Array, ridge: Array, size: int) -> tuple[Planes, Callable[[Planes], Planes]]:
    """By the factor L of A + λI, column by column, with L⁻¹ b as one more row.

    It divides, rather than multiplies by an inverse, because XLA computes an entry anew for each use of it unless it
    ends in something as dear as a division.
    """
    starts = np.diag(_places(size + 1))
    factor: Planes = []
    diagonal: Planes = []
    for k in range(size):
        column = start = sums[:, starts[k] : starts[k + 1]]
        for m in range(k):
            below = factor[m][:, k - m :]
            column = column - below * below[:, :1]
        pivot = jnp.sqrt(jnp.maximum(column[:, :1] + ridge, _resolved(start[:, :1], size)))
        diagonal.append(pivot)
        factor.append(column / pivot)

    def back_substitute(y: Planes) -> Planes:
        solution = list(y)
        for k in reversed(range(size)):
            for i in range(k + 1, size):
                solution[k] = solution[k] - factor[k][:, i - k] * solution[i]
            solution[k] = solution[k] / diagonal[k][:, 0]
        return solution

    def solve_for(right: Planes) -> Planes:
        rest, y = jnp.stack(right, axis=1), []
        for k in range(size):
            y.append(rest[:, :1] / diagonal[k])
            rest = rest[:, 1:] - factor[k][:, 1:-1] * y[k]
        return back_substitute([plane[:, 0] for plane in y])

    return back_substitute([column[:, -1] for column in factor]), solve_for


def _sweep(sums: Array, ridge: Array, size: int) -> tuple[Planes, Callable[[Planes], Planes]]:
    """By the inverse of A + λI: the sweep operator (Beaton 1964) at every element of its diagonal in turn."""
    matrix = jnp.moveaxis(jnp.take(sums, _places(size + 1), axis=1, mode="clip"), (1, 2), (0, 1))
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
    """Numbers (u, len(places), …) of an array (u, K, …), read as rows of one array: their order in memory stays."""
    u, size = array.shape[:2]
    rows = (size * np.arange(u)[:, None] + places).reshape(-1)
    taken = jnp.take(array.reshape(u * size, *array.shape[2:]), rows, axis=0, mode="clip")
    return taken.reshape(u, len(places), *array.shape[2:])


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
