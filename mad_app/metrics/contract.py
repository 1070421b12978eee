"""The contract of a metric: the checks of images that every metric makes, and a test of any metric as a whole.

Images are float32 (H, W, 3), sRGB in [0, 1]; see `protocol`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.images import check_image
from mad_app.metrics.protocol import BoundMetric, Metric

IDENTITY_TOLERANCE = 1e-5
"""Largest distance of an image to itself: float32 rounding of a mean near 1, with a margin."""

BATCH_TOLERANCE = 1e-4
"""Largest relative difference between an image in a batch and by itself: float32 sums in another order."""

DIFFERENCE_STEP = 3e-4
"""Largest step of the central difference, in pixel value: rounding and kinks (ReLU, modulus) stay below 2 %."""

STEEPEST_EXCLUDED = 5
"""Percentage of the elements, those of the largest derivatives, that the differences leave unchanged. FSIM and VSI are
steeper there by factors of 100 to 1000 over less than a step: true derivatives (float64 agrees at steps of 1e-7), but
beyond float32."""

EDGE_TOLERANCE = 0.1
"""Largest relative difference between the gradient's median at 0 and 1 and that just inside."""


class ContractBroken(ValueError):
    """A metric does not satisfy the contract; the message says which part and by how much."""


def check_metric(metric: Metric, *, size: int = 64, seed: int = 0, gradient_tolerance: float = 0.03) -> None:
    """Test whether a metric, built-in or custom, satisfies everything the engine relies on.

    In this order: shapes and types, 0 at identity, growth with white noise, values and gradients that depend on their
    own image alone, the call against the bound metric, the gradient against central differences, at black and white
    pixels against that just inside, and finite at identity, and an error for images of another shape.

    Args:
        metric: the metric to test.
        size: side of the square test images in pixels; at least the metric's smallest image.
        seed: of the test images and directions.
        gradient_tolerance: largest relative departure of a directional derivative from its central difference.

    Raises:
        ContractBroken: the metric does not satisfy the contract.

    Example:
        >>> from mad_app.metrics import check_metric, get_metric
        >>> check_metric(get_metric("mse"), size=32)
    """
    reference = smooth_image(size, seed)
    images = noisy(reference, strengths=(0.03, 0.1), seed=seed + 1)
    _require(bool(metric.name), "its name is empty")
    bound = metric.bind(reference)
    _check_values(bound, reference, images)
    _check_independence(bound, images)
    _check_call(metric, bound, reference, images)
    _check_gradient(bound, images, seed=seed + 2, tolerance=gradient_tolerance)
    _check_edge_gradient(bound, images[1])
    _check_identity_gradient(bound, reference)
    _check_refusal(bound, reference)


def checked_reference(reference: jax.Array, *, metric: str, minimum_size: int) -> jax.Array:
    """Check a reference and return it as a JAX array.

    Args:
        reference: float32 (H, W, 3) in [0, 1], a JAX or NumPy array.
        metric: name of the metric, for the message.
        minimum_size: smallest height and width in pixels.

    Raises:
        ArgumentError: it is not of this form, or smaller.
    """
    _check_is_array(reference, "reference", "(H, W, 3)")
    check_image(reference, "reference")
    height, width = reference.shape[:2]
    if min(height, width) < minimum_size:
        needed = f"at least {minimum_size}×{minimum_size} pixels"
        raise ArgumentError("reference", f"must have {needed} for {metric}, got {height}×{width}")
    return jnp.asarray(reference)


