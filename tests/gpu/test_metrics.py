"""On a GPU, every metric has the values and gradients that it has on the CPU, and arrays cross in order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.metrics import METRICS, find_devices, get_metric, is_out_of_memory
from mad_app.metrics.contract import noisy, smooth_image
from mad_app.metrics.sums import Summable

torch = pytest.importorskip("torch")
VALUE_TOLERANCE, GRADIENT_TOLERANCE = 2e-4, 1e-2
"""Relative: float32 sums in another order, and of the gradient, its norm; kinks (ReLU) fall on either side."""


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_the_same_as_on_the_cpu(name: str) -> None:
    if reason := METRICS[name].missing():
        pytest.skip(reason)
    metric, size = get_metric(name), max(64, METRICS[name].minimum_size)
    reference = smooth_image(size, 0)
    images = noisy(reference, strengths=(0.03, 0.05, 0.1, 0.2), seed=1)
    (cpu,) = jax.devices("cpu")[:1]
    expected = metric.bind(jax.device_put(reference, cpu)).value_and_grad(jax.device_put(images, cpu))
    values, gradients = metric.bind(reference).value_and_grad(images)
    for array, device in ((values, "gpu"), (gradients, "gpu"), (expected[1], "cpu")):
        assert {place.platform for place in array.devices()} == {device}
    np.testing.assert_allclose(values, expected[0], rtol=VALUE_TOLERANCE)
    error = np.asarray(gradients, np.float64) - np.asarray(expected[1], np.float64)
    error = np.sqrt((error**2).sum((1, 2, 3)) / (np.asarray(expected[1], np.float64) ** 2).sum((1, 2, 3)))
    assert error.max() <= GRADIENT_TOLERANCE, error
    assert isinstance(metric, Summable)
    assert metric.without_graph(reference.shape) == ()


@pytest.mark.parametrize("name", ["lasi", "lpips-alex", "ssim"])
def test_a_value_is_the_same_twice(name: str) -> None:
    bound = get_metric(name).bind(smooth_image(64, 0))
    images = noisy(smooth_image(64, 0), strengths=(0.03, 0.05, 0.1, 0.2), seed=1)
    first, second = bound.value_and_grad(images), bound.value_and_grad(images)
    jax.tree.map(np.testing.assert_array_equal, first, second)


def test_what_crosses_is_read_in_order_and_never_overwritten() -> None:
    """Hundreds of crossings without waiting, each array dropped at once, while both allocators reuse memory."""
    from mad_app.metrics.interchange import to_jax, to_torch

    advance = jax.jit(lambda image: jnp.sin(3 * image) + 0.1)
    image = there = jnp.linspace(0, 1, 4 * 256 * 256 * 3, dtype=jnp.float32).reshape(4, 256, 256, 3)
    for _ in range(300):
        image = advance(image) * 0.5
        tensor = to_torch(advance(there))
        there = to_jax((tensor * 0.5).permute(0, 2, 3, 1))
        del tensor
    np.testing.assert_array_equal(image, there)


def test_the_memory_is_left_to_both() -> None:
    jnp.zeros(8).block_until_ready()
    stats = jax.devices()[0].memory_stats()
    _, total = torch.cuda.mem_get_info()
    assert stats is None or stats.get("pool_bytes", stats["bytes_in_use"]) < total / 4


def test_running_out_of_memory_is_known_as_that() -> None:
    with pytest.raises(RuntimeError) as of_jax:
        jnp.zeros((1 << 20, 1 << 20), jnp.float32).block_until_ready()
    with pytest.raises(RuntimeError) as of_torch:
        torch.zeros(1 << 40, device="cuda")
    assert is_out_of_memory(of_jax.value), str(of_jax.value)
    assert is_out_of_memory(of_torch.value), str(of_torch.value)


def test_both_frameworks_name_the_gpu() -> None:
    devices = find_devices()
    assert devices.jax == devices.torch
    assert devices.jax.startswith("gpu: ")
    assert devices.problems == ()
