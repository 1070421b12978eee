"""From a request to a record: load, distort, compete, measure, save; and go on with what was interrupted.

The record is on disk from the first step, and its checkpoint is renewed while the competition runs: whatever happens
to the process, the run can be resumed.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import jax.numpy as jnp
import numpy as np

from mad_app.competition import CORNERS, Reason, Step, admissible, compete, quantize_at_level
from mad_app.images import ImageArray, from_uint8
from mad_app.metrics import KnownMetric, get_measurable, get_metric, measure_batch, measure_maps
from mad_app.records import (
    Checkpoint,
    CornerResult,
    History,
    Keyframes,
    Maps,
    RecordError,
    Run,
    Summary,
    environment,
    is_resumable,
    load_checkpoint,
    load_run,
    replace_run,
    save_checkpoint,
    save_maps,
    save_run,
)
from mad_app.request import Request, request_from
from mad_app.runs.materialize import Materials, materialize

__all__ = ["OnProgress", "Progress", "Request", "Resolve", "request_of", "resume_run", "run_competition"]

SECONDS_BETWEEN_CHECKPOINTS = 5.0
SPEED_SECONDS = 5.0
"""Span over which the speed is taken, or the last step, where that lasts longer."""
UNFINISHED = "unfinished"

Resolve = Callable[[str], KnownMetric]
Said = Mapping[str, float | None]
"""Metric name to the distance that it said."""


@dataclass(frozen=True)
class Progress:
    """A run in progress, as its callers see it.

    Attributes:
        folder: the record.
        step: the last step done; its `reasons` are set in the last call.
        steps: how many there will be.
        seconds: spent so far, earlier parts of a resumed run included.
        speed: steps a second of late; None while it is not known.
        seconds_left: to the end at this speed; None while it is not known.
    """

    folder: Path
    step: Step
    steps: int
    seconds: float
    speed: float | None
    seconds_left: float | None


OnProgress = Callable[[Progress], None]


def run_competition(
    request: Request,
    root: str | Path,
    *,
    reference: ImageArray | None = None,
    resolve: Resolve = get_metric,
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Run a competition and keep its record.

    Args:
        request: what is asked.
        root: folder of the runs.
        reference: the picture itself, in place of the one that `request` names.
        resolve: from a metric's name to the metric.
        on_progress: called at the start, after each step and at the end.
        should_stop: asked after each step; the record of a run that was stopped can be resumed.

    Returns:
        The record's folder.

    Raises:
        ValueError: the picture, a metric or the distortion does not fit; RecordError: the disk refused the record.
    """
    rivals = resolve(request.first), resolve(request.second)
    if rivals[0].name == rivals[1].name:
        raise ValueError(f"{request.first} and {request.second} are one metric: choose two")
    given = materialize(request, reference)
    recorder = _Recorder(request, rivals, given, on_progress)
    steps = compete(given.reference, given.start, *rivals, request.settings(), mask=given.mask, should_stop=should_stop)
    return recorder.record(steps, root)


