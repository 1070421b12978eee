"""A Maximum Differentiation competition (Wang & Simoncelli, Journal of Vision 8(12):8, 2008) as a generator of steps.

From a start, each of two metrics is maximized and minimized while the other keeps the value that it has there. The
four images form one batch, so each step evaluates both metrics once. On the way the images may be off their level; the
last step has them back on it.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.competition.constraints import parametrization
from mad_app.competition.initialization import initial_params, levels_of
from mad_app.competition.inputs import Mask, check_kinds, check_metric_at_start, checked_image, with_gray_resolved
from mad_app.competition.loop import compiled, completed, iterate, take_step
from mad_app.competition.problem import Constants, Problem, Values, select, values_at, values_of
from mad_app.competition.settings import (
    CORNERS,
    DEFAULT_SOLVER,
    MAX_DRIFT,
    Reason,
    Restoration,
    Role,
    Settings,
    SolverOptions,
    Step,
)
from mad_app.competition.solver import StepInfo, init, reinit
from mad_app.competition.state_arrays import PARAMS, state_at, to_arrays
from mad_app.images import AnyImage
from mad_app.metrics import BoundMetric, Metric
from mad_app.metrics.sums import bind_together

T = TypeVar("T")


def compete(
    reference: AnyImage,
    start: AnyImage,
    first: Metric,
    second: Metric,
    settings: Settings | None = None,
    *,
    solver: SolverOptions = DEFAULT_SOLVER,
    mask: Mask | None = None,
    resume: Step | None = None,
    spent: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
    on_restoration: Callable[[Restoration], None] = lambda _: None,
) -> Iterator[Step]:
    """Run a competition.

    `should_stop` ends it early with a last step whose images are on their level. Whoever breaks out of the loop has
    images that may be off it, as `Step.on_level` says; this brings them back:

        *_, last = compete(reference, start, first, second, settings, resume=step, should_stop=lambda: True)

    Args:
        reference: a picture as an array (H, W), (H, W, 3), (3, H, W) or (1, 3, H, W) of NumPy, JAX or PyTorch, uint8 or
            floating point in [0, 1], or of Pillow.
        start: a distorted copy of it, likewise; its distances are the levels unless the settings give others.
        first: a metric.
        second: another metric.
        settings: number of steps, time limit, constraints and levels; the defaults if None.
        solver: the constants of the solver.
        mask: bool (H, W), true where the images may change; None for everywhere.
        resume: a step of an earlier run with the same arguments, to continue from. What follows is what would have
            followed then, bit for bit.
        spent: seconds that the steps before `resume` took, which count towards `settings.seconds`.
        should_stop: called after each step; true ends the competition.
        on_restoration: called when the images begin to return to their level, before the last step is yielded, and
            after each step of the return.

    Yields:
        The start (nothing for it when resuming), each step, and last a step with `reasons`, whose images are back on
        their level to within `solver.level_tolerance` unless its reason is another. An image where a metric is not
        finite is frozen at its last good iterate, and the others continue.

    Raises:
        ArgumentError: an array is not as above; a metric is not positive at the start, or has no gradient there; a
            level cannot be reached; `resume` is of another competition.

    Example:
        >>> import numpy as np
        >>> from mad_app.metrics import get_metric
        >>> reference = np.full((16, 16, 3), 0.5, np.float32)
        >>> start = np.clip(reference + np.random.default_rng(0).normal(0, 0.1, reference.shape), 0, 1)
        >>> steps = compete(reference, start, get_metric("ssim"), get_metric("mse"), Settings(steps=3))
        >>> [step.index for step in steps]
        [0, 1, 2, 3]
    """
    settings, seconds, began = Settings() if settings is None else settings, spent, time.monotonic()
    problem = _problem(reference, start, first, second, settings, solver, mask)
    initial = init(problem.initial)
    state, known = (initial, problem.at_initial) if resume is None else (state_at(resume, initial), None)
    for info in iterate(problem, _committed(state), known=known):
        seconds += time.monotonic() - began
        if reason := _end(info, settings, seconds, should_stop):
            yield _last_step(problem, info, reason, on_restoration)
            return
        if resume is None or int(info.step_index) > resume.index:
            yield _step(problem, info, info)
        began = time.monotonic()  # the caller's time between steps does not count


def compile_step(
    reference: AnyImage,
    start: AnyImage,
    settings: Settings,
    *,
    solver: SolverOptions = DEFAULT_SOLVER,
    mask: Mask | None = None,
) -> None:
    """Compile the solver's step as a competition runs it whose metrics are not both in JAX, whichever they are.

    Arguments and errors as of `compete`.
    """
    problem = _problem(reference, start, _Constant(), _Constant(), settings, solver, mask)
    compiled(take_step).lower(_committed(init(problem.initial)), *problem.at_initial, problem.constants).compile()


class _Constant:
    """In place of a metric where only the solver is to be compiled: 1 everywhere, with a gradient of 1."""

    name = "constant"

    def bind(self, reference: jax.Array) -> "_Constant":  # noqa: ARG002
        return self

    def distances(self, images: jax.Array) -> jax.Array:
        return self.value_and_grad(images)[0]

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return _committed((jnp.ones(len(images)), jnp.ones(images.shape)))

    def __call__(self, reference: object, images: object) -> float:  # noqa: ARG002
        return 1.0


def _problem(
    reference: AnyImage,
    start: AnyImage,
    first: Metric,
    second: Metric,
    settings: Settings,
    solver: SolverOptions,
    mask: Mask | None,
) -> Problem:
    check_kinds(settings, first=first, second=second)
    original = checked_image(reference, "reference")
    begun = checked_image(start, "start", shape=original.shape)
    to = parametrization(begun, with_gray_resolved(settings, original, begun), mask, solver=solver)
    given: dict[Role, Metric] = {"first": first, "second": second}
    first_bound, second_bound = bind_together(jnp.asarray(original), tuple(given.values()), len(CORNERS))
    params, nearest = to.to_params(to.start), to.to_params(jnp.asarray(original))
    initial = _committed(jnp.asarray(np.repeat(np.asarray(params)[None], len(CORNERS), axis=0)))
    # not `distances`, which would be compiled for this alone
    values = values_at(initial, to, (first_bound, second_bound))
    for (role, metric), (distances, gradients) in zip(given.items(), values, strict=True):
        check_metric_at_start(role, metric, float(distances[0]), np.asarray(gradients)[0])
    if (settings.first_level, settings.second_level) != (None, None):
        composed: dict[Role, BoundMetric] = {"first": to.compose(first_bound), "second": to.compose(second_bound)}
        initial = _committed(initial_params(params, nearest, composed, settings, solver))
        values = values_at(initial, to, (first_bound, second_bound))
    levels = levels_of({"first": values[0][0], "second": values[1][0]}, settings)
    constants = Constants(levels=levels, steps=jnp.float32(settings.steps), parametrization=to, solver=solver)
    return Problem(first=first_bound, second=second_bound, initial=initial, at_initial=values, constants=constants)


def _committed(tree: T) -> T:
    """Arrays committed to their device, as an iteration leaves them: so the loop compiles once."""
    return cast(T, jax.tree.map(lambda array: jax.device_put(array, *array.devices()), tree))


def _end(info: StepInfo, settings: Settings, seconds: float, should_stop: Callable[[], bool]) -> Reason | None:
    """Why the competition ends with this step, if it does.

    It only reads: an operation on an array would wait for the steps that are launched already.
    """
    index = int(info.step_index)
    done = np.asarray(info.converged) | np.asarray(info.at_bounds) | np.asarray(info.optimizer.failed)
    if index >= settings.steps:
        return Reason.BUDGET
    if done.all():
        return Reason.CONVERGED
    if index > 0 and settings.seconds is not None and seconds >= settings.seconds:
        return Reason.SECONDS
    return Reason.STOPPED if index > 0 and should_stop() else None


def _last_step(problem: Problem, last: StepInfo, reason: Reason, on_restoration: Callable[[Restoration], None]) -> Step:
    """The last step, its images back on their level, and why each of them ended."""
    known = None if last.evaluation is None else _committed(values_of(last.evaluation))
    steps = itertools.count()

    def report(info: StepInfo) -> None:
        departure = np.abs(info.drift)[np.asarray(info.finite)].max(initial=0)
        on_restoration(Restoration(int(last.step_index), next(steps), float(departure)))

    report(last)
    restored = _restored(problem, last, last.params, report, known)
    if (np.asarray(last.finite) & ~np.asarray(restored.finite)).any():
        restored = _restored(problem, last, last.params, report, known, thorough=True)
    lost = (np.abs(restored.drift) > MAX_DRIFT) & np.asarray(restored.finite)
    if lost.any():
        params = select(jnp.asarray(lost), last.optimizer.last_on_level, restored.params)
        restored = _restored(problem, last, params, report)
    failed = np.asarray(last.optimizer.failed) | ~np.asarray(restored.finite)
    feasible = np.abs(restored.drift) <= MAX_DRIFT
    flags = zip(failed, feasible, np.asarray(last.converged), np.asarray(last.at_bounds), strict=True)
    return replace(_step(problem, restored, last), reasons=tuple(_reason(*of_image, reason) for of_image in flags))


def _restored(
    problem: Problem,
    last: StepInfo,
    params: jax.Array,
    report: Callable[[StepInfo], None],
    known: tuple[Values, ...] | None = None,
    thorough: bool = False,
) -> StepInfo:
    """The params brought back to their level, as far as the metrics resolve it; `known` are both metrics there."""
    solver = problem.constants.solver
    state = _committed(reinit(params, last.optimizer, int(last.step_index)))
    for count, info in enumerate(iterate(problem, state, restore=True, known=known, thorough=thorough)):
        if count:
            report(info)
        departure = np.abs(info.drift)
        stuck = np.asarray(info.optimizer.step_scale) < solver.min_step_scale
        off = (departure > solver.level_tolerance) & ~(stuck & (departure <= MAX_DRIFT)) & np.asarray(info.finite)
        if count == solver.max_restoration_steps or not off.any():
            break
    return completed(problem, info)


def _reason(failed: bool, feasible: bool, converged: bool, at_bounds: bool, otherwise: Reason) -> Reason:
    """Why an image ended."""
    if failed:
        return Reason.NOT_FINITE
    if not feasible:
        return Reason.INFEASIBLE
    return Reason.CONVERGED if converged else Reason.AT_BOUNDS if at_bounds else otherwise


def _step(problem: Problem, info: StepInfo, state: StepInfo) -> Step:
    """An iteration as a step of the competition, which continues from another's state."""
    to = problem.constants.parametrization
    arrays = to_arrays(state.optimizer)
    first, second, drift = (np.asarray(values, np.float64) for values in (info.first, info.second, info.drift))
    if not to.unconstrained:
        arrays[PARAMS] = info.params
    return Step(int(info.step_index), to.to_images(info.params), first, second, drift, state=arrays)
