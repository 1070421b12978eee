"""The page on which two metrics compete: the controls, then an example, the running competition, or what it found."""

import os
from pathlib import Path

import streamlit as st

from mad_app.figures import metric_title, percentage
from mad_app.records import RecordError, Run, find_run, is_resumable, load_run
from mad_app.runs import Request
from mad_app.ui.choices import duration, plan, to_query
from mad_app.ui.controls import Setup, show_controls
from mad_app.ui.example import example_stage
from mad_app.ui.job_folder import Job, Order, Phase, Status
from mad_app.ui.jobs import PAUSE_SECONDS, JobQueue, NoSuchJob
from mad_app.ui.picture_controls import marked_style, picker_style
from mad_app.ui.pictures import Picture
from mad_app.ui.places import runs_root
from mad_app.ui.results import show_run, show_words
from mad_app.ui.stage import stage_html, stage_of_job

POLL_SECONDS = 0.4
STYLE = Path(__file__).with_name("style.css")
HINT = '<p class="mad-hint">Picture, metrics and distortion are chosen behind » at the top left.</p>'
"""Shown where the sidebar is folded away, on narrow screens."""


def compete_page() -> None:
    """Draw the page for this visitor."""
    queue = job_queue(str(runs_root()))
    with st.sidebar:
        setup = show_controls()
    st.html(f"<style>{STYLE.read_text(encoding='utf-8')}{picker_style()}{marked_style()}</style>")
    job, run_id = _job_of_url(queue), st.query_params.get("run")
    st.query_params.from_dict(to_query(setup.choices) | _shown(job, run_id))
    if job and not job.status.phase.over:
        _show_live(queue, job.id)
    elif job:
        _show_over(queue, job, setup)
    elif run_id:
        _show_record(queue, run_id, setup)
    else:
        _show_invitation(queue, setup)


@st.cache_resource(show_spinner=False)
def job_queue(root: str) -> JobQueue:
    """The server's queue; $MAD_APP_JOBS says how many competitions run at a time, 1 unless it is set."""
    return JobQueue(Path(root), at_once=max(1, int(os.environ.get("MAD_APP_JOBS", "1"))))


def _job_of_url(queue: JobQueue) -> Job | None:
    """The job that the URL names, if there is one."""
    job_id = st.query_params.get("job")
    if job_id is None:
        return None
    try:
        return queue.look(job_id)
    except NoSuchJob:
        st.info("The competition in this address is not here (any more). Its record, if it had one, is kept.")
        return None


def _shown(job: Job | None, run_id: str | None) -> dict[str, str]:
    return {"job": job.id} if job else {"run": run_id} if run_id else {}


def _show_invitation(queue: JobQueue, setup: Setup) -> None:
    """Before a run: what will happen, and a finished example."""
    st.title("Let two metrics compete")
    st.markdown(plan(setup.choices, setup.picture.title))
    _start_button(queue, setup, "Start the competition")
    st.markdown(HINT, unsafe_allow_html=True)
    _offer_interrupted(queue)
    st.subheader("A finished example")
    st.markdown(stage_html(example_stage()), unsafe_allow_html=True)
    if setup.problem is None:
        with st.expander("The same as a command, or in Python", icon=":material/terminal:"):
            show_words(setup.choices.request(setup.picture.image))


def _start_button(queue: JobQueue, setup: Setup, label: str) -> None:
    clicked = st.button(
        label,
        key="start",
        type="primary",
        icon=":material/play_arrow:",
        disabled=setup.problem is not None,
        help=setup.problem or "Runs in the background with the settings of the sidebar; you can stop at any time.",
    )
    if clicked:
        try:
            order = Order(request=setup.choices.request(setup.picture.image))
            st.query_params["job"] = queue.submit(order, setup.picture.reference)
        except ValueError as error:
            st.error(f"It could not be started: {error}.")
            return
        st.rerun()


def _offer_interrupted(queue: JobQueue) -> None:
    """Competitions that ended with an earlier server can go on."""
    for job in queue.interrupted()[:3]:
        asked, key = job.order.request, f"resume-{job.id}"
        rivals = f"{metric_title(asked.first)} against {metric_title(asked.second)}"
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"{rivals} was interrupted at step {job.status.step} of {asked.steps}.")
            st.button("Go on", key=key, on_click=_resume, args=(queue, job.id), help="Goes on from its checkpoint.")
            st.button("Forget", key=f"forget-{job.id}", on_click=queue.forget, args=(job.id,), help="Keeps its record.")


def _resume(queue: JobQueue, job_id: str) -> None:
    queue.resume(job_id)
    st.query_params["job"] = job_id


