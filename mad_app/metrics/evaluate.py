"""The jury: what every metric says of the same pictures.

A metric that cannot say (not available here, images too small, not a finite number) says None. Nothing is downloaded.
"""

import math
from collections.abc import Iterable, Sequence

import jax
import numpy as np

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.protocol import Metric
from mad_app.metrics.registry import get_measurable, measured_by_default, row_of

Verdicts = tuple[float | None, ...]


def measure(reference: jax.Array, image: jax.Array, names: Iterable[str] | None = None) -> dict[str, float | None]:
    """Distance of one image to the reference by each metric.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        image: likewise.
        names: metrics of the table, all of them by default.

    Returns:
        By name, in the order asked; None where a metric cannot say.

    Raises:
        ValueError: a name or an image is none.

    Example:
        >>> import numpy as np
        >>> black = np.zeros((8, 8, 3), np.float32)
        >>> measure(black, black + np.float32(0.5), names=["mse", "ssim"])
        {'mse': 0.25, 'ssim': None}
    """
    verdicts = measure_batch(reference, image[None], names)
    return {name: values[0] for name, values in verdicts.items()}


def measure_batch(
    reference: jax.Array, images: jax.Array, names: Iterable[str] | None = None, *, also: Sequence[Metric] = ()
) -> dict[str, Verdicts]:
    """Distances of several images (N, H, W, 3) to the reference by each metric, each evaluated once.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (N, H, W, 3) in [0, 1].
        names: metrics of the table, all of them by default.
        also: further metrics, which speak under their own names.

    Returns:
        By name, N values each; None where a metric cannot say.

    Raises:
        ValueError: a name or an image is none.
    """
    reference = checked_reference(reference, metric="measure", minimum_size=1)
    images = checked_images(images, reference.shape, metric="measure")
    verdicts = {name: _listed(name, reference, images) for name in (measured_by_default() if names is None else names)}
    return verdicts | {metric.name: _verdicts(metric, reference, images) for metric in also}


def _listed(name: str, reference: jax.Array, images: jax.Array) -> Verdicts:
    row = row_of(name)
    if row.missing() or min(reference.shape[:2]) < row.minimum_size:
        return (None,) * len(images)
    return _verdicts(get_measurable(name), reference, images)


def _verdicts(metric: Metric, reference: jax.Array, images: jax.Array) -> Verdicts:
    distances = np.asarray(metric.bind(reference).distances(images))
    return tuple(float(value) if math.isfinite(value) else None for value in distances)
