"""Two JAX metrics are compiled as one loop, with the results of the stepwise loop; no step waits for the host."""

import importlib
import itertools
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from mad_app.competition import Settings, Step, compete
from mad_app.competition.loop import STEPS_AHEAD, iterate
from mad_app.competition.solver import init
from mad_app.metrics import BoundJaxMetric, BoundMetric, JaxMetric, KnownMetric, get_metric
from mad_app.metrics.sums import Summable
from tests.mad_app.competition.quadratics import FORM, SIZE, SQUARE_NORM, reference_and_start

engine = importlib.import_module("mad_app.competition.compete")
loop = importlib.import_module("mad_app.competition.loop")

MASK = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 3 > 0
CONSTRAINTS: dict[str, tuple[dict[str, Any], np.ndarray | None]] = {
    "none": ({}, None),
    "max_change": ({"max_change": 0.1}, None),
    "low_pass and mask": ({"low_pass": 5.0}, MASK),
}


@dataclass(frozen=True)
class Opaque(Summable):
    """A JAX metric that the engine does not know as one."""

    of: JaxMetric

    @property
    def name(self) -> str:
        return self.of.name

    def bind(self, reference: jax.Array) -> BoundMetric:
        return OpaqueBound(self.of.bind(reference))


@dataclass(frozen=True)
class OpaqueBound:
    of: BoundJaxMetric

    def distances(self, images: jax.Array) -> jax.Array:
        return self.of.distances(images)

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.of.value_and_grad(images)


def run(first: Any, second: Any, constraints: str, steps: int) -> list[Step]:
    settings, mask = CONSTRAINTS[constraints]
    return list(compete(*reference_and_start(), first, second, Settings(steps=steps, **settings), mask=mask))


