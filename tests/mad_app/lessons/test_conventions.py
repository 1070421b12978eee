"""One pair in several conventions: against formulas written anew, other metrics, and what the lesson says."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.lessons.conventions import Reading, flipped, make_pair, read_pair
from mad_app.metrics import measure

REFERENCE = load_image(bundled_path("cat"), size=48)
IMAGES = [np.clip(REFERENCE + np.float32(step), 0, 1) ** np.float32(1.2) for step in (0.03, 0.06)]


def by_name(readings: list[Reading]) -> dict[str, Reading]:
    return {one.name: one for one in readings}


def test_mse_is_that_of_each_convention_written_anew() -> None:
    found = by_name(read_pair(REFERENCE, IMAGES, "mse"))
    for i, image in enumerate(IMAGES):
        difference = image.astype(np.float64) - REFERENCE
        luma = difference @ [0.299, 0.587, 0.114]
        blocks = difference[: len(difference) // 2 * 2].reshape(-1, 2, 24, 2, 3).mean(axis=(1, 3))
        rows, columns, _ = REFERENCE.shape
        middle = difference[rows // 4 : rows // 4 + rows // 2, columns // 4 : columns // 4 + columns // 2]
        levels = np.round(image.astype(np.float64) * 255) - np.round(REFERENCE.astype(np.float64) * 255)
        expected = {"plain": difference, "luma": luma, "half": blocks, "crop": middle, "range": 255 * difference}
        for name, one in {**expected, "bits": levels / 255}.items():
            assert found[name].values[i] == pytest.approx(np.mean(one**2), rel=1e-4), name


def test_ssim_on_luma_is_the_other_metric_and_a_wrong_range_raises_its_constants_fourfold() -> None:
    found = by_name(read_pair(REFERENCE, IMAGES, "ssim"))
    assert found["luma"].values[0] == pytest.approx(measure(REFERENCE, IMAGES[0], ["ssim-luma"])["ssim-luma"], rel=1e-4)
    flat = np.full((11, 11, 3), 0.2, np.float32), np.full((11, 11, 3), 0.6, np.float32)
    (a, _) = by_name(read_pair(flat[0], [flat[1]] * 2, "ssim"))["range"].values
    c1 = (0.01 * 2) ** 2  # of two flat pictures SSIM is its first factor
    assert a == pytest.approx(1 - (2 * 0.2 * 0.6 + c1) / (0.2**2 + 0.6**2 + c1), rel=1e-4)


def test_lpips_without_scaling_sees_half_the_range() -> None:
    found = by_name(read_pair(REFERENCE, IMAGES, "lpips-alex"))
    half = (REFERENCE / 2 + np.float32(0.5), IMAGES[0] / 2 + np.float32(0.5))
    assert found["range"].values[0] == pytest.approx(measure(*half, ["lpips-alex"])["lpips-alex"], rel=1e-5)
    assert found["crop"].values == (None, None)  # 24 pixels are too few
    assert found["crop"].ratio is None


def test_the_order_flips_as_the_lesson_says() -> None:
    image = load_image(bundled_path("cat"), size=96)
    pair = make_pair(image, "ssim", "blur", "noise", lead=0.1)
    a, b = (measure(image, one, ["ssim"])["ssim"] for one in pair.images)
    assert a is not None
    assert b == pytest.approx(1.1 * a, rel=1e-3)
    assert flipped(read_pair(image, pair.images, "ssim")) == ["luma", "half"]
    weak = make_pair(image, "mse", "brightness", "noise", lead=0.1, strength=0.02)
    assert "bits" in flipped(read_pair(image, weak.images, "mse"))
    strong = make_pair(image, "ssim", "blur", "noise", lead=1.0)
    assert flipped(read_pair(image, strong.images, "ssim")) == []


def test_a_pair_needs_two_distortions_and_a_change() -> None:
    with pytest.raises(ArgumentError, match="far must be another distortion"):
        make_pair(REFERENCE, "mse", "blur", "blur", lead=0.1)
    with pytest.raises(ArgumentError, match="A equals the original"):
        make_pair(np.full((16, 16, 3), 0.5, np.float32), "mse", "blur", "noise", lead=0.1)
