"""Copies that keep or move their texture, and where the order of two of them flips."""

import numpy as np
import pytest

from mad_app.images import bundled_path, load_image
from mad_app.lessons.texture import SIGMAS, Curves, TextureState, crossings, curves, make_copy, scatter, shuffle_blocks
from mad_app.metrics import measure
from mad_app.ui.lessons.texture import describe_flips

IMAGE = np.random.default_rng(0).random((20, 34, 3), np.float32)


def test_shuffling_keeps_the_values_of_every_tile() -> None:
    shuffled = shuffle_blocks(IMAGE, block=4, tile=16)
    for rows in (slice(0, 16), slice(16, 20)):
        for columns in (slice(0, 16), slice(16, 32)):
            before, after = IMAGE[rows, columns], shuffled[rows, columns]
            np.testing.assert_array_equal(np.sort(after, axis=None), np.sort(before, axis=None))
    assert (shuffled[:16, :32] != IMAGE[:16, :32]).mean() > 0.5
    np.testing.assert_array_equal(shuffled[:, 32:], IMAGE[:, 32:])


def test_scattered_pixels_come_from_nearby() -> None:
    rows, columns = np.indices((20, 34))
    places = np.stack([rows, columns, rows], axis=-1).astype(np.float32)
    moved = np.abs(scatter(places, reach=2) - places)
    assert 1 < moved.max() <= 2


def test_where_curves_cross_is_found() -> None:
    assert crossings([1, 2, 4, 8, 16], [1, -1, -1, 3, 0]) == pytest.approx([2**0.5, 4 * 2**0.25])
    assert crossings(SIGMAS, np.zeros(len(SIGMAS))) == []


def test_blur_and_warp_flip_as_the_metric_says_and_both_fall() -> None:
    reference = load_image(bundled_path("grass"), size=64)
    found = curves(reference, "blur", "warp")
    np.testing.assert_array_equal(found.copies[1], make_copy(reference, "warp"))
    assert (np.diff(found.values, axis=1) < 0).all()
    (flip,) = found.flips
    below, above = max(s for s in SIGMAS if s < flip), min(s for s in SIGMAS if s > flip)
    for sigma, order in ((below, 1), (above, -1)):
        name = f"wasserstein:{sigma:g}"
        a, b = (measure(reference, copy, [name])[name] for copy in found.copies)
        assert found.at(sigma) == pytest.approx((a, b), rel=1e-5)
        assert a is not None
        assert b is not None
        assert np.sign(b - a) == order
    assert (
        describe_flips(found)
        == f"Copy A is nearer below σ = {flip:.1f} pixels, and copy B above: there the order flips."
    )


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([-1.0] * 17, "Copy A is nearer at every σ from 1 to 16 pixels: for this pair nothing flips."),
        ([0.0] * 17, "Both copies are equally near"),
        ([1.0] * 8 + [-1.0] + [1.0] * 8, "The order flips 2 times"),
    ],
)
def test_what_is_said_of_flips_is_true(differences: list[float], said: str) -> None:
    values = np.stack([np.full(17, 5.0) + differences, np.full(17, 5.0)])
    assert describe_flips(Curves((IMAGE, IMAGE), values)).startswith(said)


def test_a_width_is_one_of_the_slider() -> None:
    with pytest.raises(ValueError, match=r"sigma must be one of 1, 1\.2"):
        TextureState(sigma=3.0)
