"""Every listed metric satisfies the contract, and the test of the contract finds those that do not."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import pytest

from mad_app.metrics import METRICS, BoundMetric, ContractBroken, JaxMetric, check_metric, describe_metrics, get_metric
from mad_app.metrics.contract import distances_of

AVAILABLE = [description.spec.name for description in describe_metrics() if description.available]
SMALLEST_TEST_IMAGE = 64


@pytest.mark.parametrize("name", AVAILABLE)
def test_every_metric_satisfies_the_contract(name: str) -> None:
    chosen = get_metric("lasi:3" if name == "lasi" else name)  # in the same way for any number, compiled sooner
    check_metric(chosen, size=max(SMALLEST_TEST_IMAGE, METRICS[name].minimum_size + 1))


def squared(reference: jax.Array, images: jax.Array) -> jax.Array:
    return jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))


@jax.custom_vjp
def wrongly_steep(images: jax.Array) -> jax.Array:
    return images


wrongly_steep.defvjp(lambda images: (images, None), lambda _, gradients: (1.1 * gradients,))

BROKEN: dict[str, tuple[Callable[[jax.Array, jax.Array], jax.Array], str]] = {
    "similarity": (lambda reference, images: 1 - squared(reference, images), "to itself must be 0"),
    "shrinking": (lambda reference, images: -squared(reference, images), "must grow"),
    "one number": (lambda reference, images: squared(reference, images).mean()[None], "shape"),
    "batch mean": (
        lambda reference, images: squared(reference, images) + 0.5 * squared(reference, images).mean(),
        "depends on its batch",
    ),
    "wrong gradient": (
        lambda reference, images: squared(reference, wrongly_steep(images)),
        "away from the central difference",
    ),
    "clipped": (lambda reference, images: squared(reference, jnp.clip(images, 0, 1)), "at black and white pixels"),
    "no gradient": (lambda reference, images: jax.lax.stop_gradient(squared(reference, images)), "0 everywhere"),
    "kink": (lambda reference, images: jnp.sqrt(squared(reference, images)), "identical images is not finite"),
    "half precision": (lambda reference, images: squared(reference, images).astype(jnp.float16), "float32"),
    "not a number": (lambda reference, images: jnp.nan * squared(reference, images), "to itself must be 0"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_metric_that_breaks_the_contract_is_found(fault: str) -> None:
    distances_to, message = BROKEN[fault]
    with pytest.raises(ContractBroken, match=message):
        check_metric(JaxMetric(name=fault, prepare=lambda reference: reference, distances_to=distances_to), size=16)


@dataclass(frozen=True)
class Lenient:
    """Accepts images of any shape."""

    name: str = "lenient"

    def bind(self, reference: jax.Array) -> BoundMetric:
        return BoundLenient(reference)

    def __call__(self, reference: jax.Array, images: jax.Array) -> jax.Array:
        return distances_of(self, reference, images)


class Uncalled(Lenient):
    """The call returns shape (N,) for one image, too."""

    def __call__(self, reference: jax.Array, images: jax.Array) -> jax.Array:
        return self.bind(reference).distances(images.reshape(-1, *reference.shape))


@dataclass(frozen=True)
class BoundLenient:
    reference: jax.Array

    def distances(self, images: jax.Array) -> jax.Array:
        height, width = images.shape[1:3]
        return squared(self.reference[:height, :width], images)

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.distances(images), jax.grad(lambda images: self.distances(images).sum())(images)


def test_a_metric_that_accepts_images_of_another_shape_is_found() -> None:
    with pytest.raises(ContractBroken, match="another shape"):
        check_metric(Lenient(), size=16)


def test_a_metric_whose_call_returns_another_shape_is_found() -> None:
    with pytest.raises(ContractBroken, match="the call with one image must return a scalar"):
        check_metric(Uncalled(), size=16)
