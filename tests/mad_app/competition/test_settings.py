"""The solver's constants are values: documented, checked, hashable, and the same after a record."""

import dataclasses
import re

import pytest

from mad_app.competition import SolverOptions
from mad_app.errors import ArgumentError


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(SolverOptions)])
def test_every_option_is_documented_and_bounded(name: str) -> None:
    assert re.search(rf"^ +{name}: ", SolverOptions.__doc__ or "", re.MULTILINE)
    for value in (-1, float("nan"), float("inf"), "1", True):
        with pytest.raises(ArgumentError) as caught:
            SolverOptions(**{name: value})  # type: ignore[arg-type]
        assert caught.value.argument == name


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("step_size", 0.0, "must be a finite number above 0 and at most 1, got 0.0"),
        ("level_tolerance", 1, "must be a finite number above 0 and at most 0.001, got 1"),
        ("retractions", 1.5, "must be a whole number at least 1, got 1.5"),
    ],
)
def test_the_message_has_the_range_and_the_value(name: str, value: float, problem: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        SolverOptions(**{name: value})  # type: ignore[arg-type]
    assert caught.value.problem == problem
