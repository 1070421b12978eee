"""Fetching every element's predictors from the image, and the adjoint.

Both directions are reads at places known beforehand, since on a CPU a scattered addition costs far more than a read.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


@dataclass(frozen=True)
class Places:
    """Where the predictors lie, for S different strips.

    Attributes:
        predictors: where each lies in a flattened window of `window` values, or `window`, where zero stands:
            (S, u, N + 1, B, m).
        uses: which predictors each value of the window serves as, as places in a flattened (u, N + 1, B, m), or one
            past its end: (S, K, window).
    """

    predictors: np.ndarray
    uses: np.ndarray


def places_of(predictors: np.ndarray, window: int) -> Places:
    """The places, given those of the predictors (S, u, N + 1, B, m)."""
    flat = predictors.reshape(len(predictors), -1)
    counts = [np.bincount(strip, minlength=window + 1)[:window] for strip in flat]
    most = max(int(count.max()) for count in counts)
    uses = np.full((len(flat), most, window), flat.shape[1])
    for strip, places, count in zip(uses, flat, counts, strict=True):
        order = np.argsort(places, kind="stable")[: count.sum()]
        rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
        strip[rank, places[order]] = order
    return Places(predictors.astype(np.int32), uses.astype(np.int32))


@jax.custom_vjp
def gather(window: Array, predictors: Array, uses: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of one strip of n images, from its windows (n, window); see `Places`."""
    del uses
    padded = jnp.pad(window, ((0, 0), (0, 1)))
    return jax.vmap(lambda values: values[predictors], out_axes=3)(padded)


def _fetch_forward(window: Array, predictors: Array, uses: Array) -> tuple[Array, Array]:
    return gather(window, predictors, uses), uses


def _fetch_backward(uses: Array, cotangent: Array) -> tuple[Array, None, None]:
    flat = jnp.moveaxis(cotangent, -2, 0).reshape(cotangent.shape[-2], -1)
    padded = jnp.pad(flat, ((0, 0), (0, 1)))
    nothing = jnp.zeros((len(flat), uses.shape[1]), flat.dtype)
    return sum((jnp.take(padded, places, axis=1, mode="clip") for places in uses), start=nothing), None, None


gather.defvjp(_fetch_forward, _fetch_backward)
