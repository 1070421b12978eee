"""The probe of a user's own metric: what it gives for test images, and what a distance must not give.

It is made where the metric is made and, once for each size, where it is bound to a reference of that size: what a
function does wrong is reported before a competition begins.
"""

import math

import jax.numpy as jnp
import numpy as np

from mad_app.metrics.contract import BATCH_TOLERANCE, IDENTITY_TOLERANCE, noisy, smooth_image
from mad_app.metrics.failure import MetricFailed, failures_of
from mad_app.metrics.protocol import BoundMetric, KnownMetric

MILD, STRONG = 0.03, 0.1
"""Standard deviations of the noise by which the test images differ from the reference."""

IDENTITY_FRACTION = 0.1
"""Largest value for identical images as a fraction of that for strong noise: roots make much of rounding there."""

_NOISE = f"two images that differ by noise of {STRONG}"
_SAME = "two identical images"


class NoDistance(MetricFailed):
    """A metric returns numbers and a gradient, but not those of a distance."""


def probe(metric: KnownMetric, shape: tuple[int, ...], *, similarity: bool, batched: bool) -> None:
    """Test a metric on images of a shape, of which it gets four, as many as a competition has.

    Args:
        metric: to test.
        shape: (H, W, 3).
        similarity: whether its function returns 1 − distance, for the message.
        batched: whether its function gets all images together, so that they could have to do with each other.

    Raises:
        MetricFailed: it raised an error, or returned something else than a number for each image.
        NoDistance: its values are not those of a distance; the message says what came.
    """
    height, width = shape[:2]
    reference = smooth_image(max(height, width), seed=0)[:height, :width]
    images = jnp.concatenate([reference[None], noisy(reference, strengths=(MILD, STRONG, STRONG), seed=1)])
    with failures_of(metric.name, f"for an image of {width} × {height} pixels"):
        bound = metric.bind(reference)
        distances, gradients = (np.asarray(of_all) for of_all in bound.value_and_grad(images))
    if batched:
        _check_independence(metric.name, bound, images[2:3], float(distances[2]))
    identical, mild, strong = map(float, distances[:3])
    problem = _fault(identical, strong, similarity=similarity) or _gradient_fault(gradients[2])
    if not problem and mild >= strong:
        problem = f"did not grow with the noise: its distance is {mild:g} for noise of {MILD}, {strong:g} for {STRONG}"
    if problem:
        raise NoDistance(metric.name, problem)


def _check_independence(name: str, bound: BoundMetric, image: jnp.ndarray, in_batch: float) -> None:
    alone = float(bound.distances(image)[0])
    if abs(alone - in_batch) > max(BATCH_TOLERANCE * abs(in_batch), IDENTITY_TOLERANCE):
        raise MetricFailed(name, f"returned {in_batch:g} for an image in a batch and {alone:g} for the same alone")


def _fault(identical: float, strong: float, *, similarity: bool) -> str | None:
    """What is wrong with the distances of an identical image and of one with noise; None if nothing is."""
    returned = {_SAME: identical, _NOISE: strong}
    if similarity:
        returned = {images: 1 - distance for images, distance in returned.items()}
    for images in (_NOISE, _SAME):
        if not math.isfinite(returned[images]):
            return f"returned {returned[images]} for {images}"
    both = f"returned {returned[_SAME]:g} for {_SAME} and {returned[_NOISE]:g} for {_NOISE}"
    if identical >= strong:
        if similarity:
            return f"{both}: is it a distance? Then leave similarity out"
        return f"{both}: is it a similarity? Then pass similarity=True, or return 1 - s"
    if min(identical, strong) < -IDENTITY_TOLERANCE:
        limit = "a similarity is at most 1" if similarity else "a distance is at least 0"
        return f"{both}, but {limit}"
    if identical > IDENTITY_FRACTION * strong:
        return f"{both}, but a {'similarity is 1' if similarity else 'distance is 0'} for {_SAME}"
    return None


def _gradient_fault(gradient: np.ndarray) -> str | None:
    if not np.isfinite(gradient).all():
        return f"has a gradient that is NaN or infinite for {_NOISE}"
    if not gradient.any():
        return f"has a gradient that is 0 everywhere for {_NOISE}"
    return None
