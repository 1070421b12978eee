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


def gather(window: Array, predictors: Array, sources: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of one strip of n images.

    Args:
        window: the strip's window of each image, (n, window).
        predictors: of this strip, as in `GatherIndices`, (u, N + 1, B, m).
        sources: likewise, (K, window); used by the gradient.
    """
    return linear_map(_gather, _gather_transpose, (predictors, sources), window)


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
