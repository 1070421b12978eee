"""Metrics that are PyTorch functions; the only crossing between the two frameworks.

Arrays cross by DLPack, on the CPU and on a CUDA device alike: no copy, no way through NumPy or the host. On the torch
side an image is (N, 3, H, W), so the axes are put in order there, one copy on the device. A tensor made from a JAX
array shares its memory, which JAX takes for unchangeable: nothing here writes into one.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import torch
from torch.utils.dlpack import from_dlpack

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.threads import CORES, map_threads

T = TypeVar("T")
Prepared = Any
"""What a metric needs to know of a reference."""

THREADS = max(1, torch.get_num_threads() - ("OMP_NUM_THREADS" not in os.environ))
"""PyTorch's threads for one operation: one core is left to others, unless OMP_NUM_THREADS says otherwise.

Its threads wait by spinning, so when another process or JAX holds one of their cores, every small operation lasts a
time slice. Measured on 2 cores, LPIPS-alex and its gradient on 4×64×64: 2 threads take 12 ms alone and 1000 ms beside
one busy process; 1 thread takes 18 ms and 14 ms. A single copy by 2 threads leaves one spinning for 8 ms more, which
beside LASI makes 41 ms of 31.
"""


@dataclass(frozen=True, kw_only=True)
class TorchMetric:
    """A metric made of PyTorch functions.

    Attributes:
        name: how it is asked for.
        prepare: reference (1, 3, H, W) float32 in [0, 1] -> prepared, on the reference's device.
        distances_to: prepared, images (N, 3, H, W) -> (N,), each of which depends on its own image alone.
        minimum_size: smallest height and width in pixels.
        weights: where trained weights came from, if it has any.
        maps_to: prepared, images (N, 3, H, W) -> distances a pixel (N, H, W), where the formula holds them.
        chunk_pixels: a batch of more pixels goes in parts on a CPU, side by side on its cores; None to keep it whole.
    """

    name: str
    prepare: Callable[[torch.Tensor], Prepared]
    distances_to: Callable[[Prepared, torch.Tensor], torch.Tensor]
    minimum_size: int = 1
    weights: str | None = None
    maps_to: Callable[[Prepared, torch.Tensor], torch.Tensor] | None = None
    chunk_pixels: int | None = None

    def bind(self, reference: jax.Array) -> "BoundTorchMetric":
        """Prepare comparisons with a reference (H, W, 3), on the device where it lives.

        Raises:
            ValueError: the reference is no image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        with _our_settings(), torch.no_grad():
            prepared = self.prepare(to_torch(reference[None]))
        return BoundTorchMetric(metric=self, shape=reference.shape, prepared=prepared)

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Distances a pixel (N, H, W) of images (N, H, W, 3), if the metric has such."""
        if self.maps_to is None:
            return None
        prepared = self.bind(reference).prepared
        with _our_settings(), torch.no_grad():
            return to_jax(self.maps_to(prepared, to_torch(images)))


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundTorchMetric:
    """A PyTorch metric against one reference."""

    metric: TorchMetric
    shape: tuple[int, ...]
    prepared: Prepared

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        images = checked_images(images, self.shape, metric=self.metric.name)
        with _our_settings():
            return to_jax(torch.cat(self._of_parts(self._distances, images)))

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3).

        As each distance depends on its own image alone, the gradient of their sum holds the gradient of each.
        """
        images = checked_images(images, self.shape, metric=self.metric.name)
        with _our_settings():
            distances, gradients = zip(*self._of_parts(self._value_and_grad, images), strict=True)
            return to_jax(torch.cat(distances)), to_jax(torch.cat(gradients).permute(0, 2, 3, 1))

    def _distances(self, part: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return self.metric.distances_to(self.prepared, part)

    def _value_and_grad(self, part: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.enable_grad():
            part.requires_grad_()
            distances = self.metric.distances_to(self.prepared, part)
            (gradients,) = torch.autograd.grad(distances.sum(), part)
        return distances.detach(), gradients

    def _of_parts(self, function: Callable[[torch.Tensor], T], images: jax.Array) -> list[T]:
        """A function of the images (N, H, W, 3) as tensors (n, 3, H, W): of all, or of parts of the batch.

        Parts on two cores take LPIPS-vgg and its gradient on 4×256×256 from 4.7 s to 1.9 s, and from 816 to 603 MB.
        """
        batch, most = to_torch(images), self.metric.chunk_pixels
        height, width, _ = self.shape
        together = len(batch) if most is None or batch.is_cuda else max(1, most // (height * width))
        parts = torch.split(batch, together)
        workers = min(len(parts), CORES)

        def work(part: torch.Tensor) -> T:
            torch.set_num_threads(-(-THREADS // workers))
            return function(part)

        return map_threads(function if len(parts) == 1 else work, parts)


def to_torch(images: jax.Array) -> torch.Tensor:
    """Images (N, H, W, 3) as a tensor (N, 3, H, W) of its own memory, on the same device.

    Raises:
        RuntimeError: the array lives on a GPU that this build of PyTorch cannot reach.
    """
    (device,) = images.devices()
    if device.platform == "gpu" and not torch.cuda.is_available():
        raise RuntimeError("JAX computes on a GPU that PyTorch cannot reach: install a PyTorch build with CUDA")
    return from_dlpack(images).permute(0, 3, 1, 2).clone(memory_format=torch.contiguous_format)


def to_jax(tensor: torch.Tensor) -> jax.Array:
    """A tensor as a JAX array of the same shape and type that shares its memory, in row-major order."""
    return jnp.from_dlpack(tensor.contiguous())


@contextlib.contextmanager
def _our_settings() -> Iterator[None]:
    """PyTorch's process-wide settings as we need them, put back afterwards.

    On a GPU, convolutions in full float32 by one and the same algorithm each time; TensorFloat-32, the default there,
    keeps 10 bits, too few for a level held to 1e-5. On the CPU, `THREADS`.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(threads)
