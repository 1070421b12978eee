"""The adapters: one compilation for all references, conversion between the frameworks, and errors."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mad_app.errors import ArgumentError
from mad_app.metrics import (
    BoundJaxMetric,
    JaxMetric,
    Metric,
    from_jax,
    from_torch,
    get_metric,
    threads,
    value_and_grad_of,
)
from mad_app.metrics.from_torch import THREADS, TorchMetric, metric_settings
from mad_app.metrics.interchange import to_jax, to_torch
from mad_app.metrics.sums import bind_together
from mad_app.metrics.threads import CORES, map_threads
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def torch_mse(**settings: object) -> TorchMetric:
    return TorchMetric(
        name="torch-mse",
        prepare=lambda reference: reference,
        distances_to=lambda reference, images: ((images - reference) ** 2).mean(dim=(1, 2, 3)),
        **settings,
    )


def test_one_compilation_serves_every_reference_and_every_metric_of_the_same_functions() -> None:
    traced = []

    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        traced.append(images.shape)
        return jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))

    for seed in range(3):
        metric = JaxMetric(name="counted", prepare=jnp.asarray, distances_to=distances_to)
        reference = smooth_picture(16, seed)
        metric.bind(reference).value_and_grad(noisy(reference, 0.1, 0.2))
    assert traced == [(2, 16, 16, 3)]


def test_a_metric_is_computed_where_xla_does_not_know_the_options_for_quick_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(from_jax, "QUICK_TO_COMPILE", {"xla_of_another_year": True})
    bound = get_metric("mse").bind(jnp.zeros((4, 5, 3)))
    np.testing.assert_allclose(bound.distances(jnp.full((2, 4, 5, 3), 0.5)), 0.25)
    assert from_jax.cpu_options(from_jax.QUICK_TO_COMPILE) == {}


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="they are for a CPU")
def test_options_that_the_user_sets_are_left_to_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": "1"}
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=3")
    assert from_jax.cpu_options(options) == {"xla_cpu_use_fusion_emitters": False}
    monkeypatch.delenv("XLA_FLAGS")
    assert from_jax.cpu_options(options) == options


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="they are for a CPU")
def test_only_gradients_of_large_images_take_long_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    metric = JaxMetric(
        name="sums", prepare=jnp.asarray, distances_to=lambda one, several: (several - one).sum((1, 2, 3))
    )
    gradient, small, large = value_and_grad_of(metric.distances_to), (128, 256, 3), (128, 257, 3)
    assert metric._options(gradient, large) == {}
    for function, shape in ((gradient, small), (metric.distances_to, large), (metric.prepare, large)):
        assert metric._options(function, shape) == from_jax.QUICK_TO_COMPILE


@pytest.mark.parametrize("name", ["mse", "lasi:2"])
def test_a_caller_may_compile_a_loop_of_its_own(name: str) -> None:
    """The pure function inside a compiled loop gives the values of the bound metric."""
    reference = smooth_picture(16)
    images = noisy(reference, 0.1, 0.3)
    bound = get_metric(name).bind(reference)
    assert isinstance(bound, BoundJaxMetric)
    value_and_grad = value_and_grad_of(bound.metric.distances_to)
    assert value_and_grad is value_and_grad_of(get_metric(name).distances_to)

    @jax.jit
    def descend(prepared: object, images: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, 3, lambda _, images: images - value_and_grad(prepared, images)[1], images)

    expected = images
    for _ in range(3):
        expected = expected - bound.value_and_grad(expected)[1]
    np.testing.assert_allclose(descend(bound.prepared, images), expected, atol=1e-5)


def test_images_are_computed_in_parallel_by_one_program() -> None:
    traced = []

    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        traced.append(images.shape)
        return jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))

    reference = smooth_picture(20)
    images = noisy(reference, 0.1, 0.2, 0.3)
    metric = JaxMetric(
        name="counted", prepare=jnp.asarray, distances_to=distances_to, maps_to=distances_to, parallel_over_batch=True
    )
    bound, mse = metric.bind(reference), get_metric("mse").bind(reference)
    values, gradients = bound.value_and_grad(images)
    for ours, expected in zip((values, gradients), mse.value_and_grad(images), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
    np.testing.assert_array_equal(bound.distances(images), metric.maps(reference, images))
    assert set(traced) == {(1, 20, 20, 3)}
    assert len(traced) == 2  # with its gradient and without
    inside = jax.jit(lambda images: bound.value_and_grad(images))(images)
    np.testing.assert_allclose(inside[1], gradients, rtol=1e-6)
    assert traced[2:] == [(3, 20, 20, 3)]


def test_every_core_has_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "CORES", 2)
    threads._threads.cache_clear()
    together = threading.Barrier(2, timeout=60)

    def meet(part: int) -> tuple[int, str]:
        together.wait()
        return 10 * part, threading.current_thread().name

    results = map_threads(meet, range(6))
    assert [number for number, _ in results] == [0, 10, 20, 30, 40, 50]
    assert [name for _, name in results] == [results[0][1], results[1][1]] * 3
    assert results[0][1] != results[1][1]
    threads._threads.cache_clear()


def test_torch_and_jax_agree_on_one_formula() -> None:
    reference = smooth_picture(20)
    images = noisy(reference, 0.1, 0.3, 0.5)
    for ours, theirs in zip(
        torch_mse().bind(reference).value_and_grad(images),
        get_metric("mse").bind(reference).value_and_grad(images),
        strict=True,
    ):
        assert ours.dtype == theirs.dtype == jnp.float32
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-9)


def test_conversion_keeps_values_and_type_and_writes_into_nothing() -> None:
    images = jnp.arange(2 * 4 * 5 * 3, dtype=jnp.float32).reshape(2, 4, 5, 3)
    kept = np.array(images)
    tensor = to_torch(images)
    assert tensor.shape == (2, 3, 4, 5)
    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor.permute(0, 2, 3, 1).numpy(), kept)
    tensor.zero_()
    np.testing.assert_array_equal(images, kept)


def test_results_come_back_without_a_copy() -> None:
    tensor = torch.arange(4096.0)
    array = to_jax(tensor)
    assert array.dtype == jnp.float32
    assert array.unsafe_buffer_pointer() == tensor.data_ptr()
    np.testing.assert_array_equal(to_jax(tensor.reshape(64, 64).T), np.arange(4096.0).reshape(64, 64).T)


def test_results_of_torch_stay_valid() -> None:
    """Results stay what they are while torch computes further ones."""
    reference = smooth_picture(32)
    bound = torch_mse().bind(reference)
    first = bound.value_and_grad(noisy(reference, 0.1))[1]
    kept = np.array(first)
    for strength in (0.2, 0.3, 0.4):
        bound.value_and_grad(noisy(reference, strength))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("pixels", "parts"), [(None, [5]), (5 * 400, [5]), (5 * 400 - 1, [3, 2]), (100, [2, 1, 1, 1]), (1, [1] * 5)]
)
def test_a_large_batch_is_split(pixels: int | None, parts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Evenly between two cores, as often as it must."""
    sizes = []
    monkeypatch.setattr("mad_app.metrics.from_torch.CORES", 2)

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        sizes.append(len(images))
        return ((images - reference) ** 2).mean(dim=(1, 2, 3))

    reference = smooth_picture(20)
    images = noisy(reference, 0.1, 0.2, 0.3, 0.4, 0.5)
    metric = TorchMetric(
        name="counted", prepare=lambda reference: reference, distances_to=distances_to, chunk_pixels=pixels
    )
    values, gradients = metric.bind(reference).value_and_grad(images)
    assert sorted(sizes, reverse=True) == parts
    np.testing.assert_array_equal(values, metric.bind(reference).distances(images))
    assert sorted(sizes) == sorted(2 * parts)
    for ours, expected in zip((values, gradients), torch_mse().bind(reference).value_and_grad(images), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize(("pixels", "parts"), [(None, 1), (1, 4)])
def test_settings_of_pytorch_are_restored(pixels: int | None, parts: int) -> None:
    seen = []

    def distances_to(reference: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        seen.append((torch.get_num_threads(), torch.backends.cudnn.allow_tf32))
        return ((images - reference) ** 2).mean(dim=(1, 2, 3))

    before = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    reference = smooth_picture(16)
    metric = TorchMetric(
        name="curious", prepare=lambda reference: reference, distances_to=distances_to, chunk_pixels=pixels
    )
    metric.bind(reference).value_and_grad(noisy(reference, 0.1, 0.2, 0.3, 0.4))
    assert seen == [(math.ceil(THREADS / min(parts, CORES)), False)] * parts
    assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == before


def test_no_conversion_wakes_threads_that_then_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's threads go on waiting by spinning for milliseconds after any operation that used them."""
    seen, before = [], torch.get_num_threads()

    def crossing(cross: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def watched(array: Any) -> Any:
            seen.append(torch.get_num_threads())
            return cross(array)

        return watched

    reference = smooth_picture(16)
    bound = torch_mse().bind(reference)
    monkeypatch.setattr(from_torch, "to_torch", crossing(to_torch))
    monkeypatch.setattr(from_torch, "to_jax", crossing(to_jax))
    torch.set_num_threads(THREADS + 1)
    bound.value_and_grad(noisy(reference, 0.1, 0.2))
    bound.distances(noisy(reference, 0.1, 0.2))
    torch.set_num_threads(before)
    assert seen == [THREADS] * 5


METRICS = [get_metric("mse"), torch_mse()]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_a_function_of_a_reference_and_one_image_or_several(metric: Metric) -> None:
    reference = smooth_picture(16)
    images = noisy(reference, 0.1, 0.3)
    expected = metric.bind(reference).distances(images)
    np.testing.assert_array_equal(metric(reference, images), expected)
    one = metric(np.asarray(reference), np.asarray(images[1]))
    assert one.shape == ()
    np.testing.assert_allclose(one, expected[1], rtol=1e-6)
    with pytest.raises(ArgumentError, match="images must have shape"):
        metric(reference, images.tolist())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (np.zeros((8, 8), np.float32), r"reference must have shape \(H, W, 3\), got \(8, 8\)"),
        (np.zeros((8, 8, 4), np.float32), r"must have shape \(H, W, 3\), got \(8, 8, 4\)"),
        (np.zeros((0, 8, 3), np.float32), r"must have shape \(H, W, 3\), got \(0, 8, 3\)"),
        (np.zeros((8, 8, 3), np.uint8), r"must be float32 with values in \[0, 1\], got uint8"),
        (np.zeros((8, 8, 3), np.float64), "must be float32 .*, got float64"),
        (np.full((8, 8, 3), 255, np.float32), r"must have values in \[0, 1\], got values from 255 to 255"),
        (np.full((8, 8, 3), np.nan, np.float32), "must be finite, got 192 values that are NaN"),
        ([[[0.0, 0.0, 0.0]]], "must be a float32 array .*, got list"),
    ],
)
def test_another_reference_is_an_error(metric: Metric, reference: object, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as raised:
        metric.bind(reference)
    assert raised.value.argument == "reference"


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((8, 8, 3), np.float32), r"images must have shape \(N, H, W, 3\), got \(8, 8, 3\)"),
        (np.zeros((1, 8, 9, 3), np.float32), r"the reference's shape \(8, 8, 3\), got \(8, 9, 3\)"),
        (np.zeros((0, 8, 8, 3), np.float32), r"must have shape \(N, H, W, 3\), got \(0, 8, 8, 3\)"),
        (np.zeros((1, 8, 8, 3), np.float16), "must be float32 .*, got float16"),
    ],
)
def test_other_images_are_an_error(metric: Metric, images: object, message: str) -> None:
    bound = metric.bind(np.zeros((8, 8, 3), np.float32))
    for method in (bound.distances, bound.value_and_grad):
        with pytest.raises(ArgumentError, match=message) as raised:
            method(images)
        assert raised.value.argument == "images"


