"""ST-LPIPS: against the network written as a plain sequence of layers, in float64, and what it is for."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

from mad_app.metrics import get_metric, measure_maps
from mad_app.metrics.package_files import ST_LPIPS_WEIGHTS
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(49)[:40]
IMAGES = noisy(REFERENCE, 0.05, 0.2)


class Blur(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        window = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=features.dtype) / 16
        bordered = nn.functional.pad(features, (2, 2, 2, 2), mode="reflect")
        return torch.cat(
            [nn.functional.conv2d(channel, window[None, None], stride=2) for channel in bordered.split(1, 1)], 1
        )


def slices() -> nn.ModuleList:
    pooled = [nn.MaxPool2d(3, stride=1), Blur()]
    return nn.ModuleList(
        [
            nn.Sequential(nn.Conv2d(3, 64, 11, padding=2), Blur(), nn.ReLU()),
            nn.Sequential(*pooled, nn.Conv2d(64, 192, 5, padding=2), nn.ReLU()),
            nn.Sequential(*pooled, nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
            nn.Sequential(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
        ]
    ).double()


def st_lpips(one: object, other: object) -> list[float]:
    """The distance of each layer between two pictures."""
    weights, _ = ST_LPIPS_WEIGHTS.load()
    parameters = [tensor for name, tensor in weights.items() if name.startswith("net.") and "filt" not in name]
    network = slices()
    for parameter, tensor in zip(network.parameters(), parameters, strict=True):
        parameter.data.copy_(tensor)
    heads = [tensor.double() for name, tensor in weights.items() if name.startswith("lin")]
    shift, scale = (torch.tensor(values)[:, None, None] for values in ([-0.03, -0.088, -0.188], [0.458, 0.448, 0.45]))
    one, other = (
        (2 * torch.tensor(np.array(picture, np.float64)).permute(2, 0, 1)[None] - 1 - shift) / scale
        for picture in (one, other)
    )
    distances = []
    for layers, head in zip(network, heads, strict=True):
        one, other = layers(one), layers(other)
        x, y = (features / (features.norm(dim=1, keepdim=True) + 1e-10) for features in (one, other))
        distances.append((head * (x - y) ** 2).sum(dim=1).mean().item())
    return distances


def test_it_is_the_sum_over_the_layers() -> None:
    expected = [sum(st_lpips(REFERENCE, image)) for image in IMAGES]
    np.testing.assert_allclose(get_metric("st-lpips-alex").bind(REFERENCE).distances(IMAGES), expected, rtol=1e-4)


def test_a_shift_by_a_pixel_matters_less_than_to_lpips() -> None:
    picture = noisy(smooth_picture(66), 0.1)[0]
    reference, shifted = picture[1:65, 1:65], picture[1:65, :64]
    changed = jnp.stack([shifted, noisy(reference, 0.1, seed=5)[0]])
    shift, noise = get_metric("st-lpips-alex").bind(reference).distances(changed)
    shift_of_lpips, noise_of_lpips = get_metric("lpips-alex").bind(reference).distances(changed)
    assert shift / noise < 0.5 * shift_of_lpips / noise_of_lpips


def test_its_map_averages_to_it() -> None:
    metric = get_metric("st-lpips-alex")
    maps = measure_maps(metric, REFERENCE, IMAGES)
    assert maps.shape == (2, 40, 49)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), metric.bind(REFERENCE).distances(IMAGES), rtol=0.1)
    assert measure_maps(metric, REFERENCE, REFERENCE[None]).max() == pytest.approx(0, abs=1e-6)
