"""Derivatives of LASI in forward mode, of second order, batched and sharded."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from lasi import LASI
from tests.lasi import shard_over_devices
from tests.lasi.pictures import noisy, smooth_noise

SHAPE, SIZE, STEP = (5, 6, 2), 3, 1e-6
METRIC = LASI(SHAPE, SIZE)
X = smooth_noise(SHAPE, seed=1)
Y = noisy(X, 0.2, seed=2)
ALONG, OTHER, WEIGHTS = np.random.default_rng(3).standard_normal((3, *SHAPE))
pytestmark = pytest.mark.usefixtures("float64")


def distance_to(y: Array) -> Array:
    return METRIC.compute_distances_to(METRIC.embedding(jnp.asarray(X)), jnp.stack([y, y**2]))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "distance of a pair": lambda y: METRIC.compute_distance(X, y),
    "distances to an embedding": distance_to,
    "distance map": lambda y: METRIC.distance_map(X, y),
    "values of one image": lambda y: jnp.append(METRIC.embedding(y), METRIC.wls_loss(y)),
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def compiled_jvp(function: Callable[[Array], Array]) -> Callable[[np.ndarray], tuple[Array, Array]]:
    """Value of a function and its derivative along `ALONG`, of one program for all points."""
    return jax.jit(lambda y: jax.jvp(function, (y,), (jnp.asarray(ALONG),)))


def central_difference(evaluate: Callable[[np.ndarray], tuple[Array, Array]]) -> np.ndarray:
    return (np.asarray(evaluate(Y + STEP * ALONG)[0]) - evaluate(Y - STEP * ALONG)[0]) / (2 * STEP)


@every_function
def test_forward_mode_against_finite_differences(name: str) -> None:
    evaluate = compiled_jvp(FUNCTIONS[name])
    expected = central_difference(evaluate)
    np.testing.assert_allclose(evaluate(Y)[1], expected, rtol=0, atol=1e-7 * np.abs(expected).max())


def objective(name: str, y: Array) -> Array:
    """A weighted sum of the values, so that it has a gradient."""
    values = FUNCTIONS[name](y)
    return jnp.vdot(values, jnp.linspace(-1, 2, values.size).reshape(values.shape))


@functools.cache
def compiled_jvp_of_gradient(name: str) -> Callable[[np.ndarray], tuple[Array, Array]]:
    return compiled_jvp(jax.grad(functools.partial(objective, name)))


@every_function
def test_forward_over_reverse_against_finite_differences_of_the_gradient(name: str) -> None:
    evaluate = compiled_jvp_of_gradient(name)
    expected = central_difference(evaluate)
    np.testing.assert_allclose(evaluate(Y)[1], expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_reverse_over_reverse_equals_forward_over_reverse() -> None:
    name = "distances to an embedding"
    gradient = jax.grad(functools.partial(objective, name))
    product = jax.jit(jax.grad(lambda y: jnp.vdot(gradient(y), ALONG)))(Y)
    expected = compiled_jvp_of_gradient(name)(Y)[1]
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_forward_and_reverse_mode_by_both_images_agree() -> None:
    weights = WEIGHTS[..., 0]
    of_x, of_y = jax.jit(lambda *images: jax.vjp(METRIC.distance_map, *images)[1](jnp.asarray(weights)))(X, Y)
    tangent = jax.jit(lambda *along: jax.jvp(METRIC.distance_map, (X, Y), along)[1])(ALONG, OTHER)
    np.testing.assert_allclose(np.vdot(weights, tangent), np.vdot(of_x, ALONG) + np.vdot(of_y, OTHER), rtol=1e-10)


def test_batched_gradients_and_tangents() -> None:
    images, along = jnp.stack([X, Y, X * Y]), jnp.stack([ALONG, OTHER, WEIGHTS])

    def map_gradient(image: Array) -> Array:
        return jax.grad(lambda image: jnp.sum(METRIC.distance_map(Y, image) ** 2))(image)

    def map_tangent(image: Array, along: Array) -> Array:
        return jax.jvp(METRIC.embedding, (image,), (along,))[1]

    gradients, tangents = jax.jit(jax.vmap(map_gradient))(images), jax.jit(jax.vmap(map_tangent))(images, along)
    alone = jax.jit(map_gradient), jax.jit(map_tangent)
    for i in range(3):
        np.testing.assert_allclose(gradients[i], alone[0](images[i]), rtol=0, atol=1e-11)
        np.testing.assert_allclose(tangents[i], alone[1](images[i], along[i]), rtol=0, atol=1e-11)


def test_second_order_is_finite_where_images_are_equal() -> None:
    product = jax.jit(lambda y: jax.jvp(jax.grad(METRIC.compute_distance, argnums=1), (X, y), (0 * y, ALONG))[1])(X)
    assert np.isfinite(product).all()


def test_sharded_over_two_devices() -> None:
    root = Path(__file__).parents[2]
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-m", shard_over_devices.__name__],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {shard_over_devices.TWO_DEVICES}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stderr
    differences = {line.split()[0]: float(line.split()[1]) for line in finished.stdout.splitlines()}
    assert set(differences) == {*shard_over_devices.QUANTITIES, *shard_over_devices.EXPLICIT}
    assert max(differences.values()) < 1e-5
