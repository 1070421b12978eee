"""Custom metrics: functions in JAX or PyTorch, which is which found by calling them, and reports of what they did."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mad_app.errors import ArgumentError
from mad_app.metrics import JaxMetric, check_metric, custom, get_metric, load_metric, metric_from, resolve_metric
from mad_app.metrics.from_torch import TorchMetric
from tests.mad_app.metrics.pictures import noisy, smooth_picture

PROGRAM = """
import jax.numpy as jnp

def in_jax(reference, image):
    return jnp.mean((reference - image) ** 2)

def failing(reference, image):
    return {}["weights"]

number = 3
"""

MODULES = {
    "their_metrics": PROGRAM,
    "their_import": "\nimport a_package_that_nobody_has\n",
    "their_syntax": "import math\n\ndef metric(reference, image:\n    return 0\n",
    "their_error": "SIZE = 3\nTABLE = {}[SIZE]\n",
    "their_exit": "import sys\nsys.exit('no GPU here')\n",
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, program in MODULES.items():
        (tmp_path / f"{name}.py").write_text(program)
    monkeypatch.syspath_prepend(tmp_path)
    yield "their_metrics"
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture(autouse=True)
def _small_test_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom, "PROBE_SIZES", (32,))


def in_jax(reference: jax.Array, image: jax.Array) -> jax.Array:
    return jnp.mean((reference - image) ** 2)


def in_torch(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    assert reference.shape == image.shape == (*image.shape[:2], 3)
    return torch.nn.functional.mse_loss(image, reference)


def in_either(reference: Any, image: Any) -> Any:
    return ((reference - image) ** 2).mean()


@pytest.mark.parametrize(
    ("function", "kind"),
    [(in_jax, JaxMetric), (in_torch, TorchMetric), (in_either, JaxMetric)],
    ids=["jax", "torch", "either"],
)
def test_a_function_of_two_images_is_a_metric(function: Callable[..., Any], kind: type) -> None:
    metric = metric_from(function, name="My metric")
    assert isinstance(metric, kind)
    assert metric.name == "My metric"
    check_metric(metric, size=24)
    reference = smooth_picture(24)
    images = noisy(reference, 0.1, 0.3)
    for ours, theirs in zip(
        metric.bind(reference).value_and_grad(images),
        get_metric("mse").bind(reference).value_and_grad(images),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


def no_gradient_in_torch(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    return torch.mean((image.detach() - reference) ** 2)


def constant_graph_in_torch(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    different = torch.any(image != reference).float()
    return different + 0 * image.sum()


def loop_in_jax(reference: jax.Array, image: jax.Array) -> jax.Array:
    error = jnp.mean((reference - image) ** 2)
    return jax.lax.while_loop(lambda value: value > 1, lambda value: value / 2, error)


def in_numpy(reference: Any, image: Any) -> Any:
    return np.mean((np.asarray(reference) - np.asarray(image)) ** 2)


FAULTS: dict[str, tuple[Any, str]] = {
    "negative": (
        lambda x, y: -jnp.mean((x - y) ** 2),
        r"it returned -?0 for two identical images and -0\.0\d* for two images that differ by noise of 0\.1: is it",
    ),
    "negative for identical images": (lambda x, y: torch.mean((x - y) ** 2) - 1e-3, "but a distance is at least 0"),
    "not 0 for identical images": (
        lambda x, y: jnp.mean((x - y) ** 2) + 0.1,
        r"it returned 0\.1 for two identical images and 0\.1\d+ for two images .*, but a distance is 0 for two",
    ),
    "saturated": (
        lambda x, y: jnp.minimum(1e3 * jnp.mean((x - y) ** 2), 0.5) - 1e-9 * jnp.sum(y),
        r"it did not grow with the noise: its distance is 0\.49\d* for noise of 0\.03, 0\.49\d* for",
    ),
    "NaN": (lambda x, y: jnp.log(-jnp.mean((x - y) ** 2)), "it returned nan for two images that differ"),
    "NaN in torch": (lambda x, y: torch.log(-torch.mean((x - y) ** 2)), "it returned nan for two images that differ"),
    "infinite at identity": (lambda x, y: 1 / jnp.mean((x - y) ** 2), "it returned inf for two identical images"),
    "similarity": (
        lambda x, y: 1 - jnp.mean((x - y) ** 2),
        r"returned 1 for two identical images and 0\.9\d* for two images that differ .*: is it a similarity\? "
        r"Then pass similarity=True, or return 1 - s",
    ),
    "no gradient": (
        lambda x, y: jax.lax.stop_gradient(jnp.mean((x - y) ** 2)),
        "has a gradient that is 0 everywhere for two images that differ",
    ),
    "no gradient in torch": (
        no_gradient_in_torch,
        r"gradient with respect to the image is None \(is it computed under",
    ),
    "flat in torch": (constant_graph_in_torch, "has a gradient that is 0 everywhere"),
    "NaN gradient": (
        lambda x, y: jnp.mean((x - y) ** 2) + jnp.sum(jnp.sqrt(0 * y)),
        "has a gradient that is NaN or infinite for two images that differ",
    ),
    "no derivative": (
        loop_in_jax,
        r"called with JAX arrays it raised ValueError: Reverse-mode .*while_loop",
    ),
    "map": (
        lambda x, y: (x - y) ** 2,
        r"JAX arrays it returned float32 of shape \(32, 32, 3\), not a float32 scalar, for an image of 32 × 32 pixels; "
        r"called with PyTorch tensors it returned float32 of shape \(32, 32, 3\)",
    ),
    "half precision": (
        lambda x, y: jnp.mean((x - y) ** 2).astype(jnp.float16),
        r"JAX arrays it returned float16 of shape",
    ),
    "whole number": (lambda x, y: jnp.sum(x != y), r"JAX arrays it returned int32 of shape \(\), not a float32 scalar"),
    "double in torch": (lambda x, y: torch.mean((x - y).double() ** 2), "PyTorch tensors it returned float64 of shape"),
    "a pair": (lambda x, y: (jnp.mean(x), jnp.mean(y)), "JAX arrays it returned tuple, not a float32 scalar"),
    "NumPy": (
        in_numpy,
        r"JAX arrays it raised TracerArrayConversionError: .*, test_custom\.py line \d+, .*; "
        r"called with PyTorch tensors it raised RuntimeError: Can't call numpy\(\) on Tensor that requires grad",
    ),
    "one argument": (lambda image: image.mean(), "raised TypeError: .*takes 1 positional argument but 2 were given"),
    "no function": (3, "Mine must be a function, got int"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_function_did_is_reported(fault: str) -> None:
    function, message = FAULTS[fault]
    with pytest.raises(ArgumentError, match=message) as raised:
        metric_from(function, name="Mine")
    assert raised.value.argument == "function"
    assert raised.value.problem.startswith("Mine ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["", "a+b", "2*a"])
def test_a_metric_has_a_name_that_is_no_sum(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"^name must not be empty, nor contain \+ or \*"):
        metric_from(in_jax, name=name)


@pytest.mark.parametrize("name", ["x" * 121, "<b>", "a\nb", "a\udcff"])
def test_a_name_that_no_record_keeps_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"^name must be printable text of at most 120 characters"):
        metric_from(lambda x, y: ((x - y) ** 2).mean(), name=name)


def test_a_function_is_loaded_by_its_name(module: str) -> None:
    metric = load_metric(f"{module}:in_jax")
    assert metric.name == "their_metrics:in_jax"
    reference = smooth_picture(24)
    image = noisy(reference, 0.1)[0]
    np.testing.assert_allclose(metric(reference, image), get_metric("mse")(reference, image), rtol=1e-5)


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:metric", "the module no_such_module cannot be imported from here (ModuleNotFoundError: No"),
        ("their_import:metric", "No module named 'a_package_that_nobody_has', their_import.py line 2)"),
        ("their_syntax:metric", "(SyntaxError: '(' was never closed, their_syntax.py line 3)"),
        ("their_error:metric", "(KeyError: 3, their_error.py line 2)"),
        ("their_exit:metric", "(SystemExit: no GPU here, their_exit.py line 2)"),
        ("their_metrics:nothing", "the module their_metrics has no function nothing"),
        ("their_metrics:number", " must be a function, got int"),
        ("their_metrics:failing", "called with JAX arrays it raised KeyError: 'weights', their_metrics.py line 8"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_reported_with_its_line(name: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=f"second {name}.*{re.escape(message)}") as raised:
        load_metric(name, argument="second")
    assert raised.value.argument == "second"
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["their_metrics", ":in_jax", "their_metrics:", ""])
def test_a_name_has_two_parts(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"must have the form package\.module:function, got "):
        load_metric(name)


def test_only_the_explicit_functions_import_by_name(module: str) -> None:
    with pytest.raises(ArgumentError, match=r"must be one of .*, got 'their_metrics:in_jax'"):
        get_metric(f"{module}:in_jax")
    assert module not in sys.modules
    assert resolve_metric(f"{module}:in_jax").name == "their_metrics:in_jax"


def test_listed_metrics_come_before_modules_of_the_same_name() -> None:
    assert resolve_metric("lasi:4").name == "lasi:4"
    assert resolve_metric("mse").name == "mse"
    with pytest.raises(ArgumentError, match="mse has no parameter"):
        resolve_metric("mse:function")
    with pytest.raises(ArgumentError, match=r"first must be one of .*, got 'nothing'"):
        resolve_metric("nothing", argument="first")
