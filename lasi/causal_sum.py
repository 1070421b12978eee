"""Exponentially decaying sums over all earlier elements, in time linear in the number of elements.

For a number T at every element of an image (H, W, C) the causal sum at p is

    S_p = Σ_{q<p} ω^{|p−q|₁} T_q,        q < p in raster order, |·|₁ over (row, column, channel), ω = 0.8.

The image is cut into tiles of a few rows and columns, all channels. Inside a tile the sum is one small dense product.
What lies outside reaches a tile through its edges, because the decay is a product over the axes:

    from the left      rows down to the element's own,
    from the right     rows above the element's own,
    from above         all that lies above this row of tiles.

A row of tiles is a *strip*. An array over a strip is (t, F, n, m): position in the tile (row, column, channel, in
raster order), numbers summed side by side, images, tiles from left to right. The state carried from strip to strip is
(w, F, n, m), w being the positions (column, channel) in one row of a tile. JAX derives the adjoint, the same products
run backwards.

Source of the sum: Severo, Theis, Ballé, ICLR 2024, equation of the weighted least-squares problem.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

DECAY = 0.8
"""ω, the weight of an element one step away; the authors' value."""


@dataclass(frozen=True)
class Tile:
    """The size of a tile, in elements."""

    height: int
    width: int
    channels: int

    @property
    def positions(self) -> np.ndarray:
        """Row, column and channel of each position in raster order, (t, 3)."""
        return np.stack(np.unravel_index(np.arange(self.size), (self.height, self.width, self.channels)), axis=-1)

    @property
    def size(self) -> int:
        """t, the number of elements in a tile."""
        return self.height * self.row_size

    @property
    def row_size(self) -> int:
        """w, the number of elements in one row of a tile."""
        return self.width * self.channels


def causal_sums(tile: Tile, products: Array, above: Array) -> tuple[Array, Array]:
    """Sums over all earlier elements, for one strip.

    Args:
        tile: the size of a tile.
        products: what is summed, (t, F, n, m).
        above: the state carried from the strip above, (w, F, n, m).

    Returns:
        The sums (t, F, n, m) and the state for the strip below.
    """
    kernels = _kernels(tile)
    inside = _dot(np.concatenate([kernels.inside, kernels.to_right, kernels.to_left]), products)
    own, to_right, to_left = jnp.split(inside, [len(kernels.inside), len(kernels.inside) + len(kernels.to_right)])
    before = _tiles_before(tile, products.shape[-1]).astype(products.dtype)
    from_left = jnp.matmul(to_right, before, precision=lax.Precision.HIGHEST)
    from_right = jnp.matmul(to_left, before.T, precision=lax.Precision.HIGHEST)
    sums = own + _dot(kernels.from_edges, jnp.concatenate([from_left, from_right, above]))
    return sums[: tile.size], sums[tile.size :]


class Kernels(NamedTuple):
    """Weights between the elements of a tile and its edges: ω to the distance.

    The left edge is the tile's first column and stands for all tiles to the left, the right edge its last column and
    all tiles to the right, each with every row and channel (e of them); a value there is a sum over the rows down to
    its own. The edge above is the tile's first row.

    Attributes:
        inside: from every element to all later ones of the tile and to the first row below it, (t + w, t).
        to_right: from every element to the left edge of the tile on the right, (e, t).
        to_left: from every element to the right edge of the tile on the left, (e, t).
        from_edges: from the left, the right and above to every element and the first row below, (t + w, 2e + w).
    """

    inside: np.ndarray
    to_right: np.ndarray
    to_left: np.ndarray
    from_edges: np.ndarray


@functools.lru_cache(maxsize=16)
def _kernels(tile: Tile) -> Kernels:
    source = tile.positions
    target = np.concatenate([source, source[: tile.row_size] + [tile.height, 0, 0]])
    first_row, first_column = source[source[:, 0] == 0], source[source[:, 1] == 0]
    last_column = first_column + [0, tile.width - 1, 0]
    later = np.arange(len(target))[:, None] > np.arange(len(source))
    same = target[:, 2:] == first_column[:, 2]
    own_row = _down(target, first_column) == (target[:, :1] == tile.height)
    return Kernels(
        inside=_weights(target, source, where=later),
        to_right=_weights(first_column + [0, tile.width, 0], source, where=_down(first_column, source) >= 0),
        to_left=_weights(last_column - [0, tile.width, 0], source, where=_down(last_column, source) >= 0),
        from_edges=np.concatenate(
            [
                _weights(target, first_column, where=same & own_row),
                _weights(target, last_column, where=same & (_down(target, last_column) == 1)),
                _weights(target, first_row, where=(target[:, None, 1:] == first_row[:, 1:]).all(axis=-1)),
            ],
            axis=1,
        ),
    )


def _weights(target: np.ndarray, source: np.ndarray, *, where: np.ndarray) -> np.ndarray:
    """ω to the L1 distance of positions, zero where the condition fails: (targets, sources)."""
    return np.where(where, DECAY ** np.abs(target[:, None] - source).sum(axis=-1), 0)


def _down(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Rows from each source down to each target."""
    return target[:, :1] - source[:, 0]


def _tiles_before(tile: Tile, tiles: int) -> np.ndarray:
    """Weights from each tile (rows) to all later ones (columns), decaying by a tile's width at each: (m, m)."""
    steps = np.arange(tiles) - np.arange(tiles)[:, None] - 1
    return np.where(steps >= 0, DECAY ** (tile.width * np.abs(steps)), 0)


def _dot(kernel: np.ndarray, array: Array) -> Array:
    """The product over the first axis."""
    flat = array.reshape(len(array), -1)
    product = jnp.matmul(kernel.astype(array.dtype), flat, precision=lax.Precision.HIGHEST)
    return product.reshape(-1, *array.shape[1:])
