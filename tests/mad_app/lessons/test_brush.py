"""Strokes: as text, and what each tool makes of a picture."""

import numpy as np
import pytest

from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.lessons.brush import LONGEST, paint, parse_strokes

IMAGE = np.random.default_rng(0).random((20, 40, 3), np.float32)
WIDE = ".999.500.250"
"""Of a stroke that covers the whole picture fully at its middle."""


def test_paint_covers_the_inner_half_and_fades_to_the_radius() -> None:
    painted = paint(IMAGE, "p1.100.125.250.375.250")  # from pixel (5, 10) to (15, 10), 4 pixels around
    centers = np.stack(np.meshgrid(np.arange(40) + 0.5, np.arange(20) + 0.5), axis=-1)
    away = np.hypot(
        *np.moveaxis(centers - np.stack([np.clip(centers[..., 0], 5, 15), np.full((20, 40), 10)], -1), -1, 0)
    )
    expected = IMAGE * (1 - np.clip(2 - away / 2, 0, 1))[..., None]
    np.testing.assert_allclose(painted, expected, atol=1e-6)


@pytest.mark.parametrize(("stroke", "name", "strength"), [("b4", "blur", 2.0), ("h5", "hue", 60.0)])
def test_a_tool_is_its_distortion_where_it_acts_fully(stroke: str, name: str, strength: float) -> None:
    np.testing.assert_allclose(
        paint(IMAGE, stroke + WIDE)[10, 20], distort(IMAGE, name, strength=strength, seed=0)[10, 20], atol=1e-6
    )


def test_a_shift_moves_along_the_stroke_as_far_as_its_amount_allows() -> None:
    far, near = paint(IMAGE, "s2.999.300.250.800.250"), paint(IMAGE, "s9.999.475.250.525.200")
    np.testing.assert_allclose(far[10, 20], IMAGE[10, 16], atol=1e-6)
    np.testing.assert_allclose(near[10, 20], IMAGE[12, 18], atol=1e-6)


def test_strokes_act_in_their_order() -> None:
    both = paint(IMAGE, "p2.60.500.250_b9.300.500.250")
    np.testing.assert_array_equal(both, paint(paint(IMAGE, "p2.60.500.250"), "b9.300.500.250"))
    np.testing.assert_array_equal(paint(IMAGE, ""), IMAGE)
    assert not np.array_equal(both, paint(IMAGE, "b9.300.500.250_p2.60.500.250"))


@pytest.mark.parametrize(
    "text", ["x1.60.1.1", "p0.60.1.1", "p1.60", "p1.60.1", "p1.60.1.1_", "p1.60.1.1" + "_p1.60.1.1" * LONGEST]
)
def test_what_is_no_stroke_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="strokes must"):
        parse_strokes(text)
