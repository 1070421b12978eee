"""Metrics from outside this package: any JAX or PyTorch function of two images.

Naming one imports and runs the named module, so this is for the command line and the library; a page or an address
reaches `table.get_metric` only.
"""

import importlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mad_app.metrics.from_jax import JaxMetric, Prepared
from mad_app.metrics.protocol import KnownMetric
from mad_app.metrics.registry import get_metric, is_listed

PROBE_SIZE = 256
"""Side in pixels of the images with which a function is tried: enough for five scales of an 11-pixel window."""


def resolve_metric(name: str) -> KnownMetric:
    """A metric of the table by its name, or else one from outside by "package.module:function".

    Raises:
        ValueError: it is neither.
        MetricUnavailable: as `get_metric`.
    """
    return load_metric(name) if ":" in name and not is_listed(name) else get_metric(name)


def load_metric(name: str) -> KnownMetric:
    """The metric computed by the function "package.module:function" of two images, importing its module.

    The function is called as `function(reference, image)`, each (height, width, 3), float32, sRGB in [0, 1], and
    returns a scalar: 0 for identical images, larger where they differ more. It is written in JAX (pure: it is
    compiled, and mapped over images) or in PyTorch (tensors on the device where JAX computes). It is told which by
    trying: if JAX can trace it, it is a JAX function; if it takes tensors and returns one with a gradient, a PyTorch
    function. `check_metric(load_metric(name))` tests the rest.

    Raises:
        ValueError: there is no such function, or it is neither of the two; the message says what each trial gave.

    Example:
        >>> load_metric("package.module")
        Traceback (most recent call last):
        ValueError: a metric from outside is named package.module:function, got 'package.module'
    """
    function = _named_function(name)
    from_jax = _objection_of_jax(function)
    if from_jax is None:
        return _jax_metric(name, function)
    from_torch = _objection_of_torch(function)
    if from_torch is None:
        return _torch_metric(name, function)
    raise ValueError(
        f"{name} is no metric: it must take (reference, image), each (height, width, 3) in [0, 1], and return a "
        f"scalar. Called with JAX arrays: {from_jax}. Called with PyTorch tensors: {from_torch}."
    )


def _named_function(name: str) -> Callable[..., Any]:
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ValueError(f"a metric from outside is named package.module:function, got {name!r}")
    try:
        function = getattr(importlib.import_module(module_name), attribute)
    except ImportError as error:
        raise ValueError(f"{name}: the module {module_name} cannot be imported from here: {error}") from error
    except AttributeError as error:
        raise ValueError(f"{name}: {error}") from error
    if not callable(function):
        raise ValueError(f"{name} is no function but of type {type(function).__name__}")
    return function


def _objection_of_jax(function: Callable[..., Any]) -> str | None:
    """Why it is no JAX function from two images to a scalar, or None. Only shapes are computed."""
    image = jax.eval_shape(lambda: jnp.zeros((PROBE_SIZE, PROBE_SIZE, 3), jnp.float32))
    try:
        result = jax.eval_shape(function, image, image)
    except Exception as error:  # a function of another framework may fail in any way; the reader is told which
        return _told(error)
    if not isinstance(result, jax.ShapeDtypeStruct) or result.shape != () or result.dtype != jnp.float32:
        return f"it returned {result}, not a float32 scalar"
    return None


def _objection_of_torch(function: Callable[..., Any]) -> str | None:
    """Why it is no PyTorch function from two images to a scalar with a gradient, or None."""
    try:
        import torch
    except ImportError as error:
        return _told(error)
    image = torch.full((PROBE_SIZE, PROBE_SIZE, 3), 0.5, device="cuda" if _on_gpu() else "cpu")
    try:
        result = function(image, (image * 0.9).requires_grad_())
    except Exception as error:  # as above
        return _told(error)
    if not isinstance(result, torch.Tensor) or result.ndim != 0:
        return f"it returned {type(result).__name__} of shape {getattr(result, 'shape', None)}, not a scalar tensor"
    return None if result.requires_grad else "its result has no gradient with respect to the image"


def _on_gpu() -> bool:
    return jax.default_backend() == "gpu"


def _told(error: Exception) -> str:
    return f"{type(error).__name__}, {str(error).splitlines()[0] if str(error) else 'without a message'}"


def _jax_metric(name: str, function: Callable[..., Any]) -> KnownMetric:
    def distances_to(reference: Prepared, images: jax.Array) -> jax.Array:
        distances: jax.Array = jax.vmap(lambda image: function(reference, image))(images)
        return distances

    return JaxMetric(name=name, prepare=_itself, distances_to=distances_to)


def _torch_metric(name: str, function: Callable[..., Any]) -> KnownMetric:
    import torch

    from mad_app.metrics.from_torch import TorchMetric

    def prepare(reference: torch.Tensor) -> torch.Tensor:
        return reference[0].permute(1, 2, 0)

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([function(reference, image) for image in images.permute(0, 2, 3, 1)])

    return TorchMetric(name=name, prepare=prepare, distances_to=distances_to)


def _itself(reference: jax.Array) -> jax.Array:
    return reference
