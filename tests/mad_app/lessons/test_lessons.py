"""Every lesson of the table: its state in an address, its Python, its texts."""

from dataclasses import asdict

import numpy as np
import pytest

from mad_app.declaration import settings_of
from mad_app.lessons import LESSONS, read_state, write_state

REFERENCE = np.random.default_rng(1).random((64, 64, 3), np.float32)
SIDES = {"texture": 64}
"""Of the smallest picture that a lesson takes, where 32 pixels are too few."""


@pytest.mark.parametrize("name", LESSONS)
def test_an_address_gives_the_state_that_it_was_made_of(name: str) -> None:
    kind = LESSONS[name].state
    for setting, declared in settings_of(kind).items():
        if declared.kind in (int, float):
            state = kind(**{setting: declared.kind(declared.maximum)})
            assert read_state(kind, write_state(state)) == (state, [])
    assert write_state(kind()) == {}


@pytest.mark.parametrize("name", LESSONS)
def test_a_wrong_value_leaves_the_default_and_is_named(name: str) -> None:
    kind = LESSONS[name].state
    for setting in settings_of(kind):
        state, problems = read_state(kind, {setting: "nope"})
        assert state == kind()
        assert [problem.partition(" ")[0] for problem in problems] == [setting]


@pytest.mark.parametrize("name", LESSONS)
def test_the_python_of_a_lesson_runs(name: str) -> None:
    side = SIDES.get(name, 32)
    reference = REFERENCE[:side, :side]
    exec(compile(LESSONS[name].python(LESSONS[name].state()), name, "exec"), {"reference": reference})


@pytest.mark.parametrize("name", LESSONS)
def test_a_prediction_has_a_right_answer_and_no_name_of_a_setting_is_one_of_the_page(name: str) -> None:
    asked = LESSONS[name].prediction
    assert 0 <= asked.right < len(asked.answers)
    assert not asdict(LESSONS[name].state()).keys() & {
        "lesson",
        "hide",
        "image",
        "size",
        "left",
        "top",
        "width",
        "height",
        "extent",
        "key",
    }
