"""The competition reaches optima known on paper, holds its levels, repeats itself bit for bit, and says why it ends."""

import importlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import CORNERS, Reason, Settings, Step, compete
from mad_app.competition.schedules import stray
from mad_app.competition.solver import Turn
from mad_app.distortions import distort
from mad_app.images import ImageArray, bundled_path, load_image
from mad_app.metrics import JaxMetric, Metric, get_metric
from tests.mad_app.competition.quadratics import FORM, GAIN, SQUARE_NORM, metric_of, reference_and_start, square_norms

engine = importlib.import_module("mad_app.competition.compete")
FIXED = [corner.fixed for corner in CORNERS]


def picture_and_noise(size: int) -> tuple[ImageArray, ImageArray]:
    picture = load_image(bundled_path("cat"), size=size)
    return picture, distort(picture, "noise", strength=0.1, seed=0)


def run(first: Metric, second: Metric, steps: int, *, strength: float = 0.03) -> list[Step]:
    """All steps of a competition between two metrics of gray images."""
    return list(compete(*reference_and_start(strength), first, second, Settings(steps=steps)))


def driven(step: Step) -> list[float]:
    """The optimized metric of each image, in the order of CORNERS."""
    return [float(getattr(step, corner.optimized)[i]) for i, corner in enumerate(CORNERS)]


def held(step: Step) -> list[float]:
    return [float(getattr(step, corner.fixed)[i]) for i, corner in enumerate(CORNERS)]


def assert_separated(steps: list[Step], ratio: float) -> None:
    """Both pairs spread from the start by the ratio, at levels that are held."""
    start, end = driven(steps[0]), driven(steps[-1])
    assert end[0] > start[0] > end[1]
    assert end[2] > start[2] > end[3]
    assert end[0] > ratio * end[1]
    assert end[2] > ratio * end[3]
    assert np.abs(steps[-1].drift).max() <= 1e-3


def assert_identical(step: Step, other: Step) -> None:
    """Bit for bit, the memory included."""
    assert (step.index, step.reasons, step.state.keys()) == (other.index, other.reasons, other.state.keys())
    for name in ("images", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(step, name), getattr(other, name))
    for name, array in step.state.items():
        np.testing.assert_array_equal(array, other.state[name])


# ---- what it finds ---------------------------------------------------------------------------------------------------


def test_it_reaches_the_optima_of_quadratic_forms() -> None:
    steps = run(SQUARE_NORM, FORM, steps=400)
    norm, form = float(steps[0].first[0]), float(steps[0].second[0])
    np.testing.assert_allclose(driven(steps[-1]), [form, form / GAIN, norm * GAIN, norm], rtol=0.01)
    np.testing.assert_allclose(held(steps[-1]), [form, form, norm, norm], rtol=2e-5)


def test_ssim_and_mse_separate_at_held_levels() -> None:
    steps = list(compete(*picture_and_noise(32), get_metric("ssim"), get_metric("mse"), Settings(steps=40)))
    assert_separated(steps, ratio=5)


def test_lasi_and_lpips_separate_at_held_levels() -> None:
    steps = list(compete(*picture_and_noise(32), get_metric("lasi"), get_metric("lpips-alex"), Settings(steps=30)))
    assert_separated(steps, ratio=2)


def test_the_order_of_the_metrics_decides_only_the_order_of_the_images() -> None:
    one, other = run(SQUARE_NORM, FORM, steps=20)[-1], run(FORM, SQUARE_NORM, steps=20)[-1]
    np.testing.assert_allclose(driven(one), np.roll(driven(other), 2), rtol=1e-5)


# ---- what it yields --------------------------------------------------------------------------------------------------


def test_it_yields_the_start_each_step_and_the_end() -> None:
    reference, start = reference_and_start()
    steps = list(compete(reference, start, SQUARE_NORM, FORM, Settings(steps=6)))
    assert [step.index for step in steps] == [0, 1, 2, 3, 4, 5, 6]
    assert [step.reasons for step in steps[:-1]] == [None] * 6
    assert steps[-1].reasons == (Reason.BUDGET,) * 4
    np.testing.assert_array_equal(steps[0].images, np.stack([start] * 4))
    np.testing.assert_array_equal(steps[0].drift, 0)


