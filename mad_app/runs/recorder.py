"""Runs a competition, and keeps its record up to date while its steps go by.

A record in a folder is there from the first step, and its checkpoint is renewed while the competition runs: whatever
happens to the process, the run can be resumed. After the last step the record first gets the images and values as the
engine leaves them, then the 8-bit images and the values of all metrics, then the maps. While there is no room on
the disk, the run waits.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import jax.numpy as jnp
import numpy as np

from mad_app.competition import (
    CORNERS,
    Reason,
    Restoration,
    SolverOptions,
    Step,
    compete,
    parametrization,
    quantize_at_level,
)
from mad_app.competition.settings import Role
from mad_app.images import from_uint8, nearest_8bit
from mad_app.metrics import KnownMetric, get_measurable, measure_batch, measure_maps, measured_by_default
from mad_app.metrics.failure import failures_in_callbacks
from mad_app.metrics.sums import Summable
from mad_app.records import (
    GIVEN,
    UNFINISHED,
    Checkpoint,
    CornerResult,
    DiskFullError,
    History,
    Keyframes,
    Maps,
    Origin,
    Run,
    device_after,
    environment,
)
from mad_app.records.room import when_there_is_room
from mad_app.request import Request, settings_for_record
from mad_app.runs.materialize import Materials
from mad_app.runs.stores import Store

SECONDS_BETWEEN_CHECKPOINTS = 5.0
SPEED_SECONDS = 5.0
"""Span over which the speed is measured, or the last step, where that takes longer."""

ARROWS = {"max": "↑", "min": "↓"}

Values = Mapping[str, float | None]
"""Metric name to distance; None where it is not available."""

Lacking = Literal["values", "maps"]
"""What the record of a run that has ended still gets: the 8-bit images, the values of all metrics and then maps, or
maps alone."""


@dataclass(frozen=True)
class Progress:
    """A run in progress, as its callers see it.

    Attributes:
        folder: the record; None for one in memory.
        step: the last step done; its `reasons` are set in the last call.
        steps: how many there will be.
        seconds: spent up to this step, earlier parts of a resumed run included.
        speed: recent steps per second; None while it is not known.
        seconds_left: to the end of the steps at this speed; None while it is not known.
        waiting_for_room: the disk is full; the run goes on when there is room.
        lacking: what the record of a run that has ended still gets; None before the end and when it is complete.
        restoration: how far the images' return to their level is, after the steps; None before it and after it.
    """

    folder: Path | None
    step: Step
    steps: int
    seconds: float
    speed: float | None
    seconds_left: float | None
    waiting_for_room: bool = False
    lacking: Lacking | None = None
    restoration: Restoration | None = None

    def extremes(self, role: Role) -> str:
        """A metric's values of the two images for which it is optimized, such as "↑0.42 ↓0.013"."""
        values = self.step.first if role == "first" else self.step.second
        ends = ((c.direction, value) for c, value in zip(CORNERS, values, strict=True) if c.optimized == role)
        return " ".join(f"{ARROWS[direction]}{value:.3g}" for direction, value in ends)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Competition:
    """What is known of a competition when it begins.

    Attributes:
        request: what is asked.
        metrics: the first and the second.
        materials: its arrays.
        origin: where the reference came from.
        solver: the constants of the solver.
        request_id: of the request as it was asked, before what it leaves open was resolved; equal requests share it.
        device: what the run was computed on before it was resumed; empty for a new one.
    """

    request: Request
    metrics: tuple[KnownMetric, KnownMetric]
    materials: Materials
    origin: Origin
    solver: SolverOptions
    request_id: str
    device: str = ""


