"""Metrics that are pure JAX functions: compiled once a shape, whatever the reference.

A metric is two pure functions: `prepare(reference) -> prepared`, what depends on the reference alone, and
`distances_to(prepared, images) -> (N,)`. The prepared reference goes into compiled programs as an argument, never as
a closure: a closure is a constant, which XLA would fold for minutes and compile anew for every picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax

from mad_app.metrics.contract import checked_images, checked_reference

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

    Two metrics with the same function objects share their compiled programs.
    """

    name: str
    prepare: Callable[[jax.Array], Prepared]
    distances_to: Distances
    minimum_size: int = 1
    weights: str | None = None
    maps_to: Distances | None = None

    def against(self, reference: jax.Array) -> "JaxComparison":
        """Prepare comparisons with a reference (H, W, 3).

        Raises:
            ValueError: the reference is no image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        return JaxComparison(metric=self, shape=reference.shape, prepared=_compiled(self.prepare)(reference))

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Distances a pixel (N, H, W) of images (N, H, W, 3), if the metric has such."""
        return None if self.maps_to is None else _compiled(self.maps_to)(self.against(reference).prepared, images)


@dataclass(frozen=True, kw_only=True, eq=False)
class JaxComparison:
    """A JAX metric against one reference.

    A caller that compiles a loop of its own passes `prepared` into it as an argument and calls there the pure
    `metric.distances_to(prepared, images)` and `value_and_grad_of(metric.distances_to)(prepared, images)`.
    """

    metric: JaxMetric
    shape: tuple[int, ...]
    prepared: Prepared

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        images = checked_images(images, self.shape, metric=self.metric.name)
        distances: jax.Array = _compiled(self.metric.distances_to)(self.prepared, images)
        return distances

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3)."""
        images = checked_images(images, self.shape, metric=self.metric.name)
        distances, gradients = _compiled(value_and_grad_of(self.metric.distances_to))(self.prepared, images)
        return distances, gradients


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


@lru_cache(maxsize=64)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """One jitted wrapper a function, so that a program compiled for one reference serves the next."""
    return jax.jit(function)
