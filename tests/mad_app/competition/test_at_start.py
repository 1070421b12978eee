"""The values at the start are the levels of a competition, and each level in reach can be given."""

from dataclasses import replace

import numpy as np
import pytest

from mad_app.competition import Settings, compete, levels_in_reach, values_at_start
from mad_app.distortions import distort
from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.metrics import get_metric

METRICS = {"first": get_metric("gmsd"), "second": get_metric("mse")}
REFERENCE = load_image(bundled_path("coffee"), size=24)
START = distort(REFERENCE, "noise", strength=0.1, seed=0)


def test_the_values_are_those_of_the_first_step() -> None:
    values = values_at_start(REFERENCE, START, METRICS, Settings())
    step = next(compete(REFERENCE, START, *METRICS.values(), Settings()))
    assert values["first"] == pytest.approx(float(step.first[0]), rel=1e-6)
    assert values["second"] == pytest.approx(float(step.second[0]), rel=1e-6)


@pytest.mark.parametrize("settings", [Settings(), Settings(max_change=0.05), Settings(gray=True)])
def test_every_level_in_reach_can_be_given_and_what_is_far_outside_cannot(settings: Settings) -> None:
    reference, start = (
        np.repeat(image[..., :1], 3, axis=2) if settings.gray else image for image in (REFERENCE, START)
    )
    lowest, highest = levels_in_reach(reference, start, METRICS, settings)["second"]
    assert lowest == (pytest.approx(0, abs=1e-9) if settings.max_change is None else pytest.approx(0.003, rel=0.5))
    for part in (0.02, 0.5, 0.98):
        level = lowest + part * (highest - lowest)
        step = next(compete(reference, start, *METRICS.values(), replace(settings, second_level=level)))
        assert step.second[0] == pytest.approx(level, rel=1e-3)
    with pytest.raises(ArgumentError, match="cannot be reached"):
        next(compete(reference, start, *METRICS.values(), replace(settings, second_level=2.0)))
