"""A competition reaches known optima and stored ratios, keeps its levels, and ends for the reason that it gives."""

import importlib
import itertools
from collections.abc import Mapping
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import CORNERS, DEFAULT_SOLVER, MAX_DRIFT, Reason, Restoration, Settings, Step, compete
from mad_app.competition.schedules import feasibility_tolerance
from mad_app.competition.solver import StepInfo
from mad_app.distortions import distort
from mad_app.images import ImageArray, bundled_path, load_image
from mad_app.metrics import JaxMetric, Metric, get_metric
from tests.mad_app.competition.quadratics import FORM, GAIN, SQUARE_NORM, metric_of, reference_and_start

engine = importlib.import_module("mad_app.competition.compete")
FIXED = [corner.fixed for corner in CORNERS]


def picture_and_noise(size: int) -> tuple[ImageArray, ImageArray]:
    picture = load_image(bundled_path("cat"), size=size)
    return picture, distort(picture, "noise", strength=0.1, seed=0)


def run(first: Metric, second: Metric, steps: int, *, strength: float = 0.03) -> list[Step]:
    """All steps of a competition between two metrics of gray images."""
    return list(compete(*reference_and_start(strength), first, second, Settings(steps=steps)))


def optimized(step: Step) -> list[float]:
    """The optimized metric of each image, in the order of CORNERS."""
    return [float(getattr(step, corner.optimized)[i]) for i, corner in enumerate(CORNERS)]


def fixed(step: Step) -> list[float]:
    return [float(getattr(step, corner.fixed)[i]) for i, corner in enumerate(CORNERS)]


def assert_separated(steps: list[Step], ratio: float) -> None:
    """Both pairs spread from the start by the ratio, at levels that are kept."""
    start, end = optimized(steps[0]), optimized(steps[-1])
    assert end[0] > start[0] > end[1]
    assert end[2] > start[2] > end[3]
    assert end[0] > ratio * end[1]
    assert end[2] > ratio * end[3]
    assert np.abs(steps[-1].drift).max() <= 1e-3


# ---- what it finds ---------------------------------------------------------------------------------------------------


def test_it_reaches_the_optima_of_quadratic_forms() -> None:
    steps = run(SQUARE_NORM, FORM, steps=400)
    norm, form = float(steps[0].first[0]), float(steps[0].second[0])
    np.testing.assert_allclose(optimized(steps[-1]), [form, form / GAIN, norm * GAIN, norm], rtol=0.01)
    np.testing.assert_allclose(fixed(steps[-1]), [form, form, norm, norm], rtol=2e-5)


def test_ssim_and_mse_separate_at_fixed_levels() -> None:
    steps = list(compete(*picture_and_noise(32), get_metric("ssim"), get_metric("mse"), Settings(steps=40)))
    assert_separated(steps, ratio=5)


def test_lasi_and_lpips_separate_at_fixed_levels() -> None:
    steps = list(compete(*picture_and_noise(32), get_metric("lasi"), get_metric("lpips-alex"), Settings(steps=30)))
    assert_separated(steps, ratio=2)


@pytest.mark.parametrize(
    ("shape", "ratios"),
    [((32, 32), (3.39, 7.1e-4, 18.0, 0.176)), ((24, 40), (3.54, 2.5e-4, 19.7, 0.144))],
)
def test_each_corner_is_as_extreme_as_it_was(shape: tuple[int, int], ratios: tuple[float, ...]) -> None:
    """SSIM against MSE after 64 steps: stored ratios to the start; rounding alone moves some by 10 %."""
    size = 32 if shape == (32, 32) else 48
    picture = load_image(bundled_path("cat"), size=size)[: shape[0], : shape[1]]
    start = distort(picture, "noise", strength=0.1, seed=0)
    steps = list(compete(picture, start, get_metric("ssim"), get_metric("mse"), Settings(steps=64)))
    assert steps[-1].images.shape == (4, *shape, 3)
    found = np.divide(optimized(steps[-1]), optimized(steps[0]))
    assert (found[[0, 2]] > 0.7 * np.array(ratios)[[0, 2]]).all()
    assert (found[[1, 3]] < 1.7 * np.array(ratios)[[1, 3]]).all()
    assert np.abs(steps[-1].drift).max() <= 2e-5


def test_the_order_of_the_metrics_decides_only_the_order_of_the_images() -> None:
    one, other = run(SQUARE_NORM, FORM, steps=20)[-1], run(FORM, SQUARE_NORM, steps=20)[-1]
    np.testing.assert_allclose(optimized(one), np.roll(optimized(other), 2), rtol=1e-5)


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
    levels = {role: metric.bind(reference).distances(start[None])[0] for role, metric in metrics().items()}
    for step in compete(reference, start, SQUARE_NORM, FORM, Settings(steps=6)):
        assert ((step.images >= 0) & (step.images <= 1)).all()
        for role, metric in metrics().items():
            distances = metric.bind(reference).distances(step.images)
            np.testing.assert_allclose(getattr(step, role), distances, rtol=1e-6)
        kept = np.array([float(levels[role]) for role in FIXED])
        np.testing.assert_allclose(step.drift, fixed(step) / kept - 1, atol=1e-6)


def metrics() -> Mapping[str, Metric]:
    return {"first": SQUARE_NORM, "second": FORM}


# ---- why it ends -----------------------------------------------------------------------------------------------------


def test_stopped_it_ends_on_its_levels() -> None:
    calls = itertools.count()
    steps = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: next(calls) >= 3))
    assert [step.index for step in steps] == [0, 1, 2, 3, 4]
    assert steps[-1].reasons == (Reason.STOPPED,) * 4
    assert np.abs(steps[-1].drift).max() <= 2e-5


