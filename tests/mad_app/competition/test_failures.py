"""A metric that is not finite freezes the image where that happens, and changes nothing for the others."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import Reason, Settings, SolverOptions, Step, compete
from mad_app.metrics import JaxMetric
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, metric_of, reference_and_start, square_norms
from tests.mad_app.competition.test_loop import Opaque

STEPS = 25
SHORT_STEPS = SolverOptions(step_size=0.005)
"""With these no image but the first, where the metric is maximized, comes near the limit."""
FAILURES = {"not a number": np.nan, "infinite": np.inf, "gradient": 0.0}
"""What is added to a distance above a limit; 0 stands for a gradient of NaN there."""


def distances_to(prepared: tuple[jax.Array, jax.Array, jax.Array], images: jax.Array) -> jax.Array:
    """The square norm, which fails above a limit. Limit and failure are data: one program serves all."""
    reference, limit, added = prepared
    distances = square_norms(reference, images)
    room = limit - distances
    rooted = jnp.where(added == 0, jnp.clip(room, 0, 1), 1)
    return distances + jnp.where(room < 0, added, 0) + 0 * jnp.sqrt(rooted)


def failing(failure: str, limit: float) -> JaxMetric:
    """The square norm with a failure above a limit."""

    def prepare(reference: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        return reference, jnp.float32(limit), jnp.float32(FAILURES[failure])

    return JaxMetric(name=failure, prepare=prepare, distances_to=distances_to)


def limit() -> float:
    """A value of the square norm that the first image, where it is maximized, soon exceeds."""
    reference, start = reference_and_start()
    return 2 * float(SQUARE_NORM.bind(jnp.asarray(reference)).distances(jnp.asarray(start)[None])[0])


def run(first: Any, *, resume: Step | None = None) -> list[Step]:
    return list(compete(*reference_and_start(), first, FORM, Settings(steps=STEPS), solver=SHORT_STEPS, resume=resume))


def assert_frozen_alone(steps: list[Step], healthy: list[Step]) -> None:
    """The first image is frozen and ends on its level; the others are those of a run without a failure, bit for bit."""
    assert [step.index for step in steps] == [step.index for step in healthy]
    for step, other in zip(steps, healthy, strict=True):
        for name in ("images", "first", "second", "drift"):
            np.testing.assert_array_equal(getattr(step, name)[1:], getattr(other, name)[1:])
            assert np.isfinite(getattr(step, name)).all()
    assert steps[-1].reasons == (Reason.NOT_FINITE, *(Reason.BUDGET,) * 3)
    assert healthy[-1].reasons == (Reason.BUDGET,) * 4
    assert np.abs(steps[-1].drift).max() <= 2e-5
    assert 1.01 * limit() > steps[-1].first[0] > 1.01 * steps[0].first[0]
    np.testing.assert_array_equal(steps[-3].images[0], steps[-2].images[0])


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("stepwise", [False, True])
def test_only_the_image_that_failed_is_frozen(failure: str, stepwise: bool) -> None:
    wrap = Opaque if stepwise else lambda metric: metric
    steps, healthy = (run(wrap(failing(failure, most))) for most in (limit(), np.inf))
    assert_frozen_alone(steps, healthy)


def test_a_resumed_run_freezes_the_same_image() -> None:
    metric = failing("not a number", limit())
    steps = run(metric)
    failed = [bool(step.state["failed"][0]) for step in steps]
    first = failed.index(True)
    assert 0 < first < STEPS - 2
    for at in (first - 1, first, first + 1):
        for step, other in zip(steps[at + 1 :], run(metric, resume=steps[at]), strict=True):
            np.testing.assert_array_equal(step.images, other.images)
            assert step.reasons == other.reasons


def test_when_all_images_failed_or_converged_the_run_ends() -> None:
    """With a gradient of NaN everywhere the first metric fails in all four, as the optimized or the fixed one."""

    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return square_norms(reference, images) + jnp.sqrt(jnp.sum(0 * images, axis=(1, 2, 3)))

    steps = run(metric_of("no-gradient", distances_to))
    assert [(step.index, step.reasons) for step in steps] == [(0, (Reason.NOT_FINITE,) * 4)]
    np.testing.assert_array_equal(steps[-1].images, np.stack([reference_and_start()[1]] * 4))


def test_a_failure_in_one_pair_at_the_start_leaves_the_other_pair() -> None:
    """The pairs start at different levels; the first metric's gradient is NaN where the first pair starts."""
    reference, start = reference_and_start()
    norm, form = (float(m.bind(jnp.asarray(reference)).distances(jnp.asarray(start)[None])[0]) for m in METRICS)
    settings = Settings(steps=5, first_level=0.5 * norm, second_level=1.5 * form)
    steps = list(compete(reference, start, failing("gradient", 1.2 * norm), FORM, settings, solver=SHORT_STEPS))
    assert steps[-1].index == 5
    assert steps[-1].reasons is not None
    assert steps[-1].reasons[:2] == (Reason.NOT_FINITE,) * 2
    assert steps[-1].reasons[2:] == (Reason.BUDGET,) * 2
    np.testing.assert_array_equal(steps[-1].images[:2], steps[0].images[:2])
    assert not np.array_equal(steps[-1].images[2], steps[0].images[2])


METRICS = (SQUARE_NORM, FORM)
