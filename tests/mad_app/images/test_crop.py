"""Parts of pictures, and their reduction to another size."""

import numpy as np
import pytest
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images import (
    Crop,
    SquareCrop,
    bundled_path,
    crop_square,
    from_uint8,
    load_image,
    load_onto,
    read_image,
    resize_square,
)
from tests.mad_app.images.pictures import encode, ramp

LEVELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
CONTENT = encode(Image.fromarray(LEVELS), "PNG")


def test_the_whole_picture_is_taken_by_default_and_any_rectangle_of_it():
    np.testing.assert_array_equal(load_image(CONTENT, size=60), from_uint8(LEVELS))
    part = load_image(CONTENT, size=60, crop=Crop(left=0.5, width=0.4, top=0.25, height=0.75))
    np.testing.assert_array_equal(part, from_uint8(LEVELS[10:40, 30:54]))


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((512, 768), 128, (85, 128)),
        ((768, 512), 128, (128, 85)),
        ((200, 800), 64, (16, 64)),
        ((60, 60), 20, (20, 20)),
        ((40, 60), 61, (40, 60)),
    ],
)
def test_the_longer_side_is_reduced_to_the_size(shape: tuple[int, int], size: int, expected: tuple[int, int]):
    assert load_image(encode(ramp(*shape), "PNG"), size=size).shape == (*expected, 3)


def test_a_side_that_would_be_too_short_is_refused_with_what_it_would_be():
    with pytest.raises(ArgumentError, match=r"size 60 gives 60 × 15 pixels of 800 × 200, .* at least 16"):
        load_image(encode(ramp(200, 800), "PNG"), size=60)
    with pytest.raises(ArgumentError, match=r"size 64 gives 10 × 10 pixels of 10 × 10"):
        load_image(encode(ramp(10, 10), "PNG"), size=64)


def test_a_box_in_pixels_is_found_again_in_fractions():
    for box in ((0, 0, 1, 1), (1, 2, 7, 5), (333, 17, 3001, 1999), (0, 0, 3001, 1999)):
        assert Crop.of_box(box, 3001, 1999).box(3001, 1999) == box


@pytest.mark.parametrize(
    ("crop", "problem"),
    [
        ({"left": -0.1}, r"left must lie in \["),
        ({"height": 0}, "height must be above 0"),
        ({"width": float("nan")}, "width must be above 0"),
        ({"left": 0.5, "width": 0.6}, "width must be at most 1 − left, got 0.6 with left 0.5"),
    ],
)
def test_a_crop_stays_inside_the_picture(crop: dict[str, float], problem: str):
    with pytest.raises(ArgumentError, match=problem):
        Crop(**crop)


def test_an_earlier_square_is_what_it_was():
    right = load_image(CONTENT, size=20, crop=SquareCrop(left=1, top=0.5, extent=0.5))
    np.testing.assert_array_equal(right, from_uint8(LEVELS[10:30, 40:60]))
    np.testing.assert_array_equal(load_image(CONTENT, size=40, crop=SquareCrop()), from_uint8(LEVELS[:, 10:50]))
    thin = load_image(encode(Image.fromarray(LEVELS[:3]), "PNG"), size=16, crop=SquareCrop(extent=0.05))
    assert thin.shape == (16, 16, 3)


@pytest.mark.parametrize("name", ["left", "top", "extent"])
@pytest.mark.parametrize("value", [-0.1, 1.01, float("nan")])
def test_an_earlier_square_stays_inside_the_picture(name: str, value: float):
    with pytest.raises(ArgumentError, match=rf"{name} must lie in \["):
        SquareCrop(**{name: value})


def test_what_lies_on_a_picture_gets_its_size_and_is_not_enlarged():
    crop = Crop(left=0.5, width=0.5)
    assert load_onto(CONTENT, (20, 15), crop=crop).shape == (20, 15, 3)
    assert load_onto(CONTENT, (21, 15, 3)).shape == (21, 15, 3)
    assert load_onto(CONTENT, (80, 60), crop=crop).shape == (40, 30, 3)


def test_a_reduction_is_antialiased():
    levels = np.zeros((32, 96, 3), np.uint8)
    levels[::2] = 255  # stripes of one pixel
    image = load_image(encode(Image.fromarray(levels), "PNG"), size=48)
    np.testing.assert_allclose(image[2:-2, 2:-2], 0.5, atol=0.03)


def test_size_equal_to_the_picture_changes_nothing():
    square = ramp(32, 32)
    np.testing.assert_array_equal(load_image(encode(square, "PNG"), size=32), from_uint8(np.asarray(square)))


def test_a_small_picture_is_used_at_its_own_size_and_that_is_said():
    content = encode(ramp(20, 30), "PNG")
    decoded = read_image(content, size=64)
    np.testing.assert_array_equal(decoded.image, from_uint8(np.asarray(ramp(20, 30))))
    assert decoded.notes == ("its 30 × 20 pixels are not enlarged to a longer side of 64",)
    assert read_image(content, size=30).notes == read_image(content, size=24).notes == ()
    square = read_image(content, size=64, crop=SquareCrop())
    np.testing.assert_array_equal(square.image, from_uint8(np.asarray(ramp(20, 30))[:, 5:25]))
    assert square.notes == ("its square of 20 × 20 pixels is not enlarged to 64 × 64",)


def test_an_earlier_square_below_the_smallest_size_is_enlarged_to_it_and_that_is_said():
    decoded = read_image(encode(ramp(10, 10), "PNG"), size=64, crop=SquareCrop())
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
