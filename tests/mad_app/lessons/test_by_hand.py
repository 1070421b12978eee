"""A painted picture against the engine: its number, and the score."""

import numpy as np
import pytest

from mad_app.distortions import distort
from mad_app.images import bundled_path, load_image
from mad_app.lessons.brush import paint
from mad_app.lessons.by_hand import let_engine_try, read

REFERENCE = load_image(bundled_path("cat"), size=32)


def mse(image: np.ndarray) -> float:
    return float(np.mean((image - REFERENCE) ** 2))


def test_the_number_to_reach_is_that_of_the_noise() -> None:
    painted = paint(REFERENCE, "p2.200.300.500.700.500")
    reading = read(REFERENCE, painted, "mse", "ssim", 0.1)
    noisy = mse(distort(REFERENCE, "noise", strength=0.1, seed=0))
    assert (reading.fixed, reading.target) == (pytest.approx(mse(painted)), pytest.approx(noisy))
    assert reading.part == pytest.approx(mse(painted) / noisy)
    assert not reading.matches
    part = (noisy / mse(painted)) ** 0.5
    assert read(REFERENCE, REFERENCE + np.float32(part) * (painted - REFERENCE), "mse", "ssim", 0.1).matches


def test_the_engine_keeps_your_number_and_ends_on_both_sides_of_you() -> None:
    painted = paint(REFERENCE, "b9.200.300.500.700.500")
    answer = let_engine_try(REFERENCE, painted, "mse", "ssim", steps=20)
    assert [mse(answer.most), mse(answer.least)] == pytest.approx([mse(painted)] * 2, rel=0.05)
    assert answer.fixed == pytest.approx((mse(answer.most), mse(answer.least)), rel=1e-4)
    yours = read(REFERENCE, painted, "mse", "ssim", 0.1).judge
    assert yours is not None
    high, low = answer.judge
    assert low < yours < high
    assert answer.score(yours) == round(100 * (yours - low) / (high - low))
    assert (answer.score(high + 1), answer.score(low - 1)) == (100, 0)


def test_a_hundredth_of_the_pixels_from_white_to_black_has_the_mse_of_noise_as_the_lesson_says() -> None:
    changed = np.zeros(10_000)
    changed[: round(0.01 * 10_000)] = 1
    assert np.mean(changed**2) == pytest.approx(0.1**2)
