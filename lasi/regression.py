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

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

Factor = tuple[list[Array], list[Array]]


def products(predictors: Array) -> Array:
    """Packed products (…, F, G) of the predictors (…, N + 1, G)."""
    columns = [predictors[..., k : k + 1, :] * predictors[..., k:, :] for k in range(predictors.shape[-2])]
    return jnp.concatenate(columns, axis=-2)


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
    return _back_substitute(*_factorise(sums, ridge))


def _solve_forward(sums: Array, ridge: Array) -> tuple[Array, tuple[Factor, Array]]:
    factor = _factorise(sums, ridge)
    solution = _back_substitute(*factor)
    return solution, (factor, solution)


def _solve_backward(residuals: tuple[Factor, Array], cotangent: Array) -> tuple[Array, None]:
    (columns, inverse_diagonal), w = residuals
    v = _back_substitute(_replace_right_hand_side(columns, inverse_diagonal, cotangent), inverse_diagonal)
    gradient = []
    for k in range(w.shape[-2]):
        v_k, w_k = v[..., k : k + 1, :], w[..., k : k + 1, :]
        below = v[..., k + 1 :, :] * w_k + v_k * w[..., k + 1 :, :]
        gradient += [-v_k * w_k, -below, v_k]
    return jnp.concatenate([*gradient, jnp.zeros_like(v[..., :1, :])], axis=-2), None


ridge_solve.defvjp(_solve_forward, _solve_backward)


def _factorise(sums: Array, ridge: Array) -> Factor:
    """Cholesky factor of A + λI, a column a step, with L⁻¹ b as its last row.

    Returns:
        The columns below the diagonal, the k-th (…, N − k, G), and the inverses of the diagonal, each (…, 1, G).
    """
    columns: list[Array] = []
    inverse_diagonal: list[Array] = []
    start = 0
    size = (math.isqrt(8 * sums.shape[-2] + 1) - 3) // 2
    for k in range(size):
        length = size + 1 - k
        column = sums[..., start : start + length, :]
        for m, earlier in enumerate(columns):
            row = k - m - 1
            column = column - earlier[..., row:, :] * earlier[..., row : row + 1, :]
        inverse = lax.rsqrt(column[..., :1, :] + ridge)
        columns.append(column[..., 1:, :] * inverse)
        inverse_diagonal.append(inverse)
        start += length
    return columns, inverse_diagonal


def _back_substitute(columns: list[Array], inverse_diagonal: list[Array]) -> Array:
    """Solutions w (…, N, G) of Lᵀ w = y, with y the last row of the columns."""
    size = len(columns)
    solution: list[Array] = []
    for k in reversed(range(size)):
        value = columns[k][..., -1:, :]
        for row, w in enumerate(reversed(solution)):
            value = value - columns[k][..., row : row + 1, :] * w
        solution.append(value * inverse_diagonal[k])
    return jnp.concatenate(solution[::-1], axis=-2)


def _replace_right_hand_side(columns: list[Array], inverse_diagonal: list[Array], right: Array) -> list[Array]:
    """The columns with L⁻¹ `right` (…, N, G) as their last row."""
    replaced: list[Array] = []
    for k, column in enumerate(columns):
        value = right[..., k : k + 1, :]
        for m, earlier in enumerate(replaced):
            row = k - m - 1
            value = value - earlier[..., -1:, :] * columns[m][..., row : row + 1, :]
        replaced.append(jnp.concatenate([column[..., :-1, :], value * inverse_diagonal[k]], axis=-2))
    return replaced


def residual_energy(sums: Array, solution: Array, ridge: float) -> Array:
    """Weighted sum of squared prediction errors at the solutions, Σ ω^{|p−q|} (x_q − wᵀn_q)²: (…, G).

    Because (A + λI) w = b it is Σ ω^{|p−q|} x_q² − bᵀw − λ‖w‖².
    """
    size = solution.shape[-2]
    last_of_column = np.cumsum(np.arange(size + 1, 0, -1)) - 1
    right = sums[..., last_of_column[:-1], :]
    return sums[..., -1, :] - jnp.sum(right * solution + ridge * solution**2, axis=-2)
