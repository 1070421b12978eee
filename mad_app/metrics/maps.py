"""Where in an image a metric finds differences.

Some formulas are means over the pixels: LASI, LPIPS, SSIM, MSE. Their map is what is averaged. The map of any other
metric is the first-order contribution of each pixel to the distance, |Σ over RGB of ∂d/∂x (x − reference)|.
"""

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.protocol import KnownMetric


def measure_maps(metric: KnownMetric, reference: jax.Array, images: jax.Array) -> np.ndarray:
    """Contribution of each pixel to the distance, for several images.

    Args:
        metric: any metric.
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (N, H, W, 3) in [0, 1].

    Returns:
        float32 (N, H, W), each ≥ 0; 0 where the metric is not finite.

    Raises:
        ArgumentError: an image is not of this form, or too small for the metric.

    Example:
        >>> from mad_app.metrics import get_metric
        >>> black = np.zeros((8, 8, 3), np.float32)
        >>> maps = measure_maps(get_metric("mse"), black, black[None] + np.float32(0.5))
        >>> maps.shape, float(maps.max())
        ((1, 8, 8), 0.25)
    """
    reference = checked_reference(reference, metric=metric.name, minimum_size=metric.minimum_size)
    images = checked_images(images, reference.shape)
    maps = metric.maps(reference, images)
    if maps is None:
        _, gradients = metric.bind(reference).value_and_grad(images)
        maps = jnp.abs(jnp.sum(gradients * (images - reference), axis=3))
    finite = np.nan_to_num(np.asarray(maps, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.maximum(finite, 0)
