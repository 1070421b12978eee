"""The embedding of an image: every element's linear predictor, computed strip by strip.

Strips of a few rows are worked through from the top, so that memory holds the sums of one strip, not of the image.
Positions inside a strip are those of `lasi.causal_sum`: (t, …, n, m) is position in the tile, images, tiles.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lasi.causal_sum import Tile, causal_sums
from lasi.neighborhood import Neighborhood, Shape, causal_neighborhood
from lasi.predictors import Places, fetch, places_of
from lasi.regression import packed_size, products, ridge_solve

TILE_HEIGHT, TILE_WIDTH = 4, 4
"""Pixels in a tile: large enough for dense products to run well, small enough that they stay few."""

Result = TypeVar("Result")


class Strip(NamedTuple):
    """What is known of one strip of n images.

    Attributes:
        predictors: the neighbours and, last, the element itself, (t, N + 1, n, m).
        sums: the packed products of predictors, summed with weights over all earlier elements, (t, F, n, m).
        embedding: the solutions, (t, N, n, m).
    """

    predictors: Array
    sums: Array
    embedding: Array


@dataclass(frozen=True)
class Layout:
    """How images of one shape are cut into strips of tiles.

    Attributes:
        shape: (H, W, C).
        tile: the size of a tile.
        strips: number of strips.
        tiles: m, tiles in a strip.
        reach: rows above a strip that its neighbourhoods reach.
        places: where the predictors of a strip lie in the flattened window of the strip and the rows above it: one
            map for each strip until all are alike.
    """

    shape: Shape
    tile: Tile
    strips: int
    tiles: int
    reach: int
    places: Places

    def windows(self, images: Array) -> Array:
        """Each strip with the rows above it, flattened: (strips, n, window)."""
        height, width, channels = self.shape
        above = -(-self.reach // self.tile.height)
        rows = self.tile.height * (self.strips + above)
        padded = jnp.pad(images, ((0, 0), (self.tile.height * above, rows - height), (0, 0), (0, 0)))[:, :rows]
        strips = padded.reshape(len(images), -1, self.tile.height, width, channels)
        windows = jnp.concatenate([strips[:, first : first + self.strips] for first in range(above + 1)], axis=2)
        kept = windows[:, :, self.tile.height * above - self.reach :]
        return jnp.moveaxis(kept.reshape(len(images), self.strips, -1), 0, 1)

    def to_image(self, strips: Array) -> Array:
        """Values (strips, t, …, m) in their places, (H, W, C, …)."""
        height, width, channels = self.shape
        split = strips.reshape(self.strips, self.tile.height, self.tile.width, channels, *strips.shape[2:])
        image = jnp.moveaxis(split, -1, 2)
        rows, columns = self.strips * self.tile.height, self.tiles * self.tile.width
        return image.reshape(rows, columns, channels, *strips.shape[2:-1])[:height, :width]

    def to_strips(self, image: Array) -> Array:
        """Values (H, W, C, …) in strips, (strips, t, …, m), zero where a tile leaves the image."""
        height, width, channels = self.shape
        below, right = self.strips * self.tile.height - height, self.tiles * self.tile.width - width
        padded = jnp.pad(image, ((0, below), (0, right), *[(0, 0)] * (image.ndim - 2)))
        split = padded.reshape(self.strips, self.tile.height, self.tiles, self.tile.width, channels, *image.shape[3:])
        return jnp.moveaxis(split, 2, -1).reshape(self.strips, self.tile.size, *image.shape[3:], self.tiles)


@functools.lru_cache(maxsize=64)
def layout_of(shape: Shape, neighborhood_size: int) -> Layout:
    """The layout of images of a shape (H, W, C) for neighbourhoods of N elements."""
    height, width, channels = shape
    tile = Tile(min(TILE_HEIGHT, height), min(TILE_WIDTH, width), channels)
    strips, tiles = -(-height // tile.height), -(-width // tile.width)
    neighborhood = causal_neighborhood(shape, neighborhood_size)
    different = min(-(-(len(neighborhood.offsets) - 1) // tile.height) + 1, strips)
    places = [_places(shape, tile, neighborhood, first_row=strip * tile.height) for strip in range(different)]
    window = (neighborhood.reach + tile.height) * width * channels
    outside = ((0, 0), (0, 0), (0, tiles * tile.width - width), (0, 0), (0, 0))
    split = np.pad(np.stack(places), outside, constant_values=window)
    split = split.reshape(different, tile.height, tiles, tile.width, channels, neighborhood_size + 1)
    predictors = np.moveaxis(split, 2, -1).reshape(different, tile.size, neighborhood_size + 1, tiles)
    return Layout(shape, tile, strips, tiles, neighborhood.reach, places_of(predictors, window))


def _places(shape: Shape, tile: Tile, neighborhood: Neighborhood, *, first_row: int) -> np.ndarray:
    """Where the predictors of a strip's elements lie in its flattened window: (B, W, C, N + 1)."""
    _, width, channels = shape
    window = neighborhood.reach + tile.height
    offsets, exists = neighborhood.rows(first_row + np.arange(tile.height))
    row, column, channel = np.mgrid[neighborhood.reach : window, :width, :channels]
    own = (row * width + column) * channels + channel
    steps = offsets @ np.array([width * channels, channels, 1])
    places = np.where(exists, own[..., None] + steps, window * width * channels)
    return np.concatenate([places, own[..., None]], axis=-1)


def map_strips(
    consume: Callable[[Strip, Array], Result], images: Array, beside: Array, *, layout: Layout, ridge: float
) -> Result:
    """Apply a function to every strip of images and stack what it returns.

    Args:
        consume: called with a strip and what lies beside it.
        images: (n, H, W, C), floating point.
        beside: any array (strips, …), handed out strip by strip.
        layout: how the images are cut, and for which neighbourhood.
        ridge: λ.
    """
    places, uses = jnp.asarray(layout.places.predictors), jnp.asarray(layout.places.uses)
    neighborhood_size = places.shape[2] - 1

    def strip(above: Array, inputs: tuple[Array, Array, Array]) -> tuple[Array, Result]:
        index, window, here = inputs
        alike = jnp.minimum(index, len(places) - 1)
        predictors = fetch(window, places[alike], uses[alike])
        t, _, *rest = predictors.shape
        packed = products(predictors.reshape(t, neighborhood_size + 1, -1))
        sums, above = causal_sums(layout.tile, packed.reshape(t, -1, *rest), above)
        embedding = ridge_solve(sums.reshape(packed.shape), jnp.asarray(ridge, images.dtype))
        return above, consume(Strip(predictors, sums, embedding.reshape(t, neighborhood_size, *rest)), here)

    features = packed_size(neighborhood_size)
    above = jnp.zeros((layout.tile.row_size, features, len(images), layout.tiles), images.dtype)
    return lax.scan(strip, above, (jnp.arange(layout.strips), layout.windows(images), beside))[1]
