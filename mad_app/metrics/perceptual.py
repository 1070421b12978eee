"""Perceptual metrics: LASI, fitted to the images themselves, in JAX, and LPIPS, trained on data, in PyTorch.

torch and lpips are imported only when LPIPS is built.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp

from lasi import LASI
from mad_app.metrics.from_jax import Distances, JaxMetric, Prepared
from mad_app.metrics.protocol import KnownMetric, MetricUnavailable


def build_lasi(name: str, minimum_size: int, *, neighborhood_size: int) -> KnownMetric:
    """LASI on images scaled to [−1, 1], the range in which float32 and float64 agree."""
    prepare, distances_to, maps_to, residuals = _lasi_functions(neighborhood_size)
    return JaxMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=prepare,
        distances_to=distances_to,
        maps_to=maps_to,
        parallel_over_batch=True,
        residuals=residuals,
        kept_as=f"lasi:{neighborhood_size}",
    )


def build_lpips(name: str, minimum_size: int, *, net: str) -> KnownMetric:
    """LPIPS over the backbone "alex", "vgg" or "squeeze".

    Raises:
        MetricUnavailable: torch cannot be imported, or the trained weights are not available.
    """
    try:
        from mad_app.metrics.lpips.network import lpips_metric
    except (ImportError, OSError) as error:  # the latter where one of its libraries cannot be loaded
        raise MetricUnavailable(f"torch cannot be used ({error}): pip install torch") from error
    return lpips_metric(name, minimum_size, net=net)


def _memory_budget() -> float:
    """Bytes of LASI's temporaries: its default, or a quarter of a smaller GPU's memory.

    Of what the GPU has, not of what is free just then, so that a run is laid out alike whenever it is continued there.
    """
    statistics = jax.local_devices()[0].memory_stats() or {}
    return min(LASI.memory_budget, statistics.get("bytes_limit", math.inf) / 4)


@lru_cache(maxsize=16)
def _lasi_functions(
    neighborhood_size: int,
) -> tuple[Callable[[jax.Array], Prepared], Distances, Distances, Callable[[jax.Array], jax.Array]]:
    """Prepare, distances, maps, residuals; one object per neighborhood size, so that equal metrics share programs."""

    def lasi_of(shape: tuple[int, ...]) -> LASI:
        return LASI(shape, neighborhood_size, memory_budget=_memory_budget())

    def prepare(reference: jax.Array) -> Prepared:
        return lasi_of(reference.shape).embedding(2 * reference - 1)

    def distances_to(prepared: Prepared, images: jax.Array) -> jax.Array:
        return lasi_of(images.shape[1:]).compute_distances_to(prepared, 2 * images - 1)

    def maps_to(prepared: Prepared, images: jax.Array) -> jax.Array:
        def distance_map(image: jax.Array) -> jax.Array:
            differences = prepare(image) - prepared
            return jnp.sqrt(jnp.sum(differences**2, axis=-1)).mean(axis=-1)

        return jax.lax.map(distance_map, images)

    def residuals(image: jax.Array) -> jax.Array:
        """ŵ / √elements: the sum of its squared differences is the mean of ‖ŵ(x) − ŵ(y)‖²."""
        return prepare(image) / math.sqrt(image.size)

    return prepare, distances_to, maps_to, residuals
