"""Competitions that keep LASI, LPIPS or their sum fixed: the stored runs, and what is said of a failure."""

import numpy as np
import pytest

from mad_app.images import bundled_path, load_image
from mad_app.lessons.together import (
    ALPHAS,
    JUDGES,
    PARTS,
    PICTURES,
    SIZE,
    STEPS,
    STORED,
    Driven,
    TogetherState,
    drive_apart,
    fixed_metrics,
    stored_runs,
    sum_of_both,
)
from mad_app.metrics import measure
from mad_app.ui.lessons.together import describe_failure

IMAGE = np.random.default_rng(0).random((24, 24, 3), np.float32)


@pytest.mark.parametrize("judge", JUDGES)
def test_every_stored_run_keeps_what_is_fixed(judge: str) -> None:
    for picture in PICTURES:
        runs = stored_runs(picture, judge)
        assert [run.fixed for run in runs] == fixed_metrics(judge)
        for run in runs:
            high, low = run.values
            assert high[run.fixed] == pytest.approx(low[run.fixed], rel=5e-3)
            assert high[judge] > low[judge] > 0
            assert (run.steps, run.images.shape) == (STEPS, (2, SIZE, SIZE, 3))
        for alpha, run in zip(ALPHAS, runs[-len(ALPHAS) :], strict=True):
            lasi, lpips = (run.values[0][part] for part in PARTS)
            assert run.values[0][sum_of_both(alpha)] == pytest.approx(lasi + alpha * lpips, rel=1e-4)


def test_the_stored_values_are_those_of_the_stored_images() -> None:
    reference = load_image(bundled_path("cat"), size=SIZE)
    run = next(run for run in stored_runs("cat", "ssim") if run.fixed == sum_of_both(2.0))
    for image, values in zip(run.images, run.values, strict=True):
        for name in ("ssim", "mse", *PARTS):
            assert measure(reference, image, [name])[name] == pytest.approx(values[name], rel=1e-3)
    assert run.failure == pytest.approx(run.values[0]["ssim"] / run.values[1]["ssim"])


def test_the_stored_runs_are_small() -> None:
    assert STORED.stat().st_size < 1.5e6


def test_a_judge_is_driven_apart_while_a_metric_is_fixed() -> None:
    run = drive_apart(IMAGE, "ssim", "mse", steps=8)
    kept = [measure(IMAGE, image, ["mse"])["mse"] for image in run.images]
    assert kept[0] == pytest.approx(kept[1], rel=5e-3)
    assert run.failure is not None
    assert run.failure > 2


def driven(fixed: str, high: float, low: float) -> Driven:
    return Driven("ssim", fixed, 10, IMAGE[None], ({"ssim": high}, {"ssim": low}))


@pytest.mark.parametrize(
    ("of_sum", "said"),
    [
        (0.01, "5 times smaller than with LASI and 2 times smaller than with LPIPS"),
        (0.004, "2 times smaller than with LASI and 1.2 times larger than with LPIPS"),
        (0.002, "about the same as with LASI and 2.5 times larger than with LPIPS"),
    ],
)
def test_a_failure_is_compared_as_it_is(of_sum: float, said: str) -> None:
    alone = [driven("lasi", 1.0, 0.002), driven("lpips-alex", 1.0, 0.005)]
    sentence = describe_failure(alone, driven("lasi+2*lpips-alex", 1.0, of_sum))
    assert "The highest 1 − SSIM is 500 times the lowest with LASI fixed, 200 times the lowest with LPIPS" in sentence
    assert said in sentence


def test_without_a_ratio_nothing_is_compared() -> None:
    assert "no number" in describe_failure([driven("lasi", 1.0, 0.1)], driven("lasi+mse", 1.0, 0.0))


def test_a_weight_is_one_of_the_slider() -> None:
    with pytest.raises(ValueError, match=r"alpha must be one of 0.5, 1, 2, 4, 8, got 3"):
        TogetherState(alpha=3.0)