def test_its_values_are_those_of_its_images() -> None:
    reference, start = reference_and_start()
    levels = {role: metric.bind(reference).distances(start[None])[0] for role, metric in rivals().items()}
    for step in compete(reference, start, SQUARE_NORM, FORM, Settings(steps=6)):
        assert ((step.images >= 0) & (step.images <= 1)).all()
        for role, metric in rivals().items():
            distances = metric.bind(reference).distances(step.images)
            np.testing.assert_allclose(getattr(step, role), distances, rtol=1e-6)
        levels_held = np.array([float(levels[role]) for role in FIXED])
        np.testing.assert_allclose(step.drift, held(step) / levels_held - 1, atol=1e-6)


def rivals() -> Mapping[str, Metric]:
    return {"first": SQUARE_NORM, "second": FORM}


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", 0), ("seconds", 0), ("seconds", np.inf), ("step_size", 0.0), ("step_size", 2), ("level_tolerance", 1)],
)
def test_settings_out_of_range_are_refused(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{key} must .*, got {value}"):
        Settings(**{key: value})  # type: ignore[arg-type]


def test_a_start_without_a_level_is_refused() -> None:
    reference, _ = reference_and_start()
    with pytest.raises(ValueError, match="the start must differ from the reference for both metrics, but square-norm"):
        next(compete(reference, reference, SQUARE_NORM, FORM))


# ---- again, and on ---------------------------------------------------------------------------------------------------


def test_the_same_competition_is_the_same_bit_for_bit() -> None:
    for step, again in zip(run(SQUARE_NORM, FORM, steps=30), run(SQUARE_NORM, FORM, steps=30), strict=True):
        assert_identical(step, again)


@pytest.mark.parametrize("at", [0, 1, 7, 19])
def test_resumed_it_goes_on_bit_for_bit(at: int) -> None:
    pair, arguments = reference_and_start(), (get_metric("ssim"), get_metric("mse"), Settings(steps=20))
    steps = list(compete(*pair, *arguments))
    resumed = list(compete(*pair, *arguments, resume=steps[at]))
    assert [step.index for step in resumed] == list(range(at + 1, 21))
    for step, again in zip(steps[at + 1 :], resumed, strict=True):
        assert_identical(step, again)


@pytest.mark.parametrize("wrong", [{"trust": np.ones(3, np.float32)}, {"steps": np.ones(4, np.int32)}])
def test_a_step_whose_state_does_not_fit_is_refused(wrong: dict[str, np.ndarray]) -> None:
    step = run(FORM, SQUARE_NORM, 3)[1]
    step = replace(step, state={**step.state, **wrong})
    with pytest.raises(ValueError, match="the step to go on from does not fit: its "):
        next(compete(*reference_and_start(), FORM, SQUARE_NORM, Settings(steps=3), resume=step))


def test_resumed_at_its_end_it_only_settles() -> None:
    steps = run(SQUARE_NORM, FORM, steps=5)
    last = Step(5, steps[-1].images, steps[-1].first, steps[-1].second, steps[-1].drift, state=steps[-1].state)
    resumed = list(compete(*reference_and_start(), SQUARE_NORM, FORM, Settings(steps=5), resume=last))
    assert [(step.index, step.reasons) for step in resumed] == [(5, (Reason.BUDGET,) * 4)]


@pytest.mark.parametrize(
    ("known", "count"), [(("heading", "square", "steps", "trust"), 20), (("square", "steps", "trust"), 100)]
)
def test_a_step_that_remembers_less_than_today_can_be_resumed(known: tuple[str, ...], count: int) -> None:
    """What it does not tell begins anew, and what it tells beyond takes no part; a heading that begins anew lags."""
    steps = run(SQUARE_NORM, FORM, steps=count)
    state = {"mean": steps[5].images, **{name: steps[5].state[name] for name in known}}
    older = replace(steps[5], state=state)
    resumed = list(compete(*reference_and_start(), SQUARE_NORM, FORM, Settings(steps=count), resume=older))
    assert [step.index for step in resumed] == list(range(6, count + 1))
    np.testing.assert_allclose(driven(resumed[-1]), driven(steps[-1]), rtol=0.01)


# ---- why it ends -----------------------------------------------------------------------------------------------------


def test_asked_to_stop_it_ends_on_its_levels() -> None:
    asked = itertools.count()
    steps = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: next(asked) >= 3))
    assert [step.index for step in steps] == [0, 1, 2, 3, 4]
    assert steps[-1].reasons == (Reason.STOPPED,) * 4
    assert np.abs(steps[-1].drift).max() <= 2e-5


