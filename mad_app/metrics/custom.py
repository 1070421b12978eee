"""Custom metrics: any JAX or PyTorch function of two images.

A function is called with two test images before it becomes a metric, so that what it did wrong is reported then, and
not as a failure of a competition. Loading a metric by name imports and runs the named module; the command line and the
library do so, a page or an address never does: they use `registry.get_metric`.
"""

import importlib
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.metrics.contract import IDENTITY_TOLERANCE, noisy, smooth_image
from mad_app.metrics.failure import MetricFailed, describe_error, failures_of
from mad_app.metrics.from_jax import JaxMetric, Prepared, value_and_grad_of
from mad_app.metrics.protocol import KnownMetric
from mad_app.metrics.registry import get_metric, is_listed
from mad_app.metrics.sum_names import is_sum, read_sum
from mad_app.metrics.sums import Term, weighted_sum

PROBE_SIZE = 256
"""Side in pixels of the test images: enough for five scales of an 11-pixel window."""

PROBE_NOISE = 0.1
"""Standard deviation of the noise by which the test images differ."""

Function = Callable[..., Any]
"""(reference, image), each (H, W, 3), to a scalar."""


class _NotForFramework(Exception):
    """A function cannot be called with the arrays of a framework, or does not return one; the message says why."""


def resolve_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """A listed metric by its name, a custom one by "package.module:function", or a weighted sum of such names.

    Args:
        name: of the metric.
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: it is neither.
        MetricUnavailable: as `get_metric`.

    Example:
        >>> resolve_metric("lasi:20").name
        'lasi:20'
    """
    if is_sum(name) and not is_listed(name):
        parts = read_sum(name, argument=argument).items()
        return weighted_sum([Term(weight, resolve_metric(part, argument=argument)) for part, weight in parts])
    custom = ":" in name and not is_listed(name)
    return load_metric(name, argument=argument) if custom else get_metric(name, argument=argument)


def load_metric(name: str, *, argument: str = "metric") -> KnownMetric:
    """The metric of a function, by its name "package.module:function". Imports the module; see `metric_from`.

    Args:
        name: of the function; Python must find its module.
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: the module cannot be imported, or has no such function, or the function is not a metric.

    Example:
        >>> load_metric("package.module")
        Traceback (most recent call last):
        mad_app.errors.ArgumentError: metric must have the form package.module:function, got 'package.module'
    """
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ArgumentError(argument, f"must have the form package.module:function, got {name!r}")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the module's own code runs here, and may raise anything
        problem = f"{name}: the module {module_name} cannot be imported from here ({describe_error(error)})"
        raise ArgumentError(argument, problem) from error
    try:
        function = getattr(module, attribute)
    except AttributeError as error:
        raise ArgumentError(argument, f"{name}: the module {module_name} has no function {attribute}") from error
    except Exception as error:  # a module may make its attributes on demand
        problem = f"{name}: the module {module_name} cannot give {attribute} ({describe_error(error)})"
        raise ArgumentError(argument, problem) from error
    return _checked_metric(function, name, argument)


def metric_from(function: Function, *, name: str) -> KnownMetric:
    """Make a metric of a function of two images.

    The function is called as `function(reference, image)`, each (H, W, 3), float32, sRGB in [0, 1], and returns a
    float32 scalar: 0 for identical images, larger the more they differ, with a gradient with respect to `image`. It is
    written in JAX (pure: it is compiled, and vectorized over images) or in PyTorch (tensors on the device on which JAX
    computes). Which of the two is found by calling it.

    Args:
        function: of two images.
        name: the metric's name in records, figures and messages.

    Raises:
        ArgumentError: `function` is not callable, raises an error, or returns something else; the message says what it
            did.

    Example:
        >>> def absolute_error(reference, image):
        ...     return jnp.mean(jnp.abs(reference - image))
        >>> metric = metric_from(absolute_error, name="MAE")
        >>> black = np.zeros((16, 16, 3), np.float32)
        >>> round(float(metric(black, black + np.float32(0.25))), 6)
        0.25
    """
    if not name:
        raise ArgumentError("name", "must not be empty")
    return _checked_metric(function, name, "function")


def _checked_metric(function: Any, name: str, argument: str) -> KnownMetric:
    if not callable(function):
        raise ArgumentError(argument, f"{name} must be a function, got {type(function).__name__}")
    objections = []
    for framework, probe in (("JAX arrays", _probe_jax), ("PyTorch tensors", _probe_torch)):
        try:
            metric, probed = probe(function, name)
        except _NotForFramework as objection:
            objections.append(f"called with {framework} it {objection}")
            continue
        problem = _fault(*probed)
        if problem:
            raise ArgumentError(argument, f"{name} cannot be used as a metric: {problem}")
        return metric
    raise ArgumentError(argument, f"{name} cannot be used as a metric: {'; '.join(objections)}")


Probed = tuple[float, float, np.ndarray | str]
"""Value for identical images, value for different ones, and its gradient or why there is none."""


def _fault(identical: float, different: float, gradient: np.ndarray | str) -> str | None:
    """What a function of the right form does that a distance must not do."""
    noise = f"two images that differ by noise of {PROBE_NOISE}"
    for value, images in ((different, noise), (identical, "two identical images")):
        if not math.isfinite(value):
            return f"it returned {value} for {images}"
        if value < -IDENTITY_TOLERANCE:
            return f"it returned the negative value {value:g} for {images}, but a distance is at least 0"
    if identical >= different:
        returned = f"it returned {identical:g} for two identical images and {different:g} for {noise}"
        return f"{returned}, but a distance is 0 for identical images (of a similarity s, return 1 - s)"
    if isinstance(gradient, str):
        return gradient
    if not np.isfinite(gradient).all():
        return f"its gradient is NaN or infinite for {noise}"
    if not gradient.any():
        return f"its gradient is 0 everywhere for {noise}"
    return None


