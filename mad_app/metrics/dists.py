"""DISTS: structure and texture of the features of VGG-16, compared channel by channel.

Ding, Ma, Wang, Simoncelli: Image Quality Assessment: Unifying Structure and Texture Similarity, IEEE TPAMI 2020. The
features are the image itself and the five stages of VGG-16 with L2 pooling. With μ and σ² the mean and variance of a
channel over all positions, σ_xy the covariance, c = 1e-6, and trained weights α, β ≥ 0 of each channel,

    d = 1 − Σ (α l + β s) / Σ (α + β),  l = (2 μ_x μ_y + c) / (μ_x² + μ_y² + c),  s = (2 σ_xy + c) / (σ_x² + σ_y² + c)

It is computed as the weighted mean of 1 − l = (μ_x − μ_y)² / (μ_x² + μ_y² + c) and
1 − s = var(x − y) / (σ_x² + σ_y² + c), which are the same, ≥ 0 and exact for nearly identical images.

Convention: sRGB in [0, 1] at full size. The authors' program can also scale the shorter side to 256 pixels first, which
changes the value by 8 to 20 %. The formula averages over the whole image before comparing, so it has no map.
"""

from functools import lru_cache

import torch
from torch.nn.functional import conv2d

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.lpips.architectures import CHANNELS
from mad_app.metrics.on_device import constant
from mad_app.metrics.package_files import DISTS_WEIGHTS
from mad_app.metrics.vgg16 import normalize, trained_vgg16, vgg16_on

STABILIZER = 1e-6
"""c of both quotients, as in the authors' program."""

POOLING_FLOOR = 1e-12
"""Added below the root of the pooling, as in the authors' program: its slope at 0 stays finite."""

CHUNK_PIXELS = 2**12
"""Pixels of a batch for which PyTorch's operations are long enough; more need memory."""

Prepared = list[torch.Tensor]
"""Features of the reference, each (1, C, h, w)."""


def dists_metric(name: str, minimum_size: int) -> TorchMetric:
    """DISTS as a metric.

    Raises:
        MetricUnavailable: trained weights cannot be had.
    """
    _, network_source = trained_vgg16()
    _, source = _trained_weights()
    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=features,
        distances_to=_distances_to,
        weights=f"{source}; {network_source}",
        chunk_pixels=CHUNK_PIXELS,
    )


def features(images: torch.Tensor) -> list[torch.Tensor]:
    """The image (N, 3, H, W) in [0, 1] and the features of the five stages, each of half the size."""
    return [images, *vgg16_on(images.device).features(normalize(images), l2_pool)]


def l2_pool(features: torch.Tensor) -> torch.Tensor:
    """The root of the mean square under a 3×3 Hann window, at every other position."""
    line = constant((0.25, 0.5, 0.25), features.device)
    window = torch.outer(line, line).expand(features.shape[1], 1, 3, 3)
    return (conv2d(features**2, window, stride=2, padding=1, groups=features.shape[1]) + POOLING_FLOOR).sqrt()


def _distances_to(prepared: Prepared, images: torch.Tensor) -> torch.Tensor:
    alpha, beta = _weights_on(images.device)
    structure, texture = zip(*map(_losses, prepared, features(images)), strict=True)
    total = alpha * torch.cat(structure, dim=1) + beta * torch.cat(texture, dim=1)
    return total.sum(dim=1) / (alpha.sum() + beta.sum())


def _losses(reference: torch.Tensor, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """1 − l and 1 − s of each channel of features (N, C, h, w): (N, C)."""
    mean_x, mean_y = (features.mean(dim=(2, 3), keepdim=True) for features in (reference, image))
    x, y = reference - mean_x, image - mean_y
    structure = (mean_x - mean_y) ** 2 / (mean_x**2 + mean_y**2 + STABILIZER)
    variances = (x**2).mean(dim=(2, 3)) + (y**2).mean(dim=(2, 3))
    return structure[:, :, 0, 0], ((x - y) ** 2).mean(dim=(2, 3)) / (variances + STABILIZER)


@lru_cache(maxsize=1)
def _trained_weights() -> tuple[tuple[torch.Tensor, torch.Tensor], str]:
    """α and β, (1475,) each, by channel of the image and of the five stages in turn, and their source."""
    tensors, source = DISTS_WEIGHTS.load()
    channels = 3 + sum(CHANNELS["vgg"])
    return (tensors["alpha"].reshape(channels), tensors["beta"].reshape(channels)), source


@lru_cache(maxsize=4)
def _weights_on(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """α and β on a device."""
    alpha, beta = _trained_weights()[0]
    return alpha.to(device), beta.to(device)