def resume_run(
    folder: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Go on with a run from its checkpoint, in its folder; arguments, result and errors as in `run_competition`."""
    run = load_run(folder)
    if not is_resumable(folder):
        raise RecordError(f"{folder} is finished: there is nothing to resume")
    checkpoint = load_checkpoint(folder)
    request = request_of(run)
    rivals = resolve(request.first), resolve(request.second)
    given = Materials(reference=run.reference, start=run.start, mask=run.mask)
    recorder = _Recorder(request, rivals, given, on_progress)
    recorder.folder, recorder.checkpoint = Path(folder), checkpoint
    step, settings = checkpoint.step, request.settings()
    steps = compete(
        run.reference, run.start, *rivals, settings,
        mask=run.mask, resume=step, spent=checkpoint.seconds, should_stop=should_stop,
    )  # fmt: skip
    return recorder.record(steps, Path(folder).parent)


def request_of(run: Run | Summary) -> Request:
    """What was asked for, from its record.

    Raises:
        RecordError: the record's settings are not those of a request.
    """
    try:
        return request_from(run.settings)
    except (TypeError, ValueError) as error:
        raise RecordError(f"the settings of {run.id} cannot be run again: {error}") from error


class _Recorder:
    """Keeps the record of one run up to date while its steps go by."""

    def __init__(
        self,
        request: Request,
        rivals: tuple[KnownMetric, KnownMetric],
        given: Materials,
        on_progress: OnProgress,
    ) -> None:
        self.request, self.rivals = request, rivals
        self.reference, self.start, self.mask = given.reference, given.start, given.mask
        self.on_progress = on_progress
        self.folder: Path | None = None
        self.checkpoint: Checkpoint | None = None
        self.pace: list[tuple[int, float]] = []  # steps done, after how many seconds

    def record(self, steps: Iterator[Step], root: str | Path) -> Path:
        """Drain the steps into a record under `root`."""
        seconds, steps_before = (self.checkpoint.seconds, self.checkpoint.step.index) if self.checkpoint else (0.0, 0)
        began = saved = time.monotonic()
        for step in steps:
            now = time.monotonic()
            seconds += now - began  # callers may take their time, or pause the run
            at = self._after(step, seconds)
            if step.reasons:
                self._finish(at, root)
            else:
                self.checkpoint = at
                if self.folder is None or now - saved > SECONDS_BETWEEN_CHECKPOINTS:
                    self._keep(at, root)
                    saved = now
            self._tell(at, steps_before=steps_before)
            began = time.monotonic()
        return cast(Path, self.folder)

    def _after(self, step: Step, seconds: float) -> Checkpoint:
        """Where the run stands after a step."""
        history = self.checkpoint.history if self.checkpoint else History.empty()
        keyframes = self.checkpoint.keyframes if self.checkpoint else Keyframes.empty()
        if step.reasons is None:
            keyframes = keyframes.with_step(step, self.request.steps)
        return Checkpoint(step, _ended(history, step), seconds, keyframes)

    def _keep(self, checkpoint: Checkpoint, root: str | Path) -> None:
        """Put the checkpoint on disk, the first one with a record around it."""
        if self.folder is not None:
            save_checkpoint(self.folder, checkpoint)
            return
        step = checkpoint.step
        names = [rival.name for rival in self.rivals]
        said = [
            dict(zip(names, map(float, values), strict=True)) for values in zip(step.first, step.second, strict=True)
        ]
        run = self._run(checkpoint, _results(names, step, _levels(checkpoint.history), said[0], said, None))
        self.folder = save_run(run, root, checkpoint=checkpoint)

    def _finish(self, last: Checkpoint, root: str | Path) -> None:
        """Put the whole record on disk; one that was stopped keeps the checkpoint to go on from."""
        step, reference = last.step, jnp.asarray(self.reference)
        levels = _levels(last.history)
        finals = np.asarray(step.images)
        finals_8bit = self._rounded(finals, levels)
        shown = [from_uint8(picture) for picture in finals_8bit]
        jury = measure_batch(reference, jnp.asarray([self.start, *finals, *shown]), also=self.rivals)
        start, *said = [dict(zip(jury, values, strict=True)) for values in zip(*jury.values(), strict=True)]
        results = _results([rival.name for rival in self.rivals], step, levels, start, said[:4], said[4:])
        run = replace(self._run(last, results), finals_8bit=finals_8bit)
        stopped = Reason.STOPPED in (step.reasons or ())
        if self.folder is None:
            self.folder = save_run(run, root)
        else:
            replace_run(run, self.folder, checkpoint=self.checkpoint if stopped else None)
        save_maps(self.folder, self._maps(run, Keyframes.empty() if stopped else run.keyframes))

    def _maps(self, run: Run, keyframes: Keyframes) -> Maps:
        """What both rivals see where: at some keyframes, and at the end."""
        frames = [np.stack([from_uint8(image) for image in four]) for four in keyframes.images] + [run.finals]
        reference = jnp.asarray(self.reference)
        first, second = (
            np.stack([measure_maps(rival, reference, jnp.asarray(four)) for four in frames]) for rival in self.rivals
        )
        return Maps.of(np.append(keyframes.step, run.history.step[-1]), first, second)

    def _rounded(self, finals: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """The four pictures that are saved, uint8."""
        first, second = (rival.bind(jnp.asarray(self.reference)) for rival in self.rivals)
        settings = self.request.settings()
        bounds = admissible(self.start, settings, self.mask).bounds_8bit(settings)
        return quantize_at_level(finals, first, second, levels, bounds=bounds, gray=settings.gray)

    def _run(self, at: Checkpoint, results: tuple[CornerResult, ...]) -> Run:
        here = environment()
        spoke = [name for name in results[0].final if any(result.final[name] is not None for result in results)]
        rivals = {rival.name: rival for rival in self.rivals}
        return Run(
            settings=asdict(self.request),
            seed=self.request.seed,
            versions=here.versions,
            device=here.device,
            weights={name: (rivals[name] if name in rivals else get_measurable(name)).weights for name in spoke},
            seconds=at.seconds,
            images=results,
            reference=self.reference,
            start=self.start,
            finals=np.asarray(at.step.images),
            history=at.history,
            mask=self.mask,
            keyframes=at.keyframes.before(at.step.index),
        )

    def _tell(self, at: Checkpoint, *, steps_before: int) -> None:
        """Tell the progress; the first step, which compiles, does not count for the speed."""
        steps = self.request.steps
        speed = self._speed(at.step.index, at.seconds) if at.step.index > steps_before else None
        left = (steps - at.step.index) / speed if speed else None
        if left is not None and self.request.seconds is not None:
            left = max(0.0, min(left, self.request.seconds - at.seconds))
        self.on_progress(Progress(cast(Path, self.folder), at.step, steps, at.seconds, speed, left))

    def _speed(self, index: int, seconds: float) -> float | None:
        """Steps a second from the first of the steps of late to this one."""
        late = [then for then in self.pace if seconds - then[1] < SPEED_SECONDS] or self.pace[-1:]
        self.pace = [*late, (index, seconds)]
        before, began = self.pace[0]
        return (index - before) / (seconds - began) if index > before and seconds > began else None


def _results(
    names: Sequence[str],
    step: Step,
    levels: np.ndarray,
    start: Said,
    finals: Sequence[Said],
    finals_8bit: Sequence[Said] | None,
) -> tuple[CornerResult, ...]:
    """What became of the four images, given what each metric said of the start, of them, and of them in 8 bits."""
    of = dict(zip(("first", "second"), names, strict=True))
    results = []
    for i, corner in enumerate(CORNERS):
        seen = finals_8bit[i] if finals_8bit else None
        held = seen[of[corner.fixed]] if seen else None
        results.append(
            CornerResult(
                optimized=of[corner.optimized],
                fixed=of[corner.fixed],
                direction=corner.direction,
                level=float(levels[i]),
                start=start,
                final=finals[i],
                final_8bit=seen,
                drift=float(step.drift[i]),
                drift_8bit=None if held is None else held / float(levels[i]) - 1,
                outcome=step.reasons[i].value if step.reasons else UNFINISHED,
            )
        )
    return tuple(results)


def _levels(history: History) -> np.ndarray:
    """What the fixed metric of each image shall say, (4,): what it said at first, without its departure from that."""
    columns = [getattr(history, corner.fixed)[0, i] for i, corner in enumerate(CORNERS)]
    levels: np.ndarray = np.asarray(columns) / (1 + history.drift[0])
    return levels


def _ended(history: History, step: Step) -> History:
    """The history with the last step, which a run that is stopped at once has in it already."""
    return history if len(history.step) and history.step[-1] >= step.index else history.with_step(step)