def test_asked_to_stop_at_once_it_makes_one_step_so_that_repeated_stops_get_on() -> None:
    steps = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: True))
    assert [(step.index, step.reasons is None) for step in steps] == [(0, True), (1, False)]


def clock(monkeypatch: pytest.MonkeyPatch, seconds_a_look: float) -> None:
    """Let the engine's clock go on by so much each time it is looked at, which is twice a step."""
    times = itertools.count(step=seconds_a_look)
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: float(next(times))))


def test_out_of_seconds_it_ends_on_its_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, 1.0)
    steps = list(compete(*reference_and_start(), SQUARE_NORM, FORM, Settings(steps=50, seconds=4.5)))
    assert [step.index for step in steps] == [0, 1, 2, 3, 4]
    assert steps[-1].reasons == (Reason.SECONDS,) * 4
    assert np.abs(steps[-1].drift).max() <= 2e-5


def test_seconds_that_were_spent_before_count(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = run(SQUARE_NORM, FORM, steps=10)
    clock(monkeypatch, 1.0)
    settings = Settings(steps=10, seconds=9.5)
    resumed = list(compete(*reference_and_start(), SQUARE_NORM, FORM, settings, resume=steps[3], spent=7.0))
    assert [step.index for step in resumed] == [4, 5]
    assert resumed[-1].reasons == (Reason.SECONDS,) * 4


def test_what_callers_do_between_steps_takes_none_of_the_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: now))
    reasons = []
    for step in compete(*reference_and_start(), SQUARE_NORM, FORM, Settings(steps=5, seconds=1.0)):
        now += 100
        reasons.append(step.reasons)
    assert reasons == [None] * 5 + [(Reason.BUDGET,) * 4]


def of_rows(rows: slice) -> JaxMetric:
    """The square norm of some rows."""

    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return jnp.sum((images - reference[None])[:, rows] ** 2, axis=(1, 2, 3))

    return metric_of("of rows", distances_to)


def test_an_image_is_stuck_at_the_box_under_constraints_too() -> None:
    """What a gray picture does not use and what a mask keeps from changing is no freedom."""
    mask = np.zeros((16, 16), bool)
    mask[4:] = True
    settings = Settings(steps=1000, gray=True, max_change=0.2)
    reference, start = (np.repeat(image[..., :1], 3, axis=2) for image in reference_and_start())
    *_, last = compete(reference, start, of_rows(slice(4, 12)), of_rows(slice(12, 16)), settings, mask=mask)
    assert last.reasons is not None
    assert last.reasons[0] is Reason.AT_BOUNDS


def test_it_ends_when_all_images_have_come_to_an_end() -> None:
    """Of two metrics of different rows the one drives its own to black and white, three quarters or a quarter."""
    most, rest = of_rows(slice(0, 12)), of_rows(slice(12, 16))
    steps = run(most, rest, steps=1000)
    assert steps[-1].index < 200
    assert steps[-1].reasons == (Reason.AT_BOUNDS, *(Reason.CONVERGED,) * 3)
    pressed = (np.asarray(steps[-1].images) == 0) | (np.asarray(steps[-1].images) == 1)
    assert pressed[0, :12].all()
    assert pressed[2, 12:].all()
    np.testing.assert_allclose(steps[-1].images[1, :12], 0.5, atol=1e-3)


