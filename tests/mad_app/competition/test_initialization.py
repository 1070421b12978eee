"""A given level is reached and kept; the default level is that of the start."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import DEFAULT_SOLVER, Settings, SolverOptions, Step, compete
from mad_app.competition.initialization import restore_level
from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.metrics import get_metric
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, reference_and_start


def picture_and_noise() -> tuple[np.ndarray, np.ndarray]:
    picture = load_image(bundled_path("coffee"), size=32)
    return picture, distort(picture, "noise", strength=0.1, seed=0)


def run(**settings: float) -> list[Step]:
    arguments = (*picture_and_noise(), get_metric("ssim"), get_metric("mse"))
    return list(compete(*arguments, Settings(steps=8, **settings)))  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [0.01, 0.5, 1.0, 3.0, 10.0])
def test_newton_reaches_the_level_of_a_square_norm_along_the_line_to_the_reference(factor: float) -> None:
    reference, start = reference_and_start()
    metric = SQUARE_NORM.bind(jnp.asarray(reference))
    level = factor * float(metric.distances(jnp.asarray(start)[None])[0])
    found = restore_level(jnp.asarray(start), jnp.asarray(reference), metric, level, DEFAULT_SOLVER, argument="level")
    np.testing.assert_allclose(found - reference, np.sqrt(factor) * (start - reference), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["ssim", "mse"])
@pytest.mark.parametrize("factor", [0.2, 1.4])
def test_the_level_of_any_metric_is_reached(name: str, factor: float) -> None:
    reference, start = picture_and_noise()
    metric = get_metric(name).bind(jnp.asarray(reference))
    level = factor * float(metric.distances(jnp.asarray(start)[None])[0])
    solver = SolverOptions(level_tolerance=1e-4)
    found = restore_level(jnp.asarray(start), jnp.asarray(reference), metric, level, solver, argument="level")
    assert float(metric.distances(found[None])[0]) == pytest.approx(level, rel=2e-4)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize(
    ("name", "distortion", "level"), [("lasi:3", "noise", 0.009), ("ssim", "noise", 5e-4), ("ssim", "blur", 0.003)]
)
def test_every_level_below_the_start_is_reached(name: str, distortion: str, level: float) -> None:
    """On the segment to the reference, where Newton's method stops."""
    picture = load_image(bundled_path("cat"), size=16)
    start = distort(picture, distortion, strength={"noise": 0.1, "blur": 1.0}[distortion], seed=0)
    metric = get_metric(name).bind(jnp.asarray(picture))
    found = restore_level(jnp.asarray(start), jnp.asarray(picture), metric, level, DEFAULT_SOLVER, argument="level")
    assert float(metric.distances(found[None])[0]) == pytest.approx(level, rel=1e-3)


def test_with_one_level_all_four_images_start_there() -> None:
    steps = run(second_level=0.02)
    np.testing.assert_array_equal(steps[0].images, np.stack([steps[0].images[0]] * 4))
    np.testing.assert_allclose(steps[0].second, 0.02, rtol=2e-5)
    np.testing.assert_allclose(steps[-1].second[:2], 0.02, rtol=1e-4)
    np.testing.assert_allclose(steps[-1].first[2:], steps[0].first[2:], rtol=1e-4)
    assert np.abs(steps[-1].drift).max() < 1e-4


def test_with_two_levels_each_pair_starts_at_the_level_of_its_fixed_metric() -> None:
    steps = run(first_level=0.3, second_level=0.02)
    for step in (steps[0], steps[-1]):
        np.testing.assert_allclose(step.second[:2], 0.02, rtol=1e-4)
        np.testing.assert_allclose(step.first[2:], 0.3, rtol=1e-4)
    assert not np.array_equal(steps[0].images[0], steps[0].images[2])
    np.testing.assert_array_equal(steps[0].images[0], steps[0].images[1])


def test_the_start_is_brought_to_its_level_within_the_constraints() -> None:
    reference, start = picture_and_noise()
    mask = np.zeros((32, 32), bool)
    mask[:16] = True
    settings = Settings(steps=1, second_level=0.012, max_change=0.3)
    first = next(compete(reference, start, get_metric("ssim"), get_metric("mse"), settings, mask=mask))
    np.testing.assert_array_equal(np.asarray(first.images)[:, ~mask], np.stack([start[~mask]] * 4))
    np.testing.assert_allclose(first.second, 0.012, rtol=2e-5)


@pytest.mark.parametrize("level", ["first_level", "second_level"])
def test_a_level_out_of_reach_is_refused_with_how_near_it_came(level: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        run(**{level: 2.0})
    assert caught.value.argument == level
    assert re.fullmatch(
        r"2 cannot be reached from the start, which came to [01]\.\d+: give a level nearer to the start's, "
        r"or a start nearer to the level",
        caught.value.problem,
    )


def test_a_level_beyond_the_constraints_is_refused() -> None:
    reference, start = reference_and_start()
    settings = Settings(max_change=0.01, second_level=1e6)
    with pytest.raises(ArgumentError, match=r"second_level 1e\+06 cannot be reached"):
        next(compete(reference, start, SQUARE_NORM, FORM, settings))
