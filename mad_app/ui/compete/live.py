"""A competition in progress: its images, how far it is, and buttons that pause and stop it."""

import streamlit as st

from mad_app.competition.settings import MAX_DRIFT
from mad_app.figures import contest_title, drift_magnitude, running_drift_sentence
from mad_app.jobs.folder import Job, Phase, Status
from mad_app.jobs.queue import PAUSE_SECONDS, JobQueue
from mad_app.ui.compete.my_runs import place_in_queue
from mad_app.ui.components.containment import contained
from mad_app.ui.components.form import duration
from mad_app.ui.components.four_up import four_up_html, four_up_of_job
from mad_app.ui.components.html import show_html
from mad_app.ui.session import PageState, may_control

POLL_SECONDS = 0.25
WAITING_POLL_SECONDS = 1.5
"""How often a run is looked at that waits behind others, of which there may be many."""

STATE = PageState("compete")


def show_live(queue: JobQueue, job: Job) -> None:
    """Draw a run that has not ended; it is drawn anew several times a second, less often while it waits."""
    pause = _pause_between_looks(job)
    st.fragment(_draw, run_every=pause)(queue, job.id, pause, _is_saved(job))


def progress_text(job: Job, stopping: bool) -> str:
    """Where a job is, in a line."""
    status, steps = job.status, job.spec.request.steps
    if status.phase is Phase.WAITING:
        return place_in_queue(job)
    if status.phase is Phase.PAUSED and not stopping:
        minutes = round(PAUSE_SECONDS / 60)
        return f"Paused at step {status.step} of {steps}. After {minutes} minutes it stops; you can continue it later."
    if status.phase is not Phase.RUNNING:
        return f"{status.phase.value} …"
    parts = [f"Step {status.step} of {steps}", *_pace(status), *_drift(status)]
    return ("Stopping … " if stopping else "") + " · ".join(parts)


def _pause_between_looks(job: Job) -> float:
    """Seconds between two drawings."""
    return WAITING_POLL_SECONDS if job.status.phase is Phase.WAITING and job.ahead else POLL_SECONDS


def _is_saved(job: Job) -> bool:
    """Whether the address can name its record; its first step is drawn before that."""
    return job.status.run is not None and job.status.step > 0


def _draw(queue: JobQueue, job_id: str, pause: float, saved: bool) -> None:
    """Draw it; where something else is to be shown, or the address changes, draw the whole page."""
    with contained("this run"):
        job = queue.look(job_id)
        status = job.status
        ended = status.phase.over or status.phase.has_result
        if ended or pause != _pause_between_looks(job):
            st.rerun()
        _draw_job(queue, job)
        if saved != _is_saved(job):
            st.rerun()


def _draw_job(queue: JobQueue, job: Job) -> None:
    request = job.spec.request
    st.title(contest_title(request.first, request.second))
    stopping = job.folder.is_asked_to_stop()
    text, buttons = st.columns([2, 1], vertical_alignment="center")
    text.progress(min(job.status.step / request.steps, 1.0), text=progress_text(job, stopping))
    if may_control(job):
        with buttons.container(horizontal=True):
            _control_buttons(queue, job, stopping)
    else:
        buttons.caption("Only who started this run can pause or stop it.")
    _show_images(job)


def _control_buttons(queue: JobQueue, job: Job, stopping: bool) -> None:
    _pause_button(queue, job, stopping)
    st.button(
        "Stopping…" if stopping else "Stop",
        key=STATE.key("stop"),
        icon=":material/stop:",
        width="stretch",
        disabled=stopping,
        on_click=queue.stop,
        args=(job.id,),
        help="What has been computed is kept, and you can continue later.",
    )


def _show_images(job: Job) -> None:
    shown = four_up_of_job(job)
    if shown:
        show_html(four_up_html(shown))


def _pause_button(queue: JobQueue, job: Job, stopping: bool) -> None:
    """Pause a run, or resume one that is paused."""
    phase, asked = job.status.phase, job.folder.is_asked_to_pause()
    if phase is Phase.PAUSED:
        st.button(
            "Resume",
            key=STATE.key("resume"),
            icon=":material/play_arrow:",
            width="stretch",
            disabled=stopping,
            on_click=queue.resume,
            args=(job.id,),
            help="Continues at once, or when its turn comes.",
        )
    else:
        st.button(
            "Pausing…" if asked and not phase.early else "Pause",
            key=STATE.key("pause"),
            icon=":material/pause:",
            width="stretch",
            disabled=stopping or asked or phase is not Phase.RUNNING,
            on_click=queue.pause,
            args=(job.id,),
            help="Waits after the current step; meanwhile the next run in the queue can start.",
        )


def _pace(status: Status) -> list[str]:
    if status.speed is None or status.seconds_left is None:
        return []
    return [f"{status.speed:.1f} steps per second", f"{duration(status.seconds_left)} left"]


def _drift(status: Status) -> list[str]:
    """How far the fixed metrics are from their levels, as far as it is known."""
    known = [value for value in status.trace.drift[-1] if value is not None] if status.trace.drift else []
    if not known:
        return []
    largest = max(known, key=abs)
    kept = f"fixed metrics kept to within {drift_magnitude(largest)}"
    return [f"fixed metrics {running_drift_sentence(largest)}" if abs(largest) > MAX_DRIFT else kept]
