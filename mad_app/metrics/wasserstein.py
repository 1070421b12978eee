"""Wasserstein distortion: local means and deviations of the features of VGG-16, pooled over a width σ in pixels.

Qiu, Wagner, Ballé, Theis: Wasserstein Distortion: Unifying Fidelity and Realism, CISS 2024; as computed by Ballé,
Versari, Dupont, Kim, Bauer: Good, Cheap, and Fast: Overfitted Image Compression with Wasserstein Distortion, CVPR 2025,
and by the authors' PyTorch program, borders included (their JAX program pads otherwise, which moves the value by 0.4 %
at σ = 16). σ = 1 compares position by position; at σ = 16 another piece of the same texture is close.

The features are the image, normalized as ImageNet's, and the five stages of VGG-16 with average pooling, of the image
at full, half and quarter size: 16 in all. For features a of the image and b of the reference, level 0 is (a − b)², and
level i = 1 … 5 compares means and deviations under an i-fold low pass, a pyramid whose next level keeps every other
position,

    (μ_a − μ_b)² + (σ_a − σ_b)²,    σ² = max(E[a²] − μ², 1e-8)

A level counts with the weight max(0, 1 − |log₂ σ − i|), with log₂ σ lowered by the log ratio of the sizes of image and
features, to 0 at least. The distance is the mean over positions and channels, summed over levels and features.

Convention: sRGB in [0, 1] at full size, one σ for the whole image. A map is the same sum before the means over
positions, each part enlarged to the image's size.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import avg_pool2d, interpolate, pad, relu

from mad_app.metrics.contract import checked_images, checked_reference
from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.interchange import to_torch
from mad_app.metrics.vgg16 import normalize, trained_vgg16, vgg16_on

SCALES = 3
"""Sizes at which the network sees the image: full, half, quarter."""

LEVELS = 5
"""Of the pyramids, beside level 0."""

MINIMUM = 64
"""Smallest height and width in pixels."""

MIN_VARIANCE = 1e-8
"""Below its root, as in the authors' program."""

CHUNK_PIXELS = 2**12
"""Pixels of a batch for which PyTorch's operations are long enough; more need memory."""

PIXELS_AT_ONCE = 2**18
"""Of images that are computed together: statistics in float64 need 4 kB a pixel."""

Statistics = tuple[torch.Tensor, torch.Tensor | None]
"""Of features at a level: local mean and standard deviation, (N, C, h, w); the features and None at level 0."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the comparison with a reference needs, for each of the 16 features and each level that counts.

    Attributes:
        weights: of each position, (h, w).
        statistics: of the reference.
    """

    weights: list[dict[int, torch.Tensor]]
    statistics: list[dict[int, Statistics]]


def wasserstein_metric(name: str, minimum_size: int, *, sigma: float) -> TorchMetric:
    """Wasserstein distortion as a metric.

    Args:
        name: under which it is asked for.
        minimum_size: smallest height and width in pixels.
        sigma: width of the pooling, in pixels, at least 1.

    Raises:
        MetricUnavailable: trained weights cannot be had.
    """
    _, source = trained_vgg16()
    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=partial(_prepare, sigma),
        distances_to=_distances_to,
        weights=source,
        maps_to=_maps_to,
        chunk_pixels=CHUNK_PIXELS,
    )


def wasserstein_curve(reference: jax.Array, images: jax.Array, sigmas: Sequence[float]) -> npt.NDArray[np.float64]:
    """Wasserstein distortion at several pooling widths; features and statistics are computed once for all of them.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        images: float32 (N, H, W, 3) in [0, 1].
        sigmas: pooling widths in pixels, at least 1.

    Returns:
        (N, number of widths), as the metric gives for each width, up to rounding.

    Raises:
        ValueError: the images are not of this form.
        MetricUnavailable: the trained weights are not available.
    """
    reference = checked_reference(reference, metric="wasserstein", minimum_size=MINIMUM)
    images = checked_images(images, reference.shape)
    original, levels = to_torch(reference[None]), range(LEVELS + 1)
    total = torch.zeros(len(images), len(sigmas), dtype=torch.float64)
    with torch.no_grad():
        for of_reference, of_images in zip(_features(original), _features(to_torch(images)), strict=True):
            statistics = _statistics(of_images, levels), _statistics(of_reference, levels)
            distances = [_distance(*(one[level] for one in statistics)).mean(dim=1).double() for level in levels]
            for level, weights in _level_weights(sigmas, original, of_reference).items():
                means = torch.einsum("shw,nhw->ns", weights.double(), distances[level]) / weights[0].numel()
                total += means.cpu()
    return total.numpy()


