"""The values of several metrics for the same images.

A value that is not available (the metric is not installed here, the images are too small for it, it fails, or is not
finite) is None. Nothing is downloaded.
"""

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.failure import MetricFailed, failures_of
from mad_app.metrics.protocol import KnownMetric, Metric
from mad_app.metrics.registry import get_measurable, measured_by_default, spec_of
from mad_app.metrics.spec import MetricSpec

Values = tuple[float | None, ...]

AT_A_TIME = 2
"""How many metrics are evaluated at a time."""

LONGEST = ("vsi", "wasserstein", "lpips-vgg", "dists")
"""Those that take long are evaluated first, the one that loads no network before them: none is waited for alone."""

PIXELS_AT_A_TIME = 256**2
"""Of an image, above which one metric after the other is evaluated: each takes all cores then, and more memory."""


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
    values = _listed_values(specs, reference, images)
    return values | {metric.name: _values(metric, reference, images) for metric in also}


def _listed_values(specs: Mapping[str, MetricSpec], reference: jax.Array, images: jax.Array) -> dict[str, Values]:
    """The values of listed metrics; of small images on a CPU two are evaluated at a time, while others are loaded."""
    unknown: Values = (None,) * len(images)
    if not _is_small(reference):
        return {
            name: _evaluate(_load(name, spec, reference), reference, images) or unknown for name, spec in specs.items()
        }
    aside = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="measure")
    try:
        running = {
            name: aside.submit(_evaluate, _load(name, specs[name], reference), reference, images)
            for name in sorted(specs, key=_turn)
        }
        return {name: running[name].result() or unknown for name in specs}
    finally:
        aside.shutdown(cancel_futures=True)


def _turn(name: str) -> int:
    """Its place in `LONGEST`, or after that."""
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def _is_small(reference: jax.Array) -> bool:
    on_cpu = all(device.platform == "cpu" for device in reference.devices())
    return on_cpu and math.prod(reference.shape[:2]) <= PIXELS_AT_A_TIME


def _load(name: str, spec: MetricSpec, reference: jax.Array) -> KnownMetric | None:
    """The metric, where it is available and the reference is not too small for it."""
    if spec.missing() or min(reference.shape[:2]) < spec.minimum_size:
        return None
    with contextlib.suppress(MetricFailed), failures_of(name):  # costs no other metric its values
        return get_measurable(name)
    return None


def _evaluate(metric: KnownMetric | None, reference: jax.Array, images: jax.Array) -> Values | None:
    """The values of a metric that was loaded; None if it fails."""
    if metric is not None:
        with contextlib.suppress(MetricFailed), failures_of(metric.name):
            return _values(metric, reference, images)
    return None


def _values(metric: Metric, reference: jax.Array, images: jax.Array) -> Values:
    distances = np.asarray(metric.bind(reference).distances(images))
    return tuple(float(value) if math.isfinite(value) else None for value in distances)
