"""Values of several metrics: one per metric and image, None where it is not available."""

import threading
import urllib.request

import jax
import jax.numpy as jnp
import pytest

from mad_app.errors import ArgumentError
from mad_app.metrics import (
    JaxMetric,
    KnownMetric,
    describe_metrics,
    evaluate,
    get_metric,
    measure,
    measure_batch,
    measured_by_default,
    registry,
)
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def test_every_available_metric_measures_every_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("measuring must not use the network"))
    reference = smooth_picture(32)
    images = noisy(reference, 0.0, 0.05, 0.2)
    values = measure_batch(reference, images)
    assert list(values) == measured_by_default()
    for described in describe_metrics():
        of_images = values[described.spec.name]
        assert len(of_images) == 3
        if not described.available or described.spec.minimum_size > 32:
            assert of_images == (None, None, None)
        else:
            assert of_images[0] == pytest.approx(0, abs=5e-6)
            assert 1e-5 < of_images[1] < of_images[2]


def test_one_image_is_measured_as_in_a_batch() -> None:
    reference = smooth_picture(16)
    images = noisy(reference, 0.1, 0.3)
    names = ["ssim", "mse", "vif"]
    values = measure_batch(reference, images, names)
    for index in (0, 1):
        alone = measure(reference, images[index], names)
        assert list(alone) == names
        assert alone["vif"] is None
        for name in ("ssim", "mse"):
            assert alone[name] == pytest.approx(values[name][index], rel=1e-5)


def test_further_metrics_have_their_own_names() -> None:
    reference = smooth_picture(16)

    def reciprocal(reference: jax.Array, images: jax.Array) -> jax.Array:
        return 1 / jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))

    infinite = JaxMetric(name="reciprocal", prepare=jnp.asarray, distances_to=reciprocal)
    values = measure_batch(reference, noisy(reference, 0.0, 0.1), ["mse"], also=[infinite, get_metric("lasi:2")])
    assert list(values) == ["mse", "reciprocal", "lasi:2"]
    assert values["reciprocal"] == (None, pytest.approx(1 / values["mse"][1], rel=1e-5))


def test_no_names_load_no_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_build", lambda *_: pytest.fail("no metric is to be built"))
    reference = smooth_picture(16)
    assert measure_batch(reference, reference[None], ()) == {}
    assert measure(reference, reference, []) == {}


def test_other_names_and_images_are_errors() -> None:
    reference = smooth_picture(16)
    with pytest.raises(ArgumentError, match=r"names must be one of lasi, .*, wasserstein, got 'psnr'") as raised:
        measure(reference, reference, ["mse", "psnr"])
    assert raised.value.argument == "names"
    with pytest.raises(ValueError, match="must have the reference's shape"):
        measure(reference, reference[:8])
    with pytest.raises(ValueError, match="must be float32"):
        measure(255 * jnp.ones((8, 8, 3), jnp.uint8), reference)


@pytest.mark.parametrize(("size", "at_a_time"), [(16, 2), (257, 1)])
def test_two_metrics_are_evaluated_at_a_time_for_small_images(
    monkeypatch: pytest.MonkeyPatch, size: int, at_a_time: int
) -> None:
    meeting = threading.Barrier(at_a_time, timeout=60)

    class Meets:
        name = "meets"

        def bind(self, reference: jax.Array) -> "Meets":  # noqa: ARG002
            return self

        def distances(self, images: jax.Array) -> list[float]:
            meeting.wait()
            return [0.5] * len(images)

    monkeypatch.setattr(evaluate, "get_measurable", lambda _: Meets())
    reference = jnp.zeros((size, size, 3), jnp.float32)
    assert measure_batch(reference, reference[None], ["mse", "lasi"]) == {"mse": (0.5,), "lasi": (0.5,)}


def test_a_metric_that_fails_costs_no_other_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> KnownMetric:
        return pytest.fail("not this one") if name == "ssim" else get_metric(name)

    monkeypatch.setattr(evaluate, "get_measurable", fails)
    reference = smooth_picture(16)
    values = measure_batch(reference, noisy(reference, 0.1), ["mse", "ssim", "lasi:2"])
    assert [of_images[0] is None for of_images in values.values()] == [False, True, False]
