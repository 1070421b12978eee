"""Metrics that are pure JAX functions: compiled once a shape, whatever the reference.

A metric is two pure functions: `prepare(reference) -> prepared`, what depends on the reference alone, and
`distances_to(prepared, images) -> (N,)`. The prepared reference goes into compiled programs as an argument, never as
a closure: a closure is a constant, which XLA would fold for minutes and compile anew for every picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.threads import map_threads

T = TypeVar("T")

Prepared = Any
"""A tree of arrays: what a metric needs to know of a reference."""

Distances = Callable[[Prepared, jax.Array], jax.Array]
ValueAndGrad = Callable[[Prepared, jax.Array], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True, kw_only=True)
class JaxMetric:
    """A metric made of pure JAX functions.

    Attributes:
        name: how it is asked for.
        prepare: reference (H, W, 3) -> prepared.
        distances_to: prepared, images (N, H, W, 3) -> (N,), each of which depends on its own image alone.
        minimum_size: smallest height and width in pixels.
        weights: where trained weights came from, if it has any.
        maps_to: prepared, images (N, H, W, 3) -> distances a pixel (N, H, W), where the formula holds them.
        parallel_over_batch: whether each core computes whole images, rather than all cores each operation of the batch.

    Two metrics with the same function objects share their compiled programs.
    """

    name: str
    prepare: Callable[[jax.Array], Prepared]
    distances_to: Distances
    minimum_size: int = 1
    weights: str | None = None
    maps_to: Distances | None = None
    parallel_over_batch: bool = False

    def bind(self, reference: jax.Array) -> "BoundJaxMetric":
        """Prepare comparisons with a reference (H, W, 3).

        Raises:
            ValueError: the reference is no image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        return BoundJaxMetric(metric=self, shape=reference.shape, prepared=_compiled(self.prepare)(reference))

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Distances a pixel (N, H, W) of images (N, H, W, 3), if the metric has such."""
        return None if self.maps_to is None else self.bind(reference).of_images(self.maps_to, images)


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundJaxMetric:
    """A JAX metric against one reference.

    A caller that compiles a loop of its own passes `prepared` into it as an argument and calls there the pure
    `metric.distances_to(prepared, images)` and `value_and_grad_of(metric.distances_to)(prepared, images)`.
    """

    metric: JaxMetric
    shape: tuple[int, ...]
    prepared: Prepared

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        return self.of_images(self.metric.distances_to, images)

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3)."""
        return self.of_images(value_and_grad_of(self.metric.distances_to), images)

    def of_images(self, function: Callable[[Prepared, jax.Array], T], images: jax.Array) -> T:
        """A pure function of the prepared reference and images (N, H, W, 3), compiled; what it returns begins with N.

        Where the metric's images go one by one, each core computes whole programs: that divides LASI's work better
        than dividing each of its operations, most of which are too small for it. LASI and its gradient on 2 cores take
        20 → 13 ms for 4×64×64 and 84 → 46 ms for 4×128×128.
        """
        images = checked_images(images, self.shape, metric=self.metric.name)
        of_these = partial(_compiled(function), self.prepared)
        if not self.metric.parallel_over_batch or len(images) == 1 or not _is_on_cpu(images):
            return of_these(images)
        return cast(T, _join(map_threads(of_these, _split(images))))


@lru_cache(maxsize=64)
def value_and_grad_of(distances_to: Distances) -> ValueAndGrad:
    """The pure function (prepared, images) -> distances (N,), gradients (N, H, W, 3); the same object each time.

    As each distance depends on its own image alone, the gradient of their sum holds the gradient of each.
    """

    def value_and_grad(prepared: Prepared, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        def total(images: jax.Array) -> tuple[jax.Array, jax.Array]:
            distances = distances_to(prepared, images)
            return distances.sum(), distances

        (_, distances), gradients = jax.value_and_grad(total, has_aux=True)(images)
        return distances, gradients

    return value_and_grad


def _is_on_cpu(images: jax.Array) -> bool:
    """Whether they lie in the processor's memory: not those of a program that is being compiled, which lie nowhere."""
    return not isinstance(images, jax.core.Tracer) and all(device.platform == "cpu" for device in images.devices())


@jax.jit
def _split(images: jax.Array) -> list[jax.Array]:
    return jnp.split(images, len(images))


@jax.jit
def _join(parts: list[Any]) -> Any:
    return jax.tree.map(lambda *arrays: jnp.concatenate(arrays), *parts)


@lru_cache(maxsize=64)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """One jitted wrapper a function, so that a program compiled for one reference serves the next."""
    return jax.jit(function)
