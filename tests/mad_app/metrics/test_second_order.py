"""Second-order forms against differences of the metrics themselves, and against their Jacobians."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lasi import LASI
from mad_app.errors import ArgumentError
from mad_app.metrics import REFUSED, MetricUnavailable, get_metric, metric_from, second_order_form
from mad_app.metrics.contract import smooth_image
from mad_app.metrics.protocol import KnownMetric

STEP = 2.5e-3
"""Size of the change in differences: below it float32 rounding counts, above it the third and fourth derivatives."""


def _picture(size: int) -> jax.Array:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (size, size, 3))
    return jnp.asarray(0.5 + noise, jnp.float32)


def _changes(reference: jax.Array, count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((count, *reference.shape))


def _dense(metric: KnownMetric, reference: jax.Array) -> np.ndarray:
    product, count = second_order_form(metric, reference).product, reference.size
    return np.stack([product(one.reshape(reference.shape)).ravel() for one in np.eye(count)])


@pytest.mark.parametrize(
    ("name", "size", "tolerance"),
    [("mse", 8, 1e-3), ("ssim", 11, 0.01), ("ssim-luma", 11, 0.05), ("vsi", 8, 0.01), ("fsim", 8, 0.1),
     ("haarpsi", 16, 0.05), ("0.5*mse+ssim", 11, 0.01)],
)  # fmt: skip
def test_form_is_twice_the_distance_of_a_small_change(name: str, size: int, tolerance: float) -> None:
    reference, metric = _picture(size), get_metric(name)
    form = second_order_form(metric, reference)
    (v,) = _changes(reference, 1)
    both = jnp.asarray(np.stack([reference + STEP * v, reference - STEP * v]), jnp.float32)
    difference = 2 * float(metric.bind(reference).distances(both).mean()) / STEP**2
    assert form.kind == "distance"
    assert np.vdot(v, form.product(v)) == pytest.approx(difference, rel=tolerance)


def test_form_is_symmetric_and_positive() -> None:
    matrix = _dense(get_metric("ssim"), _picture(11))
    eigenvalues = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    assert np.abs(matrix - matrix.T).max() < 1e-5 * np.abs(matrix).max()
    assert eigenvalues[0] > -1e-6 * eigenvalues[-1]


def test_lasi_has_the_form_of_the_squares_of_its_norms() -> None:
    """Against differences of the embedding in float64."""
    reference = _picture(8)
    form = second_order_form(get_metric("lasi:2"), reference)
    v, w = _changes(reference, 2)
    with jax.enable_x64(True):
        embed = LASI(reference.shape, 2).embedding
        center = 2 * np.asarray(reference, np.float64) - 1

        def derivative(change: np.ndarray) -> np.ndarray:
            ahead, behind = (np.asarray(embed(center + sign * 2e-5 * change)) for sign in (1, -1))
            return (ahead - behind) / 2e-5

        along_v, along_w = derivative(v), derivative(w)
    assert form.kind == "squares"
    assert np.vdot(v, form.product(v)) == pytest.approx(2 * np.vdot(along_v, along_v) / reference.size, rel=1e-4)
    assert np.vdot(w, form.product(v)) == pytest.approx(2 * np.vdot(along_w, along_v) / reference.size, rel=1e-2)


def test_nlpd_has_the_form_of_the_squares_of_its_levels() -> None:
    torch = pytest.importorskip("torch")
    from mad_app.metrics.nlpd import _normalized_pyramid

    reference = smooth_image(96, 0)
    form = second_order_form(get_metric("nlpd"), reference)
    (v,) = _changes(reference, 1)
    image, change = (torch.tensor(np.moveaxis(np.asarray(one), -1, 0)[None].copy()).float() for one in (reference, v))
    _, levels = torch.autograd.functional.jvp(lambda one: tuple(_normalized_pyramid(one)), (image,), (change,))
    assert form.kind == "squares"
    expected = 2 * np.mean([float((level**2).mean()) for level in levels])
    assert np.vdot(v, form.product(v)) == pytest.approx(expected, rel=1e-3)


def test_lpips_has_the_form_of_its_weighted_features() -> None:
    """Against the derivative of the features along the change, in forward mode."""
    torch = pytest.importorskip("torch")
    try:
        metric = get_metric("lpips-alex")
    except MetricUnavailable as error:
        pytest.skip(str(error))
    from mad_app.metrics.lpips.network import trained_network

    reference = _picture(31)
    (v,) = _changes(reference, 1)
    network, _ = trained_network("alex")
    image, change = (torch.tensor(np.moveaxis(np.asarray(one), -1, 0)[None].copy()).float() for one in (reference, v))
    _, features = torch.autograd.functional.jvp(lambda one: tuple(network(one)), (image,), (change,))
    expected = sum(
        2 * float(head(layer**2).mean()) for head, layer in zip(network.heads, features, strict=True)
    )  # fmt: skip
    assert np.vdot(v, second_order_form(metric, reference).product(v)) == pytest.approx(expected, rel=1e-3)


@pytest.fixture
def pooled_pixels(monkeypatch: pytest.MonkeyPatch) -> KnownMetric:
    """Wasserstein distortion at σ = 2 of the pixels themselves, without the network, which needs 64 pixels."""
    pytest.importorskip("torch")
    from mad_app.metrics import wasserstein
    from mad_app.metrics.from_torch import TorchMetric

    monkeypatch.setattr(wasserstein, "_features", lambda images: [images])
    prepare = partial(wasserstein._prepare, 2.0)
    return TorchMetric(name="wasserstein", prepare=prepare, distances_to=wasserstein._distances_to)


def test_wasserstein_has_the_form_of_its_means_and_deviations(pooled_pixels: KnownMetric) -> None:
    """Against the Jacobians of both, written out: L is the low pass, σ² = L a² − (L a)²."""
    reference = _picture(8)
    rows = np.eye(8) / 2 + (np.eye(8, k=1) + np.eye(8, k=-1)) / 4
    low_pass, expected = np.kron(rows, rows), np.zeros((64, 3, 64, 3))
    for channel in range(3):
        a = np.asarray(reference, np.float64)[..., channel].ravel()
        mean = low_pass @ a
        deviation = np.sqrt(low_pass @ a**2 - mean**2)
        of_deviation = (low_pass * a - mean[:, None] * low_pass) / deviation[:, None]
        form = 2 * (low_pass.T @ low_pass + of_deviation.T @ of_deviation) / reference.size
        expected[:, channel, :, channel] = form
    matrix = _dense(pooled_pixels, reference)
    np.testing.assert_allclose(matrix, expected.reshape(192, 192), atol=1e-4 * expected.max())


def test_wasserstein_is_not_smooth_where_a_picture_is_constant(pooled_pixels: KnownMetric) -> None:
    """Its deviations begin above √1e-8 there: the form has the means alone, and a visible change is seen as more."""
    reference = jnp.full((8, 8, 3), 0.5)
    (v,) = _changes(reference, 1)
    distance = float(pooled_pixels.bind(reference).distances(jnp.asarray(reference + STEP * v, jnp.float32)[None])[0])
    assert 2 * distance / STEP**2 > 2 * np.vdot(v, second_order_form(pooled_pixels, reference).product(v))


@pytest.mark.parametrize("name", [*REFUSED, "mse+lasi"])
def test_metrics_without_a_form_are_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"metrics cannot hold .*, which has no second-order form at the reference"):
        second_order_form(get_metric(name), smooth_image(48, 0))


def test_a_function_that_grows_like_a_norm_is_refused() -> None:
    norm = metric_from(lambda x, y: jnp.sqrt(jnp.sum((x - y) ** 2) + 1e-20), name="norm")
    with pytest.raises(ArgumentError, match="not about a quarter"):
        second_order_form(norm, _picture(8))


def test_a_function_of_ones_own_is_differentiated_twice() -> None:
    own = metric_from(lambda x, y: jnp.sum((x - y) ** 4 + 3 * (x - y) ** 2), name="own")
    reference = _picture(4)
    (v,) = _changes(reference, 1)
    np.testing.assert_allclose(second_order_form(own, reference).product(v), 6 * v, rtol=1e-5)
