"""Distortions: each against a closed form, then identity, growth, seeds and range for all of them."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from mad_app.distortions import DISTORTIONS, distort, get_distortion
from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, from_uint8, load_image, to_uint8

PICTURES = ("cat", "astronaut", "coffee", "rocket")  # colored, with structure coarser than the greatest movement
STEPS = (0.06, 0.25, 0.5, 0.75, 1.0)  # parts of the range; coarse, since codecs are rough in the small


def gray(value: float = 0.5, size: int = 64) -> np.ndarray:
    return np.full((size, size, 3), value, np.float32)


def random_image(seed: int, height: int = 32, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def linear_image(size: int = 64) -> np.ndarray:
    """Red holds the known and green the column, both divided by the size: interpolation can be read off."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    return np.stack([rows, columns, np.zeros_like(rows)], axis=2).astype(np.float32)


def wave_image(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Waves with periods of at least 10 pixels, evaluated at any positions: what exact interpolation gives there."""
    phases = [rows / 3 + columns / 2, rows / 2 - columns / 4, 0.6 * columns]
    return (0.5 + 0.4 * np.sin(np.stack(phases, axis=2))).astype(np.float32)


def squared_error(image: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean((image.astype(np.float64) - other) ** 2))


# Each distortion against what it must do


def test_noise_has_the_standard_deviation_of_its_strength():
    noise = distort(gray(size=256), "noise", strength=0.1, seed=3) - 0.5
    assert noise.std() == pytest.approx(0.1, rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.0])
def test_blur_spreads_a_point_with_the_variance_of_its_strength(sigma):
    image = np.zeros((81, 61, 3), np.float32)
    image[40, 30] = 1
    spot = distort(image, "blur", strength=sigma, seed=0)[..., 0].astype(np.float64)
    rows, columns = np.mgrid[-40:41, -30:31]
    assert spot.sum() == pytest.approx(1, rel=1e-5)
    assert (spot * rows**2).sum() == pytest.approx(sigma**2, rel=1e-3)
    assert (spot * columns**2).sum() == pytest.approx(sigma**2, rel=1e-3)
    assert (spot * rows * columns).sum() == pytest.approx(0, abs=1e-6)


def test_blur_is_near_the_sampled_gaussian_and_keeps_a_flat_border():
    image = np.zeros((81, 81, 3), np.float32)
    image[40, 40] = 1
    gaussian = np.exp(-(np.arange(-40, 41) ** 2) / (2 * 4.0**2))
    gaussian /= gaussian.sum()
    spot = distort(image, "blur", strength=4, seed=0)[..., 0]
    np.testing.assert_allclose(spot, np.outer(gaussian, gaussian), atol=2e-4)
    np.testing.assert_allclose(distort(gray(0.3), "blur", strength=5, seed=0), 0.3, atol=1e-6)


@pytest.mark.parametrize(("name", "kind", "extra"), [("jpeg", "JPEG", {"subsampling": 2}), ("webp", "WEBP", {})])
def test_codecs_use_the_quality_their_unit_says(name, kind, extra):
    image = load_image(bundled_path("cat"), size=64)
    buffer = io.BytesIO()
    Image.fromarray(to_uint8(image)).save(buffer, kind, quality=10, **extra)
    with Image.open(buffer) as picture:
        expected = from_uint8(np.asarray(picture.convert("RGB")))
    np.testing.assert_array_equal(distort(image, name, strength=90, seed=0), expected)


def test_contrast_shrinks_deviations_from_the_mean():
    image = random_image(1)
    result = distort(image, "contrast", strength=0.25, seed=0)
    np.testing.assert_allclose(result.std(), 0.75 * image.std(), rtol=0.01)
    flat = distort(image, "contrast", strength=1, seed=0)
    np.testing.assert_allclose(flat, (image @ [0.2126, 0.7152, 0.0722]).mean(), atol=1e-6)


def test_brightness_adds_and_clips():
    image = random_image(2)
    for strength in (0.2, -0.4):
        expected = np.clip(image.astype(np.float64) + strength, 0, 1)
        np.testing.assert_allclose(distort(image, "brightness", strength=strength, seed=0), expected, atol=1e-6)


def test_saturation_keeps_luminance_and_ends_in_gray():
    image = random_image(3)
    luma = image @ np.array([0.2126, 0.7152, 0.0722])
    half = distort(image, "saturation", strength=0.5, seed=0)
    np.testing.assert_allclose(half @ np.array([0.2126, 0.7152, 0.0722]), luma, atol=1e-6)
    np.testing.assert_allclose(
        half - half.mean(2, keepdims=True), (image - image.mean(2, keepdims=True)) / 2, atol=1e-6
    )
    np.testing.assert_allclose(
        distort(image, "saturation", strength=1, seed=0), luma[..., None].repeat(3, 2), atol=1e-6
    )


def test_hue_by_a_third_of_a_turn_exchanges_the_channels_and_keeps_gray():
    image = random_image(4)
    np.testing.assert_allclose(distort(image, "hue", strength=120, seed=0), np.roll(image, 1, axis=2), atol=1e-6)
    np.testing.assert_allclose(distort(image, "hue", strength=-120, seed=0), np.roll(image, -1, axis=2), atol=1e-6)
    np.testing.assert_allclose(distort(gray(0.3), "hue", strength=77, seed=0), 0.3, atol=1e-6)


def test_blockiness_ends_in_block_means_also_at_the_border():
    image = random_image(5, 20, 27)
    result = distort(image, "blockiness", strength=1, seed=0)
    for rows in (slice(0, 8), slice(8, 16), slice(16, 20)):
        for columns in (slice(0, 8), slice(8, 16), slice(16, 24), slice(24, 27)):
            mean = image[rows, columns].mean((0, 1), keepdims=True)
            np.testing.assert_allclose(
                result[rows, columns], np.broadcast_to(mean, result[rows, columns].shape), atol=1e-6
            )


def test_salt_and_pepper_replaces_its_fraction_by_black_and_white():
    image = gray(size=256)
    result = distort(image, "salt-and-pepper", strength=0.2, seed=6)
    hit = (result != image).any(2)
    assert hit.mean() == pytest.approx(0.2, abs=0.01)
    assert result[hit].mean() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(np.unique(result[hit]), [0, 1])
    assert (result == result[..., :1]).all()


def test_shift_moves_whole_pixels_and_mirrors_the_border():
    image = random_image(7)
    right = distort(image, "shift", strength=3, seed=0)
    np.testing.assert_array_equal(right[:, 3:], image[:, :-3])
    np.testing.assert_array_equal(right[:, :3], image[:, 2::-1])
    left = distort(image, "shift", strength=-3, seed=0)
    np.testing.assert_array_equal(left[:, :-3], image[:, 3:])


@pytest.mark.parametrize("degrees", [-10.0, 1.5, 15.0])
def test_rotation_turns_counterclockwise_about_the_middle(degrees):
    image = linear_image()
    result = distort(image, "rotation", strength=degrees, seed=0)
    angle, middle = np.radians(degrees), 31.5
    rows, columns = np.mgrid[0:64, 0:64] - middle
    expected_rows = middle + np.cos(angle) * rows + np.sin(angle) * columns
    expected_columns = middle - np.sin(angle) * rows + np.cos(angle) * columns
    inside = (np.minimum(expected_rows, expected_columns) > 9) & (np.maximum(expected_rows, expected_columns) < 54)
    assert inside.mean() > 0.4
    np.testing.assert_allclose(result[inside, 0], expected_rows[inside] / 64, atol=1e-6)
    np.testing.assert_allclose(result[inside, 1], expected_columns[inside] / 64, atol=1e-6)
    waves = distort(wave_image(*np.mgrid[0:64, 0:64]), "rotation", strength=degrees, seed=0)
    np.testing.assert_allclose(waves[inside], wave_image(expected_rows, expected_columns)[inside], atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_warp_moves_no_pixel_farther_than_its_strength_and_neighbors_similarly(seed):
    size, strength = 96, 3.0
    image = linear_image(size)
    field = (distort(image, "warp", strength=strength, seed=seed) - image)[10:-10, 10:-10, :2].astype(np.float64) * size
    length = np.linalg.norm(field, axis=2)
    assert length.max() <= strength * (1 + 1e-4)
    assert length.max() > strength / 2
    assert np.abs(np.diff(field, axis=0)).max() < strength / 3


@pytest.mark.parametrize("strength", [0.5, 3.0])
def test_warp_interpolates_at_the_displaced_positions(strength):
    size, inside = 96, slice(12, -12)
    rows, columns = np.moveaxis(distort(linear_image(size), "warp", strength=strength, seed=1)[..., :2] * size, 2, 0)
    waves = distort(wave_image(*np.mgrid[0:size, 0:size]), "warp", strength=strength, seed=1)
    np.testing.assert_allclose(waves[inside, inside], wave_image(rows, columns)[inside, inside], atol=1e-3)


# Properties of every distortion


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distortion_describes_itself(name):
    known = get_distortion(name)
    assert known.name == name
    assert known.title
    assert known.unit
    assert known.help.endswith(".")
    assert known.minimum <= 0 < known.default <= known.maximum


@pytest.mark.parametrize("name", DISTORTIONS)
def test_strength_zero_is_exactly_the_identity(name):
    for seed in range(3):
        image = random_image(seed)
        result = distort(image, name, strength=0, seed=seed)
        np.testing.assert_array_equal(result, image)
        assert not np.shares_memory(result, image)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", DISTORTIONS)
def test_error_grows_with_strength(name, picture):
    known = DISTORTIONS[name]
    image = load_image(bundled_path(picture), size=96)
    for end in {known.minimum, known.maximum} - {0.0}:
        strengths = [round(end * step) if known.whole else end * step for step in STEPS]
        for seed in range(2):
            errors = [squared_error(image, distort(image, name, strength=s, seed=seed)) for s in strengths]
            assert errors[0] > 0
            assert all(weak < strong for weak, strong in itertools.pairwise(errors)), (strengths, errors)


@pytest.mark.parametrize("name", sorted(set(DISTORTIONS) - {"jpeg", "webp", "shift", "rotation", "warp"}))
def test_error_never_falls_where_pixels_change_in_place_even_on_noise(name):
    known = DISTORTIONS[name]
    for seed in range(3):
        image = random_image(seed)
        for end in {known.minimum, known.maximum} - {0.0}:
            errors = [squared_error(image, distort(image, name, strength=end * k / 40, seed=seed)) for k in range(41)]
            assert np.diff(errors).min() >= -1e-9


@pytest.mark.parametrize("name", DISTORTIONS)
def test_the_seed_alone_decides_what_is_random(name):
    known = DISTORTIONS[name]
    image = load_image(bundled_path("coffee"), size=64)
    first, second, other = (distort(image, name, strength=known.default, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, second)
    assert np.array_equal(first, other) is not known.random


@pytest.mark.parametrize("name", DISTORTIONS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (17, 33)])
def test_result_keeps_the_contract_and_the_input_is_untouched(name, shape):
    known = DISTORTIONS[name]
    image = np.round(random_image(9, *shape))  # values at both ends of the range
    before = image.copy()
    for strength in (known.minimum, known.default, known.maximum):
        result = distort(image, name, strength=strength, seed=1)
        assert result.dtype == np.float32
        assert result.shape == image.shape
        assert np.isfinite(result).all()
        assert result.min() >= 0
        assert result.max() <= 1
    np.testing.assert_array_equal(image, before)


# Misuse


@pytest.mark.parametrize("name", DISTORTIONS)
def test_strength_out_of_range_says_what_is_allowed(name):
    known = DISTORTIONS[name]
    for strength in (known.minimum - 0.01, known.maximum + 0.01, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match=f"strength of {name} must lie between .* got {strength}"):
            distort(gray(), name, strength=strength, seed=0)


@pytest.mark.parametrize("name", [name for name, known in DISTORTIONS.items() if known.whole])
def test_a_strength_must_be_whole_where_the_unit_is(name):
    with pytest.raises(ArgumentError, match=r"must be a whole number .* got 1\.5"):
        distort(gray(), name, strength=1.5, seed=0)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(ArgumentError, match=r"distortion must be one of noise, blur, jpeg, .*, got 'smear'"):
        distort(gray(), "smear", strength=0.1, seed=0)


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_bad_seed(seed):
    with pytest.raises(ArgumentError, match="seed must be"):
        distort(gray(), "noise", strength=0.1, seed=seed)


def test_image_outside_the_contract():
    with pytest.raises(ArgumentError, match="image must be finite"):
        distort(gray(np.nan), "noise", strength=0.1, seed=0)
