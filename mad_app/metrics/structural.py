"""The structural and feature indices of piq, as distances with finite gradients.

piq evaluates each index on tensors (N, 3, H, W) in [0, 1], image by image. A similarity s becomes 1 − s. Four
corrections are made; none changes an index beyond rounding.

- *Range.* piq raises an error for values outside [0, 1], so they are clipped; pixels at 0 and at 1 keep their gradient,
  without which a competition could not change them.
- *Roots* have derivative 0 at 0 (`SafeSqrt`): piq's gradients are NaN in flat patches and at identical images.
- *Identity.* Rounding gives identical images a distance of up to 4e-6 (HaarPSI); here an image equal to the reference
  bit for bit has distance 0 and gradient 0.
- *Precision.* HaarPSI, and MDSI by its fourth root, amplify rounding near identity (2 % of MDSI at noise of 1e-4) and
  are evaluated in float64, at little cost. The others are evaluated in float32, with relative errors of 1e-6, of 2e-5
  for MS-SSIM (its coarsest scale is a few windows).
"""

import contextlib
from collections.abc import Callable

import torch
from torch.nn.functional import conv2d, pad

from mad_app.metrics.bare_package import bare_package
from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.replayable import Replayable, without_checks

with bare_package("piq"):  # whose __init__ imports all of torchvision, which takes as long as PyTorch
    from piq.fsim import fsim
    from piq.functional import gaussian_filter
    from piq.gmsd import gmsd
    from piq.haarpsi import haarpsi
    from piq.mdsi import mdsi
    from piq.ms_ssim import multi_scale_ssim
    from piq.vif import vif_p
    from piq.vsi import vsi

fsim, gmsd, haarpsi, mdsi = map(without_checks, (fsim, gmsd, haarpsi, mdsi))
multi_scale_ssim, vif_p, vsi = map(without_checks, (multi_scale_ssim, vif_p, vsi))

CHUNK_PIXELS = 2**16
"""Pixels of a batch above which it is split; below, PyTorch's operations are too short to gain from it."""

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Images (N, 3, H, W) and references of the same shape, in [0, 1] -> (N,)."""


def structural_metric(name: str, minimum_size: int) -> TorchMetric:
    """The metric of a name in `DISTANCES`."""
    distance = DISTANCES[name]

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        with contextlib.nullcontext() if name in ROOTLESS else Replayable():
            return _corrected_distances(distance, reference, images)

    def smooth_distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        with Replayable():  # not cut off at identity, where the second derivative is wanted
            return distance(images, reference.expand_as(images)).float()

    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=_identity,
        distances_to=distances_to,
        maps_to=MAPS.get(name),
        chunk_pixels=CHUNK_PIXELS,
        smooth_distances_to=smooth_distances_to,
    )


def _identity(reference: torch.Tensor) -> torch.Tensor:
    return reference


def _corrected_distances(distance: Distance, reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Distances (N,) float32, with the corrections above."""
    references = reference.expand_as(images)
    identical = (images == references).flatten(1).all(dim=1)
    distances = distance(torch.where(identical[:, None, None, None], references, _in_range(images)), references)
    return torch.where(identical, 0.0, distances).float()


def _in_range(images: torch.Tensor) -> torch.Tensor:
    """Clip values to [0, 1]; unlike with `clamp`, values of exactly 0 and 1 keep their gradient."""
    return torch.where(images < 0, 0.0, torch.where(images > 1, 1.0, images))


def _ssim(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − SSIM, the mean over RGB; in [0, 2].

    Wang, Bovik, Sheikh, Simoncelli 2004, equation 13, at every size: a Gaussian window of 11 pixels, σ = 1.5,
    C = (0.01², 0.03²). Operations and values are those of `piq.ssim`, bit for bit. That function first looks at the
    range of the values, for which the host would wait, so that a GPU could not replay it from a graph. By default it
    also averages over blocks of round(side / 256) pixels: the definition would change at a side of 384, and differences
    that average to 0 in a block would not count.
    """
    window = gaussian_filter(11, 1.5, device=images.device, dtype=images.dtype).repeat(3, 1, 1, 1)
    mean_x, mean_y = (conv2d(values, window, groups=3) for values in (images, references))
    xx, yy, xy = mean_x**2, mean_y**2, mean_x * mean_y
    variance_x = conv2d(images**2, window, groups=3) - xx
    variance_y = conv2d(references**2, window, groups=3) - yy
    covariance = conv2d(images * references, window, groups=3) - xy
    contrast = (2.0 * covariance + 0.03**2) / (variance_x + variance_y + 0.03**2)
    similarity = (2.0 * xy + 0.01**2) / (xx + yy + 0.01**2) * contrast
    return 1 - similarity.mean(dim=(-1, -2)).mean(1)


def _ssim_map(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """1 − SSIM of the window around each pixel, the mean over RGB; near the border, of the nearest whole window.

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
    similarity: torch.Tensor = multi_scale_ssim(images, references, reduction="none")
    return 1 - similarity


def _gmsd(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """GMSD of the luma, the standard deviation of a similarity map, which is a distance already; in [0, 0.5]."""
    deviation: torch.Tensor = gmsd(images, references, reduction="none")
    return deviation


def _fsim(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − FSIMc, the version with color; in [0, 1]."""
    similarity: torch.Tensor = fsim(images, references, reduction="none")
    return 1 - similarity


def _haarpsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − HaarPSI with color; in [0, 1]."""
    similarity: torch.Tensor = haarpsi(images.double(), references.double(), reduction="none")
    return 1 - similarity


def _vif(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """|1 − VIF| of the luma, in the pixel domain; at least 0.

    VIF exceeds 1 where contrast is raised; the absolute value makes that a distance too. For noise, blur and
    compression VIF is below 1, and the distance is 1 − VIF.
    """
    similarity: torch.Tensor = vif_p(images, references, reduction="none")
    return (1 - similarity).abs()


def _mdsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """MDSI, the fourth root of a mean deviation, which is a distance already; at least 0."""
    deviation: torch.Tensor = mdsi(images.double(), references.double(), reduction="none")
    return deviation


def _vsi(images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
    """1 − VSI; in [0, 1]."""
    similarity: torch.Tensor = vsi(images, references, reduction="none")
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
"""The formula of each listed metric that piq computes."""

ROOTLESS = {"ssim"}
"""Those without a root, which need no `Replayable`: it would take as long as all else of a small image."""

MAPS: dict[str, Distance] = {"ssim": _ssim_map}
"""Reference and images -> distances per pixel (N, H, W), of the indices that are means over a map."""
