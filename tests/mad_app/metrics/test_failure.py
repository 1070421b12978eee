"""Metrics of one's own that fail in a competition: one sentence, with the error and the line of the user's program."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
import torch

from mad_app.metrics import MetricFailed, custom, is_out_of_memory, metric_from
from mad_app.metrics.failure import describe_error, failures_in_callbacks, failures_of
from tests.mad_app.metrics.pictures import noisy, smooth_picture

LARGE = 24


@pytest.fixture(autouse=True)
def _small_test_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom, "PROBE_SIZES", (32,))


def error_of(reference: Any, image: Any) -> Any:
    return ((reference - image) ** 2).mean()


def raises(reference: Any, image: Any) -> Any:
    return error_of(reference, image) if image.shape[0] > LARGE else {}["a table for this size"]


def exits(reference: Any, image: Any) -> Any:
    if image.shape[0] <= LARGE:
        raise SystemExit("no such size")
    return error_of(reference, image)


def returns_a_map(reference: Any, image: Any) -> Any:
    return error_of(reference, image) if image.shape[0] > LARGE else (reference - image) ** 2


def returns_nothing(reference: Any, image: Any) -> Any:
    return error_of(reference, image) if image.shape[0] > LARGE else None


def bad_shapes_in_jax(reference: jax.Array, image: jax.Array) -> jax.Array:
    return jnp.mean((reference - image).reshape(-1, 32 * 32 * 3) ** 2)


def no_derivative_in_jax(reference: jax.Array, image: jax.Array) -> jax.Array:
    error = jnp.mean((reference - image) ** 2)
    if image.shape[0] > LARGE:
        return error
    return jax.lax.while_loop(lambda value: value > 1, lambda value: value / 2, error)


def in_torch(function: Callable[..., Any]) -> Callable[..., Any]:
    def of_tensors(reference: torch.Tensor, image: torch.Tensor) -> Any:
        assert isinstance(image, torch.Tensor)
        return function(reference, image)

    return of_tensors


def no_gradient_in_torch(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    return torch.mean(((image if image.shape[0] > LARGE else image.detach()) - reference) ** 2)


FAILURES: dict[str, tuple[Callable[..., Any], str]] = {
    "raises": (
        raises,
        r"it raised KeyError: 'a table for this size', test_failure\.py line \d+, for an image of 24 × 24",
    ),
    "raises in torch": (in_torch(raises), r"it raised KeyError: 'a table for this size', test_failure\.py line \d+"),
    "exits": (exits, r"it raised SystemExit: no such size, test_failure\.py line \d+"),
    "exits in torch": (in_torch(exits), r"it raised SystemExit: no such size, test_failure\.py line \d+"),
    "map": (
        returns_a_map,
        r"it returned float32 of shape \(24, 24, 3\), not a float32 scalar, for an image of 24 × 24",
    ),
    "map in torch": (in_torch(returns_a_map), r"it returned float32 of shape \(24, 24, 3\), not a float32 scalar"),
    "nothing": (returns_nothing, "it returned NoneType, not a float32 scalar"),
    "nothing in torch": (in_torch(returns_nothing), "it returned NoneType, not a float32 scalar"),
    "shapes": (bad_shapes_in_jax, r"it raised TypeError: .*reshape.*, test_failure\.py line \d+"),
    "no derivative": (no_derivative_in_jax, "it raised ValueError: Reverse-mode differentiation does not work"),
    "no gradient in torch": (
        no_gradient_in_torch,
        r"it returned a value whose gradient with respect to the image is None \(is it computed under",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_works_at_one_size_and_fails_at_another_is_one_sentence(failure: str) -> None:
    function, message = FAILURES[failure]
    metric = metric_from(function, name="Mine")
    reference = smooth_picture(LARGE)
    for _ in range(2):  # a failure is none that is remembered as a success
        with pytest.raises(MetricFailed, match=f"^the metric Mine failed: {message}") as raised:
            metric.bind(reference).value_and_grad(noisy(reference, 0.1))
        assert raised.value.metric == "Mine"
        assert "\n" not in str(raised.value)


def test_a_size_that_works_still_works() -> None:
    metric = metric_from(raises, name="Mine")
    reference = smooth_picture(LARGE + 1)
    assert float(metric(reference, noisy(reference, 0.1))[0]) > 0


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError


def test_an_error_is_one_short_line(tmp_path: Path) -> None:
    assert re.fullmatch(r"ValueError: first", describe_error(ValueError("first\nsecond")))
    assert describe_error(Unprintable()) == "Unprintable"
    assert len(describe_error(ValueError("x" * 5000))) < 250
    file = tmp_path / "mine.py"
    file.write_text("def metric(:\n")
    with pytest.raises(MetricFailed, match=r"raised SyntaxError: .*, mine\.py line 1"), failures_of("Mine"):
        compile(file.read_text(), str(file), "exec")


def test_a_failure_keeps_the_first_metric_named() -> None:
    with pytest.raises(MetricFailed, match="the metric inner failed"), failures_of("outer"), failures_of("inner"):
        raise KeyError("x")


def test_a_metric_that_fails_for_lack_of_memory_is_known_as_that() -> None:
    with pytest.raises(MetricFailed) as of_torch, failures_of("Mine"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 8.00 GiB.")
    with pytest.raises(MetricFailed) as of_the_user, failures_of("Mine"):
        raise KeyError("RESOURCE_EXHAUSTED")
    assert is_out_of_memory(of_torch.value)
    assert not is_out_of_memory(of_the_user.value)


class Outcome(BaseException):
    """As pytest raises where a test fails."""


def test_whatever_a_metric_raises_is_its_failure_but_an_interrupt_is_none() -> None:
    with pytest.raises(MetricFailed, match="raised Outcome: no"), failures_of("mine"):
        raise Outcome("no")
    with pytest.raises(KeyboardInterrupt), failures_of("mine"):
        raise KeyboardInterrupt


def test_what_a_callback_raises_is_a_failure_with_its_line() -> None:
    def refuse(_: Any) -> Any:
        raise KeyError("step 3")

    @jax.jit
    def of_callback(value: jax.Array) -> jax.Array:
        return jax.pure_callback(refuse, jax.ShapeDtypeStruct((), jnp.float32), value)

    raised = r"raised KeyError: 'step 3', test_failure\.py line \d+, in a callback"
    with pytest.raises(MetricFailed, match=raised), failures_in_callbacks("mine"):
        of_callback(jnp.float32(1)).block_until_ready()
    with pytest.raises(ValueError, match="another"), failures_in_callbacks("mine"):
        raise ValueError("another")
