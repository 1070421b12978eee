"""What calling a metric does: arrays of any framework in, distances of that framework out, differentiable there.

Tensors of PyTorch give a tensor, everything else gives a JAX array. A metric that is written in the same framework is
simply evaluated; the two bridges, `jax_in_torch` and `torch_in_jax`, carry the others across, with first derivatives.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.images.convert import FLOATS, AnyImage, as_image, as_numpy, is_tensor, layout_of
from mad_app.metrics.contract import distances_of
from mad_app.metrics.protocol import KnownMetric

Function = Callable[[Any, Any], Any]
"""Reference and images to distances (N,)."""


def call_metric(
    metric: KnownMetric, reference: AnyImage, images: AnyImage, *, traced: Function, torch: Function
) -> Any:
    """Distance of one image or of several to a reference.

    Args:
        metric: what is called.
        reference: a picture, as `mad_app.images.as_image` takes it.
        images: one picture, likewise, or several: (N, H, W, 3) or (N, 3, H, W).
        traced: the metric as a function of JAX's tracers, (H, W, 3) and (N, H, W, 3).
        torch: the metric as a function of tensors, (1, 3, H, W) and (N, 3, H, W).

    Returns:
        float32 () for one image, (N,) for several: a tensor if either argument is one, otherwise a JAX array.

    Raises:
        ArgumentError: an argument is not as above, too small for the metric, or the shapes differ.
    """
    if is_tensor(reference) or is_tensor(images):
        device = (images if is_tensor(images) else reference).device
        one, _ = _tensor(reference, "reference", device, batch=False)
        several, single = _tensor(images, "images", device, batch=True)
        _check_shapes(metric, tuple(one.shape[2:]), tuple(several.shape[2:]))
        distances = torch(one, several)
    else:
        original, _ = _array(reference, "reference", batch=False)
        batch, single = _array(images, "images", batch=True)
        _check_shapes(metric, original.shape[1:3], batch.shape[1:3])
        is_traced = isinstance(original, jax.core.Tracer) or isinstance(batch, jax.core.Tracer)
        distances = traced(original[0], batch) if is_traced else distances_of(metric, original[0], batch)
    return distances[0] if single else distances


def _check_shapes(metric: KnownMetric, reference: tuple[int, ...], images: tuple[int, ...]) -> None:
    if min(reference) < metric.minimum_size:
        needed = f"at least {metric.minimum_size}×{metric.minimum_size} pixels"
        raise ArgumentError("reference", f"must have {needed} for {metric.name}, got {reference[0]}×{reference[1]}")
    if reference != images:
        size = "×".join(map(str, reference))
        raise ArgumentError("images", f"must have the reference's {size} pixels, got {'×'.join(map(str, images))}")


def _array(array: AnyImage, name: str, *, batch: bool) -> tuple[jax.Array, bool]:
    """A picture or several as (N, H, W, 3), and whether it is one."""
    if not isinstance(array, jax.Array | np.ndarray):
        return jnp.asarray(as_image(array, name)[None]), True
    layout = layout_of(array.shape, name, batch=batch)
    if array.dtype != np.uint8 and array.dtype.name not in FLOATS:
        raise ArgumentError(name, f"must be uint8 or floating point in [0, 1], got {array.dtype}")
    if not isinstance(array, jax.core.Tracer) and array.dtype != np.uint8:
        _check_range(float(array.min()), float(array.max()), name)
    values = jnp.asarray(array)
    values = values.astype(jnp.float32) / 255 if array.dtype == np.uint8 else values.astype(jnp.float32)
    if layout == "HW":
        return jnp.repeat(values[None, ..., None], 3, axis=3), True
    if layout in ("CHW", "NCHW"):
        values = jnp.moveaxis(values, -3, -1)
    return (values[None], True) if values.ndim == 3 else (values, False)


def _tensor(array: AnyImage, name: str, device: Any, *, batch: bool) -> tuple[Any, bool]:
    """A picture or several as a tensor (N, 3, H, W), and whether it is one."""
    import torch

    if not is_tensor(array):
        plain = as_numpy(array, name) if isinstance(array, jax.Array | np.ndarray) else as_image(array, name)
        array = torch.tensor(plain, device=device)
    layout = layout_of(tuple(array.shape), name, batch=batch)
    if array.dtype != torch.uint8 and not array.is_floating_point():
        raise ArgumentError(name, f"must be uint8 or floating point in [0, 1], got {array.dtype}")
    if array.dtype != torch.uint8:
        _check_range(float(array.detach().min()), float(array.detach().max()), name)
    values = array.float() / 255 if array.dtype == torch.uint8 else array.float()
    if layout == "HW":
        return values.expand(1, 3, *values.shape), True
    if layout in ("HWC", "NHWC"):
        values = values.movedim(-1, -3)
    return (values[None], True) if values.ndim == 3 else (values, False)


def _check_range(low: float, high: float, name: str) -> None:
    if not (low >= 0 and high <= 1):  # also true of NaN
        problem = f"must be uint8 or finite floating point in [0, 1], got values from {low:g} to {high:g}"
        raise ArgumentError(name, problem)
