"""LPIPS, with trained weights. The features of the reference are computed once.

Zhang, Isola, Efros, Shechtman, Wang: The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018.
With f_l the features of layer l, at each position of unit length, and w_l the trained weights of that layer's head,

    d(x, y) = Σ_l mean over positions of Σ_channels w_l (f_l(x) − f_l(y))²

The heads are those of version 0.1, from the files of the package lpips, which is not imported. The value is that of
`lpips.LPIPS.forward`, which evaluates the network for both images each time. A map is the same sum before the means,
with each layer upsampled to the image's size, as with `spatial=True` there.
"""

import copy
from functools import lru_cache

import torch
from torch import nn

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.lpips.architectures import CHANNELS, READ_AFTER, backbone
from mad_app.metrics.lpips.weights import kept_weights
from mad_app.metrics.on_device import constant
from mad_app.metrics.package_files import file_of_package, version_of
from mad_app.metrics.protocol import MetricUnavailable
from mad_app.metrics.safe_sqrt import SafeSqrt

HEADS_VERSION = "0.1"
"""Version of the linear heads; 0.0 does not scale the input."""

CHUNK_PIXELS = {"alex": 2**15, "vgg": 2**12, "squeeze": 2**16}
"""Pixels of a batch above which it is split: more need more memory, fewer make PyTorch's operations too short. Times of
LPIPS-alex and its gradient on four images with 2 cores, together and split: 18 and 18 ms at 64×64, 58 and 41 ms at
128×128, 240 and 145 ms at 256×256."""

MEAN, DEVIATION = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of ImageNet's colors in [-1, 1], by which the backbones' input is normalized."""

SMALLEST_LENGTH = 1e-10
"""Added to the length of a feature vector before it is divided by it, as the package lpips does."""

Features = list[torch.Tensor]
"""For each layer (N, channels, height, width), of unit length along the channels."""


class LpipsNetwork(nn.Module):
    """The backbone "alex", "vgg" or "squeeze" and the heads, with random values.

    Attributes:
        heads: for each layer that is read, a 1×1 convolution to one channel.
    """

    def __init__(self, net: str) -> None:
        super().__init__()
        self.features = backbone(net)
        self.heads = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in CHANNELS[net])
        self._read_after = READ_AFTER[net]

    def forward(self, images: torch.Tensor) -> Features:
        """The features of images (N, 3, H, W) in [0, 1]."""
        mean, deviation = (constant(values, images.device)[:, None, None] for values in (MEAN, DEVIATION))
        signal, read = (2 * images - 1 - mean) / deviation, []
        for position, layer in enumerate(self.features):
            signal = layer(signal)
            if position in self._read_after:
                read.append(signal)
        with SafeSqrt():  # the length of a vector of zeros is a root at 0
            return [layer / ((layer**2).sum(dim=1, keepdim=True).sqrt() + SMALLEST_LENGTH) for layer in read]


def lpips_metric(name: str, minimum_size: int, *, net: str) -> TorchMetric:
    """LPIPS over the backbone "alex", "vgg" or "squeeze".

    Raises:
        MetricUnavailable: the backbone's trained weights are not available.
    """
    network, source = trained_network(net)

    def prepare(reference: torch.Tensor) -> Features:
        features: Features = _on_device(network, reference.device)(reference)
        return features

    def distances_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([layer.mean(dim=(1, 2, 3)) for layer in layers_of(prepared, images)]).sum(dim=0)

    def maps_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
        enlarge = torch.nn.Upsample(images.shape[2:], mode="bilinear", align_corners=False)
        return torch.cat([enlarge(layer) for layer in layers_of(prepared, images)], dim=1).sum(dim=1)

    def layers_of(prepared: Features, images: torch.Tensor) -> list[torch.Tensor]:
        local = _on_device(network, images.device)
        layers = zip(local.heads, prepared, local(images), strict=True)
        return [head((features - kept) ** 2) for head, kept, features in layers]

    return TorchMetric(
        name=name,
        minimum_size=minimum_size,
        prepare=prepare,
        distances_to=distances_to,
        weights=source,
        maps_to=maps_to,
        chunk_pixels=CHUNK_PIXELS[net],
    )


@lru_cache(maxsize=3)
def trained_network(net: str) -> tuple[LpipsNetwork, str]:
    """The network of `net` on the CPU, ready for use, and the source of its weights.

    It is built without values and then filled with every tensor by name, so that none can stay random.

    Raises:
        MetricUnavailable: the trained weights of the backbone, or of the heads, are not available.
    """
    trained = kept_weights(net)
    with torch.device("meta"):
        network = LpipsNetwork(net)
    network.load_state_dict(trained.tensors | _heads(net), strict=True, assign=True)
    network.eval().requires_grad_(False)
    return network, f"{trained.source}; heads {HEADS_VERSION} of lpips {version_of('lpips')}"


@lru_cache(maxsize=6)
def _on_device(network: LpipsNetwork, device: torch.device) -> LpipsNetwork:
    return network if device.type == "cpu" else copy.deepcopy(network).to(device)


def _heads(net: str) -> dict[str, torch.Tensor]:
    """The linear heads in the package lpips, which calls them lin0.model.1.weight and so on."""
    file = file_of_package("lpips", f"weights/v{HEADS_VERSION}/{net}.pth")
    if file is None:
        raise MetricUnavailable("the package lpips does not hold its linear heads: install it again")
    heads: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return {f"heads.{position}.weight": tensor for position, tensor in enumerate(heads.values())}
