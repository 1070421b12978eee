"""Curves and values between the points of a grid."""

import numpy as np

from mad_app.lessons.contours import contour, interpolate

U, V = np.meshgrid(np.linspace(0, 1, 21), np.linspace(0, 1, 21), indexing="ij")


def test_the_curve_of_a_cone_is_a_closed_circle() -> None:
    segments = contour(np.hypot(U - 0.5, V - 0.4), 0.3)
    away = np.hypot(*(segments.reshape(-1, 2) - [0.5, 0.4]).T)
    np.testing.assert_allclose(away, 0.3, atol=2e-3)
    length = np.linalg.norm(segments[:, 0] - segments[:, 1], axis=1).sum()
    np.testing.assert_allclose(length, 2 * np.pi * 0.3, rtol=0.01)
    assert contour(U, 2.0).shape == (0, 2, 2)


def test_between_the_points_a_product_of_lines_is_exact() -> None:
    places = np.random.default_rng(0).random((50, 2))
    u, v = places.T
    np.testing.assert_allclose(interpolate(2 * U - 3 * V + U * V, places), 2 * u - 3 * v + u * v, atol=1e-12)
    np.testing.assert_allclose(interpolate(U + V, [[1, 1], [0, 0]]), [2, 0])
