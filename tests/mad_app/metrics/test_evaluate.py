"""The jury: each metric's value for each image, None where it cannot say."""

import urllib.request

import jax
import jax.numpy as jnp
import pytest

from mad_app.metrics import METRICS, JaxMetric, describe_metrics, get_metric, measure, measure_batch
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def test_every_available_metric_speaks_of_every_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("a jury must not use the network"))
    reference = smooth_picture(32)
    images = noisy(reference, 0.0, 0.05, 0.2)
    verdicts = measure_batch(reference, images)
    assert list(verdicts) == list(METRICS)
    for described in describe_metrics():
        values = verdicts[described.row.name]
        assert len(values) == 3
        if not described.available or described.row.minimum_size > 32:
            assert values == (None, None, None)
        else:
            assert values[0] == pytest.approx(0, abs=5e-6)
            assert 1e-5 < values[1] < values[2]


def test_one_image_is_measured_as_in_a_batch() -> None:
    reference = smooth_picture(16)
    images = noisy(reference, 0.1, 0.3)
    names = ["ssim", "mse", "vif"]
    verdicts = measure_batch(reference, images, names)
    for index in (0, 1):
        alone = measure(reference, images[index], names)
        assert list(alone) == names
        assert alone["vif"] is None
        for name in ("ssim", "mse"):
            assert alone[name] == pytest.approx(verdicts[name][index], rel=1e-5)


def test_further_metrics_speak_under_their_own_names() -> None:
    reference = smooth_picture(16)

    def reciprocal(reference: jax.Array, images: jax.Array) -> jax.Array:
        return 1 / jnp.mean((images - reference[None]) ** 2, axis=(1, 2, 3))

    infinite = JaxMetric(name="reciprocal", prepare=jnp.asarray, distances_to=reciprocal)
    verdicts = measure_batch(reference, noisy(reference, 0.0, 0.1), ["mse"], also=[infinite, get_metric("lasi:2")])
    assert list(verdicts) == ["mse", "reciprocal", "lasi:2"]
    assert verdicts["reciprocal"] == (None, pytest.approx(1 / verdicts["mse"][1], rel=1e-5))


def test_what_is_no_name_or_no_image_is_refused() -> None:
    reference = smooth_picture(16)
    with pytest.raises(ValueError, match="there is no metric 'psnr'"):
        measure(reference, reference, ["psnr"])
    with pytest.raises(ValueError, match="must have the reference's shape"):
        measure(reference, reference[:8])
    with pytest.raises(ValueError, match="must be float32"):
        measure(255 * jnp.ones((8, 8, 3), jnp.uint8), reference)
