"""How long jobs will wait: an estimate from how long those that run still take, and what those before them ask for."""

import heapq
import time
from collections.abc import Iterable, Sequence

from mad_app.jobs.folder import JobFolder, JobSpec, Status
from mad_app.records import RecordError
from mad_app.runs.pace import Pace, expected_seconds

RENEWAL_SECONDS = 1.0
"""How long an estimate is used; every page of a visitor who waits asks for it."""

Asked = tuple[JobSpec, Status]


class Waits:
    """The estimates for the jobs of a queue.

    Args:
        at_once: how many jobs run at a time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._seconds: dict[str, float | None] = {}
        self._estimated = 0.0

    def of(self, job_id: str, running: Iterable[JobFolder], waiting: Iterable[JobFolder]) -> float | None:
        """About how many seconds a job will still wait; None if it is not known.

        Args:
            job_id: of one that waits.
            running: the jobs that have a place.
            waiting: the jobs that wait for one, the next one first.
        """
        if job_id not in self._seconds or time.monotonic() - self._estimated > RENEWAL_SECONDS:
            read = {folder.path.name: asked for folder in waiting if (asked := _read(folder))}
            known = [asked for folder in running if (asked := _read(folder))]
            self._seconds = dict(zip(read, waits(known, list(read.values()), self._at_once), strict=True))
            self._estimated = time.monotonic()
        return self._seconds.get(job_id)


def waits(running: Sequence[Asked], waiting: Sequence[Asked], at_once: int) -> list[float | None]:
    """Seconds until the turn of each job that waits; None where nothing is known yet.

    What a job takes that has not begun is estimated by those that run (`runs.pace`), as if all pictures were squares:
    by those of its metrics, or else by what was expected when it was asked for, or else by any.

    Args:
        running: the jobs that have a place.
        waiting: the jobs that wait for one, the next one first.
        at_once: how many places there are.
    """
    known = [
        Pace(frozenset((spec.request.first, spec.request.second)), spec.request.size**2, 1 / status.speed)
        for spec, status in running
        if status.speed
    ]
    free = [_work(spec, status, known) for spec, status in running]
    free += [0.0] * (at_once - len(free))
    heapq.heapify(free)
    estimates: list[float | None] = []
    for spec, status in waiting:
        turn = heapq.heappop(free) if free else float("inf")
        estimates.append(None if turn == float("inf") else turn)
        heapq.heappush(free, turn + _work(spec, status, known))
    return estimates


def _read(folder: JobFolder) -> Asked | None:
    try:
        return folder.spec(), folder.status()
    except RecordError:
        return None


def _work(spec: JobSpec, status: Status, known: Sequence[Pace]) -> float:
    """Seconds that a job takes, infinite where it is not known."""
    request, limit = spec.request, spec.request.seconds or float("inf")
    if status.seconds_left is not None:
        return status.seconds_left
    metrics, pixels, steps = (request.first, request.second), request.size**2, request.steps - status.step
    seconds = expected_seconds(metrics, pixels, steps, known)
    if seconds is None and spec.expected is not None:
        seconds = spec.expected * steps / request.steps
    elif seconds is None:
        seconds = expected_seconds(metrics, pixels, steps, known, of_any=True)
    return limit if seconds is None else min(limit, seconds)
