"""A metric takes any arrays, one image or several, and is differentiable in the framework of the arrays."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mad_app.errors import ArgumentError
from mad_app.metrics import KnownMetric, get_metric
from mad_app.metrics.value_only import ValueMetric

RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.integers(0, 256, (16, 20, 3), np.uint8)
REFERENCE = (LEVELS / 255).astype(np.float32)
IMAGES = np.clip(REFERENCE + RANDOM.normal(0, 0.1, (2, 16, 20, 3)), 0, 1).astype(np.float32)

NAMES = ("mse", "ssim", "mse+0.5*ssim")
"""A metric in JAX, one in PyTorch, and a sum of both; each is called with the arrays of both frameworks."""


def first(array: np.ndarray) -> np.ndarray:
    """Channels first."""
    return np.moveaxis(array, -1, -3)


KINDS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "numpy": (lambda: REFERENCE, lambda: IMAGES),
    "jax": (lambda: jnp.asarray(REFERENCE), lambda: jnp.asarray(first(IMAGES))),
    "torch": (lambda: torch.tensor(first(REFERENCE)[None]), lambda: torch.tensor(first(IMAGES))),
    "mixed": (lambda: LEVELS, lambda: torch.tensor(IMAGES)),
    "levels": (lambda: first(LEVELS), lambda: IMAGES.astype(np.float64)),
}


@pytest.fixture(params=NAMES)
def metric(request: pytest.FixtureRequest) -> KnownMetric:
    return get_metric(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_any_kind_give_the_same_distances(metric: KnownMetric, kind: str) -> None:
    expected = np.asarray(metric.bind(jnp.asarray(REFERENCE)).distances(jnp.asarray(IMAGES)))
    reference, images = (make() for make in KINDS[kind])
    several, one = metric(reference, images), metric(reference, images[1])
    np.testing.assert_allclose(several, expected, rtol=1e-5)
    np.testing.assert_allclose(one, expected[1], rtol=1e-5)
    assert one.shape == ()
    assert isinstance(several, torch.Tensor if kind in ("torch", "mixed") else jax.Array)


def test_it_is_differentiable_in_jax_and_in_torch(metric: KnownMetric) -> None:
    """With respect to both arguments, and with a weight for each image."""
    weights = np.array([1.0, -3.0], np.float32)
    expected = metric.bind(jnp.asarray(REFERENCE)).value_and_grad(jnp.asarray(IMAGES))[1] * weights[:, None, None, None]

    def total(reference: jax.Array, images: jax.Array) -> jax.Array:
        return jnp.dot(metric(reference, images), weights)

    given = torch.tensor(first(REFERENCE), requires_grad=True), torch.tensor(first(IMAGES), requires_grad=True)
    (metric(*given) * torch.tensor(weights)).sum().backward()
    in_torch = [np.moveaxis(tensor.grad.numpy(), -3, -1) for tensor in given if tensor.grad is not None]
    for in_jax in (jax.grad(total, (0, 1)), jax.jit(jax.grad(total, (0, 1)))):
        of_reference, of_images = in_jax(jnp.asarray(REFERENCE), jnp.asarray(IMAGES))
        np.testing.assert_allclose(of_images, expected, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(in_torch[0], of_reference, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(in_torch[1], of_images, rtol=1e-3, atol=1e-7)
        assert np.abs(of_reference).max() > 0


def test_it_works_under_vmap(metric: KnownMetric) -> None:
    mapped = jax.jit(jax.vmap(lambda image: metric(REFERENCE, image)))(jnp.asarray(IMAGES))
    np.testing.assert_allclose(mapped, metric(REFERENCE, IMAGES), rtol=1e-5)


def test_a_metric_of_values_alone_says_that_it_cannot_be_traced() -> None:
    halves = ValueMetric(name="half", distance=lambda a, b: float(np.abs(a - b).max() / 2), no_gradient="it has none")
    assert float(halves(torch.zeros(3, 4, 5), torch.ones(3, 4, 5))) == 0.5
    with pytest.raises(ArgumentError, match="cannot be traced by JAX: it has none"):
        jax.grad(lambda image: halves(REFERENCE, image))(jnp.asarray(REFERENCE))


REFUSED: dict[str, tuple[str, Any, Any]] = {
    "signed": (r"images must be .* \[0, 1\], got values from -1 to ", REFERENCE, 2 * torch.tensor(LEVELS // 255) - 1.0),
    "nan": (r"reference must be .* finite .* nan", REFERENCE * np.nan, IMAGES),
    "ambiguous": (r"images is ambiguous: its shape \(3, 16, 3\)", REFERENCE, np.zeros((3, 16, 3))),
    "whole numbers": ("reference must be uint8 or floating point .* int32", LEVELS.astype(np.int32), IMAGES),
    "other size": ("images must have the reference's 16×20 pixels, got 20×16", REFERENCE, IMAGES.swapaxes(1, 2)),
    "batch of references": (r"reference must have shape .*, got \(2, 16, 20, 3\)", IMAGES, IMAGES),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_is_refused(case: str) -> None:
    problem, reference, images = REFUSED[case]
    with pytest.raises(ArgumentError, match=problem):
        get_metric("mse")(reference, images)
