"""For how long workers have given no sign of life, by what was seen and not by the clock of the files."""

import time

from mad_app.jobs.folder import JobFolder

LONGEST_LOOK = 1.0
"""Seconds between two looks that count at most: in longer ones the machine slept, and the worker as well."""


class Silences:
    """The silences of the workers of a queue."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[object, float, float]] = {}

    def of(self, folder: JobFolder) -> float:
        """For how many seconds a job was looked at without a sign of life; to be asked often."""
        beat, now, job_id = folder.last_beat(), time.monotonic(), folder.path.name
        heard, looked, silent = self._heard.get(job_id, (None, now, 0.0))
        silent = silent + min(now - looked, LONGEST_LOOK) if beat == heard else 0.0
        self._heard[job_id] = beat, now, silent
        return silent

    def forget(self, job_id: str) -> None:
        """The job has no worker any longer."""
        self._heard.pop(job_id, None)