FAILURES: dict[str, Callable[[jax.Array], jax.Array]] = {
    "not a number": lambda room: jnp.where(room < 0, jnp.nan, 0.0),
    "infinite": lambda room: jnp.where(room < 0, jnp.inf, 0.0),
    "gradient": lambda room: 0 * jnp.sqrt(jnp.maximum(room, 0)),
}
"""What is added to a distance, given the room that is left below a limit; the last is 0 with a gradient of NaN."""


@pytest.mark.parametrize("failure", FAILURES)
def test_a_metric_that_fails_midway_is_an_outcome(failure: str) -> None:
    """Driven up it fails, after some steps; the other images end with it, but on their level."""
    limit = 1.2 * float(run(SQUARE_NORM, FORM, steps=1)[0].first[0])

    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        distances = square_norms(reference, images)
        return distances + FAILURES[failure](limit - distances)

    steps = run(metric_of(failure, distances_to), FORM, steps=100)
    assert 0 < steps[-1].index < 100
    assert steps[-1].reasons == (Reason.NOT_FINITE, *(Reason.ABORTED,) * 3)
    assert np.isfinite(steps[-1].images).all()
    assert np.abs(steps[-1].drift[1:]).max() <= 2e-5


def test_a_metric_whose_gradient_fails_at_the_start_ends_it_there() -> None:
    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return square_norms(reference, images) + jnp.sqrt(jnp.sum(0 * images, axis=(1, 2, 3)))

    steps = run(metric_of("no-gradient", distances_to), FORM, steps=5)
    assert [(step.index, step.reasons) for step in steps] == [(0, (Reason.NOT_FINITE,) * 4)]


def rough(reference: jax.Array, images: jax.Array) -> jax.Array:
    """Wildly curved: ripples of a period of 0.02 in pixel value, as high as the square they stand on."""
    difference = images - reference[None]
    return jnp.sum(difference**2 * (1.5 + jnp.sin(2 * jnp.pi * difference / 0.02)), axis=(1, 2, 3))


def test_a_wild_level_set_is_never_left_further_than_allowed_and_held_in_the_end() -> None:
    """An image that was further off before may come back slowly, or else goes back to where it was on its level."""
    steps = run(metric_of("rough", rough), FORM, steps=100)
    for before, step in itertools.pairwise(steps[:-1]):
        allowed = np.maximum(stray(jnp.float32(before.index / 100)), np.abs(before.drift))
        assert (np.abs(step.drift) <= allowed * (1 + 1e-6)).all()
    assert np.abs(steps[-1].drift).max() <= 1e-3
    assert steps[-1].reasons == (Reason.BUDGET,) * 4


@pytest.mark.parametrize("stopped_after", [1, 5, 20])
@pytest.mark.parametrize(("distortion", "strength"), [("noise", 0.01), ("brightness", 0.15), ("blur", 0.5)])
def test_however_short_a_run_is_its_levels_are_held(distortion: str, strength: float, stopped_after: int) -> None:
    picture = load_image(bundled_path("gradients"), size=24)
    start, asked = distort(picture, distortion, strength=strength, seed=0), itertools.count(1)
    steps = list(
        compete(picture, start, get_metric("ssim"), get_metric("mse"), should_stop=lambda: next(asked) == stopped_after)
    )
    assert np.abs(steps[-1].drift).max() <= 1e-3
    assert steps[-1].reasons == (Reason.STOPPED,) * 4


def test_a_level_that_cannot_be_reached_again_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: object, last: Turn, images: jax.Array) -> Turn:
        return last._replace(images=images)

    monkeypatch.setattr(engine, "_returned", nowhere)
    last = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: True))[-1]
    assert last.reasons is not None
    assert Reason.INFEASIBLE in last.reasons
    for drift, reason in zip(last.drift, last.reasons, strict=True):
        assert (reason is Reason.INFEASIBLE) == (abs(drift) > engine.MAX_DRIFT)
