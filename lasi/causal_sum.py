"""Exponentially decaying sums over all earlier elements, in time linear in the number of elements.

For a number T at every element of an image (H, W, C) the causal sum at p is

    S_p = Σ_{q<p} ω^{|p−q|₁} T_q,        q < p in raster order, |·|₁ over (row, column, channel), ω = 0.8.

The decay is a product over the axes, so the sum is one along rows, then one down the columns:

    own_p     = Σ ω^{…} T_q    over the earlier elements of p's own row
    spread_p  = Σ ω^{…} T_q    over all elements of p's own row
    S(r)      = own(r) + above(r),        above(r + 1) = ω (above(r) + spread(r))

A row is cut into *tiles* of a few columns, all channels. Inside a tile the sums along the row are one small dense
product; what lies outside comes in over the edges, a number a channel, from the left and from the right. A few rows are
done together: a *strip*. An array over a strip is (u, F, B, n, m): position in the tile (column, channel), numbers
summed side by side, rows, images, tiles. `above` is the state carried from strip to strip. JAX derives the adjoint,
the same products run backwards.

Source of the sum: Severo, Theis, Ballé, ICLR 2024, the weights of the weighted least-squares problem.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

DECAY = 0.8
"""ω, the weight of an element one step away; the authors' value."""


def causal_sums(products: Array, above: Array, *, channels: int) -> tuple[Array, Array]:
    """Sums over all earlier elements, for one strip.

    Args:
        products: what is summed, (u, F, B, n, m).
        above: the state carried from the strip above, (u, F, n, m).
        channels: C; u is a multiple of it.

    Returns:
        The sums (u, F, B, n, m) and the state for the strip below.
    """
    size, _, height, _, tiles = products.shape
    kernels = _kernels(size // channels, channels)
    before = jnp.asarray(_tiles_before(size // channels, tiles), products.dtype)
    inside = _dot(kernels.inside, products)
    along_row, to_right, to_left = jnp.split(inside, [2 * size, 2 * size + channels])
    edges = [_matmul(to_right, before), _matmul(to_left, before.T)]
    own, spread = jnp.split(along_row + _dot(kernels.from_edges, jnp.concatenate(edges)), 2)
    sums = []
    for row in range(height):
        sums.append(own[:, :, row] + above)
        above = DECAY * (above + spread[:, :, row])
    return jnp.stack(sums, axis=2), above


class Kernels(NamedTuple):
    """Weights along a row between the elements of a tile and its edges: ω to the distance.

    The left edge is the tile's first column and stands for all tiles to the left, the right edge its last column and
    all tiles to the right, each with every channel.

    Attributes:
        inside: from every element to all later ones, to all, to the left edge of the tile on the right and to the
            right edge of the tile on the left, (2u + 2C, u).
        from_edges: from the left and right edges to every element as part of `own` and of `spread`, (2u, 2C).
    """

    inside: np.ndarray
    from_edges: np.ndarray


@functools.lru_cache(maxsize=16)
def _kernels(width: int, channels: int) -> Kernels:
    element = np.moveaxis(np.mgrid[:width, :channels], 0, -1).reshape(-1, 2)
    left = element[:channels]
    right = left + [width - 1, 0]
    own, spread = np.tril(_weights(element, element), -1), _weights(element, element)
    same_channel = element[:, 1:] == left[:, 1]
    from_left = np.where(same_channel, _weights(element, left), 0)
    from_right = np.where(same_channel, _weights(element, right), 0)
    return Kernels(
        inside=np.concatenate(
            [own, spread, _weights(left + [width, 0], element), _weights(right - [width, 0], element)]
        ),
        from_edges=np.block([[from_left, np.zeros_like(from_right)], [from_left, from_right]]),
    )


def _weights(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """ω to the L1 distance of positions (column, channel): (targets, sources)."""
    return DECAY ** np.abs(target[:, None] - source).sum(axis=-1)


@functools.lru_cache(maxsize=16)
def _tiles_before(width: int, tiles: int) -> np.ndarray:
    """Weights from each tile (rows) to all later ones (columns), decaying by a tile's width at each: (m, m)."""
    steps = np.arange(tiles) - np.arange(tiles)[:, None] - 1
    return np.where(steps >= 0, DECAY ** (width * np.abs(steps)), 0)


def _dot(kernel: np.ndarray, array: Array) -> Array:
    """The product over the first axis."""
    product = _matmul(jnp.asarray(kernel, array.dtype), array.reshape(len(array), -1))
    return product.reshape(-1, *array.shape[1:])


def _matmul(a: Array, b: Array) -> Array:
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)
