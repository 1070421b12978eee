"""What the address of the page opens: a job of the queue, a record, both, or neither.

`?run=` names a record and lasts as long as it does; `?job=` stands for it until there is one.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mad_app.jobs.folder import Job
from mad_app.jobs.queue import JobQueue, NoSuchJob
from mad_app.records import RecordError
from mad_app.records.files import RUN_FILE
from mad_app.ui.address import came_back
from mad_app.ui.components.collection import find_folder
from mad_app.ui.session import entered_from, visitor

NO_RUN = "No such run (it may have been deleted)."


@dataclass(frozen=True)
class Opened:
    """What is opened.

    Attributes:
        job: that computes it or did so last, if it is still known.
        run_id: of its record.
        folder: of its record; None while there is none.
        problem: why nothing is opened although the address asks for something, in a sentence.
        asked: whether the address names it.
    """

    job: Job | None = None
    run_id: str | None = None
    folder: Path | None = None
    problem: str | None = None
    asked: bool = True

    @property
    def in_progress(self) -> bool:
        """Whether it is computed or waits, and has no result yet."""
        return self.job is not None and not (self.job.status.phase.over or self.job.status.phase.has_result)

    @property
    def id(self) -> str | None:
        """Of the record, or of the job while there is none; None if nothing is opened."""
        return self.run_id or (self.job.id if self.job else None)

    def query(self) -> dict[str, str]:
        """The parameters of the address that open it."""
        return {"run": self.run_id} if self.run_id else {"job": self.job.id} if self.job else {}


def open_address(queue: JobQueue) -> Opened:
    """What the address opens; to visitors who come back from another page of the menu, their run in progress."""
    run_id, job_id = st.query_params.get("run"), st.query_params.get("job")
    if run_id:
        return _open_run(queue, run_id)
    if job_id:
        return _open_job(queue, job_id)
    if entered_from() and not came_back() and not len(st.query_params):
        for job in queue.jobs_of(visitor()):
            if not job.status.phase.over:
                return _with_record(queue, job, asked=False)
    return Opened()


def _open_run(queue: JobQueue, run_id: str) -> Opened:
    try:
        folder = find_folder(queue.root, run_id)
    except RecordError:
        return Opened(problem=NO_RUN)
    if not (folder / RUN_FILE).is_file():
        return Opened(problem=NO_RUN)
    return Opened(queue.job_of_run(run_id), run_id, folder)


def _open_job(queue: JobQueue, job_id: str) -> Opened:
    try:
        return _with_record(queue, queue.look(job_id), asked=True)
    except NoSuchJob:
        return Opened(problem=f"{NO_RUN} If it was saved, it is in the gallery.")


def _with_record(queue: JobQueue, job: Job, *, asked: bool) -> Opened:
    run_id = job.status.run
    try:
        return Opened(job, run_id, find_folder(queue.root, run_id) if run_id else None, asked=asked)
    except RecordError:
        return Opened(job, asked=asked) if not job.status.phase.over else Opened(problem=NO_RUN)
