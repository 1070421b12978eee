"""A level that is given is reached and held; one that is not is what the start has."""

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import Settings, Step, compete
from mad_app.competition.initialization import bring_to_level
from mad_app.distortions import distort
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
    comparison = SQUARE_NORM.bind(jnp.asarray(reference))
    level = factor * float(comparison.distances(jnp.asarray(start)[None])[0])
    found = bring_to_level(jnp.asarray(start), jnp.asarray(reference), comparison, level, 1e-5, called="level")
    np.testing.assert_allclose(found - reference, np.sqrt(factor) * (start - reference), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["ssim", "mse", "lasi"])
@pytest.mark.parametrize("factor", [0.2, 1.4])
def test_the_level_of_any_metric_is_reached(name: str, factor: float) -> None:
    reference, start = picture_and_noise()
    comparison = get_metric(name).bind(jnp.asarray(reference))
    level = factor * float(comparison.distances(jnp.asarray(start)[None])[0])
    found = bring_to_level(jnp.asarray(start), jnp.asarray(reference), comparison, level, 1e-4, called="level")
    assert float(comparison.distances(found[None])[0]) == pytest.approx(level, rel=2e-4)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize(
    ("name", "distortion", "level"), [("lasi", "noise", 0.03), ("ssim", "noise", 5e-4), ("ssim", "blur", 0.003)]
)
def test_every_level_below_the_start_is_reached(name: str, distortion: str, level: float) -> None:
    """On the way to the reference, where Newton's method comes to a halt."""
    picture = load_image(bundled_path("cat"), size=16)
    start = distort(picture, distortion, strength={"noise": 0.1, "blur": 1.0}[distortion], seed=0)
    comparison = get_metric(name).bind(jnp.asarray(picture))
    found = bring_to_level(jnp.asarray(start), jnp.asarray(picture), comparison, level, 1e-5, called="level")
    assert float(comparison.distances(found[None])[0]) == pytest.approx(level, rel=1e-3)


def test_one_level_given_is_where_all_four_set_out_from() -> None:
    steps = run(second_level=0.02)
    np.testing.assert_array_equal(steps[0].images, np.stack([steps[0].images[0]] * 4))
    np.testing.assert_allclose(steps[0].second, 0.02, rtol=2e-5)
    np.testing.assert_allclose(steps[-1].second[:2], 0.02, rtol=1e-4)
    np.testing.assert_allclose(steps[-1].first[2:], steps[0].first[2:], rtol=1e-4)
    assert np.abs(steps[-1].drift).max() < 1e-4


def test_two_levels_given_are_held_by_the_pair_that_holds_that_metric() -> None:
    steps = run(first_level=0.3, second_level=0.02)
    for step in (steps[0], steps[-1]):
        np.testing.assert_allclose(step.second[:2], 0.02, rtol=1e-4)
        np.testing.assert_allclose(step.first[2:], 0.3, rtol=1e-4)
    assert not np.array_equal(steps[0].images[0], steps[0].images[2])
    np.testing.assert_array_equal(steps[0].images[0], steps[0].images[1])


def test_the_start_is_brought_to_its_level_among_the_admissible_pictures() -> None:
    reference, start = picture_and_noise()
    mask = np.zeros((32, 32), bool)
    mask[:16] = True
    settings = Settings(steps=1, second_level=0.012, max_change=0.3)
    first = next(compete(reference, start, get_metric("ssim"), get_metric("mse"), settings, mask=mask))
    np.testing.assert_array_equal(np.asarray(first.images)[:, ~mask], np.stack([start[~mask]] * 4))
    np.testing.assert_allclose(first.second, 0.012, rtol=2e-5)


@pytest.mark.parametrize(
    ("settings", "message"), [({"second_level": 2.0}, "second_level 2 cannot be reached from the")]
)
def test_a_level_out_of_reach_is_told_with_how_far_it_came(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=rf"{message} start, which came to 0\.\d+: give a level nearer"):
        run(**settings)


def test_a_level_out_of_the_constraints_reach_is_told() -> None:
    reference, start = reference_and_start()
    settings = Settings(max_change=0.01, second_level=1e6)
    with pytest.raises(ValueError, match=r"second_level 1e\+06 cannot be reached"):
        next(compete(reference, start, SQUARE_NORM, FORM, settings))
