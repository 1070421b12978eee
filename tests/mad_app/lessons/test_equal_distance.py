"""Distortions tuned to one value: measured again by the metric itself."""

import numpy as np
import pytest

from mad_app.distortions import distort
from mad_app.images import bundled_path, load_image, to_gray
from mad_app.lessons.equal_distance import WHEEL, Tuned, mixed, other_values, tune, wheel
from mad_app.lessons.equal_slide import sentence_of, slide_of
from mad_app.metrics import measure

REFERENCE = load_image(bundled_path("coffee"), size=32)


@pytest.mark.parametrize("metric", ["mse", "ssim"])
def test_all_have_the_value_of_the_noise_within_a_thousandth(metric: str) -> None:
    tuned = wheel(REFERENCE, metric, 0.1)
    assert [one.name for one in tuned] == list(WHEEL)
    noisy = distort(REFERENCE, "noise", strength=0.1, seed=0)
    wanted = measure(REFERENCE, noisy, [metric])[metric]
    for one in tuned:
        assert one.reached, one.name
        assert measure(REFERENCE, one.image, [metric])[metric] == pytest.approx(wanted, rel=1e-3)
        np.testing.assert_array_equal(one.image, mixed(REFERENCE, one.name, one.strength))
    assert tuned[0].strength == pytest.approx(0.1, rel=1e-3)


def test_what_cannot_reach_the_value_says_so() -> None:
    (hue, blur) = tune(to_gray(REFERENCE), "mse", 0.01, ["hue", "blur"])
    assert (hue.reached, hue.value, blur.reached) == (False, pytest.approx(0, abs=1e-9), True)


def test_between_whole_strengths_both_are_mixed() -> None:
    both = [distort(REFERENCE, "shift", strength=strength, seed=0) for strength in (2, 3)]
    np.testing.assert_allclose(mixed(REFERENCE, "shift", 2.25), 0.75 * both[0] + 0.25 * both[1], atol=1e-6)


def test_copies_with_the_same_mse_differ_several_times_over_in_ssim_as_the_lesson_says() -> None:
    image = load_image(bundled_path("cat"), size=96)
    tuned = wheel(image, "mse", 0.1)
    others = other_values(image, tuned, "ssim")
    assert others[0] == pytest.approx(measure(image, tuned[0].image, ["ssim"])["ssim"], rel=1e-5)
    assert max(others) > 3 * min(others)


def test_the_slide_says_what_the_page_says() -> None:
    tuned = [Tuned(name, 1.0, REFERENCE, 0.01, name != "hue") for name in ("blur", "jpeg", "hue")]
    said = sentence_of(tuned, "mse", "ssim", [0.2, 0.5, 0.9])
    assert said == "MSE rates 2 of the 3 copies the same: 0.0100. 1 − SSIM goes from 0.200 to 0.500, 2.5 times as much."
    assert sentence_of(tuned, "mse", "ssim", [None] * 3) == "MSE rates 2 of the 3 copies the same: 0.0100."
    slide = slide_of(REFERENCE, tuned, "mse", "ssim", [0.2, 0.5, 0.9])
    assert [one.caption for one in slide.pictures] == [
        ("Original",),
        ("Blur", "MSE 0.0100", "1 − SSIM 0.200"),
        ("JPEG", "MSE 0.0100", "1 − SSIM 0.500"),
        ("Hue", "MSE 0.0100, not reached", "1 − SSIM 0.900"),
    ]
    assert slide.text[0].replace("\xa0", " ") == said