@st.fragment(run_every=POLL_SECONDS)
def _show_live(queue: JobQueue, job_id: str) -> None:
    """During a run: how it fares, drawn anew several times a second."""
    job = queue.look(job_id)
    if job.status.phase.over:
        st.rerun()
    request = job.order.request
    st.title(f"{metric_title(request.first)} against {metric_title(request.second)}")
    stopping = job.folder.is_asked_to_stop()
    told, pause, stop = st.columns([4, 1, 1], vertical_alignment="center")
    told.progress(min(job.status.step / request.steps, 1.0), text=progress_text(job, stopping))
    with pause:
        _pause_button(queue, job, stopping)
    stop.button(
        "Stopping…" if stopping else "Stop",
        key="stop",
        icon=":material/stop:",
        width="stretch",
        disabled=stopping,
        on_click=queue.stop,
        args=(job_id,),
        help="What has been computed is kept, and you can go on later.",
    )
    stage = stage_of_job(job)
    if stage:
        st.markdown(stage_html(stage), unsafe_allow_html=True)


def _pause_button(queue: JobQueue, job: Job, stopping: bool) -> None:
    """Pause a run that goes on, let one that is paused go on."""
    phase, asked = job.status.phase, job.folder.is_asked_to_pause()
    if phase is Phase.PAUSED:
        st.button(
            "Resume",
            key="resume",
            icon=":material/play_arrow:",
            width="stretch",
            disabled=stopping,
            on_click=queue.resume,
            args=(job.id,),
            help="Goes on at once, or when its turn comes.",
        )
    else:
        st.button(
            "Pausing…" if asked and not phase.early else "Pause",
            key="pause",
            icon=":material/pause:",
            width="stretch",
            disabled=stopping or asked or phase is not Phase.RUNNING,
            on_click=queue.pause,
            args=(job.id,),
            help="Waits after the present step; others in the queue may run meanwhile.",
        )


def progress_text(job: Job, stopping: bool) -> str:
    """How a job fares, in a line."""
    status, steps = job.status, job.order.request.steps
    if status.phase is Phase.WAITING and job.ahead:
        return f"{status.phase.value}: {job.ahead} {'comes' if job.ahead == 1 else 'come'} before it"
    if status.phase is Phase.PAUSED and not stopping:
        minutes = round(PAUSE_SECONDS / 60)
        return f"Paused at step {status.step} of {steps}; after {minutes} minutes it is stopped, and can still go on"
    if status.phase is not Phase.RUNNING:
        return f"{status.phase.value} …"
    pace = _pace(status, job.order.request)
    parts = [f"Step {status.step} of {steps}", *pace, f"largest drift {percentage(_drift(status))}"]
    return ("Stopping … " if stopping else "") + " · ".join(parts)


def _pace(status: Status, request: Request) -> list[str]:
    if not status.speed:
        return []
    left = (request.steps - status.step) / status.speed
    if request.seconds is not None:
        left = max(0.0, min(left, request.seconds - status.seconds))
    return [f"{status.speed:.1f} steps a second", f"{duration(left)} left"]


def _drift(status: Status) -> float | None:
    known = [value for value in status.trail.drift[-1] if value is not None] if status.trail.drift else []
    return max(known, key=abs, default=None)


def _show_over(queue: JobQueue, job: Job, setup: Setup) -> None:
    """After a run: what it found, or why it ended."""
    request = job.order.request
    run = _record(queue.root, job.status.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(f"{metric_title(request.first)} against {metric_title(request.second)}", width="stretch")
        same = setup.problem is None and setup.choices.request(setup.picture.image) == request
        _start_button(queue, setup, "Run again" if same else "Start a new one")
        if job.status.phase not in (Phase.DONE, Phase.FAILED):
            st.button(
                "Go on",
                key="resume",
                icon=":material/resume:",
                on_click=queue.resume,
                args=(job.id,),
                help="Goes on from where it ended.",
            )
    if job.status.phase is not Phase.DONE:
        _say_why(job)
    if run:
        sheet = job.folder.picture("sheet.png")
        show_run(run, Picture("image/png", sheet) if sheet else None)


def _say_why(job: Job) -> None:
    status, steps = job.status, job.order.request.steps
    at = f" at step {status.step} of {steps}" if status.step else ""
    if status.phase is Phase.FAILED:
        st.error(f"This competition is not possible: {status.message}.")
    elif status.phase is Phase.DIED:
        st.warning(f"{status.message} You can go on.")
    else:
        st.info(f"{status.phase.value}{at}.")


def _show_record(queue: JobQueue, run_id: str, setup: Setup) -> None:
    """A record that the URL names."""
    run = _record(queue.root, run_id)
    if run is None:
        st.info("There is no such record (any more).")
        _show_invitation(queue, setup)
        return
    st.title(f"{metric_title(run.images[0].optimised)} against {metric_title(run.images[0].fixed)}")
    with st.container(horizontal=True):
        _start_button(queue, setup, "Start a new one")
        if is_resumable(queue.root / run_id) and st.button("Go on", key="resume", help="Goes on from its checkpoint."):
            st.query_params.from_dict({"job": queue.resume_run(run_id)})
            st.rerun()
    show_run(run, None)


def _record(root: Path, run_id: str | None) -> Run | None:
    """The record of that id; None if there is none, said in a sentence if it cannot be read."""
    if run_id is None:
        return None
    try:
        return load_run(find_run(root, run_id))
    except RecordError as error:
        st.error(f"The record cannot be shown: {error}.")
        return None
