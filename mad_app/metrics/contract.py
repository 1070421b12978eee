"""The contract of a metric, enforced: what adapters check at the door, and a test of any metric as a whole.

Images are float32 (H, W, 3), sRGB in [0, 1]; see `protocol`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.metrics.protocol import BoundMetric, Metric

IDENTITY_TOLERANCE = 1e-5
"""Largest distance of an image to itself: float32 rounding of a mean near 1, some digits to spare."""

BATCH_TOLERANCE = 1e-4
"""Largest relative difference between an image in a batch and alone: float32 sums in another order."""

DIFFERENCE_STEP = 3e-4
"""Largest step of the central difference, in pixel value: rounding and kinks (ReLU, modulus) stay below 2 %."""

STEEPEST_LEFT_OUT = 5
"""Per cent of the elements that stand still in the differences. FSIM and VSI are steep there, by factors of a hundred
to a thousand, over less than a step: true slopes (float64 agrees at steps of 1e-7), but out of float32's reach."""

EDGE_TOLERANCE = 0.1
"""Largest relative difference between the gradient's median at 0 and 1 and that just inside."""


class ContractBroken(ValueError):
    """A metric does not keep the contract; the message says which sentence and by how much."""


def check_metric(metric: Metric, *, size: int = 64, seed: int = 0, gradient_tolerance: float = 0.03) -> None:
    """Test a metric, of this package or from outside, against everything the engine relies on.

    In this order: shapes and types, 0 at identity, growth with white noise, values and gradients that depend on
    their own image alone, the gradient against central differences, at black and white pixels against that just
    inside, and finite at identity, and refusal of images of another shape than the reference's.

    Args:
        metric: what is tested.
        size: side of the square test images in pixels; at least the metric's smallest image.
        seed: of the test images and directions.
        gradient_tolerance: largest relative departure of a directional derivative from its central difference.

    Raises:
        ContractBroken: which sentence of the contract does not hold.

    Example:
        >>> from mad_app.metrics import check_metric, get_metric
        >>> check_metric(get_metric("mse"), size=32)
    """
    reference = _smooth_image(size, seed)
    images = _noisy(reference, strengths=(0.03, 0.1), seed=seed + 1)
    _require(bool(metric.name), "its name is empty")
    comparison = metric.bind(reference)
    _check_values(comparison, reference, images)
    _check_independence(comparison, images)
    _check_gradient(comparison, images, seed=seed + 2, tolerance=gradient_tolerance)
    _check_edge_gradient(comparison, images[1])
    _check_identity_gradient(comparison, reference)
    _check_refusal(comparison, reference)


def checked_reference(reference: jax.Array, *, metric: str, minimum_size: int) -> jax.Array:
    """The reference as a JAX array, if it is an image that the metric takes.

    Raises:
        ValueError: it is not float32 (H, W, 3) in [0, 1], or smaller than `minimum_size` pixels.
    """
    reference = _checked_array(reference, f"{metric}: the reference", "(H, W, 3)", dimensions=3)
    if min(reference.shape[:2]) < minimum_size:
        height, width = reference.shape[:2]
        raise ValueError(
            f"{metric} needs images of at least {minimum_size}×{minimum_size} pixels, got {height}×{width}"
        )
    lowest, highest = float(reference.min()), float(reference.max())
    if lowest < 0 or highest > 1 or not np.isfinite(highest - lowest):
        raise ValueError(f"{metric}: the reference must lie in [0, 1], got values from {lowest:g} to {highest:g}")
    return reference


def checked_images(images: jax.Array, shape: tuple[int, ...], *, metric: str) -> jax.Array:
    """The batch as a JAX array, if it is float32 (N, *shape). Its values are not looked at: that would cost a step.

    It is bound to the device where it lies, as those are that come from PyTorch: a program compiles anew for each kind.

    Raises:
        ValueError: it is not.
    """
    images = _checked_array(images, f"{metric}: the images", "(N, H, W, 3)", dimensions=4)
    if images.shape[1:] != shape:
        raise ValueError(f"{metric}: the images must have the reference's shape {shape}, got {images.shape[1:]} each")
    if isinstance(images, jax.core.Tracer):
        return images
    (device,) = images.devices()
    bound: jax.Array = jax.device_put(images, device)
    return bound


def _checked_array(array: jax.Array, what: str, form: str, *, dimensions: int) -> jax.Array:
    if not isinstance(array, jax.Array | np.ndarray):
        raise ValueError(f"{what} must be a float32 array {form}, got {type(array).__name__}")
    if array.ndim != dimensions or array.shape[-1] != 3 or array.size == 0:
        raise ValueError(f"{what} must have shape {form}, got {array.shape}")
    if array.dtype != np.float32:
        raise ValueError(f"{what} must be float32 in [0, 1], got {array.dtype}")
    return jnp.asarray(array)


