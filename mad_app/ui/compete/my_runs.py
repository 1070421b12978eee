"""The visitor's own competitions: those that go on or wait in the queue, that are over, that were interrupted."""

import streamlit as st

from mad_app.figures import contest_title
from mad_app.jobs.folder import Job, Phase
from mad_app.jobs.queue import JobQueue
from mad_app.ui.components.collection import picture_title
from mad_app.ui.components.picture_picker import plain

MOST_SHOWN = 6
POLL_SECONDS = 1.5
RESUMABLE = (Phase.STOPPED, Phase.DIED, Phase.INTERRUPTED)


def show_my_runs(queue: JobQueue, visitor: str, *, but: str | None = None) -> None:
    """Draw the list, if it is not empty; it is drawn anew while something in it goes on.

    Args:
        queue: the server's queue.
        visitor: who looks.
        but: the job that is shown already, if one is.
    """
    jobs = _shown(queue, visitor, but)
    if jobs:
        st.subheader("Your other runs" if but else "Your runs")
        going_on = any(not job.status.phase.over for job in jobs)
        st.fragment(_draw, run_every=POLL_SECONDS if going_on else None)(queue, visitor, but)


def fares(job: Job) -> str:
    """How a job fares, in some words."""
    status, steps = job.status, job.order.request.steps
    phase = status.phase
    if phase is Phase.WAITING:
        return place_in_queue(job)
    if phase in (Phase.RUNNING, Phase.PAUSED, *RESUMABLE):
        return f"{phase.value}, step {status.step} of {steps}"
    return phase.value


def place_in_queue(job: Job) -> str:
    """For a job that waits."""
    before = f": {job.ahead} {'comes' if job.ahead == 1 else 'come'} before it" if job.ahead else ", the next one"
    return Phase.WAITING.value + before


def _shown(queue: JobQueue, visitor: str, but: str | None) -> list[Job]:
    return [job for job in queue.of(visitor) if job.id != but][:MOST_SHOWN]


def _draw(queue: JobQueue, visitor: str, but: str | None) -> None:
    with st.container(border=True, key="own-runs", gap="xsmall"):
        for job in _shown(queue, visitor, but):
            _draw_row(queue, job)


def _draw_row(queue: JobQueue, job: Job) -> None:
    request = job.order.request
    rivals = contest_title(request.first, request.second)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{plain(rivals)}** on {plain(picture_title(request.image or 'a picture'))}  \n{plain(fares(job))}",
            width="stretch",
        )
        if st.button("Open", key=f"open-job-{job.id}", help="Shows how it fares, or what it found."):
            _open(job.id)
        if job.status.phase in RESUMABLE and st.button(
            "Go on", key=f"resume-{job.id}", help="Goes on from its checkpoint when its turn comes."
        ):
            queue.resume(job.id)
            _open(job.id)
        if job.status.phase.over:
            st.button(
                "Forget",
                key=f"forget-{job.id}",
                on_click=queue.forget,
                args=(job.id,),
                help="Takes it off this list; its record stays in the gallery.",
            )


def _open(job_id: str) -> None:
    st.query_params["job"] = job_id
    st.rerun()
