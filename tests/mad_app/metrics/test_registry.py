"""The registry: its names, parameters and smallest images."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

from mad_app.errors import ArgumentError
from mad_app.metrics import LISTED_METRICS, METRICS, MetricUnavailable, describe_metrics, get_metric
from mad_app.metrics.conventions import CONVENTIONS, FILTERED, HALVED, TO_256
from mad_app.metrics.registry import build_structural, canonical_name
from mad_app.metrics.spec import MetricSpec
from mad_app.metrics.structural import DISTANCES
from tests.mad_app.metrics.pictures import noisy, smooth_picture

AVAILABLE = [described.spec.name for described in describe_metrics() if described.available]
EXPECTED = (
    "lasi lpips-alex lpips-vgg lpips-squeeze mse ssim ms-ssim gmsd fsim haarpsi vif mdsi vsi "
    "ssim-luma nlpd dists st-lpips-alex wasserstein"
)


def test_the_metrics_are_those_promised() -> None:
    assert list(METRICS) == EXPECTED.split()
    assert {name for name, spec in METRICS.items() if spec.build is build_structural} == set(DISTANCES)


@pytest.mark.parametrize("spec", LISTED_METRICS.values(), ids=LISTED_METRICS)
def test_a_specification_has_what_a_page_shows(spec: MetricSpec) -> None:
    assert spec.title
    assert spec.explanation.endswith(".")
    assert spec.source
    by_package = "torch" if "torch" in spec.packages else "jax"
    assert spec.framework == ("numpy" if spec.no_gradient else by_package)


def test_every_metric_has_a_convention() -> None:
    assert set(CONVENTIONS) == set(LISTED_METRICS)
    for spec in LISTED_METRICS.values():
        convention = spec.convention
        assert all((convention.color, convention.resizing, convention.range, convention.window))
        assert "\n" not in convention.describe()
        assert not convention.describe().endswith(".")


def distance_between(name: str, reference: jax.Array, image: jax.Array) -> float:
    return float(get_metric(name)(reference, image))


@pytest.mark.parametrize("name", [name for name in AVAILABLE if name != "lasi"])
def test_the_convention_of_color_is_kept(name: str) -> None:
    """Luma alone: a change of color at constant luma is none. Each channel by itself: their order does not matter."""
    color = CONVENTIONS[name].color
    size = max(64, METRICS[name].minimum_size)
    reference = smooth_picture(size)
    image = noisy(reference, 0.05)[0]
    at_constant_luma = reference + 0.05 * jnp.array([0.587 + 0.114, -0.299, -0.299])
    permuted = distance_between(name, reference[..., ::-1], image[..., ::-1])
    distance = distance_between(name, reference, image)
    assert (distance_between(name, reference, at_constant_luma) < 1e-3 * distance) == color.startswith("luma alone")
    alike = color.startswith(("R, G and B each by itself", "R, G, B alike"))
    assert (abs(permuted / distance - 1) < 1e-4) == alike


@pytest.mark.parametrize("name", [name for name in AVAILABLE if name != "lasi"])
def test_the_convention_of_resizing_is_kept(name: str) -> None:
    """Only one that averages over blocks or filters first overlooks a change that averages to 0 in blocks of 2 × 2."""
    is_slow = name in ("wasserstein", "lpips-vgg", "dists", "st-lpips-alex")  # they do the same at every size
    size = 64 if is_slow else 384
    reference = jnp.full((size, size, 3), 0.5)
    checkers = jnp.indices((size, size)).sum(axis=0) % 2
    blind = distance_between(name, reference, reference + 0.05 * (2 * checkers - 1.0)[..., None]) < 1e-6
    resizing = CONVENTIONS[name].resizing
    assert blind == (resizing in (FILTERED, HALVED, TO_256))


@pytest.mark.parametrize("name", AVAILABLE)
def test_a_metric_takes_its_smallest_image_and_refuses_a_smaller_one(name: str) -> None:
    size = METRICS[name].minimum_size
    metric = get_metric(name)
    assert metric.name == name
    assert metric.minimum_size == size
    reference = noisy(smooth_picture(size), 0.1)[0]
    distances, gradients = metric.bind(reference).value_and_grad(noisy(reference, 0.1, seed=2))
    assert float(distances[0]) > 0
    assert jnp.isfinite(gradients).all()
    assert gradients.any()
    if size > 1:
        message = f"reference must have at least {size}×{size} pixels for {name}, got {size}×{size - 1}"
        with pytest.raises(ValueError, match=message):
            metric.bind(reference[:, : size - 1])


def test_a_number_after_a_colon_sets_the_parameter() -> None:
    by_default, three, ten = (get_metric(name) for name in ("lasi", "lasi:3", "lasi:10"))
    assert (by_default.name, three.name, ten.name) == ("lasi", "lasi:3", "lasi")
    assert by_default == ten != three


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("wasserstein:4", "wasserstein"), ("wasserstein:4.0", "wasserstein"), ("wasserstein:2.50", "wasserstein:2.5")],
)
def test_a_parameter_need_not_be_whole(name: str, canonical: str) -> None:
    assert get_metric(name).name == canonical_name(name) == canonical


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("psnr", "second must be one of lasi, lpips-alex, .*, wasserstein, got 'psnr'"),
        ("", "second must be one of .*, got ''"),
        ("LASI", "second must be one of .*, got 'LASI'"),
        ("mse:3", "second mse has no parameter, got 'mse:3'"),
        ("mse:", "mse has no parameter, got 'mse:'"),
        ("lasi:0", "lasi: must be followed by the neighborhood size, a whole number from 1 to 50, got 'lasi:0'"),
        ("lasi:51", "whole number from 1 to 50, got 'lasi:51'"),
        ("lasi:", "whole number from 1 to 50, got 'lasi:'"),
        ("lasi:1.5", "got 'lasi:1.5'"),
        ("lasi:-1", "got 'lasi:-1'"),
        ("lasi:²", "got 'lasi:²'"),
        (
            "wasserstein:0.5",
            "must be followed by the pooling width in pixels, a number from 1 to 16, got 'wasserstein:0.5'",
        ),
        ("wasserstein:16.1", "a number from 1 to 16, got 'wasserstein:16.1'"),
        ("wasserstein:4.5.6", "got 'wasserstein:4.5.6'"),
        ("wasserstein:.", "got 'wasserstein:.'"),
        ("wasserstein:1e1", "got 'wasserstein:1e1'"),
        ("wasserstein:nan", "got 'wasserstein:nan'"),
        ("json:loads", "second must be one of .*, got 'json:loads'"),
    ],
)
def test_other_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as raised:
        get_metric(name, argument="second")
    assert raised.value.argument == "second"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert METRICS["ssim"].missing() == "not installed: torch, piq"
    assert METRICS["lasi"].missing() is None
    with pytest.raises(MetricUnavailable, match="ssim is not available here: not installed: torch, piq"):
        get_metric("ssim")


@pytest.mark.parametrize("name", [None, 3])
def test_what_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^metric must be the name of a metric, got "):
        get_metric(name)
