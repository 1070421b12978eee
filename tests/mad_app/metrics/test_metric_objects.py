"""Metric objects of torchmetrics, piq and lpips, and modules that behave like those of pyiqa, as metrics."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import lpips
import numpy as np
import piq
import pytest
import torch

from mad_app.competition import Settings, compete
from mad_app.errors import ArgumentError
from mad_app.metrics import KnownMetric, MetricFailed, check_metric, get_metric, metric_from, resolve_metric
from mad_app.metrics.from_function import is_module
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(48)[:, :44]
IMAGES = noisy(REFERENCE, 0.05, 0.2)


def tensors(images: jax.Array) -> torch.Tensor:
    return torch.tensor(np.moveaxis(np.asarray(images), -1, -3))


def direct(function: Callable[..., Any]) -> list[float]:
    """The function's values, the image first."""
    return [float(function(tensors(image)[None], tensors(REFERENCE)[None]).detach()) for image in IMAGES]


def torchmetrics_image() -> Any:
    """Imported by the tests that need it alone: it takes seconds, which every process of the tests would wait."""
    import torchmetrics.image

    return torchmetrics.image


def torchmetrics_ssim(image: torch.Tensor, reference: torch.Tensor, data_range: float) -> Any:
    from torchmetrics.functional.image import structural_similarity_index_measure

    return structural_similarity_index_measure(image, reference, data_range=data_range)


def network() -> Any:
    """LPIPS of the package lpips without the download of its backbone, whose values stay random."""
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of torchvision, about an argument that lpips gives it
        return lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)


class LikePyiqa(torch.nn.Module):
    """As `pyiqa.create_metric` makes them: (target, reference) -> (N, 1), without a gradient unless asked for."""

    def __init__(self, *, as_loss: bool) -> None:
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), torch.nn.Dropout(0.5))
        torch.nn.init.normal_(self.net[0].weight, generator=torch.Generator().manual_seed(0))
        self.as_loss, self.calls = as_loss, [0]

    def __deepcopy__(self, memo: object) -> "LikePyiqa":
        copied = LikePyiqa(as_loss=self.as_loss)
        copied.calls = self.calls
        return copied

    def forward(self, target: torch.Tensor, ref: torch.Tensor | None = None, **_: object) -> torch.Tensor:
        self.calls[0] += 1
        with torch.set_grad_enabled(self.as_loss):
            return ((self.net(target) - self.net(ref)) ** 2).mean(dim=(1, 2, 3))[:, None]