def _check_values(comparison: BoundMetric, reference: jax.Array, images: jax.Array) -> None:
    distances = comparison.distances(images)
    _require(distances.shape == (2,), f"distances of 2 images must have shape (2,), got {distances.shape}")
    _require(distances.dtype == jnp.float32, f"distances must be float32, got {distances.dtype}")
    alone = comparison.distances(reference[None])
    _require(alone.shape == (1,), f"distances of 1 image must have shape (1,), got {alone.shape}")
    mild, strong, identical = float(distances[0]), float(distances[1]), float(alone[0])
    _require(abs(identical) <= IDENTITY_TOLERANCE, f"an image's distance to itself must be 0, got {identical:g}")
    _require(np.isfinite(strong), f"a distance is not finite: {strong}")
    growth = f"noise of 0.03 gave {mild:g}, noise of 0.1 gave {strong:g}"
    _require(identical < mild < strong, f"a distance must grow with the noise: {growth}")


def _check_independence(comparison: BoundMetric, images: jax.Array) -> None:
    """Each image's value and gradient, beside the other and beside its own copy."""
    distances, gradients = comparison.value_and_grad(images)
    _require(gradients.shape == images.shape, f"gradients must have shape {images.shape}, got {gradients.shape}")
    _require(gradients.dtype == jnp.float32, f"gradients must be float32, got {gradients.dtype}")
    _require_close(comparison.distances(images), distances, "distances and value_and_grad give different values")
    for index in range(len(images)):
        twice, gradient = comparison.value_and_grad(jnp.stack([images[index]] * 2))
        _require_close(twice[0], distances[index], "an image's distance depends on its batch")
        _require_close(gradient[0], gradients[index], "an image's gradient depends on its batch")


def _check_gradient(comparison: BoundMetric, images: jax.Array, *, seed: int, tolerance: float) -> None:
    """Along random directions in which every element rises, so that no derivative drowns in rounding."""
    gradient = np.asarray(comparison.value_and_grad(images)[1][0], np.float64)
    size = np.abs(gradient)
    _require(bool(np.isfinite(size).all()), "the gradient is not finite")
    rising = np.sign(gradient) * (size <= np.percentile(size, 100 - STEEPEST_LEFT_OUT))
    for weights in np.random.default_rng(seed).uniform(size=(3, *gradient.shape)):
        predicted = float((gradient * rising * weights).sum())
        _require(predicted > 0, "the gradient of a distorted image is 0 everywhere")
        error = abs(_central_difference(comparison.distances, images[0], rising * weights) / predicted - 1)
        _require(error <= tolerance, f"the gradient is {error:.1%} away from the central difference")


def _central_difference(distances: Callable[[jax.Array], jax.Array], image: jax.Array, direction: np.ndarray) -> float:
    step = jnp.asarray(DIFFERENCE_STEP * direction, jnp.float32)
    ahead, behind = np.asarray(distances(jnp.stack([image + step, image - step])), np.float64)
    return float(ahead - behind) / (2 * DIFFERENCE_STEP)


def _check_edge_gradient(comparison: BoundMetric, image: jax.Array) -> None:
    """At pixels of 0 and 1, of which an image that is driven far has many."""
    saturated = jnp.clip(0.5 + 2.5 * (image - 0.5), 0, 1)
    inside = jnp.clip(saturated, DIFFERENCE_STEP, 1 - DIFFERENCE_STEP)
    gradients = np.abs(comparison.value_and_grad(jnp.stack([saturated, inside]))[1])
    at_edge, just_inside = np.median(gradients[:, np.asarray(saturated != inside)], axis=1)
    _require(
        bool(abs(at_edge - just_inside) <= EDGE_TOLERANCE * just_inside),
        f"the gradient at black and white pixels is {at_edge:g}, just inside {just_inside:g}; does a clamp take it?",
    )


def _check_identity_gradient(comparison: BoundMetric, reference: jax.Array) -> None:
    _, gradients = comparison.value_and_grad(jnp.stack([reference] * 2))
    _require(bool(jnp.isfinite(gradients).all()), "the gradient at identical images is not finite")


def _check_refusal(comparison: BoundMetric, reference: jax.Array) -> None:
    try:
        comparison.distances(reference[None, :-1])
    except ValueError:
        return
    raise ContractBroken("images of another shape than the reference's must raise a ValueError, they were taken")


def _require_close(actual: jax.Array, expected: jax.Array, message: str) -> None:
    scale = float(jnp.abs(expected).max())
    error = float(jnp.abs(actual - expected).max())
    _require(error <= BATCH_TOLERANCE * scale, f"{message}: {error:g} apart at values up to {scale:g}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ContractBroken(message)


def _smooth_image(size: int, seed: int) -> jax.Array:
    """A color picture of a few waves a channel, within [0.2, 0.8]: room for noise and for differences."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / 64
    waves = [
        np.sin(2 * np.pi * (random.uniform(-3, 3, (3, 1, 1)) * x + random.uniform(1, 3, (3, 1, 1)) * y))
        for _ in range(3)
    ]
    return jnp.asarray(np.moveaxis(0.5 + 0.1 * sum(waves), 0, -1), jnp.float32)


def _noisy(image: jax.Array, *, strengths: tuple[float, ...], seed: int) -> jax.Array:
    """The image under white noise of these standard deviations, kept a difference's step away from 0 and 1."""
    noise = np.random.default_rng(seed).standard_normal((len(strengths), *image.shape))
    noisy = np.asarray(image)[None] + np.reshape(strengths, (-1, 1, 1, 1)) * noise
    return jnp.asarray(np.clip(noisy, 2 * DIFFERENCE_STEP, 1 - 2 * DIFFERENCE_STEP), jnp.float32)
