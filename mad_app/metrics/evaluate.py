"""The values of several metrics for the same images.

A value that is not available (the metric is not installed here, the images are too small for it, it fails, or is not
finite) is None. Nothing is downloaded.
"""

import math
from collections.abc import Iterable, Sequence

import jax
import numpy as np

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.failure import MetricFailed, failures_of
from mad_app.metrics.protocol import Metric
from mad_app.metrics.registry import get_measurable, measured_by_default, spec_of
from mad_app.metrics.spec import MetricSpec

Values = tuple[float | None, ...]


def measure(reference: jax.Array, image: jax.Array, names: Iterable[str] | None = None) -> dict[str, float | None]:
    """Distance of one image to the reference by each of several metrics.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        image: likewise.
        names: names of listed metrics; all that can compete by default, and those that give values only
            if they are installed.

    Returns:
        By name, in the order of `names`; None where a value is not available.

    Raises:
        ArgumentError: a name is not that of a metric, or an image is not of this form.

    Example:
        >>> import numpy as np
        >>> black = np.zeros((8, 8, 3), np.float32)
        >>> measure(black, black + np.float32(0.5), names=["mse", "ssim"])
        {'mse': 0.25, 'ssim': None}
    """
    values = measure_batch(reference, image[None], names)
    return {name: of_images[0] for name, of_images in values.items()}


def measure_batch(
    reference: jax.Array, images: jax.Array, names: Iterable[str] | None = None, *, also: Sequence[Metric] = ()
) -> dict[str, Values]:
    """Distances of several images to the reference by each of several metrics, each metric evaluated once.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (N, H, W, 3) in [0, 1].
        names: names of listed metrics; likewise. Metrics that are not named are not loaded.
        also: further metrics, under their own names.

    Returns:
        By name, N values each; None where a value is not available.

    Raises:
        ArgumentError: a name is not that of a metric, or an image is not of this form.

    Example:
        >>> import numpy as np
        >>> black = np.zeros((8, 8, 3), np.float32)
        >>> measure_batch(black, np.stack([black, black + np.float32(0.5)]), ["mse"])
        {'mse': (0.0, 0.25)}
    """
    asked = measured_by_default() if names is None else names
    specs = {name: spec_of(name, argument="names") for name in asked}
    reference = checked_reference(reference, metric="measure", minimum_size=1)
    images = checked_images(images, reference.shape)
    values = {name: _listed_values(name, spec, reference, images) for name, spec in specs.items()}
    return values | {metric.name: _values(metric, reference, images) for metric in also}


def _listed_values(name: str, spec: MetricSpec, reference: jax.Array, images: jax.Array) -> Values:
    if spec.missing() or min(reference.shape[:2]) < spec.minimum_size:
        return (None,) * len(images)
    try:
        with failures_of(name):
            return _values(get_measurable(name), reference, images)
    except MetricFailed:  # costs no other metric its values
        return (None,) * len(images)


def _values(metric: Metric, reference: jax.Array, images: jax.Array) -> Values:
    distances = np.asarray(metric.bind(reference).distances(images))
    return tuple(float(value) if math.isfinite(value) else None for value in distances)
