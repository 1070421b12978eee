"""Weighted least squares for many elements at once: products in, ridge solutions out.

An element's *predictors* are its N neighbors n and, last, its own value x: p = (n, x). The weighted sum of the products
p pᵀ over earlier elements contains the whole regression: A (from n nᵀ), b (from x n) and the sum of squares (from x²).
It is stored packed, the columns of the lower triangle one after the other, F = (N + 1)(N + 2)/2 entries. The embedding
solves (A + λI) w = b.

Predictors, sums and solutions are arrays (u, N + 1, F or N, …), with one entry per element along the other axes. Axes
after the second are merged, since XLA's loops for CPUs run along the last. Nothing here calls LAPACK: on two cores its
calls inside a compiled CPU program can deadlock.
"""

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lasi.linear_map import linear_map

Columns = Any
"""An array (u, K, elements); or, entrywise, a NumPy array (1, K) of arrays (1, 1, elements)."""
LARGEST_UNROLLED_FOR_GPU = 24
"""`LARGEST_UNROLLED` for a GPU, for which XLA's compiler is slower."""
LARGEST_IN_ONE_BLOCK = 14
"""N up to which XLA divides the elimination into kernels for a GPU so that less is moved than by blocks of columns."""
BLOCK_SIZE = 80
"""Entries of a block of columns at most, all in one kernel: XLA divided it where it had to read and write some 90."""
LARGEST_UNROLLED = 32
"""N up to which the elimination is unrolled: fast, but the compiled program grows with N²."""


@jax.custom_jvp
def products(predictors: Array) -> Array:
    """Packed products (u, F, …) of the predictors (u, N + 1, …)."""
    rows, columns = _lower_triangle(predictors.shape[1])
    return _take(predictors, rows) * _take(predictors, columns)


@products.defjvp
def _products_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    def transpose(predictors: Array, cotangent: Array) -> tuple[Array]:
        return (products_adjoint(predictors, cotangent),)

    value = products(*primals)
    return value, linear_map(value, _products_tangent, transpose, *primals, *tangents)


def _products_tangent(predictors: Array, tangent: Array) -> Array:
    rows, columns = _lower_triangle(predictors.shape[1])
    return _take(predictors, rows) * _take(tangent, columns) + _take(tangent, rows) * _take(predictors, columns)


def products_adjoint(predictors: Array, cotangent: Array) -> Array:
    """The symmetric matrix that the cotangent (u, F, …) packs, times the predictors, the diagonal counted twice."""
    packed, p = flat(cotangent), flat(predictors)
    diagonal = np.diag(_packed_indices(predictors.shape[1]))
    return _symmetric_product(packed, p, _take(packed, diagonal) * p).reshape(predictors.shape)


def _symmetric_product(packed: Array, vectors: Array, start: Array) -> Array:
    """The symmetric matrices packed in (u, F, elements), times vectors (u, N + 1, elements), added to `start`."""
    indices = _packed_indices(vectors.shape[1])
    return sum((_take(packed, column) * vectors[:, k : k + 1] for k, column in enumerate(indices.T)), start=start)


def packed_size(neighborhood_size: int) -> int:
    """F, for N neighbors."""
    return (neighborhood_size + 1) * (neighborhood_size + 2) // 2


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def ridge_solve(sums: Array, ridge: Array, for_gpu: bool) -> Array:
    """Solutions w of (A + λI) w = b, (u, N, …).

    The derivative is that of the implicit function, dw = (A + λI)⁻¹ (db − dA w), and the gradient its transpose: with
    (A + λI) v = ∂L/∂w, ∂L/∂b = v and ∂L/∂A = −v wᵀ.

    Args:
        sums: weighted sums of products, packed, (u, F, …).
        ridge: λ > 0, a scalar, taken as constant.
        for_gpu: as in `factorize`.
    """
    return factorize(sums, ridge, for_gpu)[0]


