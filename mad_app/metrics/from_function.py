"""Metrics that are made of a function of two images, in whatever form the function takes them and returns its value.

A distance is the function's value, or 1 − value of a similarity. The function gets the images one by one or as a batch,
with the channels last (HWC) or first (NCHW), in a range of its own; it is differentiated with respect to the image.
"""

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp

from mad_app.errors import ArgumentError
from mad_app.metrics.failure import MetricFailed, describe_error, failures_of
from mad_app.metrics.from_jax import JaxMetric, Prepared, value_and_grad_of

if TYPE_CHECKING:
    from mad_app.metrics.from_torch import TorchMetric

Function = Callable[..., Any]
"""Of two images, or of two batches of images."""

Framework = Literal["jax", "torch"]
Layout = Literal["HWC", "NCHW"]


@dataclass(frozen=True, kw_only=True)
class Calling:
    """How a function is called, and what its value means.

    Attributes:
        framework: whose arrays it takes.
        layout: (H, W, 3), or (1, 3, H, W); of a batch (N, H, W, 3), or (N, 3, H, W).
        data_range: the values of black and white.
        similarity: whether it returns a similarity s, of which the distance is 1 − s.
        batched: whether it takes N images and as many references, and returns N values.
        reference_first: whether the reference is its first argument and the image its second, or the other way round.
    """

    framework: Framework
    layout: Layout
    data_range: tuple[float, float]
    similarity: bool
    batched: bool
    reference_first: bool

    @property
    def arrays(self) -> str:
        """What it is called with, for messages."""
        arrays = {"jax": "JAX arrays", "torch": "PyTorch tensors"}[self.framework]
        return f"{arrays} ({'N' if self.batched else '1'}, 3, H, W)" if self.layout == "NCHW" else arrays

    def call(self, function: Function, reference: Any, image: Any) -> Any:
        """The function's value for arrays that are as it wants them."""
        return function(reference, image) if self.reference_first else function(image, reference)

    def scaled(self, images: Any) -> Any:
        """Images in [0, 1] in the function's range."""
        black, white = self.data_range
        return images if (black, white) == (0, 1) else black + (white - black) * images

    def distance(self, value: Any) -> Any:
        """The distance that a value is."""
        return 1 - value if self.similarity else value


def function_metric(function: Function, name: str, calling: Calling) -> "JaxMetric | TorchMetric":
    """The metric of a function.

    Args:
        function: of two images; a module of PyTorch must be `ready`.
        name: of the metric.
        calling: how it is called.
    """
    return (
        _jax_metric(function, name, calling) if calling.framework == "jax" else _torch_metric(function, name, calling)
    )


def is_module(function: object) -> bool:
    """Whether an object is a module of PyTorch, which is not imported for that."""
    kind = getattr(getattr(sys.modules.get("torch"), "nn", None), "Module", None)  # none yet while it is being imported
    return kind is not None and isinstance(function, kind)


def ready(module: Any, name: str, argument: str) -> Function:
    """A copy of a module of PyTorch as a pure function: in eval mode, with fixed parameters, on the device in use.

    The module itself stays as it is. A metric of torchmetrics forgets what it was given after every call.

    Raises:
        ArgumentError: it cannot be copied.
    """
    import torch

    device = "cuda" if jax.default_backend() == "gpu" and torch.cuda.is_available() else "cpu"
    try:
        own = copy.deepcopy(module).eval().requires_grad_(False).to(device)
    except Exception as error:  # the module's own code runs here, and may raise anything
        problem = (
            f"{name} cannot be used as a metric: the module cannot be copied to {device} ({describe_error(error)})"
        )
        raise ArgumentError(argument, problem) from error
    torchmetrics = sys.modules.get("torchmetrics")
    if torchmetrics is None or not isinstance(own, torchmetrics.Metric):
        return own

    def stateless(image: Any, reference: Any) -> Any:
        try:
            return own(image, reference)
        finally:
            own.reset()

    return stateless


def _jax_metric(function: Function, name: str, calling: Calling) -> JaxMetric:
    def distances(reference: jax.Array, images: jax.Array, count: int, size: str) -> jax.Array:
        with failures_of(name, size):
            value = calling.call(function, reference, images)
        if not isinstance(value, jax.Array) or value.size != count or value.dtype != jnp.float32:
            raise MetricFailed(name, _problem(value, count, size, batched=calling.batched))
        return calling.distance(value.reshape(count if calling.batched else ()))

    def oriented(images: jax.Array) -> jax.Array:
        return calling.scaled(jnp.moveaxis(images, -1, -3) if calling.layout == "NCHW" else images)

    def distances_to(reference: Prepared, images: jax.Array) -> jax.Array:
        size, reference, images = _size(images.shape[1:3]), oriented(reference), oriented(images)
        if calling.batched:
            return distances(jnp.broadcast_to(reference, images.shape), images, len(images), size)
        one = (None,) if calling.layout == "NCHW" else ()
        result: jax.Array = jax.vmap(lambda image: distances(reference[one], image[one], 1, size))(images)
        return result

    def prepare(reference: jax.Array) -> Prepared:
        """The reference; the first of a size is where a function that cannot be traced at that size fails."""
        with failures_of(name, _size(reference.shape[:2])):
            jax.eval_shape(value_and_grad_of(distances_to), reference, reference[None])
        return reference

    return JaxMetric(name=name, prepare=prepare, distances_to=distances_to)


def _torch_metric(function: Function, name: str, calling: Calling) -> "TorchMetric":
    import torch

    from mad_app.metrics.from_torch import TorchMetric

    def distances(reference: torch.Tensor, images: torch.Tensor, count: int, size: str) -> torch.Tensor:
        with failures_of(name, size):
            value = calling.call(function, reference, images)
        if not isinstance(value, torch.Tensor) or value.numel() != count or value.dtype != torch.float32:
            raise MetricFailed(name, _problem(value, count, size, batched=calling.batched))
        if images.requires_grad and torch.is_grad_enabled() and not value.requires_grad:
            cause = "is it computed under torch.no_grad(), or detached?"
            raise MetricFailed(name, f"returned a value whose gradient with respect to the image is None ({cause})")
        return calling.distance(value.reshape(count if calling.batched else ()))

    def oriented(images: torch.Tensor) -> torch.Tensor:
        return calling.scaled(images if calling.layout == "NCHW" else images.permute(0, 2, 3, 1))

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        size, images = _size(images.shape[2:]), oriented(images)
        if calling.batched:
            return distances(reference.expand_as(images), images, len(images), size)
        one = (None,) if calling.layout == "NCHW" else ()
        return torch.stack([distances(reference[0][one], image[one], 1, size) for image in images])

    return TorchMetric(name=name, prepare=oriented, distances_to=distances_to)


def _problem(value: Any, count: int, size: str, *, batched: bool) -> str:
    """That a function returned something else than it should."""
    expected = f"{count} float32 values for as many images" if batched else "a float32 scalar"
    return f"returned {_kind(value)}, not {expected}, {size}"


def _size(shape: tuple[int, ...]) -> str:
    return f"for an image of {shape[1]} × {shape[0]} pixels"


def _kind(value: Any) -> str:
    """What a function returned, such as "float32 of shape (3,)"."""
    try:
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    except AttributeError:
        return type(value).__name__
