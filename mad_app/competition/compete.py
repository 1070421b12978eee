"""One Maximum Differentiation competition: four images in one batch, as a generator of small steps.

From a start, each of two metrics is driven up and down while the other is held at the value it has there. Both are
evaluated once a step, for all four images. Stopping is ceasing to ask, or better `should_stop`, after which the last
step is back on its level.

`level_set` is the geometry of a step, `pace` how far it goes, `turn` the rule as one pure function, `iterate` runs it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from mad_app.competition.constraints import Mask, Parametrization, admissible
from mad_app.competition.geometry import Moments
from mad_app.competition.initialization import starts_and_levels
from mad_app.competition.loop import iterate
from mad_app.competition.settings import (
    CORNERS,
    DEFAULT_SOLVER,
    MAX_DRIFT,
    Reason,
    Role,
    Settings,
    SolverOptions,
    Step,
)
from mad_app.competition.solver import LOST, Memory, Terms, Turn, Walk, begin, resume
from mad_app.metrics import BoundMetric, Metric

Remembered = TypeVar("Remembered", Memory, Moments)
POINTS = "points"
"""Name of the admissible points in the state of a step, where these are not the images themselves."""
MOST_RETURNS = 400
"""Newton steps allowed for coming back to the level: a handful is usual, hundreds where a run is stopped early and the
level set is rough. An image that is not back by then sets out from where it last was on its level."""


def compete(
    reference: ArrayLike,
    start: ArrayLike,
    first: Metric,
    second: Metric,
    settings: Settings | None = None,
    *,
    solver: SolverOptions = DEFAULT_SOLVER,
    mask: Mask | None = None,
    resume: Step | None = None,
    spent: float = 0.0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Step]:
    """Run a competition.

    Args:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        start: a distorted copy; its distances are the levels.
        first: a metric.
        second: its rival.
        settings: how; the defaults if None.
        solver: the constants of the solver.
        mask: bool (H, W), true where the images may change; None for everywhere.
        resume: a step of an earlier run to go on from, in its place; with the same arguments otherwise, what follows
            is what would have followed then, bit for bit.
        spent: seconds that the steps before `resume` took, which count towards `settings.seconds`.
        should_stop: asked after each step.

    Yields:
        The start (or, resuming, nothing for the step resumed from), each step, and last a step with `reasons`, whose
        images are back on their level to within `solver.level_tolerance` unless a reason says otherwise.

    Raises:
        ValueError: the images do not fit a metric, or the start is at distance 0 from the reference for a metric, so
            that there is no level to hold.

    Example:
        >>> import numpy as np
        >>> from mad_app.metrics import get_metric
        >>> reference = np.full((16, 16, 3), 0.5, np.float32)
        >>> start = np.clip(reference + np.random.default_rng(0).normal(0, 0.1, reference.shape), 0, 1)
        >>> steps = compete(reference, start, get_metric("ssim"), get_metric("mse"), Settings(steps=3))
        >>> [step.index for step in steps]
        [0, 1, 2, 3]
    """
    settings, seconds, began = settings or Settings(), spent, time.monotonic()
    arena = _prepare(reference, start, first, second, settings, solver, mask)
    for turn in arena.iterate(_walk(arena, resume)):
        seconds += time.monotonic() - began
        if reason := _over(turn, settings, seconds, should_stop):
            yield arena.shown(_settled(arena, turn, reason))
            return
        if resume is None or turn.done > resume.index:
            yield arena.shown(_step(turn))
        began = time.monotonic()  # callers may take their time


@dataclass(frozen=True, eq=False)
class _Arena:
    """What stays the same through a competition."""

    first: BoundMetric
    second: BoundMetric
    space: Parametrization
    starts: Array
    terms: Terms

    def iterate(self, walk: Walk, *, settling: bool = False) -> Iterator[Turn]:
        """Turn after turn from here, its arrays bound to their device, as a turn leaves them: it compiles once."""
        (device,) = self.starts.devices()
        walk = jax.device_put(walk, device)
        return iterate(self.first, self.second, self.space, walk, self.terms, settling=settling)

    def shown(self, step: Step) -> Step:
        """The step with its points as pictures."""
        if self.space.whole:
            return step
        return replace(step, images=self.space.pictures(step.images), state={**step.state, POINTS: step.images})


def _prepare(
    reference: ArrayLike,
    start: ArrayLike,
    first: Metric,
    second: Metric,
    settings: Settings,
    solver: SolverOptions,
    mask: Mask | None,
) -> _Arena:
    reference, space = jnp.asarray(reference, jnp.float32), admissible(start, settings, mask)
    rivals: dict[Role, Metric] = {"first": first, "second": second}
    comparisons = {role: metric.bind(reference) for role, metric in rivals.items()}
    of_points = {role: space.comparison(comparison) for role, comparison in comparisons.items()}
    batch = jnp.repeat(space.points()[None], len(CORNERS), axis=0)
    for role, comparison in of_points.items():
        value = comparison.value_and_grad(batch)[0][0]  # not `distances`, which would be compiled for this alone
        if not value > 0:
            raise ValueError(
                f"the start must differ from the reference for both metrics, but {rivals[role].name} puts it at "
                f"distance {value}: take another or a stronger distortion"
            )
    starts, level = starts_and_levels(
        space.points(), space.points(reference), of_points, settings, solver.level_tolerance
    )
    numbers = (settings.steps, solver.step_size, solver.level_tolerance)
    terms = Terms(level, *(jnp.float32(number) for number in numbers))
    return _Arena(**comparisons, space=space, starts=starts, terms=terms)


def _walk(arena: _Arena, at: Step | None) -> Walk:
    """A walk from the start, or from a step; one of a record older than a part of the memory begins that part anew."""
    walk = begin(arena.starts)
    if at is None:
        return walk
    state = at.state

    def recalled(part: Remembered) -> Remembered:
        known: dict[str, Any] = {
            name: _alike(name, state[name], getattr(part, name)) for name in part._fields if name in state
        }
        return part._replace(**known)

    memory = recalled(walk.memory)._replace(moments=recalled(walk.memory.moments))
    return resume(_alike("images", state.get(POINTS, at.images), arena.starts), memory, at.index)


def _alike(name: str, array: ArrayLike, model: Array) -> Array:
    """A part of a step's state, if it has the shape and type it must have."""
    known = jnp.asarray(array)
    if (known.shape, known.dtype) == (model.shape, model.dtype):
        return known
    given, expected = (f"{array.dtype} {array.shape}" for array in (known, model))
    raise ValueError(f"the step to go on from does not fit: its {name} is {given}, expected {expected}")


