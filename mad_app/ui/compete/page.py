"""The page on which two metrics compete: the controls, then an example, the running competition, or what it found."""

from pathlib import Path

import streamlit as st

from mad_app.competition.settings import MAX_DRIFT
from mad_app.figures import contest_title, percentage
from mad_app.images.encode import Picture
from mad_app.jobs.capacity import runs_at_once
from mad_app.jobs.folder import Job, JobSpec, Phase, Status
from mad_app.jobs.paths import runs_root
from mad_app.jobs.queue import PAUSE_SECONDS, JobQueue, NoSuchJob
from mad_app.records import RecordError, Run, find_run, is_resumable, load_run, load_summary
from mad_app.runs import Request, request_of
from mad_app.runs.reproduce import asks_for_same, request_for_page
from mad_app.ui.compete.controls import FormState, choose, show_controls
from mad_app.ui.compete.example import example_four_up
from mad_app.ui.compete.my_runs import RESUMABLE, place_in_queue, show_my_runs
from mad_app.ui.compete.results import show_run, show_words
from mad_app.ui.components.form import duration, form_of, plan, to_query
from mad_app.ui.components.four_up import four_up_html, four_up_of_job
from mad_app.ui.components.picture_picker import marked_style, picker_style, plain, sentence
from mad_app.ui.session import keep_name, visitor

POLL_SECONDS = 0.4
WAITING_POLL_SECONDS = 1.5
"""How often a run that waits is looked at, of which there may be many."""

STYLE = Path(__file__).parents[1] / "components" / "style.css"
HINT = '<p class="mad-hint">Picture, metrics and distortion, and the other pages, are behind » at the top left.</p>'
"""Shown where the sidebar is folded away, on narrow screens."""


def compete_page() -> None:
    """Draw the page for this visitor."""
    queue = job_queue(str(runs_root()))
    job, run_id = _job_of_url(queue), st.query_params.get("run")
    _adopt(queue, job, run_id)
    with st.sidebar:
        setup = show_controls()
    st.html(f"<style>{STYLE.read_text(encoding='utf-8')}{picker_style()}{marked_style()}</style>")
    st.query_params.from_dict(_shown(job, run_id) | to_query(setup.choices))
    if job and not job.status.phase.over:
        waits = job.status.phase is Phase.WAITING
        poll = WAITING_POLL_SECONDS if waits else POLL_SECONDS
        st.fragment(_show_live, run_every=poll)(queue, job.id, waits)
    elif job:
        _show_over(queue, job, setup)
    elif run_id:
        _show_record(queue, run_id, setup)
    else:
        _show_invitation(queue, setup)
    if job or run_id:
        show_my_runs(queue, visitor(), but=job.id if job else None)
    keep_name()


@st.cache_resource(show_spinner=False)
def job_queue(root: str) -> JobQueue:
    """The server's queue."""
    return JobQueue(Path(root), at_once=runs_at_once())


def _adopt(queue: JobQueue, job: Job | None, run_id: str | None) -> None:
    """When a run is opened, the controls take its settings, so that they do not speak of another one."""
    state, opened = st.session_state, job.id if job else run_id
    if opened is None or state.get("adopted") == opened:
        return
    state.adopted = opened
    try:
        record = find_run(job.root if job else queue.root, str(job.status.run if job else run_id))
        choose(form_of(request_for_page(load_summary(record))[0]))
    except RecordError:  # a job that has no record yet was started with the settings of its URL
        return


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


def _show_invitation(queue: JobQueue, setup: FormState) -> None:
    """Before a run: what will happen, and a finished example."""
    st.title("Let two metrics compete")
    st.markdown(plan(setup.choices, setup.picture.title))
    _start_button(queue, setup, "Start the competition")
    st.markdown(HINT, unsafe_allow_html=True)
    show_my_runs(queue, visitor())
    st.subheader("A finished example")
    st.markdown(four_up_html(example_four_up()), unsafe_allow_html=True)
    if setup.problem is None:
        with st.expander("The same as a command, or in Python", icon=":material/terminal:"):
            show_words(setup.choices.request(setup.picture.image))


def _start_button(queue: JobQueue, setup: FormState, label: str) -> None:
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
            order = JobSpec(request=setup.choices.request(setup.picture.image), visitor=visitor())
            st.query_params["job"] = st.session_state.adopted = queue.submit(order, setup.picture.reference)
        except ValueError as error:
            st.error(f"It could not be started: {error}.")
            return
        st.rerun()


