"""NLPD: the distance between normalized Laplacian pyramids, a model of the early visual system.

Laparra, Ballé, Berardino, Simoncelli: Perceptual Image Quality Assessment Using a Normalized Laplacian Pyramid,
Electronic Imaging 2016, with the filters, constants and borders of the authors' program NLP_dist.m. Five levels hold
what a blurred half-size copy, enlarged again, leaves out of each image; the sixth is the smallest copy. Each value z of
a level is divided by a local amplitude, y = z / (σ + P ∗ |z|), with a constant σ and a filter P of each level, and

    d(x, x̃) = mean over the six levels of √(mean over positions of (y − ỹ)²)

Convention: Rec. 601 luma of the sRGB values in [0, 1], full size; other conversions to gray move it by 5 to 9 %. Levels
count alike, so the formula is no mean over pixels and has no map.
"""

import torch
from torch.nn.functional import conv2d, conv_transpose2d

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.luma import luma
from mad_app.metrics.on_device import bordered, constant
from mad_app.metrics.safe_sqrt import SafeSqrt

BLUR = (0.05, 0.25, 0.4, 0.25, 0.05)
"""Of Burt and Adelson, 1983; along rows and columns."""

AMPLITUDES = (0.0248, 0.0185, 0.0179, 0.0191, 0.0220, 0.2782)
"""σ of each level, from fine to coarse."""

NEIGHBORS = (
    {(-1, 0): 0.1011, (0, -1): 0.1493, (0, 1): 0.1460, (0, 2): 0.0072, (1, 0): 0.1015},
    {(-1, 0): 0.0757, (0, -1): 0.1986, (0, 1): 0.1846, (1, 0): 0.0837},
    {(-1, 0): 0.0477, (0, -1): 0.2138, (0, 1): 0.2243, (1, 0): 0.0467},
    {(0, -1): 0.2503, (0, 1): 0.2616},
    {(0, -1): 0.2598, (0, 1): 0.2552},
    {(0, -1): 0.2215, (0, 1): 0.0717},
)
"""P of each level, by row and column from its center: fitted by the authors to photographs of the McGill data set."""

CHUNK_PIXELS = 2**16
"""Pixels of a batch for which PyTorch's operations are long enough."""

Pyramid = list[torch.Tensor]
"""Levels (N, 1, h, w), from fine to coarse."""


def nlpd_metric(name: str, minimum_size: int) -> TorchMetric:
    """NLPD as a metric. From 96 pixels the coarsest level is at least 3 × 3, the reach of its filter."""
    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=_normalized_pyramid,
        distances_to=_distances_to,
        chunk_pixels=CHUNK_PIXELS,
        smooth_distances_to=_squares_to,
    )


def _distances_to(prepared: Pyramid, images: torch.Tensor) -> torch.Tensor:
    with SafeSqrt():
        return torch.stack([squares.sqrt() for squares in _mean_squares(prepared, images)]).mean(dim=0)


def _squares_to(prepared: Pyramid, images: torch.Tensor) -> torch.Tensor:
    """The mean over levels of the squares whose roots make the distance."""
    return torch.stack(_mean_squares(prepared, images)).mean(dim=0)


def _mean_squares(prepared: Pyramid, images: torch.Tensor) -> list[torch.Tensor]:
    levels = zip(prepared, _normalized_pyramid(images), strict=True)
    return [((x - y) ** 2).mean(dim=(1, 2, 3)) for x, y in levels]


def _normalized_pyramid(images: torch.Tensor) -> Pyramid:
    return [
        level / (amplitude + _neighborhood_amplitude(level, neighbors))
        for level, amplitude, neighbors in zip(_laplacian_pyramid(luma(images)), AMPLITUDES, NEIGHBORS, strict=True)
    ]


def _laplacian_pyramid(images: torch.Tensor) -> Pyramid:
    levels = []
    for _ in range(len(AMPLITUDES) - 1):
        smaller = _halved(images)
        levels.append(images - _enlarged(smaller, images.shape[2:]))
        images = smaller
    return [*levels, images]


def _neighborhood_amplitude(level: torch.Tensor, neighbors: dict[tuple[int, int], float]) -> torch.Tensor:
    """P ∗ |z|, zero beyond the border: a convolution, so that the neighbor above counts with the weight below."""
    weights = [0.0] * 25
    for (row, column), weight in neighbors.items():
        weights[5 * (2 - row) + 2 - column] = weight
    return conv2d(level.abs(), constant(tuple(weights), level.device).view(1, 1, 5, 5), padding=2)


def _halved(images: torch.Tensor) -> torch.Tensor:
    """Blurred, every other position; the border is mirrored with its edge repeated."""
    return conv2d(bordered(images, before=(1, 0), after=(-1, -2)), _kernel(images.device), stride=2)


def _enlarged(images: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Zeros put between the positions, then blurred to four times the sum; the border is repeated once before."""
    repeated = bordered(images, before=(0,), after=(-1,))
    enlarged = conv_transpose2d(repeated, 4 * _kernel(images.device), stride=2, padding=2)
    return enlarged[:, :, 2 : 2 + size[0], 2 : 2 + size[1]]


def _kernel(device: torch.device) -> torch.Tensor:
    line = constant(BLUR, device)
    return torch.outer(line, line)[None, None]
