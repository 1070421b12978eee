"""Gathering every element's predictors from the image, and the adjoint.

The adjoint is written as gathers too, over indices computed once: on a CPU a scattered addition is far slower.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lasi.linear_map import linear_map


@dataclass(frozen=True)
class GatherIndices:
    """Index maps between the window of a strip and its predictors, for S different strips.

    Attributes:
        predictors: index of each predictor in a flattened window of `window` values; `window` itself stands for a
            predictor that does not exist and is 0. int32 (S, u, N + 1, B, m).
        sources: the inverse map: for each value of the window, the indices in a flattened (u, N + 1, B, m) of the
            predictors that it is the value of; unused entries hold the length of that array. int32 (S, K, window).
    """

    predictors: np.ndarray
    sources: np.ndarray


def gather_indices(predictors: np.ndarray, window: int) -> GatherIndices:
    """Complete the index maps.

    Args:
        predictors: as the attribute of `GatherIndices`.
        window: number of values of a window.
    """
    flat = predictors.reshape(len(predictors), -1)
    counts = [np.bincount(strip, minlength=window + 1)[:window] for strip in flat]
    most = max(int(count.max()) for count in counts)
    sources = np.full((len(flat), most, window), flat.shape[1])
    for strip, indices, count in zip(sources, flat, counts, strict=True):
        order = np.argsort(indices, kind="stable")[: count.sum()]
        rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
        strip[rank, indices[order]] = order
    return GatherIndices(predictors.astype(np.int32), sources.astype(np.int32))


MISSING = np.iinfo(np.int32).max
"""In `RowIndices`, a predictor or a source that does not exist."""


@dataclass(frozen=True)
class RowIndices:
    """The same maps for blocks of many rows, held by row: below the first R rows every row has the same.

    Attributes:
        predictors: index of each predictor relative to the start of its element's row in the flattened window, MISSING
            where there is none. int32 (R + 1, N + 1, c), c positions in a row.
        sources: index of each source relative to the start of that row in a flattened (rows, N + 1, c), MISSING where
            there is none. int32 (R + 1, K, W·C).
        reach: number of rows of the window above the block.
    """

    predictors: np.ndarray
    sources: np.ndarray
    reach: int

    def of_block(self, block: Array, height: int) -> tuple[Array, Array]:
        """The maps of one block of rows, (B, N + 1, 1, c) and (K, window), as `gather` takes them."""
        last, _, positions = self.predictors.shape
        width = self.sources.shape[2]
        row = jnp.arange(height)
        which = jnp.minimum(block * height + row, last - 1)
        start = ((self.reach + row) * width)[:, None, None]
        window = (self.reach + height) * width
        predictors = _shifted(jnp.asarray(self.predictors)[which], start, missing=window)

        row = jnp.arange(-self.reach, height)
        in_image = block * height + row
        size = self.predictors.shape[1] * positions
        start = (row * size)[:, None, None]
        sources = _shifted(jnp.asarray(self.sources)[jnp.clip(in_image, 0, last - 1)], start, missing=height * size)
        outside = (sources < 0) | (sources > height * size) | (in_image < 0)[:, None, None]
        sources = jnp.where(outside, height * size, sources)
        return predictors[:, :, None], jnp.swapaxes(sources, 0, 1).reshape(-1, window)


def _shifted(steps: Array, start: Array, *, missing: int) -> Array:
    return jnp.where(steps == MISSING, missing, steps + start)


def row_indices(predictors: np.ndarray, reach: int, width: int, different: int) -> RowIndices:
    """The maps by row.

    Args:
        predictors: index of each predictor of the first rows of the image in a flattened window of these and the rows
            above, the window's size for a predictor that does not exist, (R + 1 + reach, N + 1, c).
        reach: number of rows above.
        width: W·C, of a row of the window.
        different: R + 1, the number of different rows.
    """
    window = (reach + len(predictors)) * width
    start = (reach + np.arange(len(predictors)))[:, None, None] * width
    steps = np.where(predictors == window, MISSING, predictors - start)
    size = predictors[0].size
    sources = gather_indices(predictors[None], window).sources[0].reshape(-1, reach + len(predictors), width)
    sources = np.moveaxis(sources, 1, 0)[reach:]
    start = np.arange(len(sources))[:, None, None] * size
    relative = np.where(sources == predictors.size, MISSING, sources - start)
    return RowIndices(steps[:different].astype(np.int32), relative[:different].astype(np.int32), reach)


def gather(window: Array, predictors: Array, sources: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of one strip of n images.

    Args:
        window: the strip's window of each image, (n, window).
        predictors: of this strip, as in `GatherIndices`, (u, N + 1, B, m).
        sources: likewise, (K, window); used by the gradient.
    """
    shape = *predictors.shape[:-1], len(window), predictors.shape[-1]
    like = jax.ShapeDtypeStruct(shape, window.dtype)  # type: ignore[no-untyped-call]
    return linear_map(like, _gather, _gather_transpose, (predictors, sources), window)


def _gather(indices: tuple[Array, Array], window: Array) -> Array:
    predictors, _ = indices
    padded = jnp.pad(window, ((0, 0), (0, 1)))
    return jax.vmap(lambda values: values[predictors], out_axes=3)(padded)


def _gather_transpose(indices: tuple[Array, Array], cotangent: Array) -> tuple[Array]:
    _, sources = indices
    flat = jnp.moveaxis(cotangent, -2, 0).reshape(cotangent.shape[-2], -1)
    padded = jnp.pad(flat, ((0, 0), (0, 1)))
    zeros = jnp.zeros_like(flat, shape=(len(flat), sources.shape[1]))
    return (sum((jnp.take(padded, source, axis=1, mode="clip") for source in sources), start=zeros),)
