"""Weighted sums of metrics: their names, values, gradients and maps, and that each part is evaluated once a step."""

import math
from collections import Counter
from typing import Any

import jax
import numpy as np
import pytest

from mad_app.competition import Settings, compete
from mad_app.errors import ArgumentError
from mad_app.figures import metric_title
from mad_app.metrics import (
    BoundJaxMetric,
    KnownMetric,
    SumMetric,
    check_metric,
    get_metric,
    measure_batch,
    measure_maps,
    spec_of,
)
from mad_app.metrics.from_torch import BoundTorchMetric
from mad_app.metrics.registry import canonical_name
from tests.mad_app.metrics.pictures import noisy, smooth_picture

SIZE = 16
REFERENCE = smooth_picture(SIZE)
IMAGES = noisy(REFERENCE, 0.05, 0.2)


def expected(weights: dict[str, float]) -> list[np.ndarray]:
    """Values and gradients in float64 from those of the parts."""
    parts = [(weight, get_metric(name).bind(REFERENCE).value_and_grad(IMAGES)) for name, weight in weights.items()]
    return [sum(weight * np.asarray(of[i], np.float64) for weight, of in parts) for i in (0, 1)]


@pytest.mark.parametrize("weights", [{"mse": 1.0, "ssim": 0.5}, {"lasi:2": 0.25, "mse": 1.0}, {"ssim": 3.0}])
def test_value_and_gradient_are_the_sums_of_those_of_the_parts(weights: dict[str, float]) -> None:
    metric = get_metric("+".join(f"{weight}*{name}" for name, weight in weights.items()))
    assert metric.minimum_size == max(get_metric(name).minimum_size for name in weights)
    bound = metric.bind(REFERENCE)
    for ours, sums in zip(bound.value_and_grad(IMAGES), expected(weights), strict=True):
        np.testing.assert_allclose(ours, sums, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(bound.distances(IMAGES), expected(weights)[0], rtol=1e-5)
    np.testing.assert_allclose(metric(REFERENCE, IMAGES[0]), expected(weights)[0][0], rtol=1e-5)


def test_a_sum_of_both_frameworks_keeps_the_contract_of_a_metric() -> None:
    check_metric(get_metric("mse+0.5*ssim"), size=32)


def test_operators_make_the_same_metrics_as_names() -> None:
    mse, ssim = get_metric("mse"), get_metric("ssim")
    for made in (mse + 0.5 * ssim, sum([ssim * 0.25, mse, ssim * np.float64(0.25)]), 0.5 * (2 * mse + ssim)):
        assert made == get_metric("mse+0.5*ssim")
        assert made.name == "mse+0.5*ssim"
    assert 1 * mse is mse
    assert (mse + 0.5 * ssim) + mse == get_metric("2*mse+0.5*ssim")
    for wrong in (0, -1.0, math.nan, math.inf, 1e-60):
        with pytest.raises(ArgumentError, match=r"^weight must be a finite number above 0, got "):
            wrong * mse
    for other in (1, None, "ssim"):
        with pytest.raises(TypeError):
            mse + other  # type: ignore[operator]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("0.50 * ssim + lasi:10", "lasi+0.5*ssim"),
        ("lasi+1.0*lasi", "2*lasi"),
        ("1e-3*mse+1e6*lasi", "1000000*lasi+0.001*mse"),
        ("1*mse", "mse"),
    ],
)
def test_a_sum_has_one_name(typed: str, name: str) -> None:
    assert canonical_name(typed) == name
    assert canonical_name(name) == name


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("0*lasi+mse", "must have a finite number above 0 before each \\*, got '0' in '0\\*lasi\\+mse'"),
        ("lasi+-1*mse", "must have a finite number above 0 before each \\*, got '-1'"),
        ("inf*lasi", "must have a finite number above 0 before each \\*, got 'inf'"),
        ("1e-60*lasi", "must have a finite number above 0 before each \\*, got '1e-60'"),
        ("lasi*2", "must have a finite number above 0 before each \\*, got 'lasi'"),
        ("lasi+", "must be a sum such as lasi\\+0.5\\*lpips-alex, got 'lasi\\+'"),
        ("lasi+nothing", "must be one of .*, got 'nothing'"),
        ("lasi+flip", "cannot be flip\\+lasi, which can be measured but not compete: the package flip-evaluator"),
    ],
)
def test_what_is_no_sum_is_refused_under_the_name_of_the_argument(typed: str, problem: str) -> None:
    with pytest.raises(ArgumentError, match=f"^first {problem}"):
        get_metric(typed, argument="first")


