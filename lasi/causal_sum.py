"""Exponentially decaying sums over all earlier elements, in time linear in the number of elements.

For a number T at every element of an image (H, W, C) the causal sum at p is

    S_p = Σ_{q<p} ω^{|p−q|₁} T_q,        q < p in raster order, |·|₁ over (row, column, channel), ω = 0.8.

The decay is a product over the axes, so one pass from row to row suffices. Split the sum along a row into the elements
before p and the others, p included:

    S_p = Z_p + before_p                 Z_p: the sum over all rows above
    Z_p = ω · (S + after) of the element above p

A row is cut into *tiles* of a few columns, all channels. Inside a tile both sums along the row are one small dense
product; the other tiles contribute through the edges, one number per channel, from the left and from the right. A few
rows are computed together: a *strip*. An array over a strip is (u, F, B, n, m): position in the tile (column,
channel), quantities summed in parallel, rows, images, tiles.

On a GPU many rows are computed together, in the order of the image: (B, F, 1, n, W·C). They are cut into tiles of rows,
within which Z, the sum over the rows above, is a dense product; what lies above such a tile contributes through one
row. The sums along the rows are products with the weights of a tile of columns.

The adjoint sums over all later elements: the same, run backwards.

Source of the sum: Severo, Theis, Ballé, ICLR 2024, the weights of the weighted least-squares problem.
"""

import functools
import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

DECAY = 0.8
"""ω, the weight of an element one step away; the authors' value."""
ROW_TILE = 64
"""Rows in a tile on a GPU at most: its dense product then takes about as long as reading and writing its summands."""


def weight_bound(shape: tuple[int, ...]) -> float:
    """An upper bound of Σ_{q<p} ω^{|p−q|₁} in an image: half of the sum over all elements that may surround p."""
    around = [1 + 2 * sum(DECAY**distance for distance in range(1, min(size, 100))) for size in shape]
    return math.prod(around) / 2


class Carry(NamedTuple):
    """The state carried from strip to strip: the sums over all strips on one side, at the row next to them.

    Attributes:
        inside: contribution of the same tile's columns, (u, F, n, m).
        edges: contribution through the near edge, on the side of earlier elements, and the far one, (2, C, F, n, m).
    """

    inside: Array
    edges: Array


def initial_carry(size: int, channels: int, rest: tuple[int, ...], images: Array) -> Carry:
    """The carry at the first strip, zero, of the images' type: for tiles of `size` elements; `rest` is (F, n, m)."""
    inside, edges = (jnp.zeros_like(images, shape=shape) for shape in ((size, *rest), (2, channels, *rest)))
    return Carry(inside, edges)


