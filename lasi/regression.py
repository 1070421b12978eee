"""Weighted least squares for many elements at once: products in, ridge solutions out.

An element's *predictors* are its N neighbours n and, last, its own value x: p = (n, x). Summed over earlier elements
with weights, the products p pᵀ hold the whole regression: A (n nᵀ), b (x n) and the sum of squares (x²). They are kept
packed, the columns of the lower triangle one after the other, F = (N + 1)(N + 2)/2 numbers. The embedding solves
(A + λI) w = b.

Every function works on arrays (…, F or N, G), one number an element along the last, fast axis, so that a step of the
factorisation is one vector operation. Nothing here calls LAPACK: on two cores its calls inside a compiled CPU program
can wait for one another for ever.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax


@jax.custom_vjp
def products(predictors: Array) -> Array:
    """Packed products (…, F, G) of the predictors (…, N + 1, G)."""
    columns = [predictors[..., k : k + 1, :] * predictors[..., k:, :] for k in range(predictors.shape[-2])]
    return jnp.concatenate(columns, axis=-2)


def _products_forward(predictors: Array) -> tuple[Array, Array]:
    return products(predictors), predictors


def _products_backward(predictors: Array, cotangent: Array) -> tuple[Array]:
    """The symmetric matrix that the cotangent packs, times the predictors, the diagonal counted twice."""
    size = predictors.shape[-2]
    starts = np.concatenate([[0], np.cumsum(np.arange(size, 0, -1))])
    rows = []
    for i in range(size):
        places = [*(starts[k] + i - k for k in range(i)), *range(starts[i], starts[i + 1])]
        terms = [cotangent[..., place, :] * predictors[..., k, :] for k, place in enumerate(places)]
        rows.append(sum(terms, start=terms[i]))
    return (jnp.stack(rows, axis=-2),)


products.defvjp(_products_forward, _products_backward)


def packed_size(neighborhood_size: int) -> int:
    """F, for N neighbours."""
    return (neighborhood_size + 1) * (neighborhood_size + 2) // 2


@jax.custom_vjp
def ridge_solve(sums: Array, ridge: Array) -> Array:
    """Solutions w (…, N, G) of (A + λI) w = b.

    The gradient is that of the implicit function: with A v = ∂L/∂w, ∂L/∂b = v and ∂L/∂A = −v wᵀ.

    Args:
        sums: weighted sums of products, packed, (…, F, G).
        ridge: λ > 0, a scalar, taken as constant.
    """
    return solve(factorise(sums, ridge))


def _solve_forward(sums: Array, ridge: Array) -> tuple[Array, tuple["Factor", Array]]:
    factor = factorise(sums, ridge)
    w = solve(factor)
    return w, (factor, w)


def _solve_backward(residuals: tuple["Factor", Array], cotangent: Array) -> tuple[Array, None]:
    factor, w = residuals
    return gradient_of_sums(solve_for(factor, cotangent), w), None


ridge_solve.defvjp(_solve_forward, _solve_backward)


def gradient_of_sums(v: Array, w: Array) -> Array:
    """∂L/∂A and ∂L/∂b packed, (…, F, G), from the solution w and from A v = ∂L/∂w; both (…, N, G)."""
    columns = []
    for k in range(w.shape[-2]):
        v_k, w_k = v[..., k : k + 1, :], w[..., k : k + 1, :]
        columns += [-v_k * w_k, -(v[..., k + 1 :, :] * w_k + v_k * w[..., k + 1 :, :]), v_k]
    return jnp.concatenate([*columns, jnp.zeros_like(v[..., :1, :])], axis=-2)


class Factor(NamedTuple):
    """The Cholesky factor L of A + λI.

    Attributes:
        columns: its columns below the diagonal, with L⁻¹ b as one more row, the k-th (…, N − k, G).
        inverse_diagonal: the inverses of its diagonal, each (…, 1, G).
    """

    columns: list[Array]
    inverse_diagonal: list[Array]


def factorise(sums: Array, ridge: Array) -> Factor:
    """Factorise A + λI, a column a step, from the packed sums (…, F, G).

    A pivot is at least what rounding leaves of its element of A, so that the factor stays finite where λ is too small
    for the sums' precision: float32 values in 0 … 255 on flat ground.
    """
    columns: list[Array] = []
    inverse_diagonal: list[Array] = []
    size, start = (math.isqrt(8 * sums.shape[-2] + 1) - 3) // 2, 0
    for k in range(size):
        column = sums[..., start : start + size + 1 - k, :]
        for m, earlier in enumerate(columns):
            row = k - m - 1
            column = column - earlier[..., row:, :] * earlier[..., row : row + 1, :]
        resolved = size * np.finfo(sums.dtype).eps * sums[..., start : start + 1, :]
        inverse_diagonal.append(lax.rsqrt(jnp.maximum(column[..., :1, :] + ridge, resolved)))
        columns.append(column[..., 1:, :] * inverse_diagonal[k])
        start += size + 1 - k
    return Factor(columns, inverse_diagonal)


def solve(factor: Factor) -> Array:
    """Solutions w (…, N, G) of (A + λI) w = b."""
    return _back_substitute(factor, [column[..., -1:, :] for column in factor.columns])


def solve_for(factor: Factor, right: Array) -> Array:
    """Solutions (…, N, G) of (A + λI) v = `right`, (…, N, G)."""
    y: list[Array] = []
    for k, inverse in enumerate(factor.inverse_diagonal):
        value = right[..., k : k + 1, :]
        for m in range(k):
            row = k - m - 1
            value = value - y[m] * factor.columns[m][..., row : row + 1, :]
        y.append(value * inverse)
    return _back_substitute(factor, y)


def _back_substitute(factor: Factor, y: list[Array]) -> Array:
    """Solutions w (…, N, G) of Lᵀ w = y."""
    solution: list[Array] = []
    for k in reversed(range(len(y))):
        value = y[k]
        for row, w in enumerate(reversed(solution)):
            value = value - factor.columns[k][..., row : row + 1, :] * w
        solution.append(value * factor.inverse_diagonal[k])
    return jnp.concatenate(solution[::-1], axis=-2)


def residual_energy(sums: Array, w: Array, ridge: float) -> Array:
    """Weighted sum of squared prediction errors at the solutions, Σ ω^{|p−q|} (x_q − wᵀn_q)²: (…, G).

    Because (A + λI) w = b it is Σ ω^{|p−q|} x_q² − bᵀw − λ‖w‖².
    """
    last_of_column = np.cumsum(np.arange(w.shape[-2] + 1, 0, -1)) - 1
    right = sums[..., last_of_column[:-1], :]
    return sums[..., -1, :] - jnp.sum(right * w + ridge * w**2, axis=-2)
