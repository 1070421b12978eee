"""A competition repeats itself and resumes bit for bit, from the state of this version and of earlier ones."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import Reason, Settings, Step, compete
from mad_app.errors import ArgumentError
from mad_app.metrics import get_metric
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, reference_and_start

STEPS = 20


def run(resume: Step | None = None, steps: int = STEPS, **settings: float) -> list[Step]:
    options = Settings(steps=steps, **settings)  # type: ignore[arg-type]
    return list(compete(*reference_and_start(), SQUARE_NORM, FORM, options, resume=resume))


def assert_identical(steps: list[Step], others: list[Step]) -> None:
    for step, other in zip(steps, others, strict=True):
        assert (step.index, step.reasons, step.state.keys()) == (other.index, other.reasons, other.state.keys())
        for name in ("images", "first", "second", "drift"):
            np.testing.assert_array_equal(getattr(step, name), getattr(other, name))
        for name, array in step.state.items():
            np.testing.assert_array_equal(array, other.state[name])


def as_earlier(step: Step) -> Step:
    """The step as a version wrote it that had other names."""
    state = {name: np.asarray(array) for name, array in step.state.items()}
    renamed = {
        "steps": "update_count",
        "trust": "step_scale",
        "held": "last_on_level",
        "best": "best_value",
        "idle": "plateau_count",
        "slope": "initial_gradient_norm",
        "points": "params",
    }
    earlier = {name: state[now] for name, now in renamed.items() if now in state}
    for name, ascent, descent in (("heading", "momentum", "fast_offset"), ("square",) + ("second_moment",) * 2):
        pair = state[f"ascent.{ascent}"], state[f"descent.{descent}"]
        earlier[name] = np.stack(pair, axis=1).reshape(4, *pair[0].shape[1:])
    return replace(step, state=earlier)


@pytest.mark.as_shipped
def test_the_same_competition_is_the_same_bit_for_bit() -> None:
    assert_identical(run(), run())


@pytest.mark.as_shipped
@pytest.mark.parametrize("at", [0, 1, 7, STEPS - 1])
def test_resumed_it_continues_bit_for_bit(at: int) -> None:
    steps = run()
    assert_identical(run(steps[at]), steps[at + 1 :])


def test_metrics_in_pytorch_resume_bit_for_bit() -> None:
    arguments = (*reference_and_start(), get_metric("ssim"), get_metric("mse"), Settings(steps=12))
    steps = list(compete(*arguments))
    assert_identical(list(compete(*arguments, resume=steps[5])), steps[6:])


@pytest.mark.parametrize("settings", [{}, {"max_change": 0.1}])
def test_a_step_of_an_earlier_version_continues_bit_for_bit(settings: dict[str, float]) -> None:
    steps = run(**settings)
    assert_identical(run(as_earlier(steps[7]), **settings), steps[8:])


@pytest.mark.parametrize("known", [("heading", "square", "steps", "trust"), ("square", "steps", "trust")])
def test_what_a_step_lacks_is_initialized_anew(known: tuple[str, ...]) -> None:
    """What it has beyond is ignored."""
    steps = run(steps=100)
    earlier = as_earlier(steps[5])
    state = {"mean": np.ones(3), **{name: earlier.state[name] for name in known}}
    resumed = run(replace(earlier, state=state), steps=100)
    assert [step.index for step in resumed] == list(range(6, 101))
    for role in ("first", "second"):
        np.testing.assert_allclose(getattr(resumed[-1], role), getattr(steps[-1], role), rtol=0.02)


@pytest.mark.parametrize(
    ("name", "wrong"), [("step_scale", np.ones(3, np.float32)), ("update_count", np.ones(4, np.int32))]
)
def test_a_step_of_another_competition_is_refused(name: str, wrong: np.ndarray) -> None:
    step = run(steps=3)[1]
    with pytest.raises(ArgumentError, match=f"resume does not fit this competition: its {name} is") as caught:
        run(replace(step, state={**step.state, name: wrong}), steps=3)
    assert caught.value.argument == "resume"


def test_images_of_another_size_are_refused() -> None:
    step = replace(run(steps=3)[1], images=jnp.zeros((4, 8, 8, 3)))
    with pytest.raises(ArgumentError, match=r"its images is float32 \(4, 8, 8, 3\), expected float32 \(4, 16, 16, 3\)"):
        run(step, steps=3)


def test_resumed_at_its_end_it_only_returns_to_the_level() -> None:
    last = replace(run(steps=5)[-1], reasons=None)
    assert [(step.index, step.reasons) for step in run(last, steps=5)] == [(5, (Reason.BUDGET,) * 4)]
