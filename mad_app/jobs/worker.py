"""The worker: one process, one competition, told of through the files of its job's folder.

    python -m mad_app.jobs.worker runs/.jobs/<id> [SPARE]

It stops when the folder holds a file `stop`, or when its standard input ends, which happens when the server is gone;
while the folder holds a file `pause`, it waits. Where the disk refuses something, the job moves to the folder SPARE
and goes on there.
"""

import os
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.competition import Reason
from mad_app.figures import figure_bytes
from mad_app.images.encode import to_jpeg
from mad_app.jobs.folder import HEARTBEAT_SECONDS, JobFolder, Phase
from mad_app.jobs.spare_folder import is_refusal
from mad_app.metrics import KnownMetric, get_metric
from mad_app.records import UNFINISHED, History, RecordError, Run, find_run, load_checkpoint, load_run
from mad_app.records.trace import Trace
from mad_app.runs import Progress, materialize, record_competition, resume_run, source_of

SECONDS_BETWEEN_REPORTS = 0.15
SECONDS_BETWEEN_LOOKS = 0.05
"""How soon a worker that waits sees that it may go on."""


def main(path: str, spare: str | None = None) -> None:
    """Run the job in the folder `path` to its end."""
    reporter = Reporter(JobFolder(Path(path)))
    threading.Thread(target=_beat, args=(reporter,), daemon=True).start()
    threading.Thread(target=_await_orphanhood, args=(reporter,), daemon=True).start()
    try:
        try:
            _compete(reporter)
        except (RecordError, OSError) as error:
            if spare is None or not is_refusal(error):
                raise
            traceback.print_exc()
            reporter.move(Path(spare), _sentence(error))
            _compete(reporter)
    except (ValueError, OSError, RuntimeError) as error:  # what the program says to its user, in a sentence
        traceback.print_exc()
        reporter.tell(phase=Phase.FAILED, message=_sentence(error))


class Reporter:
    """Turns the progress of a run into the files of a job, not more often than a page can use them."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.orphaned = False
        self.status = replace(folder.status(), phase=Phase.STARTING, message=None)
        self._history = History.empty()
        self._metrics_left = 2
        self._last_report = 0.0

    def go_on_from(self, history: History) -> None:
        """Begin with the way that an earlier part of the run took."""
        self._history = history

    def move(self, root: Path, refused: str) -> None:
        """Go on in another folder of runs, since the present one is refused."""
        self.folder = self.folder.move(root, refused)
        self.status, self._history = self.folder.status(), History.empty()
        self._metrics_left = 2

    def tell(self, **changes: Any) -> None:
        """Write the status with some changes."""
        self.status = replace(self.status, **changes)
        self.folder.write_status(self.status)

    def resolve(self, name: str) -> KnownMetric:
        """The metric called `name`; loading them is a phase, after which the first step is compiled."""
        self.tell(phase=Phase.LOADING)
        metric = get_metric(name)
        self._metrics_left -= 1
        if not self._metrics_left:
            self.tell(phase=Phase.COMPILING)
        return metric

    def on_progress(self, progress: Progress) -> None:
        """Take a step into the status."""
        step, now = progress.step, time.monotonic()
        if not len(self._history.step) or step.index > self._history.step[-1]:
            self._history = self._history.with_step(step)
        measuring = step.index >= progress.steps or step.reasons is not None
        phase = Phase.MEASURING if measuring else Phase.RUNNING if step.index else Phase.COMPILING
        if measuring or phase is not self.status.phase or now - self._last_report > SECONDS_BETWEEN_REPORTS:
            self._report(progress, phase)
            self._last_report = now
        if not measuring and self.folder.is_asked_to_pause():
            self._pause(progress)

    def should_stop(self) -> bool:
        """Whether to stop; then only the last measurements are left."""
        if not self._is_asked_to_stop():
            return False
        self.tell(phase=Phase.MEASURING)
        return True

    def _pause(self, progress: Progress) -> None:
        """Wait until the run may go on or is asked to stop."""
        self._report(progress, Phase.PAUSED)
        while self.folder.is_asked_to_pause() and not self._is_asked_to_stop():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self.tell(phase=Phase.RUNNING)

    def _is_asked_to_stop(self) -> bool:
        return self.orphaned or self.folder.is_asked_to_stop()

    def _report(self, progress: Progress, phase: Phase) -> None:
        for i, image in enumerate(np.asarray(progress.step.images)):
            self.folder.write(f"{i}.jpg", to_jpeg(image))
        self.tell(
            phase=phase,
            step=progress.step.index,
            speed=progress.speed,
            seconds_left=progress.seconds_left,
            run=progress.folder.name,
            trace=Trace.of(self._history),
        )


def _compete(reporter: Reporter) -> None:
    """Run what is ordered, draw its sheet, and say how it ended."""
    folder = reporter.folder
    order, root = folder.order(), folder.root
    reporter.tell()
    calls: dict[str, Any] = {name: getattr(reporter, name) for name in ("resolve", "on_progress", "should_stop")}
    if order.run is None:
        materials = materialize(order.request, folder.reference())
        record = record_competition(order.request, materials, root, source=source_of(order.request), **calls)
    else:
        record = find_run(root, order.run)
        reporter.go_on_from(load_checkpoint(record).history)
        resume_run(record, **calls)
    run = load_run(record)
    folder.write("sheet.png", figure_bytes(run, "png"))
    reporter.tell(phase=_end(run, reporter), run=record.name)


def _end(run: Run, reporter: Reporter) -> Phase:
    stopped = any(result.outcome in (Reason.STOPPED.value, UNFINISHED) for result in run.images)
    return (Phase.INTERRUPTED if reporter.orphaned else Phase.STOPPED) if stopped else Phase.DONE


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {text}"


def _beat(reporter: Reporter) -> None:
    while True:
        try:
            reporter.folder.beat()
        except OSError:  # a full disk is told where it matters
            traceback.print_exc()
        time.sleep(HEARTBEAT_SECONDS)


def _await_orphanhood(reporter: Reporter) -> None:
    """The server holds the other end of the standard input; when it is gone, so should be the worker."""
    while os.read(0, 1):  # not sys.stdin, whose lock a thread that waits would keep beyond the end of the program
        pass
    reporter.orphaned = True
    if reporter.status.phase.early:
        os._exit(0)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(5)  # the page comes first
    main(*sys.argv[1:])
