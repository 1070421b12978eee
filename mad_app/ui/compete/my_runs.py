"""The visitor's own competitions: those that run or wait, that have ended, that were interrupted."""

import streamlit as st

from mad_app.figures import contest_title
from mad_app.jobs.folder import Job, Phase
from mad_app.jobs.queue import JobQueue
from mad_app.ui.components.collection import picture_title
from mad_app.ui.components.containment import contained
from mad_app.ui.components.duration import about
from mad_app.ui.components.html import plain
from mad_app.ui.components.kept_click import kept_button
from mad_app.ui.components.limits import limit_of
from mad_app.ui.session import PageState

MAX_SHOWN = 6
POLL_SECONDS = 1.5
RESUMABLE = (Phase.STOPPED, Phase.DIED, Phase.INTERRUPTED)
STATE = PageState("compete")


def show_my_runs(queue: JobQueue, visitor: str, *, without: str | None = None) -> None:
    """Draw the list, if it is not empty; it is drawn anew while a run in it has not ended.

    Args:
        queue: the server's queue.
        visitor: who looks.
        without: the job that is shown already, if one is.
    """
    jobs = _shown(queue, visitor, without)
    if jobs:
        st.header("Your other runs" if without else "Your runs")
        in_progress = any(not job.status.phase.over for job in jobs)
        st.fragment(_draw, run_every=POLL_SECONDS if in_progress else None)(queue, visitor, without)


def describe_progress(job: Job) -> str:
    """Where a job is, in a few words."""
    status, steps = job.status, job.spec.request.steps
    phase = status.phase
    if phase is Phase.WAITING:
        return place_in_queue(job)
    if phase in (Phase.RUNNING, Phase.PAUSED, *RESUMABLE):
        return f"{phase.value}, step {status.step} of {steps}"
    if phase is Phase.FAILED and not status.step:
        return "Could not start"
    return phase.value


def place_in_queue(job: Job) -> str:
    """For a job that waits: how many are before it, and about how long it will wait."""
    before = f"{job.ahead} {'run' if job.ahead == 1 else 'runs'} before it" if job.ahead else "it is next"
    return f"{Phase.WAITING.value}: {before}, {about(job.wait)}"


def continue_label(step: int) -> str:
    """The label of a button that continues a run."""
    return f"Continue from step {step}" if step else "Continue"


def _shown(queue: JobQueue, visitor: str, without: str | None) -> list[Job]:
    return [job for job in queue.jobs_of(visitor) if job.id != without][:MAX_SHOWN]


def _draw(queue: JobQueue, visitor: str, without: str | None) -> None:
    with st.container(border=True, key=STATE.key("my-runs"), gap="xsmall"):
        for job in _shown(queue, visitor, without):
            with contained("this run"):
                _draw_row(queue, job)


def _draw_row(queue: JobQueue, job: Job) -> None:
    request = job.spec.request
    contest = contest_title(request.first, request.second)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        picture = plain(picture_title(request.image or "a picture"))
        st.markdown(f"**{plain(contest)}** on {picture}  \n{plain(describe_progress(job))}", width="stretch")
        if st.button("Open", key=STATE.key(f"open-job-{job.id}"), help="Shows its progress, or its result."):
            _open(job)
        if job.status.phase in RESUMABLE and kept_button(
            STATE,
            f"resume-{job.id}",
            continue_label(job.status.step),
            help="Continues from its checkpoint when its turn comes.",
        ):
            if limit := limit_of(queue, request):
                st.warning(limit, icon=":material/group:")
            else:
                queue.resume(job.id)
                _open(job)
        if job.status.phase.over:
            st.button(
                "Remove from list",
                key=STATE.key(f"remove-{job.id}"),
                on_click=queue.remove,
                args=(job.id,),
                help="Its record stays in the gallery.",
            )


def _open(job: Job) -> None:
    run_id = job.status.run
    st.query_params.from_dict({"run": run_id} if run_id else {"job": job.id})
    st.rerun()
