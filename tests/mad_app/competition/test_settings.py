"""The solver's constants are values: documented, checked, hashable, and the same after a record."""

import dataclasses
import json
import re

import pytest

from mad_app.competition import DEFAULT_SOLVER, SolverOptions
from mad_app.errors import ArgumentError


def test_options_come_back_from_a_record() -> None:
    options = SolverOptions(step_size=0.1, plateau_patience=7)
    assert SolverOptions.from_dict(json.loads(json.dumps(dataclasses.asdict(options)))) == options
    assert SolverOptions.from_dict({}) == DEFAULT_SOLVER
    assert hash(SolverOptions.from_dict({})) == hash(DEFAULT_SOLVER)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ArgumentError, match="speed is no option of the solver"):
        SolverOptions.from_dict({"speed": 1})


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
