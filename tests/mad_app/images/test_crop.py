"""Squares of pictures: crops, and resampling to another size."""

import numpy as np
import pytest
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images import Crop, bundled_path, crop_square, from_uint8, load_image, read_image, resize_square
from tests.mad_app.images.pictures import encode, ramp


def test_a_crop_takes_its_square():
    levels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    content = encode(Image.fromarray(levels), "PNG")
    right = load_image(content, size=20, crop=Crop(left=1, top=0.5, extent=0.5))
    np.testing.assert_array_equal(right, from_uint8(levels[10:30, 40:60]))
    np.testing.assert_array_equal(load_image(content, size=40, crop=Crop()), from_uint8(levels[:, 10:50]))
    assert load_image(encode(Image.fromarray(levels[:3]), "PNG"), size=16, crop=Crop(extent=0.05)).shape == (16, 16, 3)


@pytest.mark.parametrize("name", ["left", "top", "extent"])
@pytest.mark.parametrize("value", [-0.1, 1.01, float("nan")])
def test_a_crop_stays_inside_the_picture(name: str, value: float):
    with pytest.raises(ArgumentError, match=rf"{name} must lie in \["):
        Crop(**{name: value})


def test_size_takes_the_central_square_and_antialiases():
    levels = np.zeros((32, 96, 3), np.uint8)
    levels[::2, 32:64] = 255  # stripes of one pixel, only inside the central square
    image = load_image(encode(Image.fromarray(levels), "PNG"), size=16)
    assert image.shape == (16, 16, 3)
    np.testing.assert_allclose(image[2:-2, 2:-2], 0.5, atol=0.03)


def test_size_equal_to_the_picture_changes_nothing():
    square = ramp(32, 32)
    np.testing.assert_array_equal(load_image(encode(square, "PNG"), size=32), from_uint8(np.asarray(square)))


def test_a_small_picture_is_used_at_its_own_size_and_that_is_said():
    content = encode(ramp(20, 30), "PNG")
    decoded = read_image(content, size=64)
    np.testing.assert_array_equal(decoded.image, from_uint8(np.asarray(ramp(20, 30))[:, 5:25]))
    assert decoded.notes == ("its square of 20 × 20 pixels is not enlarged to 64 × 64",)
    part = read_image(encode(ramp(100, 100), "PNG"), size=64, crop=Crop(extent=0.5))
    assert part.image.shape == (50, 50, 3)
    assert read_image(content, size=20).notes == read_image(content, size=16).notes == ()


def test_a_picture_below_the_smallest_size_is_enlarged_to_it_and_that_is_said():
    decoded = read_image(encode(ramp(10, 10), "PNG"), size=64)
    assert decoded.image.shape == (16, 16, 3)
    assert decoded.notes == ("its square of 10 × 10 pixels is enlarged to 16 × 16, the smallest size",)


def test_crop_square_at_its_corners_and_middle():
    image = from_uint8(np.asarray(ramp(20, 30)))
    np.testing.assert_array_equal(crop_square(image, 10, left=0, top=0), image[:10, :10])
    np.testing.assert_array_equal(crop_square(image, 10, left=1, top=1), image[10:, 20:])
    np.testing.assert_array_equal(crop_square(image, 10), image[5:15, 10:20])
    assert not np.shares_memory(crop_square(image, 20, left=0), image)


@pytest.mark.parametrize(("size", "left"), [(0, 0.5), (21, 0.5), (4, -0.1), (4, 1.1), (4, float("nan"))])
def test_crop_square_must_fit(size, left):
    with pytest.raises(ArgumentError, match=r"(size|left) must lie"):
        crop_square(from_uint8(np.asarray(ramp(20, 30))), size, left=left)


def test_resize_square_agrees_with_loading_at_that_size():
    path = bundled_path("cat")
    np.testing.assert_allclose(resize_square(load_image(path), 128), load_image(path, size=128), atol=1.5 / 255)
    with pytest.raises(ArgumentError, match="must be square"):
        resize_square(load_image(encode(ramp(), "PNG")), 32)
