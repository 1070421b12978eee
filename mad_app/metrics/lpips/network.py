"""LPIPS by the networks of the package lpips, with trained weights. The features of the reference are computed once.

Zhang, Isola, Efros, Shechtman, Wang: The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018.
With f_l the features of layer l, at each position of unit length, and w_l the trained weights of that layer's head,

    d(x, y) = Σ_l mean over positions of Σ_channels w_l (f_l(x) − f_l(y))²

The heads are those of version 0.1. The value is that of `lpips.LPIPS.forward`, which evaluates the network for both
images each time. A map is the same sum before the means, with each layer upsampled to the image's size, as with
`spatial=True` there.
"""

import copy
import importlib.metadata
import warnings
from functools import lru_cache
from pathlib import Path

import lpips
import torch

from mad_app.metrics.from_torch import TorchMetric
from mad_app.metrics.lpips.weights import load_weights
from mad_app.metrics.safe_sqrt import SafeSqrt

HEADS_VERSION = "0.1"
"""Version of the linear heads; 0.0 does not scale the input."""

CHUNK_PIXELS = {"alex": 2**15, "vgg": 2**12, "squeeze": 2**16}
"""Pixels of a batch above which it is split: more need more memory, fewer make PyTorch's operations too short. Times of
LPIPS-alex and its gradient on four images with 2 cores, together and split: 18 and 18 ms at 64×64, 58 and 41 ms at
128×128, 240 and 145 ms at 256×256."""

Features = list[torch.Tensor]
"""For each layer (N, channels, height, width), of unit length along the channels."""


def lpips_metric(name: str, minimum_size: int, *, net: str) -> TorchMetric:
    """LPIPS over the backbone "alex", "vgg" or "squeeze".

    Raises:
        MetricUnavailable: the backbone's trained weights are not available.
    """
    network, source = trained_network(net)

    def prepare(reference: torch.Tensor) -> Features:
        return _features(_on_device(network, reference.device), reference)

    def distances_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([layer.mean(dim=(1, 2, 3)) for layer in layers_of(prepared, images)]).sum(dim=0)

    def maps_to(prepared: Features, images: torch.Tensor) -> torch.Tensor:
        enlarge = torch.nn.Upsample(images.shape[2:], mode="bilinear", align_corners=False)
        return torch.cat([enlarge(layer) for layer in layers_of(prepared, images)], dim=1).sum(dim=1)

    def layers_of(prepared: Features, images: torch.Tensor) -> list[torch.Tensor]:
        local = _on_device(network, images.device)
        layers = zip(local.lins, prepared, _features(local, images), strict=True)
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
def trained_network(net: str) -> tuple[lpips.LPIPS, str]:
    """The network of `net` on the CPU, ready for use, and the source of its weights.

    It is built without values and then filled with every tensor by name, so that none can stay random.

    Raises:
        MetricUnavailable: the backbone's trained weights are not available.
    """
    backbone = load_weights(net)
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.filterwarnings("ignore", message=".*pretrained|.*weight enum", module="torchvision")
        network = lpips.LPIPS(net=net, version=HEADS_VERSION, pnet_rand=True, pretrained=False, verbose=False)
    constants = network.scaling_layer.state_dict(prefix="scaling_layer.")
    tensors = constants | _named_as_in(network.net, backbone.tensors) | _heads(net)
    network.load_state_dict(tensors, strict=True, assign=True)
    network.eval().requires_grad_(False)
    return network, f"{backbone.source}; heads {HEADS_VERSION} of lpips {importlib.metadata.version('lpips')}"


@lru_cache(maxsize=6)
def _on_device(network: lpips.LPIPS, device: torch.device) -> lpips.LPIPS:
    return network if device.type == "cpu" else copy.deepcopy(network).to(device)


def _features(network: lpips.LPIPS, images: torch.Tensor) -> Features:
    with SafeSqrt():  # the length of a vector of zeros is a root at 0
        return [lpips.normalize_tensor(layer) for layer in network.net(network.scaling_layer(2 * images - 1))]


def _named_as_in(network: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Torchvision's features.3.bias is lpips's net.slice2.3.bias: its slices keep torchvision's numbers."""
    names = {f"net.{name}": f"features.{name.partition('.')[2]}" for name in network.state_dict()}
    return {name: tensors[original] for name, original in names.items()}


def _heads(net: str) -> dict[str, torch.Tensor]:
    """The linear heads in the package lpips, under both names that its module gives them: lin0 and lins.0."""
    file = Path(lpips.__file__).parent / "weights" / f"v{HEADS_VERSION}" / f"{net}.pth"
    heads: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return heads | {name.replace("lin", "lins.", 1): tensor for name, tensor in heads.items()}
