"""For how long workers have given no sign of life, by what was seen and not by the clock of the files."""

import time
from dataclasses import dataclass, replace

from mad_app.jobs.folder import JobFolder

LONGEST_LOOK = 1.0
"""Seconds between two looks that count at most: in longer ones the machine slept, and the worker as well."""

PATIENCE_AT_FIRST = 10
"""How many times as long a worker may be silent before its first sign: it may import or answer first."""


@dataclass(frozen=True)
class _Silence:
    beat: object
    looked: float
    seconds: float = 0.0
    has_begun: bool = False


class Silences:
    """The silences of the workers of a queue."""

    def __init__(self) -> None:
        self._of: dict[str, _Silence] = {}

    def exceed(self, folder: JobFolder, longest: float) -> float | None:
        """For how many seconds a worker may have given no sign of life, where it has for longer; to be asked often.

        Args:
            folder: of its job.
            longest: seconds, PATIENCE_AT_FIRST times as many until its first sign.
        """
        beat, now, job_id = folder.last_beat(), time.monotonic(), folder.path.name
        last = self._of.get(job_id, _Silence(beat, now))
        if beat == last.beat:
            silence = replace(last, looked=now, seconds=last.seconds + min(now - last.looked, LONGEST_LOOK))
        else:
            silence = _Silence(beat, now, has_begun=True)
        self._of[job_id] = silence
        allowed = longest if silence.has_begun else PATIENCE_AT_FIRST * longest
        return allowed if silence.seconds > allowed else None

    def forget(self, job_id: str) -> None:
        """The job has no worker any longer."""
        self._of.pop(job_id, None)
