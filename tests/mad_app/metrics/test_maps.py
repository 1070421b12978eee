"""A map is what its metric averages: against the distance itself, the packages that draw such maps, and differences."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from lasi import LASI
from mad_app.metrics import get_metric, measure_maps
from tests.mad_app.metrics.lpips.test_network import network_of_lpips
from tests.mad_app.metrics.pictures import noisy, smooth_picture

SIZE = 40
REFERENCE = smooth_picture(SIZE)
IMAGES = noisy(REFERENCE, 0.05, 0.2)


def maps_of(name: str) -> np.ndarray:
    maps = measure_maps(get_metric(name), REFERENCE, IMAGES)
    assert maps.shape == (2, SIZE, SIZE)
    return maps


def distances(name: str) -> np.ndarray:
    return np.asarray(get_metric(name).bind(REFERENCE).distances(IMAGES))


@pytest.mark.parametrize("name", ["mse", "lasi:4"])
def test_the_mean_of_a_map_is_the_distance(name: str) -> None:
    np.testing.assert_allclose(maps_of(name).mean(axis=(1, 2)), distances(name), rtol=1e-4)


def test_lasi_is_its_distance_map() -> None:
    lasi = LASI(REFERENCE.shape, 4)
    expected = [lasi.distance_map(2 * REFERENCE - 1, 2 * image - 1) for image in IMAGES]
    np.testing.assert_allclose(maps_of("lasi:4"), np.asarray(expected), atol=1e-4)


def test_ssim_is_the_mean_over_whole_windows() -> None:
    maps = maps_of("ssim")
    np.testing.assert_allclose(maps[:, 5:-5, 5:-5].mean(axis=(1, 2)), distances("ssim"), rtol=1e-4)
    np.testing.assert_array_equal(maps[:, :5, 20], np.repeat(maps[:, 5:6, 20], 5, axis=1))


def test_lpips_is_the_spatial_output_of_its_package() -> None:
    network = network_of_lpips("alex")
    network.spatial = True
    one, others = (torch.tensor(np.asarray(2 * z - 1)).permute(0, 3, 1, 2) for z in (REFERENCE[None], IMAGES))
    expected = network(one.expand_as(others), others)[:, 0]
    np.testing.assert_allclose(maps_of("lpips-alex"), expected.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(maps_of("lpips-alex").mean(axis=(1, 2)), distances("lpips-alex"), rtol=0.1)


def test_others_give_each_pixel_its_first_order_share() -> None:
    bound, maps = get_metric("gmsd").bind(REFERENCE), maps_of("gmsd")
    row, column = np.unravel_index(maps[1].argmax(), maps[1].shape)
    direction = jnp.zeros_like(REFERENCE).at[row, column].set((IMAGES[1] - REFERENCE)[row, column])
    step = 0.05
    here, nearer = bound.distances(jnp.stack([IMAGES[1], IMAGES[1] - step * direction]))
    assert float(maps[1].max()) == pytest.approx(abs(float(here - nearer)) / step, rel=0.2)


@pytest.mark.parametrize("name", ["lasi:4", "lpips-alex", "ssim", "gmsd"])
def test_identical_images_leave_the_map_empty(name: str) -> None:
    maps = measure_maps(get_metric(name), REFERENCE, REFERENCE[None])
    np.testing.assert_allclose(maps, 0, atol=1e-5)
