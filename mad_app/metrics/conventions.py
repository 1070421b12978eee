"""How each metric is computed where papers and packages differ: color, resizing, range and window.

Every metric gets sRGB values in [0, 1] at the picture's own size; a convention says what becomes of them inside.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LUMA_601 = "luma alone (0.299 R + 0.587 G + 0.114 B of the sRGB values)"
"""ITU-R BT.601, as the Y of YIQ and YCbCr."""

NO_RESIZING = "none"
TO_256 = "averaged over blocks of round(shorter side / 256) pixels, from 384 pixels on"
HALVED = "averaged over blocks of 2 × 2 pixels"
FILTERED = "low-pass filtered before each halving inside the network, so that the finest checkerboard does not count"
WINDOW_11 = "Gaussian of 11 × 11 pixels, σ = 1.5, only where it lies inside the picture"


@dataclass(frozen=True, kw_only=True)
class Convention:
    """How a metric is computed, in phrases for people.

    Attributes:
        color: what it sees of color.
        resizing: how it reduces the picture before it compares.
        range: the range to which the values are scaled.
        window: over what it compares.
        published: how the published variant differs; None if it does not.
    """

    color: str
    resizing: str
    range: str
    window: str
    published: str | None = None

    def describe(self) -> str:
        """Sentences for a page or a command, the last without its full stop.

        Example:
            >>> CONVENTIONS["mse"].describe()[:54]
            'Color: R, G, B alike. Resizing: none. Range: 0 to 1. W'
        """
        published = self.published or "the same"
        return (
            f"Color: {self.color}. Resizing: {self.resizing}. Range: {self.range}. Window: {self.window}. "
            f"Published variant: {published}"
        )


def _lpips(receptive_field: str, resizing: str = NO_RESIZING) -> Convention:
    return Convention(
        color="R, G, B together, scaled by LPIPS's constants for ImageNet",
        resizing=resizing,
        range="-1 to 1",
        window=f"{receptive_field}; the mean over positions",
    )


CONVENTIONS: dict[str, Convention] = {
    "lasi": Convention(
        color="R, G, B interleaved: each is predicted from its neighbors in all three",
        resizing=NO_RESIZING,
        range="-1 to 1",
        window="the nearest 10 values before each one, or as many as the name says; the mean over positions",
    ),
    "lpips-alex": _lpips("5 layers of AlexNet, strides of 4 to 16 pixels"),
    "lpips-vgg": _lpips("5 layers of VGG-16, strides of 1 to 16 pixels"),
    "lpips-squeeze": _lpips("7 layers of SqueezeNet, strides of 2 to 16 pixels"),
    "mse": Convention(
        color="R, G, B alike",
        resizing=NO_RESIZING,
        range="0 to 1",
        window="none, the mean over all values",
        published="often in squared 8-bit levels, 65025 times as large",
    ),
    "ssim": Convention(
        color="R, G and B each by itself, then the mean",
        resizing=NO_RESIZING,
        range="0 to 1",
        window=WINDOW_11,
        published="luma alone; the authors' program also averages over blocks from 384 pixels on",
    ),
    "ms-ssim": Convention(
        color="R, G and B each by itself, then the mean",
        resizing="five scales, each averaged over blocks of 2 × 2 pixels of the one before",
        range="0 to 1",
        window=WINDOW_11,
        published="luma alone",
    ),
    "gmsd": Convention(
        color=LUMA_601, resizing=HALVED, range="0 to 1", window="Prewitt gradients of 3 × 3; the standard deviation"
    ),
    "fsim": Convention(
        color="YIQ, as FSIMc",
        resizing=TO_256,
        range="0 to 255",
        window="log-Gabor filters at 4 scales and 4 orientations, Scharr gradients of 3 × 3",
        published="the same as FSIMc; FSIM without the c uses luma alone",
    ),
    "haarpsi": Convention(color="YIQ", resizing=HALVED, range="0 to 255", window="Haar wavelets of 2, 4 and 8 pixels"),
    "vif": Convention(
        color=LUMA_601,
        resizing="four scales, each half as large as the one before",
        range="0 to 255",
        window="Gaussians of 17, 9, 5 and 3 pixels, σ a fifth of that; |1 − VIF|, as VIF exceeds 1 at raised contrast",
        published="in a wavelet domain; this is the authors' later program in the pixel domain",
    ),
    "mdsi": Convention(
        color="one luminance and two chrominance channels (LHM)",
        resizing=TO_256,
        range="0 to 255",
        window="Prewitt gradients of 3 × 3; the deviation from the mean",
    ),
    "vsi": Convention(
        color="one luminance and two chrominance channels (LMN); saliency from CIE Lab",
        resizing=f"{TO_256}; saliency at 256 × 256 pixels",
        range="0 to 255",
        window="Scharr gradients of 3 × 3, weighted by saliency",
    ),
    "ssim-luma": Convention(
        color=LUMA_601,
        resizing=NO_RESIZING,
        range="0 to 1",
        window=WINDOW_11,
        published="the same; the authors' program also averages over blocks from 384 pixels on",
    ),
    "nlpd": Convention(
        color=LUMA_601,
        resizing="six levels of a Laplacian pyramid, each half as large as the one before",
        range="0 to 1",
        window="binomial filters of 5 × 5, local amplitudes of 3 × 3 to 3 × 5; the mean of the levels' deviations",
        published="of gray values; another conversion to gray than this luma moves it by 5 to 9 %",
    ),
    "dists": Convention(
        color="R, G, B together, scaled by ImageNet's constants",
        resizing=NO_RESIZING,
        range="0 to 1",
        window="6 layers of VGG-16 with L2 pooling; statistics over the whole picture",
        published="often with the shorter side scaled to 256 pixels first, which moves it by 8 to 20 %",
    ),
    "st-lpips-alex": _lpips("5 layers of AlexNet, strides of 2 to 8 pixels", FILTERED),
    "wasserstein": Convention(
        color="R, G, B together, scaled by ImageNet's constants",
        resizing="the picture, its half and its quarter",
        range="0 to 1",
        window="5 layers of VGG-16 with average pooling; local means and deviations over about σ pixels",
        published="the same as the authors' PyTorch program; their JAX program pads otherwise (0.4 % at σ = 16)",
    ),
    "ssimulacra2": Convention(
        color="XYB, of the picture in 8 bits",
        resizing="six scales, each averaged over blocks of 2 × 2 pixels of the one before",
        range="0 to 1",
        window="Gaussian, σ = 1.5; norms over positions",
        published="a score of 100 for identical pictures; this is what it lacks of 100",
    ),
    "flip": Convention(
        color="opponent colors and CIE Lab",
        resizing=NO_RESIZING,
        range="0 to 1",
        window="contrast sensitivity at 67 pixels per degree; the mean over positions",
    ),
}
"""The conventions of the listed metrics, by name."""

PAPERS: Mapping[str, str] = {
    "lasi": "https://arxiv.org/abs/2310.05986",
    "lpips-alex": "https://arxiv.org/abs/1801.03924",
    "lpips-vgg": "https://arxiv.org/abs/1801.03924",
    "lpips-squeeze": "https://arxiv.org/abs/1801.03924",
    "ssim": "https://doi.org/10.1109/TIP.2003.819861",
    "ms-ssim": "https://doi.org/10.1109/ACSSC.2003.1292216",
    "gmsd": "https://doi.org/10.1109/TIP.2013.2293423",
    "fsim": "https://doi.org/10.1109/TIP.2011.2109730",
    "haarpsi": "https://arxiv.org/abs/1607.06140",
    "vif": "https://doi.org/10.1109/TIP.2005.859378",
    "mdsi": "https://arxiv.org/abs/1608.07433",
    "vsi": "https://doi.org/10.1109/TIP.2014.2346028",
    "ssim-luma": "https://doi.org/10.1109/TIP.2003.819861",
    "nlpd": "https://doi.org/10.2352/ISSN.2470-1173.2016.16.HVEI-103",
    "dists": "https://arxiv.org/abs/2004.07728",
    "st-lpips-alex": "https://arxiv.org/abs/2207.13686",
    "wasserstein": "https://arxiv.org/abs/2310.03629",
    "ssimulacra2": "https://github.com/cloudinary/ssimulacra2",
    "flip": "https://doi.org/10.1145/3406183",
}
"""Where each metric was published; MSE has no paper of its own."""