@pytest.mark.parametrize("parallel_over_batch", [False, True])
def test_a_gradient_is_compiled_beside_the_binding(parallel_over_batch: bool) -> None:
    traced = []

    def distances_to(prepared: jax.Array, images: jax.Array) -> jax.Array:
        traced.append(images.shape)
        return jnp.mean((images - prepared) ** 2, axis=(1, 2, 3))

    metric = JaxMetric(
        name="traced",
        prepare=lambda reference: reference,
        distances_to=distances_to,
        parallel_over_batch=parallel_over_batch,
    )
    reference = jnp.full((5, 6, 3), 0.5, jnp.float32)
    (bound,) = bind_together(reference, (metric,), 4)
    assert traced == [(1 if parallel_over_batch else 4, 5, 6, 3)]
    bound.value_and_grad(jnp.zeros((4, 5, 6, 3), jnp.float32))
    assert len(traced) == 1


def test_a_binding_that_was_compiled_is_not_compiled_again() -> None:
    traced = []

    def prepare(reference: jax.Array) -> jax.Array:
        traced.append(reference.shape)
        return 2 * reference

    metric = JaxMetric(name="traced", prepare=prepare, distances_to=lambda _, images: jnp.mean(images, axis=(1, 2, 3)))
    reference = jnp.full((5, 7, 3), 0.5, jnp.float32)
    metric.compile_binding(reference)
    assert traced == [(5, 7, 3)]
    assert np.asarray(metric.bind(reference).prepared).max() == 1
    assert len(traced) == 1


def test_settings_last_until_no_thread_is_inside() -> None:
    before = torch.backends.cudnn.allow_tf32
    first, second = metric_settings(), metric_settings()
    torch.backends.cudnn.allow_tf32 = True
    try:
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
            one.submit(first.__enter__).result()
            other.submit(second.__enter__).result()
            one.submit(first.__exit__, None, None, None).result()
            assert not torch.backends.cudnn.allow_tf32
            other.submit(second.__exit__, None, None, None).result()
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before