def _over(turn: Turn, settings: Settings, seconds: float, should_stop: Callable[[], bool]) -> Reason | None:
    """Why the competition ends with this turn, if it does."""
    finite, converged, boxed = np.asarray(turn.told)[3:] > 0
    if not finite.all():
        return Reason.ABORTED
    if turn.done >= settings.steps:
        return Reason.BUDGET
    if (converged | boxed).all():
        return Reason.CONVERGED
    if turn.done > 0 and settings.seconds is not None and seconds >= settings.seconds:
        return Reason.SECONDS
    return Reason.STOPPED if turn.done > 0 and should_stop() else None


def _settled(arena: _Arena, last: Turn, reason: Reason) -> Step:
    """The last step, its images back on their level as far as the metrics can tell it, and why each of them ended."""
    turn = _returned(arena, last, last.images)
    _, _, drift, finite, _, _ = np.asarray(turn.told)
    if (lost := (np.abs(drift) > MAX_DRIFT) & (finite > 0)).any():
        turn = _returned(arena, last, jnp.where(lost[:, None, None, None], last.memory.held, turn.images))
    _, _, drift, finite, _, _ = np.asarray(turn.told)
    _, _, _, _, converged, boxed = np.asarray(last.told)
    reasons = tuple(
        map(_reason, finite > 0, np.abs(drift) <= MAX_DRIFT, converged > 0, boxed > 0, [reason] * len(CORNERS))
    )
    return replace(_step(turn), state=_step(last).state, reasons=reasons)


def _returned(arena: _Arena, last: Turn, images: Array) -> Turn:
    """The images brought back to their level, as far as the metrics can tell it."""
    walk = resume(images, last.memory, int(last.done))
    for returns, turn in enumerate(arena.iterate(walk, settling=True)):
        _, _, drift, finite, _, _ = np.asarray(turn.told)
        departure, stuck = np.abs(drift), np.asarray(turn.memory.trust) < LOST
        off = (departure > arena.terms.tolerance) & ~(stuck & (departure <= MAX_DRIFT)) & (finite > 0)
        if returns == MOST_RETURNS or not off.any():
            break
    return turn


def _reason(finite: bool, held: bool, converged: bool, boxed: bool, otherwise: Reason) -> Reason:
    """Why an image ended."""
    if not finite:
        return Reason.NOT_FINITE
    if not held:
        return Reason.INFEASIBLE
    return Reason.CONVERGED if converged else Reason.AT_BOUNDS if boxed else otherwise


def _step(turn: Turn) -> Step:
    """A turn as a step of the competition."""
    first, second, drift = np.asarray(turn.told, np.float64)[:3]
    memory = turn.memory._asdict()
    moments = memory.pop("moments")
    return Step(int(turn.done), turn.images, first, second, drift, state={**memory, **moments._asdict()})
