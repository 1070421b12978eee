"""The convolutional layers of LPIPS's backbones, as torchvision has them, and after which of them LPIPS reads features.

Importing torchvision for them would take as long as importing PyTorch. A test compares them with it.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import nn

READ_AFTER = {
    "alex": (1, 4, 7, 9, 11),
    "vgg": (3, 8, 15, 22, 29),
    "squeeze": (1, 4, 7, 9, 10, 11, 12),
}
"""Positions of the layers whose outputs are the features, from 0; those after the last one are left out."""

CHANNELS = {
    "alex": (64, 192, 384, 256, 256),
    "vgg": (64, 128, 256, 512, 512),
    "squeeze": (64, 128, 256, 384, 384, 512, 512),
}
"""Channels of these features."""

VGG16_BLOCKS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512, 512, 512, 512))
"""Channels before and after each convolution between two poolings."""


class Fire(nn.Module):
    """SqueezeNet's module: 1×1 convolutions to fewer channels, then 1×1 and 3×3 ones beside each other."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """(N, channels, H, W) -> (N, 2 expanded, H, W)."""
        squeezed = nn.functional.relu(self.squeeze(signal), inplace=True)
        branches = (self.expand1x1(squeezed), self.expand3x3(squeezed))
        return torch.cat([nn.functional.relu(branch, inplace=True) for branch in branches], 1)


def backbone(net: str) -> nn.Sequential:
    """The layers of "alex", "vgg" or "squeeze" up to the last one that is read, with PyTorch's random values."""
    return nn.Sequential(*_LAYERS[net]()[: READ_AFTER[net][-1] + 1])


def _alexnet() -> Sequence[nn.Module]:
    """Krizhevsky 2014 (one weird trick)."""
    return [
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True)),
    ]


def _vgg16() -> Sequence[nn.Module]:
    """Simonyan & Zisserman, ICLR 2015, configuration D."""
    layers: list[nn.Module] = []
    for block in VGG16_BLOCKS:
        for before, after in itertools.pairwise(block):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        layers.append(nn.MaxPool2d(2, 2))
    return layers


def _squeezenet() -> Sequence[nn.Module]:
    """Iandola et al. 2016, version 1.1."""
    return [
        *(nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True)),
        *(Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True)),
        *(Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True)),
        *(Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)),
    ]


_LAYERS = {"alex": _alexnet, "vgg": _vgg16, "squeeze": _squeezenet}
