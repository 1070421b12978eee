"""Wasserstein distortion: against the definition written out in float64, its limit σ = 1, textures, and its map."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torchvision
from torch.nn.functional import avg_pool2d, conv2d

from mad_app.metrics import get_metric, measure_maps
from mad_app.metrics.lpips.weights import load_weights
from mad_app.metrics.wasserstein import wasserstein_curve
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(75)[:66]
IMAGES = noisy(REFERENCE, 0.03, 0.2)
WINDOW = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float64)[None, None] / 16


def low_pass(values: torch.Tensor, stride: int = 1) -> torch.Tensor:
    channels = values.transpose(0, 1)  # as a batch, so that each is filtered by itself
    return conv2d(channels, WINDOW, stride=stride, padding=1).transpose(0, 1)


def feature_maps(picture: object) -> list[torch.Tensor]:
    """The normalized picture and 15 maps, by torchvision's network with its pooling layers passed over."""
    tensors = {name.partition(".")[2]: tensor for name, tensor in load_weights("vgg").tensors.items()}
    with torch.device("meta"):  # no values that nothing reads
        network = torchvision.models.vgg16(weights=None).features
    network.load_state_dict(tensors, assign=True)
    image = torch.tensor(np.array(picture, np.float64)).permute(2, 0, 1)[None]
    image = torchvision.transforms.functional.normalize(image, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    maps = [image]
    for _ in range(3):
        features = image
        for index, layer in enumerate(network[:30].double().requires_grad_(False)):
            features = avg_pool2d(features, 2) if isinstance(layer, torch.nn.MaxPool2d) else layer(features)
            if index in (3, 8, 15, 22, 29):
                maps.append(features.clone())
        image = low_pass(image, stride=2)
    return maps


def of_map(a: torch.Tensor, b: torch.Tensor, log_sigma: float) -> float:
    """One map's share: level 0, then five levels of local means and deviations."""
    weights = torch.full((1, 1, *a.shape[2:]), log_sigma, dtype=torch.float64)
    total = (torch.relu(1 - weights) * (a - b) ** 2).mean()
    moments = [a, a**2, b, b**2]
    for level in range(1, 6):
        moments = [low_pass(moment) for moment in moments]
        mean_a, square_a, mean_b, square_b = moments
        deviation_a, deviation_b = (
            (square - mean**2).clamp(min=1e-8).sqrt() for square, mean in ((square_a, mean_a), (square_b, mean_b))
        )
        distances = (mean_a - mean_b) ** 2 + (deviation_a - deviation_b) ** 2
        total += (torch.relu(1 - (weights - level).abs()) * distances).mean()
        weights = low_pass(weights, stride=2)
        moments = [moment[:, :, ::2, ::2] for moment in moments]
    return total.item()


def wasserstein(of_one: list[torch.Tensor], of_other: list[torch.Tensor], sigma: float) -> float:
    area = of_one[0][0, 0].numel()
    return sum(
        of_map(a, b, max(0.0, np.log2(sigma) - 0.5 * np.log2(area / a[0, 0].numel())))
        for a, b in zip(of_one, of_other, strict=True)
    )


@pytest.fixture(scope="module")
def maps() -> list[list[torch.Tensor]]:
    """Of the reference and of an image."""
    return [feature_maps(picture) for picture in (REFERENCE, IMAGES[1])]


@pytest.mark.parametrize(("name", "sigma"), [("wasserstein:1", 1), ("wasserstein", 4), ("wasserstein:11.5", 11.5)])
def test_it_is_that_of_the_definition(name: str, sigma: float, maps: list[list[torch.Tensor]]) -> None:
    expected = wasserstein(maps[1], maps[0], sigma)
    np.testing.assert_allclose(get_metric(name).bind(REFERENCE).distances(IMAGES)[1], expected, rtol=1e-4)


def test_a_curve_is_the_metric_at_each_width() -> None:
    curve = wasserstein_curve(REFERENCE, IMAGES, [1.0, 2.5, 11.5])
    for i, name in enumerate(["wasserstein:1", "wasserstein:2.5", "wasserstein:11.5"]):
        np.testing.assert_allclose(curve[:, i], get_metric(name).bind(REFERENCE).distances(IMAGES), rtol=1e-5)


def test_a_wide_pooling_forgives_another_piece_of_the_same_texture() -> None:
    texture = noisy(jnp.full((64, 192, 3), 0.5), 0.2)[0]
    reference, images = texture[:, :64], jnp.stack([texture[:, 64:128], jnp.full((64, 64, 3), 0.5)])
    narrow, wide = (get_metric(name).bind(reference).distances(images) for name in ("wasserstein:1", "wasserstein:16"))
    assert narrow[0] > 0.5 * narrow[1]
    assert wide[0] < 0.25 * wide[1]


@pytest.mark.parametrize("name", ["wasserstein:1", "wasserstein:8"])
def test_its_map_averages_to_it(name: str) -> None:
    metric = get_metric(name)
    maps = measure_maps(metric, REFERENCE, IMAGES)
    assert maps.shape == (2, 66, 75)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), metric.bind(REFERENCE).distances(IMAGES), rtol=0.1)
    assert measure_maps(metric, REFERENCE, REFERENCE[None]).max() == pytest.approx(0, abs=1e-5)
