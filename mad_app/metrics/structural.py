"""The structural and feature indices of piq, as distances with finite gradients.

piq evaluates each index on tensors (N, 3, H, W) in [0, 1], image by image. A similarity s becomes 1 − s. Four things
are set right on the way; none changes an index beyond rounding.

- *Range.* piq refuses values outside [0, 1], so they are cut; pixels at 0 and at 1 keep their gradient, without which a
  competition could not bring them back.
- *Roots* have slope 0 at 0 (`finite_roots`): piq's gradients are NaN at flat patches and at identical images.
- *Identity.* Each index is exactly perfect for identical images, rounding leaves up to 4e-6 (HaarPSI), and an image
  equal to the reference bit for bit is at distance 0, with gradient 0.
- *Precision.* HaarPSI and MDSI, under its fourth root, amplify rounding near identity (2 % of MDSI at noise of 1e-4)
  and are evaluated in float64, at little cost. The rest stay in float32, where values jitter by 1e-6 of themselves,
  MS-SSIM by 2e-5 (its coarsest scale is a few windows).
"""

from collections.abc import Callable

import piq
import torch
from torch.nn.functional import conv2d, pad

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.safe_sqrt import SafeSqrt

CHUNK_PIXELS = 2**16
"""Pixels of a batch for which PyTorch's operations are long enough."""

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Images (N, 3, H, W) and references alike, in [0, 1] -> (N,)."""


def structural_metric(name: str, minimum_size: int) -> TorchMetric:
    """The metric behind a name of `DISTANCES`."""
    distance = DISTANCES[name]

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        return _finite_distances(distance, reference, images)

    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=_itself,
        distances_to=distances_to,
        maps_to=MAPS.get(name),
        chunk_pixels=CHUNK_PIXELS,
    )


def _itself(reference: torch.Tensor) -> torch.Tensor:
    return reference


def _finite_distances(distance: Distance, reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Distances (N,) float32, with the corrections above."""
    references = reference.expand_as(images)
    identical = (images == references).flatten(1).all(dim=1)
    with SafeSqrt():
        distances = distance(torch.where(identical[:, None, None, None], references, _in_range(images)), references)
    return torch.where(identical, 0.0, distances).float()


def _in_range(images: torch.Tensor) -> torch.Tensor:
    """Values cut at 0 and 1; the gradient of those just there stays, which `clamp` takes."""
    return torch.where(images < 0, 0.0, torch.where(images > 1, 1.0, images))


def _ssim(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − SSIM, the mean over RGB; in [0, 2].

    By the paper's equations at every size. piq would first average over blocks of round(side / 256) pixels: the
    meaning would jump at a side of 384, and an adversary could hide in what the blocks average away.
    """
    similarity: torch.Tensor = piq.ssim(images, references, reduction="none", downsample=False)
    return 1 - similarity


def _ssim_map(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """1 − SSIM of the window about each pixel, the mean over RGB; beside the border that of the nearest whole window.

    Wang, Bovik, Sheikh, Simoncelli 2004, equation 13: a Gaussian window of 11 pixels, σ = 1.5, C = (0.01², 0.03²).
    """
    line = torch.exp(-((torch.arange(11.0, device=images.device) - 5) ** 2) / (2 * 1.5**2))
    window = (torch.outer(line, line) / line.sum() ** 2).expand(3, 1, 11, 11)
    x, y = images, reference.expand_as(images)
    mean_x, mean_y, xx, yy, xy = (conv2d(z, window, groups=3) for z in (x, y, x * x, y * y, x * y))
    contrast = (2 * (xy - mean_x * mean_y) + 9e-4) / (xx - mean_x**2 + yy - mean_y**2 + 9e-4)
    luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return pad((1 - luminance * contrast).mean(dim=1, keepdim=True), (5, 5, 5, 5), mode="replicate")[:, 0]


def _ms_ssim(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − MS-SSIM of five scales, the mean over RGB; in [0, 1]. Flat where a mean contrast term is negative."""
    similarity: torch.Tensor = piq.multi_scale_ssim(images, references, reduction="none")
    return 1 - similarity


def _gmsd(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """GMSD of the luma, the standard deviation of a similarity map, so a distance as it is; in [0, 0.5]."""
    deviation: torch.Tensor = piq.gmsd(images, references, reduction="none")
    return deviation


def _fsim(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − FSIMc, the form with color; in [0, 1]."""
    similarity: torch.Tensor = piq.fsim(images, references, reduction="none")
    return 1 - similarity


def _haarpsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − HaarPSI with color; in [0, 1]."""
    similarity: torch.Tensor = piq.haarpsi(images.double(), references.double(), reduction="none")
    return 1 - similarity


def _vif(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """|1 − VIF| of the luma, in the pixel domain; at least 0.

    VIF exceeds 1 where contrast is raised; the modulus keeps that a distance. Below 1, where noise, blur and
    compression lie, it is 1 − VIF.
    """
    similarity: torch.Tensor = piq.vif_p(images, references, reduction="none")
    return (1 - similarity).abs()


def _mdsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """MDSI, the fourth root of a mean deviation, so a distance as it is; at least 0."""
    deviation: torch.Tensor = piq.mdsi(images.double(), references.double(), reduction="none")
    return deviation


def _vsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − VSI; in [0, 1]."""
    similarity: torch.Tensor = piq.vsi(images, references, reduction="none")
    return 1 - similarity


DISTANCES: dict[str, Distance] = {
    "ssim": _ssim,
    "ms-ssim": _ms_ssim,
    "gmsd": _gmsd,
    "fsim": _fsim,
    "haarpsi": _haarpsi,
    "vif": _vif,
    "mdsi": _mdsi,
    "vsi": _vsi,
}
"""The formula behind each name of the table of metrics that piq computes."""

MAPS: dict[str, Distance] = {"ssim": _ssim_map}
"""Reference and images -> distances a pixel (N, H, W), of the indices that are means over a map."""
