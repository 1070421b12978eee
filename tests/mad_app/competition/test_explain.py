"""The parts of a step: each changes both metrics as predicted, by finite differences."""

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import ARROWS, CORNERS, ExplainedStep, Settings, explain_step, parametrization
from mad_app.metrics import BoundMetric
from tests.mad_app.competition.quadratics import forms, metric_of, reference_and_start, square_norms

OFF_THE_LEVEL = 1.05


@pytest.fixture(scope="module")
def bound() -> tuple[BoundMetric, BoundMetric]:
    reference = jnp.asarray(reference_and_start()[0])
    return metric_of("form", forms).bind(reference), metric_of("square", square_norms).bind(reference)


def explained(bound: tuple[BoundMetric, BoundMetric], settings: Settings) -> tuple[ExplainedStep, np.ndarray]:
    """At the start, whose fixed metrics are 5 % below their levels."""
    start = reference_and_start()[1]
    if settings.gray:
        start = np.repeat(start[..., :1], 3, axis=2)
    images = jnp.asarray(np.stack([start] * 4))
    values = [np.asarray(metric.distances(images)) for metric in bound]
    levels = jnp.asarray([OFF_THE_LEVEL * values[corner.fixed == "second"][i] for i, corner in enumerate(CORNERS)])
    return explain_step(images, *bound, levels, parametrization(start, settings)), np.asarray(images)


@pytest.mark.parametrize("settings", [Settings(), Settings(gray=True), Settings(low_pass=4)])
def test_each_part_changes_both_metrics_as_predicted(
    bound: tuple[BoundMetric, BoundMetric], settings: Settings
) -> None:
    step, images = explained(bound, settings)
    for k, name in enumerate(ARROWS):
        moved = [jnp.asarray(images + sign * 0.5 * step.moves[:, k]) for sign in (-1, 1)]
        for m, metric in enumerate(bound):
            before, after = (np.asarray(metric.distances(these), np.float64) for these in moved)
            # central differences are exact for these metrics, which are quadratic
            np.testing.assert_allclose(after - before, step.changes[:, k, m], rtol=2e-3, atol=2e-5, err_msg=name)


def test_the_tangent_part_keeps_the_fixed_metric_and_the_retraction_brings_it_to_its_level(
    bound: tuple[BoundMetric, BoundMetric],
) -> None:
    step, _ = explained(bound, Settings())
    rms = np.sqrt((step.moves[:, 0] ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(rms, 1 / 255, rtol=1e-3)
    for i, corner in enumerate(CORNERS):
        optimized, fixed = (0, 1) if corner.optimized == "first" else (1, 0)
        gradient, tangent, retraction = step.changes[i]
        sign = 1 if corner.direction == "max" else -1
        assert sign * gradient[optimized] > sign * tangent[optimized] > 0
        assert abs(tangent[fixed]) < 1e-4 * abs(gradient[fixed])
        np.testing.assert_allclose(retraction[fixed], step.levels[i] - step.values[i, fixed], rtol=1e-3)