def test_a_sum_describes_itself_by_its_parts() -> None:
    assert metric_title("lasi:20+0.5*lpips-alex") == "LASI:20 + 0.5 LPIPS (AlexNet)"
    spec = spec_of("0.5*ssim + lasi:20")
    assert (spec.title, spec.minimum_size) == ("LASI:20 + 0.5 (1 − SSIM)", 11)
    assert spec.describe_convention().startswith("LASI: Color: R, G, B interleaved")
    assert "1 − SSIM: Color: R, G and B each by itself" in spec.describe_convention()
    assert get_metric("lpips-alex+mse").weights == f"lpips-alex: {get_metric('lpips-alex').weights}"
    assert get_metric("mse+ssim").weights is None


def test_maps_add_up_where_the_parts_have_them() -> None:
    both = measure_maps(get_metric("mse+0.5*ssim"), REFERENCE, IMAGES)
    apart = [measure_maps(get_metric(name), REFERENCE, IMAGES) for name in ("mse", "ssim")]
    np.testing.assert_allclose(both, apart[0] + 0.5 * apart[1], rtol=1e-5, atol=1e-8)
    assert get_metric("mse+gmsd").maps(REFERENCE, IMAGES) is None


def test_a_sum_is_measured_by_its_name() -> None:
    values = measure_batch(REFERENCE, IMAGES, ["mse", "ssim", "mse+2*ssim", "mse+ms-ssim"])
    assert values["mse+2*ssim"][0] == pytest.approx(values["mse"][0] + 2 * values["ssim"][0], rel=1e-5)
    assert values["mse+ms-ssim"] == (None, None)


def evaluations(first: KnownMetric, second: KnownMetric, monkeypatch: pytest.MonkeyPatch) -> list[Counter[str]]:
    """How often each metric is evaluated in each step."""
    counts: list[Counter[str]] = [Counter()]
    for bound in (BoundJaxMetric, BoundTorchMetric):
        evaluate: Any = bound.value_and_grad

        def counted(self: Any, images: jax.Array, evaluate: Any = evaluate) -> Any:
            counts[-1][self.metric.name] += 1
            return evaluate(self, images)

        monkeypatch.setattr(bound, "value_and_grad", counted)
    counts.extend(Counter() for _ in compete(REFERENCE, IMAGES[1], first, second, Settings(steps=5)))
    return counts[1:-2]  # from the first step to the return to the level


@pytest.mark.parametrize("second", ["lasi:2", "ssim", "ssim+2*lasi:2"])
def test_each_part_is_evaluated_once_a_step(second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a part that both competitors have."""
    steps = evaluations(get_metric("mse+0.5*ssim"), get_metric(second), monkeypatch)
    parts = {"mse", "ssim", *second.replace("+2*", " ").split()}
    assert steps == [Counter(parts)] * 4


def test_a_sum_competes_with_its_own_part() -> None:
    first, second = get_metric("lasi:2+0.5*mse"), get_metric("mse")
    *_, last = compete(REFERENCE, IMAGES[1], first, second, Settings(steps=15))
    np.testing.assert_allclose(last.drift, 0, atol=1e-4)
    assert last.first[0] > 1.2 * last.first[1]
    for image, of_sum in zip(last.images, last.first, strict=True):
        assert float(first(REFERENCE, image)) == pytest.approx(of_sum, rel=1e-4)


def test_only_a_sum_of_metrics_is_a_sum_metric() -> None:
    assert isinstance(get_metric("2*mse"), SumMetric)
    assert not isinstance(get_metric("1*mse"), SumMetric)
