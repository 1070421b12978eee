"""SSIM of the luma: against piq's SSIM of one channel, and its map against its mean."""

import numpy as np
import piq
import pytest
import torch

from mad_app.metrics import get_metric, measure_maps
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(60)[:48]
IMAGES = noisy(REFERENCE, 0.02, 0.2)


def luma_of(pictures: object) -> torch.Tensor:
    """(N, H, W, 3) as (N, 1, H, W) in float64."""
    return torch.from_numpy(np.asarray(pictures, np.float64) @ [0.299, 0.587, 0.114])[:, None]


def test_it_is_the_ssim_of_the_luma() -> None:
    images = luma_of(IMAGES)
    expected = 1 - piq.ssim(images, luma_of([REFERENCE]).expand_as(images), reduction="none", downsample=False)
    np.testing.assert_allclose(get_metric("ssim-luma").bind(REFERENCE).distances(IMAGES), expected, rtol=1e-4)


def test_it_ignores_changes_of_color_at_equal_luma() -> None:
    tinted = IMAGES + np.float32(0.1) * np.asarray([0.587, -0.299, 0], np.float32)
    before, after = (get_metric("ssim-luma").bind(REFERENCE).distances(images) for images in (IMAGES, tinted))
    np.testing.assert_allclose(after, before, rtol=1e-4)


def test_its_map_averages_to_it_over_whole_windows() -> None:
    metric = get_metric("ssim-luma")
    maps = measure_maps(metric, REFERENCE, IMAGES)
    assert maps.shape == (2, 48, 60)
    distances = metric.bind(REFERENCE).distances(IMAGES)
    np.testing.assert_allclose(maps[:, 5:-5, 5:-5].mean(axis=(1, 2)), distances, rtol=1e-4)
    assert measure_maps(metric, REFERENCE, REFERENCE[None]).max() == pytest.approx(0, abs=1e-5)
