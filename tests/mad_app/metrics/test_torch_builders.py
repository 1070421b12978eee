"""The metrics of our own PyTorch programs at the places where gradients break: flat images and identical ones."""

import jax.numpy as jnp
import pytest

from mad_app.metrics import METRICS, get_metric
from tests.mad_app.metrics.pictures import noisy, smooth_picture

NAMES = ["ssim-luma", "nlpd", "dists", "st-lpips-alex", "wasserstein"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_flat_pictures_have_finite_gradients(name: str, level: float) -> None:
    """Identical to a flat reference, a flat picture of another level, and half flat, half noise."""
    size = max(40, METRICS[name].minimum_size)
    reference = jnp.full((size, size, 3), level, jnp.float32)
    half = reference.at[: size // 2].set(noisy(smooth_picture(size), 0.2)[0, : size // 2])
    images = jnp.stack([reference, jnp.full_like(reference, 0.25), half])
    distances, gradients = get_metric(name).bind(reference).value_and_grad(images)
    assert jnp.isfinite(distances).all()
    assert jnp.isfinite(gradients).all()
    assert distances[0] == pytest.approx(0, abs=1e-6)
    assert (distances[1:] > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_at_distance_zero_from_itself(name: str) -> None:
    reference = noisy(smooth_picture(max(40, METRICS[name].minimum_size)), 0.2)[0]
    distances, gradients = get_metric(name).bind(reference).value_and_grad(jnp.stack([reference] * 3))
    assert jnp.abs(distances).max() < 1e-6
    assert jnp.isfinite(gradients).all()
