"""The world of two pixels: its metrics by hand, and where its competitions end."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.lessons.two_pixels import PLANE_METRICS, REFERENCE, level_curve, plane_competition, plane_distance

START = (0.6, 0.8)
PAIRS = [("mse", "weighted"), ("mse", "l1"), ("l1", "mse"), ("ssim", "mse")]


def by_hand(metric: str, image: np.ndarray) -> float:
    (a, b), (p, q) = image, REFERENCE
    if metric == "mse":
        return ((a - p) ** 2 + (b - q) ** 2) / 2
    if metric == "l1":
        return (abs(a - p) + abs(b - q)) / 2
    if metric == "weighted":
        return (1.6 * (a - p) ** 2 + 0.4 * (b - q) ** 2) / 2
    c1, c2, mean, mean_r = 1e-4, 9e-4, (a + b) / 2, (p + q) / 2
    deviation, deviation_r = (a - b) / 2, (p - q) / 2  # of two values: half their difference
    luminance = (2 * mean * mean_r + c1) / (mean**2 + mean_r**2 + c1)
    return 1 - luminance * (2 * deviation * deviation_r + c2) / (deviation**2 + deviation_r**2 + c2)


@pytest.mark.parametrize("metric", PLANE_METRICS)
def test_a_metric_is_its_formula_and_its_level_curve_has_one_value(metric: str) -> None:
    points = np.random.default_rng(0).random((20, 2))
    expected = [by_hand(metric, point) for point in points]
    np.testing.assert_allclose(plane_distance(metric, points), expected, atol=1e-12)
    level = float(plane_distance(metric, START))
    curve = level_curve(metric, level)
    assert len(curve) > 20
    np.testing.assert_allclose(plane_distance(metric, curve), level, rtol=0.05, atol=0.01)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_every_point_keeps_the_fixed_metric_and_ends_at_its_extreme(first: str, second: str) -> None:
    optimized_fixed = [(first, second)] * 2 + [(second, first)] * 2
    for i, (way, (optimized, fixed)) in enumerate(
        zip(plane_competition(START, first, second), optimized_fixed, strict=True)
    ):
        np.testing.assert_allclose(plane_distance(fixed, way.points), plane_distance(fixed, START), atol=1e-8)
        gains = np.diff(plane_distance(optimized, way.points)) * (1 if i % 2 == 0 else -1)
        assert (gains > 0).all()
        assert ((way.points >= 0) & (way.points <= 1)).all()
        along = level_curve(fixed, float(plane_distance(fixed, START)), cells=400).reshape(-1, 2)
        near = along[np.linalg.norm(along - way.points[-1], axis=1) < 0.03]
        extreme = plane_distance(optimized, near).max() if i % 2 == 0 else plane_distance(optimized, near).min()
        assert plane_distance(optimized, way.points[-1]) == pytest.approx(extreme, rel=0.01, abs=2e-3)


def test_mse_and_its_weighted_form_end_where_lagrange_says() -> None:
    """On the circle of MSE, the weighted MSE is greatest where only the heavier pixel differs."""
    ways = plane_competition((0.55, 0.65), "weighted", "mse")
    radius = np.hypot(0.15, 0.1)
    np.testing.assert_allclose(ways[0].points[-1], [0.4 + radius, 0.55], atol=2e-3)
    np.testing.assert_allclose(ways[1].points[-1], [0.4, 0.55 + radius], atol=2e-3)


def test_the_reference_is_no_start() -> None:
    with pytest.raises(ArgumentError, match="start must be another image"):
        plane_competition(REFERENCE, "mse", "l1")
