"""The worker: one competition, reported through the files of its job's folder.

It stops when the folder holds a file `stop`, or when the server has ended; while the folder holds a file `pause`, it
waits, but for the single steps that a file `one_step` lets it make. A file `slow` makes it rest after each step. While
the disk has no room for its files, it waits, too.
"""

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.competition import Reason, Restoration
from mad_app.images.encode import to_jpeg
from mad_app.jobs.explained import explain_images
from mad_app.jobs.folder import HEARTBEAT_SECONDS, JobFolder, Phase
from mad_app.jobs.owners import give_to
from mad_app.metrics import OUT_OF_MEMORY, KnownMetric, MetricFailed, get_metric, is_out_of_memory
from mad_app.records import UNFINISHED, History, Run, Trace, find_run, load_checkpoint, load_record
from mad_app.records.room import when_there_is_room
from mad_app.request import labeled
from mad_app.runs import Progress, materialize, record_competition, resume_run, source_of

SECONDS_BETWEEN_REPORTS = 0.25

SECONDS_FOR_THE_PAGE = 0.9
"""How long a worker leaves the processors to the page that draws the result, before it measures all metrics."""

SECONDS_BETWEEN_LOOKS = 0.05
"""How soon a paused worker notices that it may continue."""

SLOW_SECONDS = 0.5
"""How long it rests after each step in slow motion."""


def work(reporter: "Reporter") -> None:
    """Run a job to its end; what goes wrong is reported in one sentence."""
    try:
        with _beating(reporter.folder):
            _compete(reporter)
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        traceback.print_exc()
        reporter.report(phase=Phase.FAILED, message=_sentence(error))


