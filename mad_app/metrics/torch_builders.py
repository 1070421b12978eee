"""Builders of metrics that PyTorch computes. torch is imported when one of them is built, not with this file."""

from mad_app.metrics.protocol import KnownMetric


def build_ssim_luma(name: str, minimum_size: int) -> KnownMetric:
    """SSIM of the Rec. 601 luma."""
    from mad_app.metrics.ssim_luma import ssim_luma_metric

    return ssim_luma_metric(name, minimum_size)


def build_nlpd(name: str, minimum_size: int) -> KnownMetric:
    """The distance between normalized Laplacian pyramids."""
    from mad_app.metrics.nlpd import nlpd_metric

    return nlpd_metric(name, minimum_size)


def build_dists(name: str, minimum_size: int) -> KnownMetric:
    """DISTS.

    Raises:
        MetricUnavailable: the trained weights cannot be had.
    """
    from mad_app.metrics.dists import dists_metric

    return dists_metric(name, minimum_size)


def build_st_lpips(name: str, minimum_size: int) -> KnownMetric:
    """ST-LPIPS over AlexNet.

    Raises:
        MetricUnavailable: the trained weights cannot be had.
    """
    from mad_app.metrics.st_lpips import st_lpips_metric

    return st_lpips_metric(name, minimum_size)


def build_wasserstein(name: str, minimum_size: int, *, sigma: float) -> KnownMetric:
    """Wasserstein distortion of pooling width `sigma` in pixels.

    Raises:
        MetricUnavailable: the trained weights cannot be had.
    """
    from mad_app.metrics.wasserstein import wasserstein_metric

    return wasserstein_metric(name, minimum_size, sigma=sigma)
