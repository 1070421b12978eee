"""How images are cut into strips of rows, and a strip into tiles: static layout, windows of pixels, index maps.

An array over a strip has five axes, (u, K, B, n, m). On a CPU these are the position in a tile (column, channel), K
quantities, rows, images and tiles: long loops over the last axis, on strips that stay in a cache. On a GPU a strip is
the image, or as many rows as memory allows, and an element's position is (row, K, 1, image, position in the row): few
operations on large arrays in the order of the image.
"""

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lasi.causal_sum import whole_row_tiles
from lasi.linear_map import Processor
from lasi.neighborhood import Neighborhood, Shape, causal_neighborhood
from lasi.predictors import GatherIndices, RowIndices, gather_indices, row_indices
from lasi.regression import packed_size

STRIP_SIZE = 6144
"""Elements in a strip of all images: enough for long vector operations, few enough to stay in a processor's cache."""
MAX_ROWS = 8
"""Rows in a strip at most; each makes the compiled program longer."""
MIN_GPU_ROWS = 32
"""Rows in a strip on a GPU at least, unless the image has fewer; images are rather computed one after the other."""
GPU_TILE = 16
"""Columns in a tile on a GPU at most: products inside tiles are small then, and few edges lie between them."""
GPU_ARRAYS = 3.6
"""Arrays of packed sums of a strip that a GPU holds at once, as counted in compiled programs."""


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
            each of the first strips, the last map serving all further ones; on a GPU by row.
        processor: for which kind of processor.
    """

    shape: Shape
    height: int
    width: int
    strips: int
    tiles: int
    reach: int
    indices: GatherIndices | RowIndices
    processor: Processor = "cpu"

    def indices_of(self, strip: Array) -> tuple[Array, Array]:
        """The index maps of one strip, as `gather` takes them: predictors (u, N + 1, B, m) and sources (K, window)."""
        if isinstance(self.indices, RowIndices):
            return self.indices.of_block(strip, self.height)
        which = jnp.minimum(strip, len(self.indices.predictors) - 1)
        return jnp.asarray(self.indices.predictors)[which], jnp.asarray(self.indices.sources)[which]

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
        rows, columns = self.strips * self.height, self.tiles * self.width
        if self.processor == "gpu":
            image = jnp.moveaxis(values, -1, 2)
        else:
            split = values.reshape(self.strips, self.width, channels, *values.shape[2:])
            image = jnp.moveaxis(split, (0, -3, -1, 1, 2), (0, 1, 2, 3, 4))
        return image.reshape(rows, columns, channels, *values.shape[2:-3], values.shape[-2])[:height, :width]

    def to_rows(self, image: Array) -> Array:
        """Values (H, W, C, …) by the rows of each strip, (strips, B, W, C, …), zero below the image."""
        padded = jnp.pad(image, ((0, self.strips * self.height - len(image)), *[(0, 0)] * (image.ndim - 1)))
        return padded.reshape(self.strips, self.height, *image.shape[1:])

    def to_strip(self, rows: Array) -> Array:
        """Values (B, W, C, …) of a strip's rows over the strip, (u, …, B, m), zero where a tile leaves the image."""
        _, width, channels = self.shape
        padded = jnp.pad(rows, ((0, 0), (0, self.tiles * self.width - width), *[(0, 0)] * (rows.ndim - 2)))
        if self.processor == "gpu":
            return jnp.moveaxis(
                padded.reshape(self.height, 1, self.tiles * self.width * channels, *rows.shape[3:]), (1, 2), (-2, -1)
            )
        split = padded.reshape(self.height, self.tiles, self.width, *rows.shape[2:])
        strip = jnp.moveaxis(split, (0, 1), (-2, -1))
        return strip.reshape(self.width * channels, *strip.shape[2:])

    def to_strips(self, image: Array) -> Array:
        """Values (H, W, C, …) in strips, (strips, u, …, B, m), zero where a tile leaves the image."""
        return jax.vmap(self.to_strip)(self.to_rows(image))


