"""Metrics that are PyTorch functions.

PyTorch has images as (N, 3, H, W), so the axes are permuted where they cross from JAX (`interchange`).
"""

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import torch

from mad_app.images import AnyImage
from mad_app.metrics.call import call_metric
from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.cuda_graph import Function, captured
from mad_app.metrics.failure import failures_of
from mad_app.metrics.interchange import to_jax, to_torch
from mad_app.metrics.sums import Summable
from mad_app.metrics.threads import CORES, available_cores, map_threads
from mad_app.metrics.torch_in_jax import torch_in_jax

T = TypeVar("T")
Prepared = Any
"""Everything of a metric that depends on the reference alone."""


def _number_of_threads() -> int:
    if "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    return max(1, min(torch.get_num_threads(), available_cores()) - 1)


THREADS = _number_of_threads()
"""PyTorch's threads for one operation: OMP_NUM_THREADS where it is set, otherwise one fewer than the available cores.

One core is left to JAX and to other processes, since threads that wait for each other suffer most from them: with
libgomp's own number of spins (`threads.SPINS`) LPIPS-alex and its gradient on 4×64×64 with 2 cores took 12 ms on an
idle machine and 1000 ms beside one busy process with 2 threads, 18 ms and 14 ms with 1 thread.
"""


PART_CHUNKS, PART_PIXELS = 8, 2**17
"""The most of `TorchMetric.chunk_pixels`, and the most pixels, in a part of a batch, if that is more than one image."""