def _show_live(queue: JobQueue, job_id: str, waits: bool) -> None:
    """During a run: how it fares, drawn anew several times a second once it waits no longer."""
    job = queue.look(job_id)
    if job.status.phase.over or waits != (job.status.phase is Phase.WAITING):
        st.rerun()
    request = job.order.request
    st.title(contest_title(request.first, request.second))
    stopping = job.folder.is_asked_to_stop()
    told, buttons = st.columns([2, 1], vertical_alignment="center")
    told.progress(min(job.status.step / request.steps, 1.0), text=progress_text(job, stopping))
    with buttons.container(horizontal=True):
        _pause_button(queue, job, stopping)
        st.button(
            "Stopping…" if stopping else "Stop",
            key="stop",
            icon=":material/stop:",
            width="stretch",
            disabled=stopping,
            on_click=queue.stop,
            args=(job_id,),
            help="What has been computed is kept, and you can go on later.",
        )
    _say_refused(queue, job)
    stage = four_up_of_job(job)
    if stage:
        st.markdown(four_up_html(stage), unsafe_allow_html=True)


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
    if status.phase is Phase.WAITING:
        return place_in_queue(job)
    if status.phase is Phase.PAUSED and not stopping:
        minutes = round(PAUSE_SECONDS / 60)
        return f"Paused at step {status.step} of {steps}; after {minutes} minutes it is stopped, and can still go on"
    if status.phase is not Phase.RUNNING:
        return f"{status.phase.value} …"
    drift = _drift(status)
    back = ", brought back by the end" if drift is not None and abs(drift) > MAX_DRIFT else ""
    parts = [f"Step {status.step} of {steps}", *_pace(status), f"largest drift {percentage(drift)}{back}"]
    return ("Stopping … " if stopping else "") + " · ".join(parts)


def _pace(status: Status) -> list[str]:
    if status.speed is None or status.seconds_left is None:
        return []
    return [f"{status.speed:.1f} steps a second", f"{duration(status.seconds_left)} left"]


def _drift(status: Status) -> float | None:
    known = [value for value in status.trace.drift[-1] if value is not None] if status.trace.drift else []
    return max(known, key=abs, default=None)


def _show_over(queue: JobQueue, job: Job, setup: FormState) -> None:
    """After a run: what it found, or why it ended."""
    request = job.order.request
    run = _record(job.root, job.status.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(contest_title(request.first, request.second), width="stretch")
        _again_buttons(queue, setup, request, run)
        if job.status.phase in RESUMABLE:
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
    _say_refused(queue, job)
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


def _show_record(queue: JobQueue, run_id: str, setup: FormState) -> None:
    """A record that the URL names."""
    run = _record(queue.root, run_id)
    if run is None:
        st.info("There is no such record (any more).")
        _show_invitation(queue, setup)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        rivals = contest_title(run.images[0].optimized, run.images[0].fixed)
        st.title(rivals, width="stretch")
        _again_buttons(queue, setup, _request_of(run), run)
        if is_resumable(queue.root / run_id) and st.button("Go on", key="resume", help="Goes on from its checkpoint."):
            st.query_params.from_dict({"job": queue.resume_run(run_id, visitor())})
            st.rerun()
    show_run(run, None)


def _again_buttons(queue: JobQueue, setup: FormState, request: Request | None, run: Run | None) -> None:
    """Start another run: the same, or with changes; and the way back to the settings of this one."""
    now = setup.choices.request(setup.picture.image) if setup.problem is None else None
    same = bool(now and request and asks_for_same(now, request, run))
    _start_button(queue, setup, "Run again" if same else "Run with changes")
    if run and request and not same:
        asked, lacking = request_for_page(run)
        gone = f" What an address cannot carry is left out: {', '.join(lacking)}." if lacking else ""
        st.button(
            "Its settings",
            key="adopt",
            on_click=choose,
            args=(form_of(asked),),
            help=f"Sets the sidebar, which differs from this run, to what this run was asked for.{gone}",
        )


def _request_of(run: Run) -> Request | None:
    try:
        return request_of(run)
    except RecordError:
        return None


def _say_refused(queue: JobQueue, job: Job) -> None:
    """That a run is not where it should be kept, and what to do."""
    if job.status.refused:
        st.warning(
            f"{sentence(job.status.refused)} The folder of the runs, "
            f"{plain(str(queue.root))}, is full or cannot be written to, so this run is kept only until the program "
            "ends: take its record away when it is over."
        )


def _record(root: Path, run_id: str | None) -> Run | None:
    """The record of that id; None if there is none, said in a sentence if it cannot be read."""
    if run_id is None:
        return None
    try:
        return load_run(find_run(root, run_id))
    except RecordError as error:
        st.error(f"The record cannot be shown: {error}.")
        return None