@ridge_solve.defjvp
def _ridge_solve_jvp(for_gpu: bool, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    def tangent(residuals: tuple[Array, Array], of_sums: Array) -> Array:
        w, solve_for = factorize(*residuals, for_gpu)
        return solve_for(change_of_equations(of_sums, w))

    def transpose(residuals: tuple[Array, Array], cotangent: Array) -> tuple[Array]:
        w, solve_for = factorize(*residuals, for_gpu)
        return (gradient_of_sums(solve_for(cotangent), w),)

    value = ridge_solve(*primals, for_gpu)
    return value, linear_map(value, tangent, transpose, primals, tangents[0])


def change_of_equations(of_sums: Array, w: Array) -> Array:
    """db − dA w (u, N, …) of a change of the packed sums (u, F, …), at the solution w (u, N, …)."""
    extended = jnp.concatenate([-flat(w), jnp.ones_like(flat(w)[:, :1])], axis=1)
    return _symmetric_product(flat(of_sums), extended, jnp.zeros_like(extended))[:, :-1].reshape(w.shape)


def gradient_of_sums(v: Array, w: Array) -> Array:
    """∂L/∂A and ∂L/∂b packed, (u, F, …), from the solution w and from A v = ∂L/∂w, both (u, N, …)."""
    shape = v.shape[:1] + (packed_size(v.shape[1]),) + v.shape[2:]
    rows, columns = _lower_triangle(v.shape[1] + 1)
    once = np.where(rows == columns, -0.5, -1.0)[None, :, None]
    v, w = (jnp.concatenate([a, jnp.full_like(a[:, :1], last)], axis=1) for a, last in ((flat(v), 0), (flat(w), -1)))
    twice = _take(v, rows) * _take(w, columns) + _take(v, columns) * _take(w, rows)
    return (jnp.asarray(once, w.dtype) * twice).reshape(shape)


def factorize(sums: Array, ridge: Array, for_gpu: bool) -> tuple[Array, Callable[[Array], Array]]:
    """The w of (A + λI) w = b, and the function that solves (A + λI) v = c for another right-hand side; (u, N, …).

    A pivot is at least the rounding error of its element of A, so that the factor stays finite where λ is too small for
    the precision of the sums, as for float32 values in 0 … 255 in a flat region.

    Args:
        sums: weighted sums of products, packed, (u, F, …).
        ridge: λ > 0, a scalar.
        for_gpu: whether to make every entry of the matrices an array of its own while N is small. XLA's compiler for
            GPUs makes few kernels of the elimination then; that for CPUs does better with a column in one array.
    """
    size = (math.isqrt(8 * sums.shape[1] + 1) - 3) // 2
    shape = sums.shape[:1] + (size,) + sums.shape[2:]
    if size > (LARGEST_UNROLLED_FOR_GPU if for_gpu else LARGEST_UNROLLED):
        w, solve_for = _sweep(flat(sums), ridge, size)
    elif for_gpu:
        entries, solve_entries = _cholesky(_entries(sums), ridge, size)
        w = _joined(entries, shape)

        def solve_for(right: Array) -> Array:
            return _joined(solve_entries(_entries(right)), shape)

    else:
        w, solve_for = _cholesky(flat(sums), ridge, size)
    return w.reshape(shape), lambda right: solve_for(flat(right)).reshape(shape)


def _entries(array: Array) -> Columns:
    """An array (u, K, …) as (1, K) arrays (1, 1, elements), to be computed with as if it were one array.

    The number of elements is made odd by one of zeros. Where it is divisible by 4 or by 2, XLA makes so many elements
    the work of one thread of a GPU, whose registers hold the matrix of one.
    """
    entries = np.empty((1, array.shape[1]), object)
    for k in range(array.shape[1]):
        entry = _entry(array, k).reshape(1, 1, -1)
        entries[0, k] = jnp.pad(entry, ((0, 0), (0, 0), (0, 1 - entry.size % 2)))
    return entries


def _joined(entries: Columns, shape: tuple[int, ...]) -> Array:
    """Such arrays as one of that shape, each written to memory first: else each is computed from all those before."""
    u, _, *rest = shape
    written = lax.optimization_barrier(list(entries[0]))  # type: ignore[no-untyped-call]
    elements = u * math.prod(rest)
    return jnp.concatenate([entry[..., :elements].reshape(u, 1, *rest) for entry in written], axis=1)


def flat(array: Array) -> Array:
    """Merge the axes after the second."""
    return array.reshape(*array.shape[:2], -1)


def _cholesky(sums: Columns, ridge: Array, size: int) -> tuple[Columns, Callable[[Columns], Columns]]:
    """By the Cholesky factor L of A + λI, column by column, with L⁻¹ b as one more row.

    Each column ends in a reciprocal square root, an operation that XLA considers expensive; it would otherwise
    recompute an entry at each use. Entrywise, the diagonal of a column is not used, and may be its scale.
    """

    def scale_of(pivot: Array, diagonal: Array) -> Array:
        return lax.rsqrt(jnp.maximum(pivot + ridge, _rounding_error(diagonal, size)))

    entrywise = isinstance(sums, np.ndarray)
    reciprocal_root: Callable[..., Columns] = np.frompyfunc(scale_of, 2, 1) if entrywise else scale_of
    concatenate: Callable[..., Columns] = np.concatenate if entrywise else jnp.concatenate
    starts = np.diag(_packed_indices(size + 1))
    ends = _blocks(size) if entrywise else []
    factor: list[Columns] = []
    scales: list[Columns] = []
    for k in range(size):
        column = start = sums[:, starts[k] : starts[k + 1]]
        for m in range(k):
            below = factor[m][:, k - m :]
            column = column - below * below[:, :1]
        scale = reciprocal_root(column[:, :1], start[:, :1])
        scales.append(scale)
        factor.append(column * scale)
        if k + 1 in ends:
            block = slice(max([0, *(end for end in ends if end <= k)]), k + 1)
            scales[block], factor[block] = _written(scales[block], factor[block])

    def back_substitute(y: list[Columns]) -> Columns:
        solution = list(y)
        for k in reversed(range(size)):
            for i in range(k + 1, size):
                solution[k] = solution[k] - factor[k][:, i - k : i - k + 1] * solution[i]
            solution[k] = solution[k] * scales[k]
        return concatenate(solution, axis=1)

    def solve_for(right: Columns) -> Columns:
        y = []
        for k in range(size):
            y.append(right[:, :1] * scales[k])
            right = right[:, 1:] - factor[k][:, 1:-1] * y[k]
        return back_substitute(y)

    return back_substitute([column[:, -1:] for column in factor]), solve_for


def _blocks(size: int) -> list[int]:
    """Ends of the blocks of columns whose entries are written to memory before they are used."""
    ends, entries = [], 0
    for k in range(size if size > LARGEST_IN_ONE_BLOCK else 0):
        entries += size + 1 - k
        if entries + size - k > BLOCK_SIZE or k + 1 == size:
            ends.append(k + 1)
            entries = 0
    return ends


def _written(scales: list[Columns], columns: list[Columns]) -> tuple[list[Columns], list[Columns]]:
    """Columns of a factor, written to memory as one array, and so one operand of the kernels that use them."""
    below = np.concatenate([column[:, 1:] for column in columns], axis=1)
    entries = np.concatenate([*scales, below], axis=1)
    shape = (1, entries.shape[1], entries[0, 0].size)
    written = _entries(lax.optimization_barrier(_joined(entries, shape)))  # type: ignore[no-untyped-call]
    ends = np.cumsum([1] * len(scales) + [column.shape[1] - 1 for column in columns])
    parts = np.split(written, ends[:-1], axis=1)
    scales = parts[: len(scales)]
    return scales, [np.concatenate(column, axis=1) for column in zip(scales, parts[len(scales) :], strict=True)]


def _sweep(sums: Array, ridge: Array, size: int) -> tuple[Array, Callable[[Array], Array]]:
    """By the inverse of A + λI: the sweep operator (Beaton 1964) at each element of its diagonal."""
    matrix = jnp.moveaxis(jnp.take(sums, _packed_indices(size + 1), axis=1, mode="clip"), (1, 2), (0, 1))
    rounding_error = _rounding_error(jnp.stack([matrix[k, k] for k in range(size)]), size)
    row = jnp.arange(size + 1).reshape(-1, *[1] * (matrix.ndim - 1))
    column = jnp.swapaxes(row, 0, 1)

    def sweep(k: Array, matrix: Array) -> Array:
        pivot = jnp.maximum(matrix[k, k] + ridge, rounding_error[k])
        of_row, of_column = matrix[k][None] / pivot[None, None], matrix[:, k][:, None]
        swept = jnp.where(row == k, of_row, matrix - of_column * of_row)
        swept = jnp.where(column == k, of_column / pivot[None, None], swept)
        return jnp.where((row == k) & (column == k), -1 / pivot[None, None], swept)

    swept = lax.fori_loop(0, size, sweep, matrix)

    def solve_for(right: Array) -> Array:
        return jnp.moveaxis(-jnp.sum(swept[:size, :size] * jnp.moveaxis(right, 1, 0)[None], axis=1), 0, 1)

    return jnp.moveaxis(swept[:size, size], 0, 1), solve_for


def _rounding_error(diagonal: Array, size: int) -> Array:
    """Rounding error of the diagonal elements of A."""
    return relative_rounding_error(size, diagonal.dtype) * diagonal


def relative_rounding_error(size: int, dtype: np.dtype) -> float:
    """Rounding error of an element of A, N × N, relative to it."""
    return size * float(np.finfo(dtype).eps)


def residual_energy(sums: Array, w: Array, ridge: float) -> Array:
    """Weighted sum of squared prediction errors at the solutions, Σ ω^{|p−q|} (x_q − wᵀn_q)²: (u, …).

    Because (A + λI) w = b it is Σ ω^{|p−q|} x_q² − bᵀw − λ‖w‖².
    """
    right = _take(sums, _packed_indices(w.shape[1] + 1)[-1, :-1])
    return (sums[:, -1:] - inner(right, w) - ridge * inner(w, w))[:, 0]


def inner(a: Array, b: Array) -> Array:
    """Inner products Σ_k a_k b_k of vectors (u, K, …): (u, 1, …).

    Written out, because XLA's sum over an axis that is not the last does not use vector operations on CPUs.
    """
    return functools.reduce(operator.add, (_entry(a, k) * _entry(b, k) for k in range(a.shape[1])))


def _entry(vectors: Array, k: int) -> Array:
    """Entry k of vectors (u, K, …): (u, 1, …)."""
    return lax.slice_in_dim(vectors, k, k + 1, axis=1)


def _take(array: Array, indices: np.ndarray) -> Array:
    """Entries (u, len(indices), …) of an array (u, K, …), gathered as rows so that the memory layout stays."""
    u, size = array.shape[:2]
    rows = (size * np.arange(u)[:, None] + indices).reshape(-1)
    taken = jnp.take(array.reshape(u * size, *array.shape[2:]), rows, axis=0, mode="clip")
    return taken.reshape(u, len(indices), *array.shape[2:])


@functools.lru_cache(maxsize=32)
def _lower_triangle(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every packed entry of a symmetric matrix of that size."""
    columns, rows = (index.astype(np.int32) for index in np.triu_indices(size))
    return rows, columns


@functools.lru_cache(maxsize=32)
def _packed_indices(size: int) -> np.ndarray:
    """Packed index of each entry of a symmetric matrix of that size: (size, size)."""
    rows, columns = _lower_triangle(size)
    indices = np.zeros((size, size), np.int32)
    indices[rows, columns] = indices[columns, rows] = np.arange(len(rows))
    return indices
