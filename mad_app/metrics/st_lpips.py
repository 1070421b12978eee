"""ST-LPIPS: LPIPS on a network that a shift of the image by a pixel hardly changes.

Ghildyal, Liu: Shift-tolerant Perceptual Similarity Metric, ECCV 2022; the AlexNet variant. The strides of AlexNet are
taken out and replaced by a blur before every other position is dropped: the first convolution has stride 1, is blurred
and rectified; before each of the next two, a maximum over 3×3 at stride 1 is blurred. A blur is a reflected border of 2
pixels and [1 2 1]ᵀ[1 2 1] / 16 at stride 2. With f_l the features after each of the five ReLUs, of unit length along
the channels, and w_l the trained weights of that layer's head,

    d(x, y) = Σ_l mean over positions of Σ_channels w_l (f_l(x) − f_l(y))²

Convention: sRGB at full size, scaled to [−1, 1], then by LPIPS's constants. A map is the same sum before the means,
each layer enlarged to the image's size, as LPIPS does.
"""

from functools import lru_cache
from itertools import pairwise

import torch
from torch.nn.functional import conv2d, interpolate, max_pool2d, relu

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.on_device import bordered, constant
from mad_app.metrics.package_files import ST_LPIPS_WEIGHTS
from mad_app.metrics.safe_sqrt import SafeSqrt

CONVOLUTIONS = ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13")
"""The names of the five convolutions in the file of weights; the program beside it is not used."""

UNIT_FLOOR = 1e-10
"""Added to a length before it divides, as in the authors' program."""

CHUNK_PIXELS = 2**12
"""Pixels of a batch for which PyTorch's operations are long enough; more need memory."""

Tensors = dict[str, torch.Tensor]
Features = list[torch.Tensor]
"""For each layer (N, channels, height, width), of unit length along the channels."""


def st_lpips_metric(name: str, minimum_size: int) -> TorchMetric:
    """ST-LPIPS over AlexNet as a metric.

    Raises:
        MetricUnavailable: trained weights cannot be had.
    """
    _, source = _trained()
    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=_features,
        distances_to=_distances_to,
        weights=source,
        maps_to=_maps_to,
        chunk_pixels=CHUNK_PIXELS,
    )


def _distances_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
    return torch.stack([layer.mean(dim=(1, 2, 3)) for layer in _layers(prepared, images)]).sum(dim=0)


def _maps_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
    layers = [interpolate(layer, images.shape[2:], mode="bilinear") for layer in _layers(prepared, images)]
    return torch.cat(layers, dim=1).sum(dim=1)


def _layers(prepared: Features, images: torch.Tensor) -> list[torch.Tensor]:
    """Weighted squared differences of each layer, (N, 1, height, width)."""
    tensors = _on_device(images.device)
    return [
        conv2d((image - reference) ** 2, tensors[f"lin{index}.model.1.weight"])
        for index, (reference, image) in enumerate(zip(prepared, _features(images), strict=True))
    ]


def _features(images: torch.Tensor) -> Features:
    tensors = _on_device(images.device)
    features = (2 * images - 1 - tensors["scaling_layer.shift"]) / tensors["scaling_layer.scale"]
    layers = [relu(_blur(_convolve(features, tensors, CONVOLUTIONS[0], padding=2)))]
    for previous, name in pairwise(CONVOLUTIONS):
        features = layers[-1]
        if previous in CONVOLUTIONS[:2]:
            features = _blur(max_pool2d(features, kernel_size=3, stride=1))
        layers.append(relu(_convolve(features, tensors, name, padding=2 if name == CONVOLUTIONS[1] else 1)))
    return [_unit_length(layer) for layer in layers]


def _convolve(features: torch.Tensor, tensors: Tensors, name: str, *, padding: int) -> torch.Tensor:
    return conv2d(features, tensors[f"net.{name}.weight"], tensors[f"net.{name}.bias"], padding=padding)


def _blur(features: torch.Tensor) -> torch.Tensor:
    line = constant((0.25, 0.5, 0.25), features.device)
    kernel = torch.outer(line, line).expand(features.shape[1], 1, 3, 3)
    return conv2d(bordered(features, before=(2, 1), after=(-2, -3)), kernel, stride=2, groups=features.shape[1])


def _unit_length(features: torch.Tensor) -> torch.Tensor:
    with SafeSqrt():  # where all channels are 0, so is their length, a root
        length = (features**2).sum(dim=1, keepdim=True).sqrt()
    return features / (length + UNIT_FLOOR)


@lru_cache(maxsize=1)
def _trained() -> tuple[Tensors, str]:
    return ST_LPIPS_WEIGHTS.load()


@lru_cache(maxsize=4)
def _on_device(device: torch.device) -> Tensors:
    return {name: tensor.to(device) for name, tensor in _trained()[0].items()}