def test_the_return_to_the_level_is_compiled_once_beside_the_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    traced, restore_step = [], loop.restore_step

    def counted(*arguments: Any) -> Any:
        traced.append(threading.current_thread().name)
        return restore_step(*arguments)

    monkeypatch.setattr(loop, "restore_step", counted)
    assert run(Opaque(SQUARE_NORM), Opaque(FORM), "none", 3)[-1].on_level
    assert len(traced) == 1
    assert traced[0].startswith("compile")


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_step_by_step_nothing_is_evaluated_twice(constraints: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the start, nor the last step as its images return to their level; nor is anything compiled twice."""
    evaluated: list[bytes] = []
    evaluate = OpaqueBound.value_and_grad

    def noted(self: OpaqueBound, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        evaluated.append(self.of.metric.name.encode() + np.asarray(images).tobytes())
        return evaluate(self, images)

    monkeypatch.setattr(OpaqueBound, "value_and_grad", noted)
    programs = [loop.compiled(function) for function in (loop.take_step, loop.restore_step)]
    for program in programs:
        program.clear_cache()
    assert run(Opaque(FORM), Opaque(SQUARE_NORM), constraints, 3)[-1].on_level
    assert len(evaluated) >= 2 * (4 + 1)  # the start, three steps, and at least one to return to the level
    assert len(set(evaluated)) == len(evaluated)
    assert [program._cache_size() for program in programs] == [1, 1]


def stopped(
    monkeypatch: pytest.MonkeyPatch, *, thorough: bool = False, fails: int | None = None
) -> tuple[Step, list[str]]:
    """The end of a run that is stopped after some steps, and the metrics in the order in which they were computed.

    A metric computed for the `fails`-th time, of all, is not a number for the first image.
    """
    computed: list[str] = []
    evaluate = BoundJaxMetric.value_and_grad

    def noted(self: OpaqueBound, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        computed.append(self.of.metric.name)
        distances, gradients = evaluate(self.of, images)
        return (distances.at[0].set(np.nan) if len(computed) == fails else distances), gradients

    monkeypatch.setattr(OpaqueBound, "value_and_grad", noted)
    if thorough:
        monkeypatch.setattr(engine, "_restored", partial(engine._restored, thorough=True))
    calls = itertools.count(1)
    steps = compete(
        *reference_and_start(),
        Opaque(FORM),
        Opaque(SQUARE_NORM),
        Settings(steps=90),
        should_stop=lambda: next(calls) > 9,
    )
    return list(steps)[-1], computed


def assert_same(one: Step, other: Step) -> None:
    for name in ("images", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.reasons == other.reasons


def test_in_a_return_a_metric_is_computed_only_for_images_that_it_fixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is that of computing both each time."""
    last, computed = stopped(monkeypatch)
    other, each_time = stopped(monkeypatch, thorough=True)
    assert last.on_level
    assert_same(last, other)
    assert len(computed) < len(each_time)


def test_a_metric_that_fails_after_a_return_makes_it_be_done_with_both(monkeypatch: pytest.MonkeyPatch) -> None:
    healthy, computed = stopped(monkeypatch)
    last, again = stopped(monkeypatch, fails=len(computed))
    assert len(again) > len(computed)
    assert_same(last, healthy)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_compiled_and_stepwise_give_the_same(constraints: str) -> None:
    compiled = run(FORM, SQUARE_NORM, constraints, 40)
    step_by_step = run(Opaque(FORM), Opaque(SQUARE_NORM), constraints, 40)
    assert len(compiled) == len(step_by_step) == 41
    for ours, theirs in zip(compiled[:5], step_by_step[:5], strict=True):
        np.testing.assert_allclose(ours.images, theirs.images, atol=1e-4)
    for role in ("first", "second"):
        np.testing.assert_allclose(getattr(compiled[-1], role), getattr(step_by_step[-1], role), rtol=0.01)


def test_a_sum_of_jax_metrics_is_compiled_into_the_same_loop() -> None:
    compiled = run(FORM + 2 * SQUARE_NORM, SQUARE_NORM, "none", 40)
    step_by_step = run(Opaque(FORM) + 2 * Opaque(SQUARE_NORM), Opaque(SQUARE_NORM), "none", 40)
    np.testing.assert_allclose(compiled[4].images, step_by_step[4].images, atol=1e-4)
    np.testing.assert_allclose(compiled[-1].first, step_by_step[-1].first, rtol=0.01)


@pytest.mark.parametrize(
    ("first", "constraints"),
    [*itertools.product([FORM], CONSTRAINTS), (0.5 * FORM + 2 * SQUARE_NORM, "none")],
    ids=[*CONSTRAINTS, "sum"],
)
def test_no_step_of_two_jax_metrics_goes_through_the_host(
    first: KnownMetric, constraints: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    evaluate = BoundJaxMetric.value_and_grad

    def counted(self: BoundJaxMetric, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        calls.append(len(images))
        return evaluate(self, images)

    monkeypatch.setattr(BoundJaxMetric, "value_and_grad", counted)
    run(first, SQUARE_NORM, constraints, 40)
    assert len(calls) < 20


@dataclass
class ToHost:
    """The arrays whose values the host has read, by float, int or bool or by NumPy, and those on their way to it."""

    read: list[jax.Array] = field(default_factory=list)
    copied: list[jax.Array] = field(default_factory=list)

    @classmethod
    def watched(cls, monkeypatch: pytest.MonkeyPatch) -> "ToHost":
        seen, implementation, to_numpy = cls(), type(jax.numpy.zeros(1)), np.asarray
        value: Any = implementation._value
        copy: Any = implementation.copy_to_host_async

        def read(array: Any) -> Any:
            seen.read.append(array)
            return value.fget(array)

        def copied(array: Any) -> None:
            seen.copied.append(array)
            copy(array)

        def asarray(array: Any, *arguments: Any, **options: Any) -> np.ndarray:
            if isinstance(array, jax.Array):
                seen.read.append(array)
            return to_numpy(array, *arguments, **options)

        monkeypatch.setattr(implementation, "_value", property(read))
        monkeypatch.setattr(implementation, "copy_to_host_async", copied)
        monkeypatch.setattr(np, "asarray", asarray)
        return seen


@pytest.mark.parametrize(
    ("first", "second", "settings"),
    [("lasi:2", "lpips-alex", {}), ("ssim", "mse", {"low_pass": 5.0, "max_change": 0.2}), ("mse", "square-norm", {})],
)
def test_no_value_is_fetched_to_launch_a_step(
    first: str, second: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, start = (np.kron(array, np.ones((2, 2, 1), np.float32)) for array in reference_and_start())
    metrics = get_metric(first), SQUARE_NORM if second == "square-norm" else get_metric(second)
    problem = engine._problem(reference, start, *metrics, Settings(steps=9, **settings), engine.DEFAULT_SOLVER, None)
    state = engine._committed(init(problem.initial))
    steps = iterate(problem, state)
    next(steps)  # what is compiled may read constants
    seen = ToHost.watched(monkeypatch)
    with jax.transfer_guard_device_to_host("disallow"):
        infos = list(itertools.islice(steps, 4))
    assert seen.read == []
    assert [int(info.step_index) for info in infos] == [1, 2, 3, 4]
    assert len(seen.read) == 4


@pytest.mark.parametrize("metrics", [(FORM, SQUARE_NORM), (Opaque(FORM), Opaque(SQUARE_NORM))])
def test_the_host_reads_only_what_is_on_its_way_to_it(
    metrics: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of a step, and no operation on them, for which it would wait until the device has done all before."""
    monkeypatch.setattr(loop, "_is_on_accelerator", lambda _: True)
    seen = ToHost.watched(monkeypatch)
    steps = compete(*reference_and_start(), *metrics, Settings(steps=40))
    next(steps)
    seen.read.clear()
    for _ in itertools.islice(steps, 20):
        pass
    assert {array.size for array in seen.read} == {1, 4}
    assert {id(array) for array in seen.read} <= {id(array) for array in seen.copied}


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_running_ahead_changes_no_bit(constraints: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on an accelerator: stepwise and in the compiled loop, to the end and when resumed."""
    for first, second in ((FORM, SQUARE_NORM), (Opaque(FORM), Opaque(SQUARE_NORM))):
        steps = run(first, second, constraints, 40)
        with monkeypatch.context() as patch:
            patch.setattr(loop, "_is_on_accelerator", lambda _: True)
            ahead = run(first, second, constraints, 40)
        assert len(steps) == len(ahead)
        for ours, theirs in zip(steps, ahead, strict=True):
            assert (ours.index, ours.reasons) == (theirs.index, theirs.reasons)
            jax.tree.map(
                np.testing.assert_array_equal,
                (ours.images, ours.first, ours.second, ours.drift, ours.state),
                (theirs.images, theirs.first, theirs.second, theirs.drift, theirs.state),
            )


def counted_steps(limit: int) -> Any:
    """A bound metric that fails after so many evaluations, and the list of those that it has made."""
    made: list[int] = []

    @dataclass(frozen=True)
    class Counted(OpaqueBound):
        def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
            if len(made) == limit:
                raise RuntimeError("no more")
            made.append(len(images))
            return super().value_and_grad(images)

    return Counted, made


def test_the_host_waits_for_a_step_when_two_more_are_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the steps before one that fails are handed out first."""
    counted, made = counted_steps(limit=6)
    reference, start = reference_and_start()
    problem = engine._problem(
        reference, start, FORM, Opaque(SQUARE_NORM), Settings(steps=40), engine.DEFAULT_SOLVER, None
    )
    problem = engine.replace(problem, first=counted(FORM.bind(jax.numpy.asarray(reference))))
    monkeypatch.setattr(loop, "_is_on_accelerator", lambda _: True)
    steps = iterate(problem, engine._committed(init(problem.initial)))
    seen = [(int(info.step_index), len(made)) for info in itertools.islice(steps, 6)]
    ahead = [(step, step + 1 + STEPS_AHEAD) for step in range(4)]
    assert seen == [*ahead, (4, 6), (5, 6)]
    with pytest.raises(RuntimeError, match="no more"):
        next(steps)