OBJECTS: dict[str, tuple[Callable[[], Any], dict[str, Any], Callable[[], list[float]]]] = {
    "torchmetrics": (
        lambda: torchmetrics_image().StructuralSimilarityIndexMeasure(data_range=1.0),
        {"similarity": True},
        lambda: direct(lambda x, y: 1 - torchmetrics_ssim(x, y, data_range=1.0)),
    ),
    "a function of torchmetrics": (
        lambda: lambda reference, image: 1 - torchmetrics_ssim(image, reference, data_range=1.0),
        {"layout": "NCHW"},
        lambda: direct(lambda x, y: 1 - torchmetrics_ssim(x, y, data_range=1.0)),
    ),
    "a loss of piq": (lambda: piq.GMSDLoss(), {}, lambda: direct(piq.gmsd)),
    "a function of piq": (
        lambda: piq.vif_p,
        {"similarity": True, "reference_first": False},
        lambda: direct(lambda x, y: 1 - piq.vif_p(x, y)),
    ),
    "lpips": (
        network,
        {"data_range": (-1, 1)},
        lambda: direct(lambda x, y: network()(2 * x - 1, 2 * y - 1)),
    ),
    "pyiqa": (lambda: LikePyiqa(as_loss=True), {}, lambda: direct(LikePyiqa(as_loss=True).eval())),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_of_another_package_is_a_metric(kind: str) -> None:
    make, options, expected = OBJECTS[kind]
    metric = metric_from(make(), name=kind, **options)
    for _ in range(2):  # no state is kept
        distances, gradients = metric.bind(REFERENCE).value_and_grad(IMAGES)
        np.testing.assert_allclose(distances, expected(), rtol=1e-4)
    assert gradients.any(axis=(1, 2, 3)).all()
    *_, last = compete(REFERENCE, IMAGES[1], metric, get_metric("mse"), Settings(steps=4))
    np.testing.assert_allclose(last.drift, 0, atol=1e-3)
    assert last.first[0] > last.first[1]


@pytest.mark.parametrize("kind", ["torchmetrics", "pyiqa"])
def test_an_object_keeps_the_contract_of_a_metric(kind: str) -> None:
    make, options, _ = OBJECTS[kind]
    check_metric(metric_from(make(), name=kind, **options), size=32)


def test_the_object_itself_stays_as_it_was() -> None:
    counted = torchmetrics_image().StructuralSimilarityIndexMeasure(data_range=1.0)
    counted.update(tensors(IMAGES), tensors(IMAGES))
    for module, options in ((counted, {"similarity": True}), (LikePyiqa(as_loss=True).train(), {})):
        metric_from(module, name="Mine", **options).bind(REFERENCE).value_and_grad(IMAGES)
        assert module.training
        assert all(weight.requires_grad and weight.grad is None for weight in module.parameters())
    assert counted.update_count == 1
    assert float(counted.compute()) == pytest.approx(1)


def test_a_batch_is_given_together_where_each_image_has_its_own_value() -> None:
    module = LikePyiqa(as_loss=True)
    for batched, calls in ((None, 1), (True, 1), (False, 2)):
        bound = metric_from(module, name="Mine", batched=batched).bind(REFERENCE)
        module.calls[0] = 0
        bound.value_and_grad(IMAGES)
        assert module.calls == [calls]

    def of_the_batch(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        errors = ((reference - images) ** 2).mean(dim=(1, 2, 3))
        return errors / (1 + errors.mean())

    with pytest.raises(ArgumentError, match=r"\(N, 3, H, W\) it returned .* in a batch and .* for the same alone"):
        metric_from(of_the_batch, name="Mine", layout="NCHW", batched=True)
    alone = metric_from(of_the_batch, name="Mine", layout="NCHW").bind(REFERENCE).distances(IMAGES)
    np.testing.assert_allclose(alone, direct(of_the_batch), rtol=1e-5)


def test_a_jax_function_may_want_channels_first_batches_in_a_range() -> None:
    def distance(references: jax.Array, images: jax.Array) -> jax.Array:
        assert images.shape[1] == 3
        return jnp.mean((references - images) ** 2, axis=(1, 2, 3))

    metric = metric_from(distance, name="Mine", layout="NCHW", data_range=(0, 255), framework="jax")
    for ours, mse in zip(
        metric.bind(REFERENCE).value_and_grad(IMAGES),
        get_metric("mse").bind(REFERENCE).value_and_grad(IMAGES),
        strict=True,
    ):
        np.testing.assert_allclose(ours, 255**2 * mse, rtol=1e-4, atol=1e-6)


REFUSED: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "similarity": (
        lambda: torchmetrics_image().StructuralSimilarityIndexMeasure(data_range=1.0),
        {},
        r"^function Mine cannot be used as a metric: it returned 1 for two identical images and 0\.\d+ for .*: "
        r"is it a similarity\? Then pass similarity=True",
    ),
    "no similarity": (lambda: piq.GMSDLoss(), {"similarity": True}, r"is it a distance\? Then leave similarity out"),
    "infinite": (
        lambda: torchmetrics_image().PeakSignalNoiseRatio(data_range=1.0),
        {"similarity": True},
        "it returned inf for two identical images$",
    ),
    "no gradient": (lambda: LikePyiqa(as_loss=False), {}, r"is None \(is it computed under torch\.no_grad\(\)"),
    "a value for each channel": (
        lambda: lambda x, y: ((x - y) ** 2).mean(dim=(0, 2, 3)),
        {"layout": "NCHW", "framework": "torch"},
        r"called with PyTorch tensors \(1, 3, H, W\) it returned float32 of shape \(3,\), not a float32 scalar, for an",
    ),
    "class": (lambda: torch.nn.MSELoss, {}, "Mine must be a function, got the class MSELoss: make an object of it"),
    "framework": (lambda: abs, {"framework": "tensorflow"}, "^framework must be jax or torch, or None, got 'tensorf"),
    "layout": (lambda: abs, {"layout": "CHW"}, "^layout must be HWC or NCHW, or None, got 'CHW'"),
    "range": (lambda: abs, {"data_range": (1, 0)}, r"^data_range must be two finite numbers, .*, got \(1, 0\)"),
    "range of three": (lambda: abs, {"data_range": (0, 1, 2)}, r"^data_range must be two finite numbers, .*, got \(0,"),
    "range of text": (lambda: abs, {"data_range": "x"}, "^data_range must be two finite numbers, .*, got 'x'"),
    "batched": (lambda: abs, {"batched": "yes"}, "^batched must be True, False or None, got 'yes'"),
    "module in JAX": (lambda: piq.GMSDLoss(), {"framework": "jax"}, "^framework must be torch for Mine"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_came_is_said_in_one_sentence(fault: str) -> None:
    make, options, message = REFUSED[fault]
    with pytest.raises(ArgumentError, match=message) as raised:
        metric_from(make(), name="Mine", **options)
    assert "\n" not in str(raised.value)


def test_a_metric_is_probed_at_the_size_of_the_run() -> None:
    def blind_above_40(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        return ((reference - image)[:40, :40] ** 2).mean() if len(image) > 50 else 1 - ((reference - image) ** 2).mean()

    metric = metric_from(blind_above_40, name="Mine", framework="torch")
    message = "^the metric Mine failed: it returned 1 for two identical images .*: is it a similarity"
    with pytest.raises(MetricFailed, match=message):
        next(iter(compete(REFERENCE, IMAGES[1], metric, get_metric("mse"), Settings(steps=2))))
    scales = torchmetrics_image().MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0)
    metric = metric_from(scales, name="Mine", similarity=True)  # it takes no 64 pixels
    with pytest.raises(MetricFailed, match=r"it raised ValueError: .*, for an image of 44 × 48 pixels"):
        metric.bind(REFERENCE)


PROGRAM = """
import torch
from mad_app import get_metric, metric_from

module = torch.nn.MSELoss()
made = metric_from(module, name="made", data_range=(-1, 1))
both = made + 0.5 * get_metric("ssim")
"""


def test_a_module_or_a_metric_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_objects.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    mse, ssim = (np.asarray(get_metric(name)(REFERENCE, IMAGES)) for name in ("mse", "ssim"))
    expected: dict[str, np.ndarray] = {
        "their_objects:module": mse,
        "their_objects:made": 4 * mse,
        "their_objects:both": 4 * mse + 0.5 * ssim,
        "ssim+0.5*their_objects:made": 2 * mse + ssim,
    }
    for name, values in expected.items():
        metric: KnownMetric = resolve_metric(name)
        assert metric.name == name
        np.testing.assert_allclose(metric(REFERENCE, IMAGES), values, rtol=1e-4)


def test_a_function_is_no_module_while_another_thread_imports_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    assert not is_module(abs)
