"""The form of an image: its check, its 8-bit levels and its luminance."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.images import check_image, from_uint8, luminance, to_gray, to_uint8


def test_rounding_is_to_the_nearest_level():
    values = np.linspace(0, 1, 3003, dtype=np.float32).reshape(7, 143, 3)
    assert np.abs(to_uint8(values) - values.astype(np.float64) * 255).max() <= 0.5 + 1e-4


BAD_ARRAYS = {
    "float64": (np.zeros((4, 4, 3)), "--start must be float32.*got float64"),
    "uint8": (np.zeros((4, 4, 3), np.uint8), "--start must be float32.*got uint8"),
    "gray": (np.zeros((4, 4), np.float32), r"--start must have shape \(H, W, 3\), got \(4, 4\)"),
    "channels-first": (np.zeros((3, 4, 4), np.float32), r"--start must have shape \(H, W, 3\), got \(3, 4, 4\)"),
    "no-pixels": (np.zeros((0, 4, 3), np.float32), r"--start must have shape \(H, W, 3\), got \(0, 4, 3\)"),
    "nan": (np.full((1, 2, 3), np.nan, np.float32), "--start must be finite, got 6 values"),
    "infinite": (np.full((1, 1, 3), np.inf, np.float32), "--start must be finite, got 3 values"),
    "range": (np.full((4, 4, 3), 255, np.float32), r"--start must have values in \[0, 1\], got values from 255 to 255"),
    "negative": (np.full((4, 4, 3), -0.5, np.float32), "from -0.5 to -0.5"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_check_image_names_the_argument_and_what_was_given(case):
    array, message = BAD_ARRAYS[case]
    with pytest.raises(ArgumentError, match=message) as raised:
        check_image(array, "--start")
    assert raised.value.argument == "--start"


def test_check_image_returns_the_same_memory():
    image = np.zeros((2, 3, 3), np.float32)
    assert np.shares_memory(check_image(image, "image"), image)


def test_from_uint8_takes_no_other_types():
    for bad in (np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 0, 3), np.uint8)):
        with pytest.raises(ArgumentError, match="array must be uint8"):
            from_uint8(bad)


def test_luminance_weighs_the_channels_and_leaves_gray_as_it_is() -> None:
    red, green, blue = np.eye(3, dtype=np.float32).reshape(3, 1, 1, 3)
    weights = [float(luminance(primary)[0, 0]) for primary in (red, green, blue)]
    assert weights == pytest.approx([0.2126, 0.7152, 0.0722], abs=1e-6)
    gray = np.repeat(np.random.default_rng(0).random((8, 8, 1), np.float32), 3, axis=2)
    np.testing.assert_array_equal(to_gray(gray), gray)
    assert to_gray(np.random.default_rng(0).random((8, 8, 3))).max() <= 1
