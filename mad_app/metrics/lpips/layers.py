"""What each layer of LPIPS contributes, and where.

The distance is the sum of the layers' means:  d(x, y) = Σ_l mean over positions of Σ_channels w_l (f_l(x) − f_l(y))²
"""

from dataclasses import dataclass

import jax
import numpy as np
import numpy.typing as npt
import torch

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.interchange import to_torch
from mad_app.metrics.lpips.network import trained_network


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer's part of the distance.

    Attributes:
        value: the part.
        map: where it comes from, float32 (h, w) at the layer's own resolution; its mean is the value.
    """

    value: float
    map: npt.NDArray[np.float32]


def lpips_layers(net: str, reference: jax.Array, images: jax.Array) -> list[list[Layer]]:
    """The parts of LPIPS of each image.

    Args:
        net: "alex", "vgg" or "squeeze".
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (N, H, W, 3) in [0, 1].

    Returns:
        For each image the layers in their order; the sum of their values is the image's distance.

    Raises:
        ValueError: the images are not of this form.
        MetricUnavailable: the trained weights are not available.
    """
    network, _ = trained_network(net)
    reference = checked_reference(reference, metric=f"lpips-{net}", minimum_size=MINIMUM[net])
    images = checked_images(images, reference.shape)
    with torch.no_grad():
        kept, features = network(to_torch(reference[None])), network(to_torch(images))
        layers = zip(network.heads, kept, features, strict=True)
        maps = [head((of_images - of_reference) ** 2)[:, 0].numpy() for head, of_reference, of_images in layers]
    return [[Layer(float(layer[i].mean()), layer[i]) for layer in maps] for i in range(len(images))]


MINIMUM = {"alex": 31, "vgg": 16, "squeeze": 17}
"""Smallest height and width in pixels."""