def causal_sums(values: Array, carry: Carry, *, later: bool = False) -> tuple[Array, Carry]:
    """Sums over all earlier elements, or over all later ones, for one strip.

    Args:
        values: the summands, (u, F, B, n, m).
        carry: from the strip above, or from the one below.
        later: sum over later elements instead.

    Returns:
        The sums (u, F, B, n, m) and the carry for the next strip.
    """
    size, channels = len(values), carry.edges.shape[1]
    kernels = _kernels(size // channels, channels, values.shape[-1], later)
    before, whole, edges = jnp.split(_dot(kernels.inside, values), [size, 2 * size])
    edges = _matmul(edges.reshape(2, -1, edges.shape[-1]), kernels.between).reshape(2, channels, *values.shape[1:])
    from_near, from_far = jnp.asarray(kernels.from_edges, values.dtype).reshape(2, -1, *[1] * 4)

    sums = []
    order = range(values.shape[2])[:: -1 if later else 1]
    for row in order:
        inside, of_row = carry.inside, edges[:, :, :, row]
        near, far = carry.edges[0] + of_row[0], carry.edges[1]
        over_edges = from_near * near[None] + from_far * far[None]
        sums.append(inside + before[:, :, row] + over_edges.reshape(inside.shape))
        carry = Carry(DECAY * (inside + whole[:, :, row]), DECAY * (carry.edges + of_row))
    return jnp.stack(sums[:: order.step], axis=2), carry


def whole_row_tiles(rows: int) -> int:
    """A number of rows, rounded up so that a block of so many is cut into row tiles of one height."""
    tiles = -(-rows // ROW_TILE)
    return tiles * -(-rows // tiles)


def block_sums(
    values: Array, carry: Array | None, tile: int, channels: int, *, later: bool = False
) -> tuple[Array, Array | None]:
    """Sums over all earlier elements, or over all later ones, for one block of rows of whole tiles.

    Args:
        values: the summands, (B, F, 1, n, c), the positions c of a row being (tile, column, channel); B is a result of
            `whole_row_tiles`.
        carry: sums over all blocks on one side at their row next to this one, without the spread along the row,
            (1, F, 1, n, c); None if there is one block only.
        tile: columns in a tile.
        channels: C.
        later: sum over later elements instead.

    Returns:
        The sums (B, F, 1, n, c) and the carry for the next block.
    """
    size, row_tiles = tile * channels, -(-len(values) // ROW_TILE)
    kernels = _kernels(tile, channels, values.shape[-1] // size, later)
    before, spread, near, far = np.split(kernels.inside, np.cumsum([size, size, channels]))
    own_row = np.concatenate([before, near, 0 * far]).T
    other_rows = np.concatenate([spread, near, far]).T
    tiles = values.reshape(row_tiles, -1, *values.shape[1:])
    above = _dot_each(_decays(tiles.shape[1], 1, later), tiles)
    sums = _between_tiles(_last_dot(tiles, own_row) + _last_dot(above, other_rows), kernels).reshape(tiles.shape)
    if row_tiles == 1 and carry is None:
        return sums.reshape(values.shape), None

    rows, next_to = tiles.shape[1], 0 if later else -1
    of_tiles = tiles[:, next_to] + above[:, next_to]
    known = jnp.zeros_like(of_tiles[:1]) if carry is None else carry
    sides = jnp.concatenate([of_tiles, known] if later else [known, of_tiles])
    sides = _dot(_decays(row_tiles + 1, rows, later) + np.eye(row_tiles + 1), sides)
    beside, carry_on = (sides[1:], sides[:1]) if later else (sides[:-1], sides[-1:])
    # Not with the weights above: XLA would join the two products, and copy their operands and results.
    of_others = _between_tiles(_last_dot(beside, DECAY * other_rows), kernels).reshape(beside.shape)
    distance = np.arange(rows)[:: -1 if later else 1].reshape(1, -1, *[1] * 4)
    sums = sums + jnp.asarray(DECAY**distance, values.dtype) * of_others[:, None]
    return sums.reshape(values.shape), None if carry is None else carry_on


def _decays(size: int, step: int, later: bool) -> np.ndarray:
    """Weights (size, size) from every position to each later one, or to each earlier one, so many rows apart."""
    steps = np.arange(size)[:, None] - np.arange(size)
    steps = -steps if later else steps
    return np.where(steps > 0, DECAY ** (step * np.abs(steps)), 0)


def _dot_each(kernel: np.ndarray, arrays: Array) -> Array:
    """The product over the second axis, for each entry of the first: one batched product without a transposition."""
    flat = arrays.reshape(*arrays.shape[:2], -1)
    return _matmul(np.broadcast_to(kernel, (len(flat), *kernel.shape)), flat).reshape(arrays.shape)


def _between_tiles(sums: Array, kernels: "Kernels") -> Array:
    """Sums inside the tiles (…, m, u), from those with the edges behind them (…, m, u + 2C)."""
    channels = (sums.shape[-1] - kernels.inside.shape[1]) // 2
    inside, edges = jnp.split(sums, [kernels.inside.shape[1]], axis=-1)
    edges = edges.reshape(*edges.shape[:-1], 2, channels)
    between = jnp.asarray(kernels.between, sums.dtype)
    edges = jnp.einsum("...sec,est->...tec", edges, between, precision=lax.Precision.HIGHEST)
    from_edges = jnp.asarray(kernels.from_edges, sums.dtype).reshape(2, *[1] * (edges.ndim - 2), -1, 1)
    # Not a sum over the axis of the two edges: jaxlib 0.10.2 crashes at such a sum after a product on CPUs.
    over_edges = from_edges[0] * edges[..., 0, None, :] + from_edges[1] * edges[..., 1, None, :]
    return inside + over_edges.reshape(inside.shape)


def _last_dot(array: Array, kernel: np.ndarray) -> Array:
    """Products (…, m, k) of the tiles of an array (…, m·u) and a kernel (u, k)."""
    tiles = array.reshape(*array.shape[:-1], -1, len(kernel))
    return jnp.dot(tiles, jnp.asarray(kernel, array.dtype), precision=lax.Precision.HIGHEST)


class Kernels(NamedTuple):
    """Weights along a row, ω to the distance, for sums over earlier elements; mirrored for later ones.

    Attributes:
        inside: from every element of a tile (u) to the sum before each of its elements (u), to the sum of all (u), to
            the near edge of the next tile (C), in the direction of the sum, and to the far edge of the previous (C).
        between: from these edges of each tile to the near edge of every tile, and to the far edge, (2, m, m).
        from_edges: from a tile's near edge to its columns, and from its far edge, (2, u / C).
    """

    inside: np.ndarray
    between: np.ndarray
    from_edges: np.ndarray


@functools.lru_cache(maxsize=32)
def _kernels(width: int, channels: int, tiles: int, later: bool) -> Kernels:
    element = np.moveaxis(np.mgrid[:width, :channels], 0, -1).reshape(-1, 2)
    left_edge, spread = element[:channels], _weights(element, element)
    steps = np.arange(tiles) - np.arange(tiles)[:, None] - 1
    rightwards = np.where(steps >= 0, DECAY ** (width * np.abs(steps)), 0)
    from_left = DECAY ** np.arange(width)
    near = _weights(left_edge + [width, 0], element), rightwards, from_left
    far = _weights(left_edge - [1, 0], element), rightwards.T, from_left[::-1]
    if later:
        near, far = far, near
    before = np.triu(spread, 1) if later else np.tril(spread, -1)
    to_edges, between, from_edges = zip(near, far, strict=True)
    return Kernels(np.concatenate([before, spread, *to_edges]), np.stack(between), np.stack(from_edges))


def _weights(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """ω to the L1 distance of positions (column, channel): (targets, sources)."""
    return DECAY ** np.abs(target[:, None] - source).sum(axis=-1)


def _dot(kernel: np.ndarray, array: Array) -> Array:
    """The product over the first axis."""
    return _matmul(kernel, array.reshape(len(array), -1)).reshape(-1, *array.shape[1:])


def _matmul(a: np.ndarray | Array, b: np.ndarray | Array) -> Array:
    dtype = b.dtype if isinstance(b, Array) else a.dtype
    return jnp.matmul(jnp.asarray(a, dtype), jnp.asarray(b, dtype), precision=lax.Precision.HIGHEST)
