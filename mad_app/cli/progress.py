"""A run's progress in text: in a terminal one line that is rewritten, elsewhere a line every tenth of the run."""

import math
import shutil
import time
from pathlib import Path
from typing import TextIO

import numpy as np

from mad_app.request import Request
from mad_app.runs import Progress

SECONDS_BETWEEN_LINES = 0.1
"""Least time between two versions of the line; nobody reads faster."""
FIRST_RESTORATION_LINE = 8
"""Steps of the return to the level, a power of two, after which a file gets a line of it; most returns are shorter."""


class ProgressLine:
    """Shows each progress it is called with on a stream; `end` leaves the cursor at the beginning of a line.

    Attributes:
        folder: the record of the run, once there is one.
    """

    def __init__(self, request: Request, stream: TextIO) -> None:
        self.request, self.stream = request, stream
        self.folder: Path | None = None
        self.rewritten = stream.isatty()
        self.tenth, self.shown_at, self.open = -1, -math.inf, False

    def __call__(self, progress: Progress) -> None:
        """Show the progress, unless it comes too soon after what was shown before."""
        self.folder = progress.folder
        if not self._is_due(progress):
            return
        line = progress_text(self.request, progress)
        if self.rewritten:
            room = shutil.get_terminal_size().columns - 1
            line = f"\r{line[:room]:<{room}}"
            self.open = True
        self.stream.write(line if self.rewritten else f"{line}\n")
        self.stream.flush()

    def end(self) -> None:
        """Close the line, if one is open."""
        if self.open:
            self.stream.write("\n")
            self.open = False

    def _is_due(self, progress: Progress) -> bool:
        now, tenth = time.monotonic(), 10 * progress.step.index // progress.steps
        if progress.restoration is not None:
            due = self._is_restoration_due(progress.restoration.step, now)
        else:
            due = now - self.shown_at >= SECONDS_BETWEEN_LINES if self.rewritten else tenth > self.tenth
        if due:
            self.shown_at, self.tenth = now, tenth
        return due or (progress.step.reasons is not None and progress.lacking is None)

    def _is_restoration_due(self, step: int, now: float) -> bool:
        """In a terminal its beginning, too; elsewhere whenever the return is twice as long as at the line before."""
        if self.rewritten:
            return step == 0 or now - self.shown_at >= SECONDS_BETWEEN_LINES
        return step >= FIRST_RESTORATION_LINE and step & (step - 1) == 0


def progress_text(request: Request, progress: Progress) -> str:
    """Steps done, the time left, the highest and lowest value of each metric, and the largest drift, in one line.

    While the images return to their level, the steps of the return, and how far the worst image is still off. After the
    last step there are steps and time alone: the values that count are those of the saved 8-bit images.
    """
    from mad_app.figures import restoration_text, running_drift_sentence  # imports Matplotlib

    if (at := progress.restoration) is not None:
        return f"{at.index}/{progress.steps}  returning to the level: {restoration_text(at.step, at.departure)}"
    step, parts = progress.step, [f"{progress.step.index}/{progress.steps}"]
    if step.reasons is not None:
        return f"{parts[0]}  optimized in {clock(progress.seconds)}"
    if progress.seconds_left is not None:
        parts.append(f"{clock(progress.seconds_left)} of steps left")
    parts += [f"{request.first} {progress.extremes('first')}", f"{request.second} {progress.extremes('second')}"]
    return "  ".join([*parts, running_drift_sentence(float(np.abs(step.drift).max()))])


def clock(seconds: float) -> str:
    """Hours, if there are any, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