def checked_images(images: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Check a batch of images and return it as a JAX array. The values are not read: that would block the device.

    The array is committed to its device, as arrays from PyTorch are: JAX compiles a program for each of the two kinds.

    Args:
        images: float32 (N, H, W, 3), a JAX or NumPy array.
        shape: (H, W, 3) of the reference.

    Raises:
        ArgumentError: they are not of this form.
    """
    _check_is_array(images, "images", "(N, H, W, 3)")
    if images.ndim != 4 or images.shape[-1] != 3 or images.size == 0:
        raise ArgumentError("images", f"must have shape (N, H, W, 3), got {images.shape}")
    if images.dtype != np.float32:
        raise ArgumentError("images", f"must be float32 with values in [0, 1], got {images.dtype}")
    if images.shape[1:] != shape:
        raise ArgumentError("images", f"must have the reference's shape {shape}, got {images.shape[1:]} each")
    if isinstance(images, jax.core.Tracer) or (isinstance(images, jax.Array) and images.committed):
        return images
    images = jnp.asarray(images)
    (device,) = images.devices()
    committed: jax.Array = jax.device_put(images, device)
    return committed


def distances_of(metric: Metric, reference: jax.Array, images: jax.Array) -> jax.Array:
    """Distance of one image or of several to a reference: what calling a metric does.

    Args:
        metric: any metric.
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (H, W, 3) or (N, H, W, 3) in [0, 1].

    Returns:
        float32 () for one image, (N,) for a batch.

    Raises:
        ArgumentError: the reference or the images are not of this form.
    """
    bound = metric.bind(reference)
    if isinstance(images, jax.Array | np.ndarray) and images.ndim == 3:
        return bound.distances(images[None])[0]
    return bound.distances(images)


def _check_is_array(array: object, argument: str, form: str) -> None:
    if not isinstance(array, jax.Array | np.ndarray):
        raise ArgumentError(argument, f"must be a float32 array {form}, got {type(array).__name__}")


def _check_values(bound: BoundMetric, reference: jax.Array, images: jax.Array) -> None:
    distances = bound.distances(images)
    _require(distances.shape == (2,), f"distances of 2 images must have shape (2,), got {distances.shape}")
    _require(distances.dtype == jnp.float32, f"distances must be float32, got {distances.dtype}")
    of_one = bound.distances(reference[None])
    _require(of_one.shape == (1,), f"distances of 1 image must have shape (1,), got {of_one.shape}")
    mild, strong, identical = float(distances[0]), float(distances[1]), float(of_one[0])
    _require(abs(identical) <= IDENTITY_TOLERANCE, f"an image's distance to itself must be 0, got {identical:g}")
    _require(np.isfinite(strong), f"a distance is not finite: {strong}")
    growth = f"noise of 0.03 gave {mild:g}, noise of 0.1 gave {strong:g}"
    _require(identical < mild < strong, f"a distance must grow with the noise: {growth}")


def _check_call(metric: Metric, bound: BoundMetric, reference: jax.Array, images: jax.Array) -> None:
    distances, called, first = bound.distances(images), metric(reference, images), metric(reference, images[0])
    _require(called.shape == (2,), f"the call with 2 images must return shape (2,), got {called.shape}")
    _require(first.shape == (), f"the call with one image must return a scalar, got shape {first.shape}")
    _require_close(called, distances, "the call and the bound metric give different values")
    _require_close(first, distances[0], "the call with one image gives another value")


def _check_independence(bound: BoundMetric, images: jax.Array) -> None:
    """Each image's value and gradient in a batch with another image and with its own copy."""
    distances, gradients = bound.value_and_grad(images)
    _require(gradients.shape == images.shape, f"gradients must have shape {images.shape}, got {gradients.shape}")
    _require(gradients.dtype == jnp.float32, f"gradients must be float32, got {gradients.dtype}")
    _require_close(bound.distances(images), distances, "distances and value_and_grad give different values")
    for index in range(len(images)):
        twice, gradient = bound.value_and_grad(jnp.stack([images[index]] * 2))
        _require_close(twice[0], distances[index], "an image's distance depends on its batch")
        _require_close(gradient[0], gradients[index], "an image's gradient depends on its batch")


def _check_gradient(bound: BoundMetric, images: jax.Array, *, seed: int, tolerance: float) -> None:
    """Along random directions with the signs of the gradient, so that the derivative is far above rounding."""
    gradient = np.asarray(bound.value_and_grad(images)[1][0], np.float64)
    size = np.abs(gradient)
    _require(bool(np.isfinite(size).all()), "the gradient is not finite")
    rising = np.sign(gradient) * (size <= np.percentile(size, 100 - STEEPEST_EXCLUDED))
    for weights in np.random.default_rng(seed).uniform(size=(3, *gradient.shape)):
        predicted = float((gradient * rising * weights).sum())
        _require(predicted > 0, "the gradient at a distorted image is 0 everywhere")
        error = abs(_central_difference(bound.distances, images[0], rising * weights) / predicted - 1)
        _require(error <= tolerance, f"the gradient is {error:.1%} away from the central difference")


def _central_difference(distances: Callable[[jax.Array], jax.Array], image: jax.Array, direction: np.ndarray) -> float:
    step = jnp.asarray(DIFFERENCE_STEP * direction, jnp.float32)
    ahead, behind = np.asarray(distances(jnp.stack([image + step, image - step])), np.float64)
    return float(ahead - behind) / (2 * DIFFERENCE_STEP)


def _check_edge_gradient(bound: BoundMetric, image: jax.Array) -> None:
    """At pixels of 0 and 1, of which images far into a competition have many."""
    saturated = jnp.clip(0.5 + 2.5 * (image - 0.5), 0, 1)
    inside = jnp.clip(saturated, DIFFERENCE_STEP, 1 - DIFFERENCE_STEP)
    gradients = np.abs(bound.value_and_grad(jnp.stack([saturated, inside]))[1])
    at_edge, just_inside = np.median(gradients[:, np.asarray(saturated != inside)], axis=1)
    _require(
        bool(abs(at_edge - just_inside) <= EDGE_TOLERANCE * just_inside),
        f"the gradient at black and white pixels is {at_edge:g}, just inside {just_inside:g}: does a clamp remove it?",
    )


def _check_identity_gradient(bound: BoundMetric, reference: jax.Array) -> None:
    _, gradients = bound.value_and_grad(jnp.stack([reference] * 2))
    _require(bool(jnp.isfinite(gradients).all()), "the gradient at identical images is not finite")


def _check_refusal(bound: BoundMetric, reference: jax.Array) -> None:
    try:
        bound.distances(reference[None, :-1])
    except ValueError:
        return
    raise ContractBroken("images of another shape than the reference's must raise a ValueError, got distances")


def _require_close(actual: jax.Array, expected: jax.Array, message: str) -> None:
    scale = float(jnp.abs(expected).max())
    error = float(jnp.abs(actual - expected).max())
    _require(error <= BATCH_TOLERANCE * scale, f"{message}: {error:g} apart at values up to {scale:g}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ContractBroken(message)


def smooth_image(size: int, seed: int) -> jax.Array:
    """A color picture of a few waves per channel, within [0.2, 0.8]: room for noise and for differences."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / 64
    waves = [
        np.sin(2 * np.pi * (random.uniform(-3, 3, (3, 1, 1)) * x + random.uniform(1, 3, (3, 1, 1)) * y))
        for _ in range(3)
    ]
    return jnp.asarray(np.moveaxis(0.5 + 0.1 * sum(waves), 0, -1), jnp.float32)


def noisy(image: jax.Array, *, strengths: tuple[float, ...], seed: int) -> jax.Array:
    """The image with white noise of these standard deviations, at least two difference steps away from 0 and 1."""
    noise = np.random.default_rng(seed).standard_normal((len(strengths), *image.shape))
    noisy = np.asarray(image)[None] + np.reshape(strengths, (-1, 1, 1, 1)) * noise
    return jnp.asarray(np.clip(noisy, 2 * DIFFERENCE_STEP, 1 - 2 * DIFFERENCE_STEP), jnp.float32)
