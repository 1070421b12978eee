"""An image rounded to 8 bits stays on its level, changes little else, and keeps within its bounds."""

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import CORNERS, DEFAULT_SOLVER, Settings, compete, quantize_at_level
from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, bundled_path, load_image, to_uint8
from mad_app.metrics import get_metric
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, metric_of, reference_and_start


@cache
def competition(name: str, strength: float) -> tuple[ImageArray, np.ndarray]:
    """A reference, and the four images of SSIM against MSE from weak noise, which rounding disturbs most."""
    reference = load_image(bundled_path(name), size=32)
    start = distort(reference, "noise", strength=strength, seed=0)
    *_, last = compete(reference, start, get_metric("ssim"), get_metric("mse"), Settings(steps=30))
    return reference, np.asarray(last.images)


def optimized_and_fixed(reference: ImageArray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    of = {
        role: np.asarray(get_metric(name).bind(jnp.asarray(reference)).distances(jnp.asarray(images)))
        for role, name in (("first", "ssim"), ("second", "mse"))
    }
    return (
        np.array([of[corner.optimized][i] for i, corner in enumerate(CORNERS)]),
        np.array([of[corner.fixed][i] for i, corner in enumerate(CORNERS)]),
    )


def shown(codes: np.ndarray) -> np.ndarray:
    return codes.astype(np.float32) / np.float32(255)


def rounded(name: str, strength: float, **options: object) -> np.ndarray:
    reference, images = competition(name, strength)
    first, second = (get_metric(metric).bind(jnp.asarray(reference)) for metric in ("ssim", "mse"))
    _, levels = optimized_and_fixed(reference, images)
    return quantize_at_level(images, first, second, levels, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "strength"), [("cat", 0.1), ("gradients", 0.01), ("edges", 0.01)])
def test_the_fixed_metric_stays_where_nearest_rounding_moves_it(name: str, strength: float) -> None:
    reference, images = competition(name, strength)
    optimized, levels = optimized_and_fixed(reference, images)
    nearest = np.stack([to_uint8(image) for image in images])
    optimized_nearest, fixed_nearest = optimized_and_fixed(reference, shown(nearest))
    optimized_8bit, fixed = optimized_and_fixed(reference, shown(rounded(name, strength)))
    drift_nearest, drift = np.abs(fixed_nearest / levels - 1), np.abs(fixed / levels - 1)
    assert (drift <= np.maximum(DEFAULT_SOLVER.quantization_tolerance * 1.01, drift_nearest)).all()
    assert drift.max() < 0.005
    assert name == "cat" or drift_nearest.max() > 0.003
    np.testing.assert_allclose(optimized_8bit, optimized_nearest, rtol=0.02)
    assert optimized_8bit[0] > 0.99 * optimized[0]
    assert optimized_8bit[2] > 0.98 * optimized[2]


@pytest.mark.parametrize(("name", "strength"), [("cat", 0.003), ("cat", 0.01), ("coffee", 0.005)])
def test_a_level_that_rounding_cannot_reach_by_flips_is_kept(name: str, strength: float) -> None:
    """The image is brought below its level by what rounding adds, and loses little of its separation."""
    reference, images = competition(name, strength)
    optimized, levels = optimized_and_fixed(reference, images)
    optimized_8bit, fixed = optimized_and_fixed(reference, shown(rounded(name, strength)))
    assert np.abs(fixed / levels - 1).max() < 0.003
    assert optimized_8bit[2] > 0.9 * optimized[2]


def test_every_value_goes_to_one_of_its_two_neighbors() -> None:
    _, images = competition("gradients", 0.01)
    chosen = rounded("gradients", 0.01)
    assert (np.abs(chosen - 255 * images.astype(np.float64)) < 1 + 1e-4).all()
    assert 0 < (chosen != np.rint(255 * images)).mean() < 0.5


def test_bounds_are_kept_even_if_the_level_is_missed() -> None:
    _, images = competition("gradients", 0.01)
    low, high = to_uint8(images[0]), to_uint8(images[0])
    high[:16] += 1
    chosen = rounded("gradients", 0.01, bounds=(low, high))
    assert (chosen >= low).all()
    assert (chosen <= high).all()
    np.testing.assert_array_equal(chosen[:, 16:], np.stack([low[16:]] * 4))


def test_gray_stays_gray() -> None:
    gray = np.repeat(np.random.default_rng(0).uniform(0.2, 0.8, (4, 16, 16, 1)), 3, axis=3).astype(np.float32)
    reference = jnp.asarray(np.full((16, 16, 3), 0.5, np.float32))
    first, second = SQUARE_NORM.bind(reference), FORM.bind(reference)
    levels = 1.0005 * np.concatenate([second.distances(jnp.asarray(gray[:2])), first.distances(jnp.asarray(gray[2:]))])
    chosen = quantize_at_level(gray, first, second, levels, gray=True)
    np.testing.assert_array_equal(chosen[..., 0], chosen[..., 1])
    np.testing.assert_array_equal(chosen[..., 0], chosen[..., 2])
    assert (chosen != np.stack([to_uint8(image) for image in gray])).any()


def test_what_cannot_be_measured_is_rounded_to_the_nearest() -> None:
    reference, start = reference_and_start()
    failing = metric_of("failing", lambda _, images: jnp.full(len(images), jnp.nan)).bind(jnp.asarray(reference))
    second = FORM.bind(jnp.asarray(reference))
    chosen = quantize_at_level(np.stack([start] * 4), failing, second, [1.0, 1.0, np.nan, 1.0])
    np.testing.assert_array_equal(chosen[2:], np.stack([to_uint8(start)] * 2))


@pytest.mark.parametrize(
    ("argument", "changes", "problem"),
    [
        ("images", {"images": np.zeros((4, 16, 16, 3), np.uint8)}, "must be float32 or float64 in .*, got uint8"),
        ("images", {"images": np.full((4, 16, 16, 3), 2.0)}, r"must lie in \[0, 1\], got float64 from 2 to 2"),
        ("images", {"images": np.zeros((3, 16, 16, 3))}, r"must have shape \(4, H, W, 3\), got \(3, 16, 16, 3\)"),
        ("levels", {"levels": [1.0]}, r"must have shape \(4,\), got \(1,\)"),
        ("bounds", {"bounds": (np.zeros((16, 16, 3)),) * 2}, "must be uint8 .*, got float64"),
    ],
)
def test_what_cannot_be_rounded_is_refused(argument: str, changes: dict[str, object], problem: str) -> None:
    reference, start = reference_and_start()
    first, second = (metric.bind(jnp.asarray(reference)) for metric in (SQUARE_NORM, FORM))
    arguments: dict[str, object] = {"images": np.stack([start] * 4), "levels": [1.0] * 4, **changes}
    with pytest.raises(ArgumentError, match=problem) as caught:
        quantize_at_level(first=first, second=second, **arguments)  # type: ignore[arg-type]
    assert caught.value.argument == argument
