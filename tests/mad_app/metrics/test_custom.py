"""Metrics from outside: functions in JAX or PyTorch, told apart by trying, never named by a page."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mad_app.metrics import JaxMetric, check_metric, get_metric, load_metric, resolve_metric
from mad_app.metrics.from_torch import TorchMetric
from tests.mad_app.metrics.pictures import noisy, smooth_picture

PROGRAM = """
import jax.numpy as jnp
import numpy as np
import torch

def in_jax(reference, image):
    return jnp.mean((reference - image) ** 2)

def in_torch(reference, image):
    assert reference.shape == image.shape == (*image.shape[:2], 3)
    return torch.nn.functional.mse_loss(image, reference)

def in_either(reference, image):
    return ((reference - image) ** 2).mean()

def in_numpy(reference, image):
    return np.mean((np.asarray(reference) - np.asarray(image)) ** 2)

def a_map(reference, image):
    return (reference - image) ** 2

def constant(reference, image):
    return torch.zeros(())

def of_one(image):
    return image.mean()

number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "their_metrics.py").write_text(PROGRAM)
    (tmp_path / "their_broken.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "their_metrics"
    sys.modules.pop("their_metrics", None)


@pytest.mark.parametrize(
    ("function", "kind"), [("in_jax", JaxMetric), ("in_torch", TorchMetric), ("in_either", JaxMetric)]
)
def test_a_function_of_two_images_is_a_metric(module: str, function: str, kind: type) -> None:
    metric = load_metric(f"{module}:{function}")
    assert isinstance(metric, kind)
    assert metric.name == f"{module}:{function}"
    check_metric(metric, size=24)
    reference = smooth_picture(24)
    images = noisy(reference, 0.1, 0.3)
    for ours, theirs in zip(
        metric.bind(reference).value_and_grad(images),
        get_metric("mse").bind(reference).value_and_grad(images),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("in_numpy", r"JAX arrays: TracerArrayConversionError.*PyTorch tensors: RuntimeError.*requires grad"),
        ("a_map", r"JAX arrays: it returned .*\(256, 256, 3\).*, not a float32 scalar.*tensors: it returned Tensor"),
        ("constant", "PyTorch tensors: its result has no gradient with respect to the image"),
        ("of_one", "is no metric: it must take .reference, image.*TypeError.*TypeError"),
        ("number", "is no function but of type int"),
        ("nothing", "has no attribute 'nothing'"),
    ],
)
def test_another_function_is_refused_with_what_each_trial_gave(module: str, function: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_metric(f"{module}:{function}")


@pytest.mark.parametrize("name", ["their_metrics", ":in_jax", "their_metrics:", ""])
def test_a_name_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"named package\.module:function"):
        load_metric(name)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("name", ["no_such_module:metric", "their_broken:metric"])
def test_a_module_that_cannot_be_imported_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: the module {name.partition(':')[0]} cannot be imported from here"):
        load_metric(name)


def test_only_the_explicit_functions_import_by_name(module: str) -> None:
    with pytest.raises(ValueError, match="there is no metric 'their_metrics:in_jax'"):
        get_metric(f"{module}:in_jax")
    assert module not in sys.modules
    assert resolve_metric(f"{module}:in_jax").name == "their_metrics:in_jax"


def test_the_table_comes_before_modules_of_the_same_name() -> None:
    assert resolve_metric("lasi:4").name == "lasi:4"
    assert resolve_metric("mse").name == "mse"
    with pytest.raises(ValueError, match="mse takes no number"):
        resolve_metric("mse:function")
    with pytest.raises(ValueError, match="there is no metric 'nothing'"):
        resolve_metric("nothing")
