"""Planes through the space of images, and the values that come with the program, measured again."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.lessons.level_sets import (
    LETTERS,
    bundled_values,
    distortions_plane,
    extremes,
    grid_places,
    metrics_of_run,
    plane_values,
    range_on_level,
    run_plane,
    run_ways,
    shelf_run,
    values_of_both,
)
from mad_app.metrics import measure
from mad_app.records import SHELF_RUNS

REFERENCE = load_image(bundled_path("cat"), size=16)
SOFT = 0.25 + 0.5 * REFERENCE


def test_the_axes_are_orthogonal_and_equally_long_and_a_place_is_its_image() -> None:
    plane = distortions_plane(SOFT, "blur", "contrast", 0.5)
    across, up = plane.axes.reshape(2, -1)
    assert across @ up == pytest.approx(0, abs=1e-9)
    assert across @ across == pytest.approx(up @ up)
    spanned = plane.project(np.stack([plane.reference, plane.first, plane.second]))
    assert ((spanned > 0.1) & (spanned < 0.9)).all()
    np.testing.assert_allclose(plane.images(spanned), [plane.reference, plane.first, plane.second], atol=1e-6)
    parts = plane.mixture @ np.append(spanned, np.ones((3, 1)), axis=1).T
    np.testing.assert_allclose(parts.T, [[0, 0], [1, 0], [0, 1]], atol=1e-12)


def test_mse_draws_circles_around_the_original_as_the_lesson_says() -> None:
    plane = distortions_plane(SOFT, "blur", "contrast", 0.5)
    places = grid_places(coarse=True)
    radius = np.linalg.norm((places - plane.project(plane.reference[None])) * plane.side, axis=-1)
    expected = radius**2 * float(np.mean((plane.first - plane.reference) ** 2))
    np.testing.assert_allclose(plane_values(plane, "mse", places), expected, rtol=1e-4, atol=1e-9)


def test_three_images_on_a_line_span_no_plane() -> None:
    with pytest.raises(ArgumentError, match="second must not lie on the line"):
        distortions_plane(REFERENCE, "noise", "noise")


@pytest.mark.parametrize(("name", "third"), [("contrast", "A"), ("border", "D"), ("veil", "A")])
def test_values_that_come_with_the_program_are_those_of_the_metrics(name: str, third: str) -> None:
    run = shelf_run(name)
    plane = run_plane(run, third)
    for values, metric in zip(bundled_values(name, third), metrics_of_run(run), strict=True):
        for i, j in ((4, 4), (12, 17), (20, 9)):
            image = plane.images(grid_places()[i, j][None])[0]
            assert values[i, j] == pytest.approx(measure(run.reference, image, [metric])[metric], rel=2e-3)


@pytest.mark.parametrize("name", SHELF_RUNS)
def test_every_run_of_the_shelf_has_its_planes_and_its_images_lie_where_they_are_drawn(name: str) -> None:
    run = shelf_run(name)
    for i, third in enumerate(LETTERS):
        values = bundled_values(name, third)
        try:
            plane = run_plane(run, third)
        except ArgumentError:
            assert np.isnan(values).all()
            continue
        assert np.isfinite(values).all()
        way = run_ways(plane, run)[i]
        np.testing.assert_allclose(plane.images(way[[0, -1]]), [run.start, run.finals[i]], atol=1e-5)


def test_the_extremes_are_the_ends_of_one_metric_along_a_level_of_the_other() -> None:
    u, v = np.moveaxis(grid_places(), -1, 0)
    circles, lines = (u - 0.5) ** 2 + (v - 0.5) ** 2, u
    a, b, c, d = extremes(lines, circles, (0.5, 0.09))
    assert a == pytest.approx([0.8, 0.5], abs=0.01)
    assert b == pytest.approx([0.2, 0.5], abs=0.01)
    assert c is not None
    assert c[0] == pytest.approx(0.5)
    assert abs(c[1] - 0.5) == pytest.approx(0.5)
    assert d == pytest.approx([0.5, 0.5], abs=0.01)
    assert range_on_level(lines, circles, 4.0) is None


def test_both_metrics_side_by_side_give_what_each_gives_alone() -> None:
    plane, places = distortions_plane(SOFT, "blur", "contrast", 0.5), grid_places()[:2, :10]
    alone = [plane_values(plane, name, places) for name in ("mse", "ssim")]
    np.testing.assert_array_equal(values_of_both(plane, ("mse", "ssim"), places), alone)
    one = values_of_both(plane, ("mse", "ssim"), places[1, 3])
    np.testing.assert_allclose(one, [values[1, 3] for values in alone], rtol=1e-4)