def _prepare(sigma: float, reference: torch.Tensor) -> Prepared:
    maps = _features(reference)
    weights = [
        {level: weight[0] for level, weight in _level_weights([sigma], reference, features).items()}
        for features in maps
    ]
    return Prepared(weights, [_statistics(features, levels) for features, levels in zip(maps, weights, strict=True)])


def _distances_to(prepared: Prepared, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([_distances_at_once(prepared, some) for some in _split(images)])


def _distances_at_once(prepared: Prepared, images: torch.Tensor) -> torch.Tensor:
    return torch.stack([part.mean(dim=(1, 2)) for part in _parts(prepared, images)]).sum(dim=0).float()


def _maps_to(prepared: Prepared, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([_maps_at_once(prepared, some) for some in _split(images)])


def _maps_at_once(prepared: Prepared, images: torch.Tensor) -> torch.Tensor:
    parts = [interpolate(part[:, None], images.shape[2:], mode="bilinear") for part in _parts(prepared, images)]
    return torch.cat(parts, dim=1).sum(dim=1).float()


def _split(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The images, so many at once that they have `PIXELS_AT_ONCE`, or one."""
    return torch.split(images, max(1, PIXELS_AT_ONCE // images[0, 0].numel()))


def _parts(prepared: Prepared, images: torch.Tensor) -> Iterator[torch.Tensor]:
    """The weighted distance at each position (N, h, w), for each feature and level that counts."""
    for weights, of_reference, features in zip(prepared.weights, prepared.statistics, _features(images), strict=True):
        of_image = _statistics(features, weights)
        for level, weight in weights.items():
            yield weight * _distance(of_image[level], of_reference[level]).mean(dim=1)


def _distance(image: Statistics, reference: Statistics) -> torch.Tensor:
    """Squared 2-Wasserstein distance between normal distributions of these means and deviations."""
    (mean, deviation), (mean_of_reference, deviation_of_reference) = image, reference
    squared = (mean - mean_of_reference) ** 2
    if deviation is None or deviation_of_reference is None:
        return squared
    return squared + (deviation - deviation_of_reference) ** 2


def _features(images: torch.Tensor) -> list[torch.Tensor]:
    """The image (N, 3, H, W), normalized, and its features at three sizes."""
    network, images = vgg16_on(images.device), normalize(images)
    features = [images]
    for scale in range(SCALES):
        images = _low_pass(images, stride=2) if scale else images
        features += network.features(images, _average_pool)
    return features


def _average_pool(features: torch.Tensor) -> torch.Tensor:
    return avg_pool2d(features, kernel_size=2)


def _level_weights(sigmas: Sequence[float], image: torch.Tensor, features: torch.Tensor) -> dict[int, torch.Tensor]:
    """For each level that counts, the weights (S, h, w) of each width at each position of features (N, C, h, w)."""
    size = features.shape[2:]
    lowered = sum(math.log2(ours / theirs) for ours, theirs in zip(image.shape[2:], size, strict=True)) / 2
    at_level_0 = features.new_tensor([max(0.0, math.log2(sigma) - lowered) for sigma in sigmas])
    log_sigma = at_level_0[:, None, None, None].expand(-1, 1, *size)
    weights = {}
    for level in range(LEVELS + 1):
        weight = relu(1 - (log_sigma - level).abs())
        if weight.any():
            weights[level] = weight[:, 0]
        if level:
            log_sigma = _low_pass(log_sigma, stride=2)
    return weights


def _statistics(features: torch.Tensor, levels: Collection[int]) -> dict[int, Statistics]:
    """Local statistics of features (N, C, h, w) at some levels.

    Those from level 1 on are in float64: a variance is the difference of two large numbers.
    """
    found: dict[int, Statistics] = {0: (features, None)} if 0 in levels else {}
    mean = features.double() if max(levels) else features
    square = mean**2
    for level in range(1, max(levels) + 1):
        stride = 1 if level in levels else 2
        mean, square = _low_pass(mean, stride), _low_pass(square, stride)
        if level in levels:
            found[level] = mean, torch.clamp(square - mean**2, min=MIN_VARIANCE).sqrt()
            mean, square = mean[:, :, ::2, ::2], square[:, :, ::2, ::2]
    return found


def _low_pass(values: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """The mean of (N, C, h, w) under [¼ ½ ¼] along rows and columns, zero beyond the border, at each stride-th."""
    padded = pad(values, (1, 1, 1, 1))
    rows = 0.25 * (padded[:, :, :-2:stride] + padded[:, :, 2::stride]) + 0.5 * padded[:, :, 1:-1:stride]
    return 0.25 * (rows[..., :-2:stride] + rows[..., 2::stride]) + 0.5 * rows[..., 1:-1:stride]
