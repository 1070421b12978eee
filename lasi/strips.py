"""How images are cut into strips of rows, and a strip into tiles: static layout, windows of pixels, index maps.

An array over a strip is (u, …, B, n, m): position in a tile (column, channel), rows, images, tiles.
"""

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lasi.neighborhood import Neighborhood, Shape, causal_neighborhood
from lasi.predictors import GatherIndices, gather_indices

STRIP_SIZE = 6144
"""Elements in a strip of all images: enough for long vector operations, few enough to stay in a processor's cache."""
MAX_ROWS = 8
"""Rows in a strip at most; each makes the compiled program longer."""


@dataclass(frozen=True)
class Layout:
    """How images of one shape are cut.

    Attributes:
        shape: (H, W, C).
        height: B, rows in a strip.
        width: columns in a tile.
        strips: number of strips.
        tiles: m, tiles in a strip.
        reach: number of rows above a strip that its neighborhoods use.
        indices: of the predictors of a strip in the flattened window of the strip and the rows above it: one map for
            each of the first strips; the last map serves all further ones.
    """

    shape: Shape
    height: int
    width: int
    strips: int
    tiles: int
    reach: int
    indices: GatherIndices

    def windows(self, images: Array) -> Array:
        """Each strip of images (n, H, W, C) with the rows above it, flattened: (strips, n, window)."""
        height, width, channels = self.shape
        above = -(-self.reach // self.height)
        rows = self.height * (self.strips + above)
        padded = jnp.pad(images, ((0, 0), (self.height * above, rows - height), (0, 0), (0, 0)))[:, :rows]
        strips = padded.reshape(len(images), -1, self.height, width, channels)
        windows = jnp.concatenate([strips[:, first : first + self.strips] for first in range(above + 1)], axis=2)
        kept = windows[:, :, self.height * above - self.reach :]
        return jnp.moveaxis(kept.reshape(len(images), self.strips, -1), 0, 1)

    def to_image(self, values: Array) -> Array:
        """Values (strips, u, …, B, n, m) arranged as images, (H, W, C, …, n)."""
        height, width, channels = self.shape
        split = values.reshape(self.strips, self.width, channels, *values.shape[2:])
        image = jnp.moveaxis(split, (0, -3, -1, 1, 2), (0, 1, 2, 3, 4))
        rows, columns = self.strips * self.height, self.tiles * self.width
        return image.reshape(rows, columns, channels, *values.shape[2:-3], values.shape[-2])[:height, :width]

    def to_rows(self, image: Array) -> Array:
        """Values (H, W, C, …) by the rows of each strip, (strips, B, W, C, …), zero below the image."""
        padded = jnp.pad(image, ((0, self.strips * self.height - len(image)), *[(0, 0)] * (image.ndim - 1)))
        return padded.reshape(self.strips, self.height, *image.shape[1:])

    def to_strip(self, rows: Array) -> Array:
        """Values (B, W, C, …) of a strip's rows over the strip, (u, …, B, m), zero where a tile leaves the image."""
        _, width, channels = self.shape
        padded = jnp.pad(rows, ((0, 0), (0, self.tiles * self.width - width), *[(0, 0)] * (rows.ndim - 2)))
        split = padded.reshape(self.height, self.tiles, self.width, *rows.shape[2:])
        strip = jnp.moveaxis(split, (0, 1), (-2, -1))
        return strip.reshape(self.width * channels, *strip.shape[2:])

    def to_strips(self, image: Array) -> Array:
        """Values (H, W, C, …) in strips, (strips, u, …, B, m), zero where a tile leaves the image."""
        return jax.vmap(self.to_strip)(self.to_rows(image))


def group_of(shape: Shape, images: int) -> int:
    """How many of n images of a shape (H, W, C) are computed together: a divisor of n.

    Few enough for strips of MAX_ROWS rows, because a group's solutions are kept for the gradient.
    """
    _, width, channels = shape
    most = max(STRIP_SIZE // (MAX_ROWS * width * channels), 1)
    return max(size for size in range(1, min(most, images) + 1) if images % size == 0)


@functools.lru_cache(maxsize=64)
def layout_of(shape: Shape, neighborhood_size: int, images: int = 1) -> Layout:
    """The layout of n images of a shape (H, W, C) for neighborhoods of N elements."""
    height, width, channels = shape
    rows = min(max(STRIP_SIZE // (width * channels * images), 1), MAX_ROWS, height)
    columns = min(_tile_width(width), width)
    strips, tiles = -(-height // rows), -(-width // columns)
    neighborhood = causal_neighborhood(shape, neighborhood_size)
    different = min(-(-(len(neighborhood.offsets) - 1) // rows) + 1, strips)
    indices = np.stack(
        [_predictor_indices(shape, neighborhood, range(i * rows, (i + 1) * rows)) for i in range(different)]
    )
    window = (neighborhood.reach + rows) * width * channels
    outside = ((0, 0), (0, 0), (0, tiles * columns - width), (0, 0), (0, 0))
    split = np.pad(indices, outside, constant_values=window)
    split = split.reshape(different, rows, tiles, columns, channels, neighborhood_size + 1)
    predictors = split.transpose(0, 3, 4, 5, 1, 2).reshape(different, columns * channels, -1, rows, tiles)
    return Layout(shape, rows, columns, strips, tiles, neighborhood.reach, gather_indices(predictors, window))


def _tile_width(width: int) -> int:
    """Columns in a tile: a power of two near ∛(W/4), where products inside the tiles and between them cost the same."""
    return 2 ** math.ceil(math.log2(max(width / 4, 1)) / 3)


def _predictor_indices(shape: Shape, neighborhood: Neighborhood, rows: range) -> np.ndarray:
    """Indices of the predictors of some rows in the flattened window of these and the rows above: (B, W, C, N + 1)."""
    _, width, channels = shape
    window = neighborhood.reach + len(rows)
    offsets, exists = neighborhood.rows(np.array(rows))
    row, column, channel = np.mgrid[neighborhood.reach : window, :width, :channels]
    own = (row * width + column) * channels + channel
    steps = offsets @ np.array([width * channels, channels, 1])
    indices = np.where(exists, own[..., None] + steps, window * width * channels)
    return np.concatenate([indices, own[..., None]], axis=-1)
