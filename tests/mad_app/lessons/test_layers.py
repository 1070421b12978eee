"""The layers of LPIPS: their sum is the metric, and what the lesson says of copies and of shifts."""

import numpy as np
import pytest

from mad_app.distortions import distort
from mad_app.images import bundled_path, load_image
from mad_app.lessons.layers import LayersState, equal_copies, shift_against_noise, sum_of
from mad_app.metrics import measure

REFERENCE = load_image(bundled_path("cat"), size=64)


def test_the_parts_sum_to_lpips_and_both_copies_are_equal() -> None:
    blurred, noisy = equal_copies(REFERENCE, "alex", "blur")
    np.testing.assert_array_equal(blurred.image, distort(REFERENCE, "blur", strength=2.0, seed=0))
    for one in (blurred, noisy):
        assert sum_of(one) == pytest.approx(measure(REFERENCE, one.image, ["lpips-alex"])["lpips-alex"], rel=1e-5)
        assert [part.mean() for part in one.maps] == pytest.approx(one.values, rel=1e-5)
    assert sum_of(blurred) == pytest.approx(sum_of(noisy), rel=1e-3)
    assert sum_of(blurred, "2") > sum_of(noisy, "2")  # as the teacher's notes say
    assert sum_of(blurred, "1345") < sum_of(noisy, "1345")


def test_st_lpips_minds_a_shift_least_and_mse_most_as_the_lesson_says() -> None:
    ratios = shift_against_noise(REFERENCE)
    copies = [distort(REFERENCE, name, strength=strength, seed=0) for name, strength in (("shift", 1), ("noise", 0.05))]
    shift, noise = (float(np.mean((image - REFERENCE) ** 2)) for image in copies)
    assert ratios["mse"] == pytest.approx(shift / noise, rel=1e-4)
    assert min(ratios, key=ratios.__getitem__) == "st-lpips-alex"
    assert max(ratios, key=ratios.__getitem__) == "mse"


@pytest.mark.parametrize("layers", ["6", "21", "11", "a"])
def test_layers_are_digits_in_order(layers: str) -> None:
    with pytest.raises(ValueError, match="layers must be some of the digits"):
        LayersState(layers=layers)