@dataclass(frozen=True, kw_only=True)
class TorchMetric(Summable):
    """A metric made of PyTorch functions.

    Attributes:
        name: the name by which it is requested.
        prepare: reference (1, 3, H, W) float32 in [0, 1] -> prepared, on the reference's device.
        distances_to: prepared, images (N, 3, H, W) -> (N,), each of which depends on its own image alone.
        minimum_size: smallest height and width in pixels.
        weights: source of its trained weights, if it has any.
        maps_to: prepared, images (N, 3, H, W) -> distances per pixel (N, H, W), where the formula has such a map.
        chunk_pixels: on a CPU, a batch of more pixels is split evenly into parts that its cores compute in parallel;
            None for no limit.
        probe: called with the shape of a reference before it is bound; raises MetricFailed.
        smooth_distances_to: likewise, twice differentiable at the reference, where `distances_to` is not; see
            `second_order`.
    """

    name: str
    prepare: Callable[[torch.Tensor], Prepared]
    distances_to: Callable[[Prepared, torch.Tensor], torch.Tensor]
    minimum_size: int = 1
    weights: str | None = None
    maps_to: Callable[[Prepared, torch.Tensor], torch.Tensor] | None = None
    chunk_pixels: int | None = None
    probe: Callable[[tuple[int, ...]], None] | None = None
    smooth_distances_to: Callable[[Prepared, torch.Tensor], torch.Tensor] | None = None
    _uncaptured: set[tuple[int, ...]] = field(default_factory=set, init=False, compare=False, repr=False)

    def without_graph(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Its name, if its capture failed for a reference of this shape."""
        return (self.name,) if shape in self._uncaptured else ()

    def bind(self, reference: jax.Array) -> "BoundTorchMetric":
        """Bind the metric to a reference (H, W, 3), on the reference's device.

        Raises:
            ArgumentError: the reference is not an image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        if self.probe is not None:
            self.probe(reference.shape)
        with metric_settings(), torch.no_grad():
            prepared = self.prepare(to_torch(reference[None]))
        return BoundTorchMetric(metric=self, shape=reference.shape, prepared=prepared)

    def __call__(self, reference: AnyImage, images: AnyImage) -> Any:
        """Distance of one image, a scalar, or of several, (N,), to a reference; as `Metric.__call__`."""
        traced = partial(torch_in_jax, self.of_tensors, metric_settings)
        return call_metric(self, reference, images, traced=traced, torch=self.of_tensors)

    def of_tensors(self, reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Distances (N,) of images (N, 3, H, W) to a reference (1, 3, H, W), differentiable by autograd."""
        with metric_settings():
            return self.distances_to(self.prepare(reference), images)

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Distances per pixel (N, H, W) of images (N, H, W, 3); None if the formula has no such map."""
        if self.maps_to is None:
            return None
        prepared = self.bind(reference).prepared
        with metric_settings(), torch.no_grad():
            return to_jax(self.maps_to(prepared, to_torch(images)))


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundTorchMetric:
    """A PyTorch metric bound to one reference."""

    metric: TorchMetric
    shape: tuple[int, ...]
    prepared: Prepared
    _graphs: dict[torch.Size, Function] = field(default_factory=dict, init=False)

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        images = checked_images(images, self.shape)
        with metric_settings():
            return to_jax(torch.cat(self._of_parts(self._distances, images)))

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3).

        Each distance depends on its own image alone, so the gradient of their sum contains the gradient of each.
        """
        images = checked_images(images, self.shape)
        with metric_settings():
            distances, gradients = zip(*self._of_parts(self._value_and_grad, images), strict=True)
            return to_jax(torch.cat(distances)), to_jax(torch.cat(gradients).permute(0, 2, 3, 1))

    def second_derivative(self, reference: jax.Array) -> Callable[[np.ndarray], np.ndarray]:
        """The second derivative at the reference (H, W, 3) that the metric is bound to, v -> M v; see `second_order`.

        The graph of the gradient is kept, so that a product is one pass backward through it.
        """
        distances_to = self.metric.smooth_distances_to or self.metric.distances_to
        with metric_settings(), torch.enable_grad():
            image = to_torch(reference[None]).requires_grad_()
            (gradient,) = torch.autograd.grad(distances_to(self.prepared, image).sum(), image, create_graph=True)

        def product(v: np.ndarray) -> np.ndarray:
            along = to_torch(jnp.asarray(v[None], jnp.float32)).to(image.device)
            with metric_settings():
                (change,) = torch.autograd.grad(gradient, image, along, retain_graph=True)
            return np.asarray(change[0].permute(1, 2, 0).double().cpu())

        return product

    def _distances(self, part: torch.Tensor) -> torch.Tensor:
        with torch.no_grad(), failures_of(self.metric.name):
            return self.metric.distances_to(self.prepared, part)

    def _value_and_grad(self, part: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """On a GPU captured as a graph, once for each shape."""
        if not part.is_cuda:
            return self._differentiate(part)
        if part.shape not in self._graphs:
            self._graphs[part.shape] = captured(self._differentiate, part)
            if self._graphs[part.shape] == self._differentiate:
                self.metric._uncaptured.add(self.shape)
        return self._graphs[part.shape](part)

    def _differentiate(self, part: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.enable_grad(), failures_of(self.metric.name):
            part.requires_grad_()
            distances = self.metric.distances_to(self.prepared, part)
            (gradients,) = torch.autograd.grad(distances.sum(), part)
        return distances.detach(), gradients

    def _of_parts(self, function: Callable[[torch.Tensor], T], images: jax.Array) -> list[T]:
        """Apply a function to the images (N, H, W, 3) as tensors (n, 3, H, W), all together or split into parts.

        With 2 cores, LPIPS-vgg and its gradient take 1.9 s and 603 MB in parts of one image on 4×256×256, 4.7 s and
        816 MB together; 0.31 s in two parts on 9×64×64, 0.42 s in nine, 0.52 s together.
        """
        batch = to_torch(images)
        parts = torch.tensor_split(batch, 1 if batch.is_cuda else self._number_of_parts(len(batch)))
        workers = min(len(parts), CORES)

        def work(part: torch.Tensor) -> T:
            torch.set_num_threads(-(-THREADS // workers))
            return function(part)

        return map_threads(function if len(parts) == 1 else work, parts)

    def _number_of_parts(self, images: int) -> int:
        """Into how many a batch is split on a CPU: as few as its cores, or a multiple of that, where they fit."""
        pixels, most = self.shape[0] * self.shape[1], self.metric.chunk_pixels
        if most is None or images * pixels <= most:
            return 1
        in_a_part = max(1, min(PART_CHUNKS * most, PART_PIXELS) // pixels)
        rounds = math.ceil(images / (CORES * in_a_part))
        return min(images, CORES * rounds)


class _Shared:
    """PyTorch's process-wide settings for metrics: made by the first thread inside, and undone by the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._settings = contextlib.ExitStack()

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
                self._settings.enter_context(flags)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._settings.close()


_SHARED = _Shared()


@contextlib.contextmanager
def metric_settings() -> Iterator[None]:
    """Set PyTorch's settings for a metric, and restore them when no thread is inside any more.

    On a GPU, convolutions in full float32 by a deterministic algorithm: TensorFloat-32, the default there, has 10 bits,
    too few for a level that is kept to 1e-5. On the CPU, `THREADS`, which each thread has for itself.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    _SHARED.enter()
    try:
        yield
    finally:
        _SHARED.leave()
        torch.set_num_threads(threads)
