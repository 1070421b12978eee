"""The limits of a shared server, which hold for what a visitor starts and for what a visitor continues."""

from dataclasses import replace

from mad_app.images import MAX_SIZE, MIN_SIZE
from mad_app.jobs.queue import JobQueue
from mad_app.jobs.sharing import is_shared, limit_problem
from mad_app.records import Run
from mad_app.request import Request
from mad_app.runs import request_of
from mad_app.ui.session import is_host, visitor


def limit_of(queue: JobQueue, request: Request) -> str | None:
    """Why the visitor cannot start or continue this now, in a sentence, or None."""
    if not is_shared() or is_host():
        return None
    own = sum(not job.status.phase.over for job in queue.jobs_of(visitor()))
    return limit_problem(request, own, queue.unfinished())


def limit_of_record(queue: JobQueue, run: Run) -> str | None:
    """As `limit_of`, for a record, which may come from another server: its pictures count, not what was asked for."""
    side = max(*run.reference.shape[:2], MIN_SIZE)
    return limit_of(queue, replace(request_of(run), size=min(side, MAX_SIZE)))