def test_stopped_at_once_it_makes_one_step_so_that_repeated_stops_make_progress() -> None:
    steps = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: True))
    assert [(step.index, step.reasons is None) for step in steps] == [(0, True), (1, False)]


def clock(monkeypatch: pytest.MonkeyPatch, seconds_per_read: float) -> None:
    """Let the engine's clock advance by so much each time it is read, which is twice per step."""
    times = itertools.count(step=seconds_per_read)
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


def test_the_callers_time_between_steps_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_image_ends_at_the_bounds_under_constraints_too() -> None:
    """What a gray image does not use and what a mask fixes is not free."""
    mask = np.zeros((16, 16), bool)
    mask[4:] = True
    settings = Settings(steps=1000, gray=True, max_change=0.2)
    reference, start = (np.repeat(image[..., :1], 3, axis=2) for image in reference_and_start())
    *_, last = compete(reference, start, of_rows(slice(4, 12)), of_rows(slice(12, 16)), settings, mask=mask)
    assert last.reasons is not None
    assert last.reasons[0] is Reason.AT_BOUNDS


def test_it_ends_when_all_images_have_come_to_an_end() -> None:
    """Of two metrics of different rows each moves its own to black and white: three quarters of the values, or one."""
    most, rest = of_rows(slice(0, 12)), of_rows(slice(12, 16))
    steps = run(most, rest, steps=1000)
    assert steps[-1].index < 200
    assert steps[-1].reasons == (Reason.AT_BOUNDS, *(Reason.CONVERGED,) * 3)
    at_bounds = (np.asarray(steps[-1].images) == 0) | (np.asarray(steps[-1].images) == 1)
    assert at_bounds[0, :12].all()
    assert at_bounds[2, 12:].all()
    np.testing.assert_allclose(steps[-1].images[1, :12], 0.5, atol=1e-3)


def rough(reference: jax.Array, images: jax.Array) -> jax.Array:
    """Strongly curved: ripples of a period of 0.02 in pixel value, as high as the square they stand on."""
    difference = images - reference[None]
    return jnp.sum(difference**2 * (1.5 + jnp.sin(2 * jnp.pi * difference / 0.02)), axis=(1, 2, 3))


def test_a_rough_level_set_is_never_left_further_than_allowed_and_reached_in_the_end() -> None:
    """An image that was further off before may return slowly, or restarts from its last iterate on its level."""
    steps = run(metric_of("rough", rough), FORM, steps=100)
    for before, step in itertools.pairwise(steps[:-1]):
        tolerance = feasibility_tolerance(jnp.float32(before.index / 100), DEFAULT_SOLVER)
        allowed = np.maximum(tolerance, np.abs(before.drift))
        assert (np.abs(step.drift) <= allowed * (1 + 1e-6)).all()
    assert np.abs(steps[-1].drift).max() <= 1e-3
    assert steps[-1].reasons == (Reason.BUDGET,) * 4


@pytest.mark.parametrize(
    ("distortion", "strength", "stopped_after"),
    [("noise", 0.01, 1), ("noise", 0.01, 20), ("brightness", 0.15, 5), ("blur", 0.5, 1), ("blur", 0.5, 20)],
)
def test_however_short_a_run_is_its_levels_are_kept(distortion: str, strength: float, stopped_after: int) -> None:
    picture = load_image(bundled_path("gradients"), size=24)
    start, calls = distort(picture, distortion, strength=strength, seed=0), itertools.count(1)
    steps = list(
        compete(picture, start, get_metric("ssim"), get_metric("mse"), should_stop=lambda: next(calls) == stopped_after)
    )
    assert np.abs(steps[-1].drift).max() <= 1e-3
    assert steps[-1].reasons == (Reason.STOPPED,) * 4


def test_an_image_that_cannot_return_to_its_level_is_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    def unrestored(_: object, last: StepInfo, params: jax.Array, *__: object) -> StepInfo:
        return last._replace(params=params)

    monkeypatch.setattr(engine, "_restored", unrestored)
    last = list(compete(*reference_and_start(), SQUARE_NORM, FORM, should_stop=lambda: True))[-1]
    assert last.reasons is not None
    assert Reason.INFEASIBLE in last.reasons
    for drift, reason in zip(last.drift, last.reasons, strict=True):
        assert (reason is Reason.INFEASIBLE) == (abs(drift) > MAX_DRIFT)


def test_the_return_to_the_level_is_told_before_the_last_step() -> None:
    reference, start = reference_and_start()
    told: list[Restoration] = []
    for step in compete(
        reference, start, SQUARE_NORM, FORM, Settings(steps=20), should_stop=lambda: True, on_restoration=told.append
    ):
        assert bool(told) == (step.reasons is not None)
    assert [restoration.step for restoration in told] == list(range(len(told)))
    assert len(told) > 1
    assert {restoration.index for restoration in told} == {step.index}
    assert told[0].departure > MAX_DRIFT
    assert told[-1].departure == np.abs(step.drift).max() <= DEFAULT_SOLVER.level_tolerance


def test_a_step_of_a_competition_that_was_left_early_is_brought_back_to_its_level() -> None:
    reference, start = reference_and_start()
    settings = Settings(steps=20)
    for step in compete(reference, start, SQUARE_NORM, FORM, settings):
        if step.index and not step.on_level:
            break
    assert step.reasons is None
    assert np.abs(step.drift).max() > MAX_DRIFT
    *_, last = compete(reference, start, SQUARE_NORM, FORM, settings, resume=step, should_stop=lambda: True)
    assert last.index == step.index
    assert last.reasons == (Reason.STOPPED,) * 4
    assert last.on_level
    assert np.abs(last.drift).max() <= DEFAULT_SOLVER.level_tolerance