class Recorder:
    """Runs one competition and makes its record.

    Args:
        competition: what is recorded.
        store: where the record goes.
        on_progress: called at the start, after each step, while the images return to their level, and at the end.
        should_stop: asked after each step, and while the run waits for room on the disk.
        checkpoint: of a run that is resumed.
    """

    def __init__(
        self,
        competition: Competition,
        store: Store,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
        *,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._competition, self._on_progress, self._should_stop = competition, on_progress, should_stop
        self._request = competition.request
        self._store, self._checkpoint = store, checkpoint
        self._recent: list[tuple[int, float]] = []  # steps done, after how many seconds

    def record(self) -> None:
        """Compete, from the start or from the checkpoint, and put the record into the store.

        Raises:
            ArgumentError: as `compete`.
            DiskFullError: there is no room for the first version of the record; RecordError: the disk refused it.
            MetricFailed: a metric raised an error.
        """
        with failures_in_callbacks(" or ".join(self._names())):
            self._drain(self._steps())

    def _steps(self) -> Iterator[Step]:
        competition, before = self._competition, self._checkpoint
        return compete(
            competition.materials.reference,
            competition.materials.start,
            *competition.metrics,
            competition.request.settings(),
            solver=competition.solver,
            mask=competition.materials.mask,
            resume=before.step if before else None,
            spent=before.seconds if before else 0.0,
            should_stop=self._should_stop,
            on_restoration=self._report_restoration,
        )

    def _drain(self, steps: Iterator[Step]) -> None:
        before = self._checkpoint
        seconds, first = (before.seconds, before.step.index) if before else (0.0, 0)
        began = saved = time.monotonic()
        for step in steps:
            now = time.monotonic()
            seconds += now - began  # callers may take their time, or pause the run
            at = self._checkpoint_after(step, seconds)
            if not self._store.begun:
                self._begin(at)
                saved = now
            elif step.reasons is None and now - saved > SECONDS_BETWEEN_CHECKPOINTS:
                self._write(at, self._store.keep, at)
                saved = now
            if step.reasons:
                self._finish(at, timed=step.index > first)
            self._checkpoint = at
            self._report(at, timed=step.index > first)
            began = time.monotonic()

    def _checkpoint_after(self, step: Step, seconds: float) -> Checkpoint:
        """The checkpoint after a step."""
        before = self._checkpoint
        history, keyframes = (before.history, before.keyframes) if before else (History.empty(), Keyframes.empty())
        if step.reasons is None:
            keyframes = keyframes.with_step(step, self._request.steps)
        return Checkpoint(step, _with_last(history, step), seconds, keyframes)

    def _begin(self, at: Checkpoint) -> None:
        """Store the record of a run that has just begun."""
        begun = replace(at, step=replace(at.step, reasons=None))
        self._store.begin(self._unmeasured(begun), at)

    def _finish(self, last: Checkpoint, *, timed: bool) -> None:
        """Complete the record; that of a run that was stopped keeps the checkpoint to continue from."""
        stopped = Reason.STOPPED in (last.step.reasons or ())
        before = replace(self._checkpoint, seconds=last.seconds) if self._checkpoint else None
        if not self._write(last, self._store.replace, self._unmeasured(last), before):
            return
        self._report(last, timed=timed, lacking="values")
        run = self._measured(last)
        if self._write(last, self._store.replace, run, before if stopped else None):
            self._report(last, timed=timed, lacking="maps")
            self._write(last, self._store.add_maps, self._maps(run, Keyframes.empty() if stopped else run.keyframes))

    def _write(self, at: Checkpoint, write: Callable[..., None], *arguments: object) -> bool:
        """Write something as soon as there is room for it; False if the run was stopped while it waited."""

        def gives_up() -> bool:
            self._report(at, timed=False, waiting=True)
            return self._should_stop()

        try:
            when_there_is_room(partial(write, *arguments), gives_up)
        except DiskFullError:
            return False
        return True

    def _unmeasured(self, at: Checkpoint) -> Run:
        """The run as the engine leaves it: the values of both metrics, for the images before they are rounded."""
        names, history, step = self._names(), at.history, at.step
        pairs = [(history.first[0, 0], history.second[0, 0]), *zip(step.first, step.second, strict=True)]
        start, *values = [dict(zip(names, map(float, pair), strict=True)) for pair in pairs]
        return self._run(at, _results(names, step, _levels(history), start, values, None))

    def _measured(self, last: Checkpoint) -> Run:
        """The run with its 8-bit images, and the values of all metrics that were asked for."""
        materials, step, levels = self._competition.materials, last.step, _levels(last.history)
        images = np.asarray(step.images)
        images_8bit = self._quantize(images, levels)
        measured = self._measure(np.stack([materials.start, *images, *map(from_uint8, images_8bit)]))
        start, *values = [dict(zip(measured, row, strict=True)) for row in zip(*measured.values(), strict=True)]
        results = _results(self._names(), step, levels, start, values[:4], values[4:])
        return replace(self._run(last, results), images_8bit=images_8bit)

    def _measure(self, images: np.ndarray) -> dict[str, tuple[float | None, ...]]:
        """Metric name to its distance of each image: the two that compete, and the others that were asked for."""
        asked, competing = self._request.other_metrics(), self._names()
        names = tuple(measured_by_default()) if asked is None else asked
        others = [name for name in names if name not in competing]
        reference = jnp.asarray(self._competition.materials.reference)
        measured = measure_batch(reference, jnp.asarray(images), others, also=self._competition.metrics)
        return {name: measured[name] for name in dict.fromkeys((*names, *competing))}

    def _maps(self, run: Run, keyframes: Keyframes) -> Maps:
        """Each pixel's contribution to both metrics, at some keyframes and at the end."""
        frames = [np.stack([from_uint8(image) for image in four]) for four in keyframes.images] + [run.finals]
        reference = jnp.asarray(run.reference)
        first, second = (
            np.stack([measure_maps(metric, reference, jnp.asarray(four)) for four in frames])
            for metric in self._competition.metrics
        )
        return Maps.of(np.append(keyframes.step, run.history.step[-1]), first, second)

    def _quantize(self, images: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """The 8-bit images."""
        materials, solver, settings = self._competition.materials, self._competition.solver, self._request.settings()
        first, second = (metric.bind(jnp.asarray(materials.reference)) for metric in self._competition.metrics)
        space = parametrization(materials.start, settings, materials.mask, solver=solver)
        bounds = space.bounds_8bit(settings)
        return quantize_at_level(images, first, second, levels, bounds=bounds, gray=bool(settings.gray), solver=solver)

    def _run(self, at: Checkpoint, results: tuple[CornerResult, ...]) -> Run:
        competition, here = self._competition, environment()
        measured = [name for name in results[0].final if any(result.final[name] is not None for result in results)]
        metrics = {metric.name: metric for metric in competition.metrics}
        others = () if results[0].outcome == UNFINISHED else tuple(n for n in results[0].final if n not in metrics)
        return Run(
            request_id=competition.request_id,
            settings=settings_for_record(self._request, competition.materials.given),
            origin=competition.origin,
            solver=asdict(competition.solver),
            seed=self._request.seed,
            versions=here.versions,
            device=device_after(competition.device, self._device(here.device)),
            weights={name: (metrics[name] if name in metrics else get_measurable(name)).weights for name in measured},
            seconds=at.seconds,
            others=others,
            results=results,
            reference=competition.materials.reference,
            start=competition.materials.start,
            finals=np.asarray(at.step.images),
            images_8bit=nearest_8bit(at.step.images),
            history=at.history,
            mask=competition.materials.mask,
            keyframes=at.keyframes.before(at.step.index),
            extra={GIVEN: list(competition.materials.given)} if competition.materials.given else {},
        )

    def _device(self, here: str) -> str:
        """The devices, and which metrics run there without a CUDA graph."""
        shape = self._competition.materials.reference.shape
        known = (metric for metric in self._competition.metrics if isinstance(metric, Summable))
        without = sorted({name for metric in known for name in metric.without_graph(shape)})
        return f"{here}, {' and '.join(without)} without a CUDA graph" if without else here

    def _names(self) -> tuple[str, str]:
        first, second = self._competition.metrics
        return first.name, second.name

    def _report(self, at: Checkpoint, *, timed: bool, waiting: bool = False, lacking: Lacking | None = None) -> None:
        """Call `on_progress`; the first step, which compiles, is not `timed`."""
        if not self._store.begun:
            return
        steps = self._request.steps
        speed = self._speed(at.step.index, at.seconds) if timed else None
        left = (steps - at.step.index) / speed if speed else None
        if left is not None and self._request.seconds is not None:
            left = max(0.0, min(left, self._request.seconds - at.seconds))
        self._on_progress(Progress(self._store.folder, at.step, steps, at.seconds, speed, left, waiting, lacking))

    def _report_restoration(self, restoration: Restoration) -> None:
        """Call `on_progress`, with the last step of which the images are known."""
        at = self._checkpoint
        if at is not None and self._store.begun:
            progress = Progress(self._store.folder, at.step, self._request.steps, at.seconds, None, 0.0)
            self._on_progress(replace(progress, restoration=restoration))

    def _speed(self, index: int, seconds: float) -> float | None:
        """Recent steps per second up to this one."""
        recent = [then for then in self._recent if seconds - then[1] < SPEED_SECONDS] or self._recent[-1:]
        self._recent = [*recent, (index, seconds)]
        before, began = self._recent[0]
        return (index - before) / (seconds - began) if index > before and seconds > began else None


def _results(
    names: Sequence[str],
    step: Step,
    levels: np.ndarray,
    start: Values,
    final: Sequence[Values],
    final_8bit: Sequence[Values] | None,
) -> tuple[CornerResult, ...]:
    """The results of the four images, given the values of the start, of them, and of the 8-bit images."""
    of = dict(zip(("first", "second"), names, strict=True))
    results = []
    for i, corner in enumerate(CORNERS):
        values_8bit = final_8bit[i] if final_8bit else None
        value = values_8bit[of[corner.fixed]] if values_8bit else None
        results.append(
            CornerResult(
                optimized=of[corner.optimized],
                fixed=of[corner.fixed],
                direction=corner.direction,
                level=float(levels[i]),
                start=start,
                final=final[i],
                final_8bit=values_8bit,
                drift=float(step.drift[i]),
                drift_8bit=None if value is None else value / float(levels[i]) - 1,
                outcome=step.reasons[i].value if step.reasons else UNFINISHED,
            )
        )
    return tuple(results)


def _levels(history: History) -> np.ndarray:
    """The level of each image's fixed metric, (4,): its first value, without its departure from the level."""
    columns = [getattr(history, corner.fixed)[0, i] for i, corner in enumerate(CORNERS)]
    levels: np.ndarray = np.asarray(columns) / (1 + history.drift[0])
    return levels


def _with_last(history: History, step: Step) -> History:
    """The history with the last step, which that of a run stopped at once has already."""
    return history if len(history.step) and history.step[-1] >= step.index else history.with_step(step)