class Target(NamedTuple):
    """What a program is laid out for.

    Attributes:
        processor: the kind of processor; None: not chosen yet.
        memory_budget: on a GPU, how many bytes of temporaries to stay within.
        keeps_solutions: whether the solutions of all elements are kept, for a gradient.
    """

    processor: Processor | None = None
    memory_budget: float = math.inf
    keeps_solutions: bool = False


def layout_of(shape: Shape, neighborhood_size: int, images: int, target: Target) -> Layout:
    """The layout of n images of a shape (H, W, C), computed together, for neighborhoods of N elements."""
    if target.processor is None:
        raise ValueError("the processor must be chosen before images are cut")
    if target.processor == "cpu":
        return _cpu_layout(shape, neighborhood_size, images)
    kept, row = _gpu_memory(shape, neighborhood_size, images, target)
    rows = max(target.memory_budget - kept, target.memory_budget / 2) // row
    return _gpu_layout(shape, neighborhood_size, int(np.clip(rows, 1, shape[0])))


def group_of(shape: Shape, neighborhood_size: int, images: int, target: Target) -> int:
    """How many of n images of a shape (H, W, C) are computed together: a divisor of n.

    On a CPU few enough for strips of MAX_ROWS rows, because a group's solutions are kept for the gradient. On a GPU
    all, or few enough for strips of MIN_GPU_ROWS rows within the memory budget.
    """
    height, width, channels = shape
    most = max(STRIP_SIZE // (MAX_ROWS * width * channels), 1)
    if target.processor == "gpu":
        kept, row = _gpu_memory(shape, neighborhood_size, 1, target)
        most = max(int(min(target.memory_budget // (kept + min(MIN_GPU_ROWS, height) * row), images)), 1)
    return max(size for size in range(1, min(most, images) + 1) if images % size == 0)


@functools.lru_cache(maxsize=64)
def _cpu_layout(shape: Shape, neighborhood_size: int, images: int) -> Layout:
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
    split = _with_full_tiles(indices, tiles * columns, window)
    split = split.reshape(different, rows, tiles, columns, channels, neighborhood_size + 1)
    predictors = split.transpose(0, 3, 4, 5, 1, 2).reshape(different, columns * channels, -1, rows, tiles)
    return Layout(shape, rows, columns, strips, tiles, neighborhood.reach, gather_indices(predictors, window))


@functools.lru_cache(maxsize=64)
def _gpu_layout(shape: Shape, neighborhood_size: int, rows: int) -> Layout:
    height, width, channels = shape
    strips = -(-height // rows)
    rows, columns = whole_row_tiles(-(-height // strips)), min(GPU_TILE, width)
    tiles = -(-width // columns)
    neighborhood = causal_neighborhood(shape, neighborhood_size)
    reach, different = neighborhood.reach, len(neighborhood.offsets)
    indices = _predictor_indices(shape, neighborhood, range(different + reach))
    split = _with_full_tiles(indices, tiles * columns, (different + 2 * reach) * width * channels)
    by_position = np.moveaxis(split.reshape(len(split), -1, neighborhood_size + 1), 1, 2)
    maps = row_indices(by_position, reach, width * channels, different)
    return Layout(shape, rows, columns, strips, tiles, reach, maps, "gpu")


def _gpu_memory(shape: Shape, neighborhood_size: int, images: int, target: Target) -> tuple[float, float]:
    """Bytes of temporaries of n images: for the whole images, and for each row of a strip."""
    height, width, channels = shape
    row = images * width * channels * np.dtype(np.float32).itemsize
    kept = row * height * (2 * neighborhood_size + 10 if target.keeps_solutions else 4)
    return kept, row * (GPU_ARRAYS * packed_size(neighborhood_size) + 4 * neighborhood_size)


def _with_full_tiles(indices: np.ndarray, columns: int, outside: int) -> np.ndarray:
    """Indices (…, W, C, N + 1) for so many columns, those beyond the image having no predictors."""
    beyond = [(0, 0)] * (indices.ndim - 3) + [(0, columns - indices.shape[-3]), (0, 0), (0, 0)]
    return np.pad(indices, beyond, constant_values=outside)


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