class Reporter:
    """Turns the progress of a run into the files of a job, not more often than a page can use them.

    Attributes:
        folder: of the job.
        orphaned: the server has ended, and so should the worker.
        status: as reported last.
    """

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.orphaned = False
        self.status = replace(folder.status(), phase=Phase.STARTING, message=None)
        self._spec = folder.spec()
        self._history = History.empty()
        self._metrics: list[KnownMetric] = []
        self._last_report = 0.0

    def continue_from(self, history: History) -> None:
        """Begin with the history of an earlier part of the run."""
        self._history = history

    def report(self, **changes: Any) -> None:
        """Write the status with some changes."""
        self.status = replace(self.status, **changes)
        self._when_there_is_room(lambda: self.folder.write_status(self.status))

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the job."""
        self._when_there_is_room(lambda: self.folder.write(name, content))

    def resolve(self, name: str) -> KnownMetric:
        """The metric called `name`; loading them is a phase, after which the first step is compiled."""
        self.report(phase=Phase.LOADING)
        self._metrics.append(get_metric(name))
        if len(self._metrics) == 2:
            self.report(phase=Phase.COMPILING)
        return self._metrics[-1]

    def on_progress(self, progress: Progress) -> None:
        """Take a step, or one of the return to the level, into the status; wait while the job is paused."""
        if progress.restoration is not None:
            self._report_restoration(progress.restoration)
            return
        step, now = progress.step, time.monotonic()
        if progress.waiting_for_room != self.folder.has_no_room():
            self.folder.mark_no_room(progress.waiting_for_room)
        if not len(self._history.step) or step.index > self._history.step[-1]:
            self._history = self._history.with_step(step)
        phase = self._phase_at(progress)
        measuring = phase not in (Phase.COMPILING, Phase.RUNNING)
        paused = self.folder.is_asked_to_pause() and not measuring
        due = now - self._last_report > SECONDS_BETWEEN_REPORTS or self.folder.is_slow()
        if measuring or (not paused and (due or phase is not self.status.phase)):
            self._report_step(progress, phase)
            self._last_report = now
        if phase is Phase.VALUES:
            time.sleep(SECONDS_FOR_THE_PAGE)
        if phase is Phase.RUNNING:
            self._rest()
        if not measuring and self.folder.is_asked_to_pause():
            self._pause(progress)

    def is_asked_to_stop(self) -> bool:
        """Whether the job, or the whole server, is to end."""
        return self.orphaned or self.folder.is_asked_to_stop()

    def _phase_at(self, progress: Progress) -> Phase:
        step = progress.step
        if progress.lacking:
            return {"values": Phase.VALUES, "maps": Phase.MAPS}[progress.lacking]
        if step.reasons is not None:
            return self.status.phase
        return Phase.RUNNING if step.index else Phase.COMPILING

    def _pause(self, progress: Progress) -> None:
        """Wait until the run may continue, may make one step (still as paused), or is asked to stop."""
        folder = self.folder
        self._report_step(progress, Phase.PAUSED)
        self._explain(progress)
        while folder.is_asked_to_pause() and not folder.is_asked_for_one_step() and not self.is_asked_to_stop():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        folder.clear_one_step()
        if not folder.is_asked_to_pause():
            self.report(phase=Phase.RUNNING)

    def _explain(self, progress: Progress) -> None:
        """Report the arrows of the method at this step; a run goes on without those that cannot be computed."""
        if progress.folder is None:
            return
        try:
            run = load_record(progress.folder)
            explained = explain_images(run, np.asarray(progress.step.images), progress.step.index, self._metrics)
        except (ValueError, RuntimeError, MemoryError):
            traceback.print_exc()
        else:
            self._when_there_is_room(lambda: self.folder.write_explained(explained))

    def _rest(self) -> None:
        """In slow motion, wait a moment, unless something else is asked for."""
        folder, until = self.folder, time.monotonic() + SLOW_SECONDS
        while folder.is_slow() and time.monotonic() < until:
            if folder.is_asked_to_pause() or self.is_asked_to_stop():
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _report_step(self, progress: Progress, phase: Phase) -> None:
        if progress.folder is None:
            raise RuntimeError("the record of a job lies in a folder")
        self._give_to_visitor(progress.folder)
        speed, left = progress.speed, progress.seconds_left
        if speed is not None and left is not None and self.folder.is_slow():
            left += SLOW_SECONDS * (progress.steps - progress.step.index)
            speed = 1 / (1 / speed + SLOW_SECONDS)
        for i, image in enumerate(np.asarray(progress.step.images)):
            self.write(f"{i}.jpg", to_jpeg(image))
        self.report(
            phase=phase,
            step=progress.step.index,
            speed=speed,
            seconds_left=left,
            run=progress.folder.name,
            trace=Trace.of(self._history),
        )

    def _report_restoration(self, at: Restoration) -> None:
        """Report its beginning, and then its steps, not more often than a page can use them."""
        now = time.monotonic()
        if at.step == 0 or now - self._last_report > SECONDS_BETWEEN_REPORTS:
            self.report(
                phase=Phase.RESTORING,
                step=at.index,
                speed=None,
                seconds_left=0.0,
                restoration_step=at.step,
                departure=at.departure,
            )
            self._last_report = now

    def _give_to_visitor(self, record: Path) -> None:
        """Once there is a new record, let it belong to who asked for it."""
        if self.status.run is None and self._spec.visitor:
            self._when_there_is_room(lambda: give_to(self.folder.root, record.name, self._spec.visitor))

    def _when_there_is_room(self, write: Callable[[], None]) -> None:
        """Write; while the disk has no room, wait and try again, unless the job is to stop."""

        def gives_up() -> bool:
            asked = self.is_asked_to_stop()
            self.folder.mark_no_room(not asked)
            return asked

        when_there_is_room(write, gives_up)
        if self.folder.has_no_room():
            self.folder.mark_no_room(False)


def _compete(reporter: Reporter) -> None:
    """Run what is asked for, and report how it ended."""
    folder = reporter.folder
    spec, root = folder.spec(), folder.root
    reporter.report()
    calls: dict[str, Any] = {
        "resolve": reporter.resolve,
        "on_progress": reporter.on_progress,
        "should_stop": reporter.is_asked_to_stop,
    }
    if spec.run is None:
        made = materialize(spec.request, folder.reference())
        materials = replace(made, notes=spec.notes + made.notes)
        source = spec.source or source_of(spec.request)
        record = record_competition(spec.request, materials, root, source=source, **calls)
    else:
        record = find_run(root, spec.run)
        reporter.continue_from(load_checkpoint(record).history)
        resume_run(record, **calls)
    reporter.report(phase=_end(load_record(record), reporter), run=record.name)


def _end(run: Run, reporter: Reporter) -> Phase:
    stopped = any(result.outcome in (Reason.STOPPED.value, UNFINISHED) for result in run.results)
    return (Phase.INTERRUPTED if reporter.orphaned else Phase.STOPPED) if stopped else Phase.DONE


def _sentence(error: Exception) -> str:
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    text = " ".join(labeled(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError | OSError | MetricFailed) else f"{type(error).__name__}: {text}"


@contextlib.contextmanager
def _beating(folder: JobFolder) -> Iterator[None]:
    """Inside this context a thread shows that the job is attended to."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(OSError):  # where it matters, the same refusal is reported
                folder.beat()

    folder.beat()
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
