"""Exponentially decaying sums over all earlier elements, in time linear in the number of elements.

For a number T at every element of an image (H, W, C) the causal sum at p is

    S_p = Σ_{q<p} ω^{|p−q|₁} T_q,        q < p in raster order, |·|₁ over (row, column, channel), ω = 0.8.

The decay is a product over the axes, so the sum is one down the columns, then one along the row:

    above_p   = Σ ω^{r_p − r_q} T_q    over the elements q above p, in p's column and channel
    S_p       = Σ ω^{…} above_q        over all elements q of p's row
              + Σ ω^{…} T_q            over the earlier elements q of p's row

A row is cut into *tiles* of a few columns, all channels. Inside a tile the sums along the row are one small dense
product; what lies outside comes in over the edges, a number a channel, from the left and from the right. A few rows are
done together: a *strip*. An array over a strip is (u, F, B, n, m): position in the tile (column, channel), numbers
summed side by side, rows, images, tiles. `above` is the state carried from strip to strip.

The adjoint sums over all later elements: the same, run backwards.

Source of the sum: Severo, Theis, Ballé, ICLR 2024, the weights of the weighted least-squares problem.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

DECAY = 0.8
"""ω, the weight of an element one step away; the authors' value."""


def causal_sums(values: Array, beyond: Array, *, channels: int, later: bool = False) -> tuple[Array, Array]:
    """Sums over all earlier elements, or over all later ones, for one strip.

    Args:
        values: what is summed, (u, F, B, n, m).
        beyond: the state carried from the strip above, or from the one below, (u, F, n, m).
        channels: C; u is a multiple of it.
        later: sum over later elements instead.

    Returns:
        The sums (u, F, B, n, m) and the state for the next strip.
    """
    size, tiles = len(values), values.shape[-1]
    kernels = _kernels(size // channels, channels, tiles, later)
    down = slice(None, None, -1 if later else 1)
    columns = []
    for row in range(values.shape[2])[down]:
        columns.append(beyond)
        beyond = DECAY * (beyond + values[:, :, row])
    both = jnp.concatenate([jnp.stack(columns[down], axis=2), values])
    inside, to_right, to_left = jnp.split(_dot(kernels.inside, both), np.cumsum([size, channels]))
    from_left = _over_columns(kernels.from_left, _matmul(to_right, kernels.between))
    from_right = _over_columns(kernels.from_left[::-1], _matmul(to_left, kernels.between.T))
    return inside + from_left + from_right, beyond


class Kernels(NamedTuple):
    """Weights along a row, ω to the distance; an edge of a tile stands for all that lies beyond it, channel by channel.

    Attributes:
        inside: from every element of a tile, of `above` and of what is summed, (2u), to every element of the tile
            (u), to the left edge of the tile on the right (C) and to the right edge of the tile on the left (C).
        between: from the edge of each tile (rows) to those of all later ones (columns), (m, m).
        from_left: from the left edge of a tile to its columns.
    """

    inside: np.ndarray
    between: np.ndarray
    from_left: np.ndarray


@functools.lru_cache(maxsize=32)
def _kernels(width: int, channels: int, tiles: int, later: bool) -> Kernels:
    element = np.moveaxis(np.mgrid[:width, :channels], 0, -1).reshape(-1, 2)
    own_edge = element[:channels]
    spread = _weights(element, element)
    to_right, to_left = _weights(own_edge + [width, 0], element), _weights(own_edge - [1, 0], element)
    if later:
        of_values = np.concatenate([np.triu(spread, 1), 0 * to_right, to_left])
    else:
        of_values = np.concatenate([np.tril(spread, -1), to_right, 0 * to_left])
    of_above = np.concatenate([spread, to_right, to_left])
    steps = np.arange(tiles) - np.arange(tiles)[:, None] - 1
    between = np.where(steps >= 0, DECAY ** (width * np.abs(steps)), 0)
    return Kernels(np.concatenate([of_above, of_values], axis=1), between, DECAY ** np.arange(width))


def _weights(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """ω to the L1 distance of positions (column, channel): (targets, sources)."""
    return DECAY ** np.abs(target[:, None] - source).sum(axis=-1)


def _over_columns(weights: np.ndarray, edges: Array) -> Array:
    """Each column's weight times the edge's numbers (C, …): (u, …)."""
    of_columns = jnp.asarray(weights, edges.dtype).reshape(-1, *[1] * edges.ndim)
    return (of_columns * edges[None]).reshape(-1, *edges.shape[1:])


def _dot(kernel: np.ndarray, array: Array) -> Array:
    """The product over the first axis."""
    return _matmul(kernel, array.reshape(len(array), -1)).reshape(-1, *array.shape[1:])


def _matmul(a: np.ndarray | Array, b: np.ndarray | Array) -> Array:
    dtype = b.dtype if isinstance(b, Array) else a.dtype
    return jnp.matmul(jnp.asarray(a, dtype), jnp.asarray(b, dtype), precision=lax.Precision.HIGHEST)