def _probe_images() -> tuple[jax.Array, jax.Array]:
    reference = smooth_image(PROBE_SIZE, seed=0)
    return reference, noisy(reference, strengths=(PROBE_NOISE,), seed=1)[0]


def _probe_jax(function: Function, name: str) -> tuple[KnownMetric, Probed]:
    """The metric of a JAX function, and its values and gradient for test images.

    Raises:
        _NotForFramework: it is not one.
    """
    reference, image = _probe_images()
    try:
        result = jax.eval_shape(function, reference, image)
    except (Exception, SystemExit) as error:  # a function of another framework may raise anything
        raise _NotForFramework(f"raised {describe_error(error)}") from error
    if not isinstance(result, jax.ShapeDtypeStruct):
        raise _NotForFramework(f"returned {type(result).__name__}, not a float32 scalar")
    if result.shape != () or result.dtype != jnp.float32:
        raise _NotForFramework(f"returned {result.dtype} of shape {result.shape}, not a float32 scalar")
    gradient: np.ndarray | str
    try:
        value = jax.jit(function)
        identical, different = float(value(reference, reference)), float(value(reference, image))
    except (Exception, SystemExit) as error:  # as above
        raise _NotForFramework(f"raised {describe_error(error)}") from error
    try:
        gradient = np.asarray(jax.jit(jax.grad(function, argnums=1))(reference, image))
    except (Exception, SystemExit) as error:  # as above
        gradient = f"it cannot be differentiated ({describe_error(error)})"
    return _jax_metric(name, function), (identical, different, gradient)


def _probe_torch(function: Function, name: str) -> tuple[KnownMetric, Probed]:
    """The metric of a PyTorch function, and its values and gradient for test images.

    Raises:
        _NotForFramework: it is not one.
    """
    try:
        import torch
    except ImportError as error:
        raise _NotForFramework(f"cannot be called: PyTorch cannot be imported ({describe_error(error)})") from error
    device = "cuda" if jax.default_backend() == "gpu" else "cpu"
    reference, image = (torch.tensor(np.asarray(picture), device=device) for picture in _probe_images())
    image.requires_grad_()
    try:
        result = function(reference, image)
        identical = function(reference, reference)
    except (Exception, SystemExit) as error:  # as above
        raise _NotForFramework(f"raised {describe_error(error)}") from error
    for returned in (result, identical):
        if not isinstance(returned, torch.Tensor):
            raise _NotForFramework(f"returned {type(returned).__name__}, not a scalar tensor")
    if identical.numel() != 1 or result.ndim != 0 or result.dtype != torch.float32:
        kind = str(result.dtype).removeprefix("torch.")
        raise _NotForFramework(f"returned {kind} of shape {tuple(result.shape)}, not a float32 scalar")
    gradient: np.ndarray | str = "its value has no gradient with respect to the image"
    if result.requires_grad:
        try:
            (slope,) = torch.autograd.grad(result, image, allow_unused=True)
            gradient = gradient if slope is None else slope.cpu().numpy()
        except Exception as error:  # as above
            gradient = f"it cannot be differentiated ({describe_error(error)})"
    return _torch_metric(name, function), (float(identical.detach()), float(result.detach()), gradient)


def _jax_metric(name: str, function: Function) -> KnownMetric:
    def distance(reference: jax.Array, image: jax.Array) -> jax.Array:
        size = _size(image.shape)
        with failures_of(name, size):
            result = function(reference, image)
        if not isinstance(result, jax.Array) or result.shape != () or result.dtype != jnp.float32:
            raise MetricFailed(name, f"returned {_kind(result)}, not a float32 scalar, {size}")
        return result

    def distances_to(reference: Prepared, images: jax.Array) -> jax.Array:
        distances: jax.Array = jax.vmap(lambda image: distance(reference, image))(images)
        return distances

    def prepare(reference: jax.Array) -> Prepared:
        """The reference; the first of a size is where a function that cannot be traced at that size fails."""
        with failures_of(name, _size(reference.shape)):
            jax.eval_shape(value_and_grad_of(distances_to), reference, reference[None])
        return reference

    return JaxMetric(name=name, prepare=prepare, distances_to=distances_to)


def _torch_metric(name: str, function: Function) -> KnownMetric:
    import torch

    from mad_app.metrics.from_torch import TorchMetric

    def prepare(reference: torch.Tensor) -> torch.Tensor:
        return reference[0].permute(1, 2, 0)

    def distance(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        size = _size(image.shape)
        with failures_of(name, size):
            result = function(reference, image)
        if not isinstance(result, torch.Tensor) or result.ndim != 0 or result.dtype != torch.float32:
            raise MetricFailed(name, f"returned {_kind(result)}, not a float32 scalar, {size}")
        return result

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([distance(reference, image) for image in images.permute(0, 2, 3, 1)])

    return TorchMetric(name=name, prepare=prepare, distances_to=distances_to)


def _size(shape: tuple[int, ...]) -> str:
    return f"for an image of {shape[1]} × {shape[0]} pixels"


def _kind(result: Any) -> str:
    """What a function returned, such as "float32 of shape (3,)"."""
    try:
        return f"{str(result.dtype).removeprefix('torch.')} of shape {tuple(result.shape)}"
    except AttributeError:
        return type(result).__name__
