"""VGG-16 without its classifier: the features of its five stages.

Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015; the weights trained
on ImageNet that torchvision distributes. A stage is two or three convolutions with ReLU; between stages the features
are halved by a pooling that the caller chooses, as DISTS and Wasserstein distortion do not take the maximum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn.functional import conv2d, relu

from mad_app.metrics.lpips.weights import kept_weights
from mad_app.metrics.on_device import constant

STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
"""The convolutions of each stage, by torchvision's index in `features`."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the red, green and blue values, in [0, 1], on which the network was trained."""

Pooling = Callable[[torch.Tensor], torch.Tensor]
"""Features (N, C, H, W) -> about (N, C, H / 2, W / 2)."""


@dataclass(frozen=True, eq=False)
class VGG16:
    """The trained convolutions, each a weight (out, in, 3, 3) and a bias (out,), by stage."""

    stages: tuple[tuple[tuple[torch.Tensor, torch.Tensor], ...], ...]

    def features(self, images: torch.Tensor, pool: Pooling) -> list[torch.Tensor]:
        """The features of images (N, 3, H, W) after each stage's last ReLU.

        Args:
            images: normalized by `normalize`.
            pool: halves the features before each stage but the first.
        """
        features = []
        for index, convolutions in enumerate(self.stages):
            images = pool(images) if index else images
            for weight, bias in convolutions:
                images = relu(conv2d(images, weight, bias, padding=1))
            features.append(images)
        return features


def normalize(images: torch.Tensor) -> torch.Tensor:
    """Images (N, 3, H, W) in [0, 1] with ImageNet's mean and deviation taken out of each channel."""
    mean, deviation = (constant(values, images.device)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
    return (images - mean) / deviation


@lru_cache(maxsize=1)
def trained_vgg16() -> tuple[VGG16, str]:
    """The network on the CPU, and the source of its weights.

    Raises:
        MetricUnavailable: the trained weights cannot be had.
    """
    weights = kept_weights("vgg")
    tensors = weights.tensors
    stages = tuple(
        tuple((tensors[f"features.{index}.weight"], tensors[f"features.{index}.bias"]) for index in indices)
        for indices in STAGES
    )
    return VGG16(stages), weights.source


@lru_cache(maxsize=4)
def vgg16_on(device: torch.device) -> VGG16:
    """The trained network on a device."""
    network, _ = trained_vgg16()
    return VGG16(tuple(tuple((w.to(device), b.to(device)) for w, b in stage) for stage in network.stages))
