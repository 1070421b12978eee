"""SSIM of the luma, as the standard of 2004 measures color images: 1 − the mean of a local similarity, in [0, 2].

Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE TIP
2004. With means, variances and covariance under a Gaussian window of 11 × 11 pixels, σ = 1.5, C₁ = 0.01², C₂ = 0.03²,

    s = (2 μ_x μ_y + C₁) (2 σ_xy + C₂) / ((μ_x² + μ_y² + C₁) (σ_x² + σ_y² + C₂))

averaged over the windows wholly inside the image. Convention: Rec. 601 luma of the sRGB values, full size; the authors'
later suggestion to average over blocks of round(side / 256) pixels first is not followed. The metric `ssim` is the mean
over red, green and blue instead. A map is 1 − s of the window about each pixel, and beside the border that of the
nearest whole window.
"""

import torch
from torch.nn.functional import conv2d, pad

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.luma import luma

WINDOW, WINDOW_DEVIATION = 11, 1.5
"""Side and standard deviation of the Gaussian window, in pixels."""

C1, C2 = 0.01**2, 0.03**2
"""The stabilizing constants, for values in [0, 1]."""

CHUNK_PIXELS = 2**16
"""Pixels of a batch for which PyTorch's operations are long enough."""


def ssim_luma_metric(name: str, minimum_size: int) -> TorchMetric:
    """SSIM of the luma as a metric."""
    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=luma,
        distances_to=_distances_to,
        maps_to=_maps_to,
        chunk_pixels=CHUNK_PIXELS,
    )


def _distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    return _window_distances(reference, luma(images)).mean(dim=(1, 2, 3))


def _maps_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    border = (WINDOW // 2,) * 4
    return pad(_window_distances(reference, luma(images)), border, mode="replicate")[:, 0]


def _window_distances(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """1 − s of each window of lumas (1, 1, H, W) and (N, 1, H, W): (N, 1, H − 10, W − 10)."""
    x, y = reference.expand_as(images), images
    mean_x, mean_y, xx, yy, xy = map(_windowed, (x, y, x * x, y * y, x * y))
    contrast = (2 * (xy - mean_x * mean_y) + C2) / ((xx - mean_x**2) + (yy - mean_y**2) + C2)
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return 1 - luminance * contrast


def _windowed(values: torch.Tensor) -> torch.Tensor:
    """The mean of (N, 1, H, W) under each window, by rows, then by columns."""
    line = torch.exp(
        -((torch.arange(WINDOW, device=values.device, dtype=values.dtype) - WINDOW // 2) ** 2)
        / (2 * WINDOW_DEVIATION**2)
    )
    line = line / line.sum()
    return conv2d(conv2d(values, line[None, None, None, :]), line[None, None, :, None])
