"""The page on which two metrics compete: the controls, then an example, the run in progress, or its result."""

from pathlib import Path

import streamlit as st

from mad_app.figures import contest_title
from mad_app.images.encode import Picture
from mad_app.jobs.folder import Job, JobSpec, Phase
from mad_app.jobs.queue import JobQueue, NoSuchJob
from mad_app.records import RecordError, Run, find_run, is_resumable, load_run, load_summary
from mad_app.runs import Request, request_of
from mad_app.runs.reproduce import asks_for_same
from mad_app.ui.compete.controls import STATE, adopt, show_controls
from mad_app.ui.compete.example import example_four_up
from mad_app.ui.compete.live import show_live
from mad_app.ui.compete.my_runs import RESUMABLE, continue_label, show_my_runs
from mad_app.ui.compete.results import show_commands, show_run
from mad_app.ui.components.form import Form, labels, plan, request_of_record, to_query
from mad_app.ui.components.four_up import four_up_html
from mad_app.ui.components.html import element, load_styles, plain, sentence, show_html
from mad_app.ui.components.picture_picker import chosen_style, picker_style
from mad_app.ui.session import keep_name, queue, visitor

HINT = "Picture, metrics and distortion, and the other pages, are behind » at the top left."
"""Shown where the sidebar is folded away, on narrow screens."""

NO_RUN = "No such run (it may have been deleted)."


def compete_page() -> None:
    """Draw the page for this visitor."""
    jobs = queue()
    job, run_id = _job_of_address(jobs), st.query_params.get("run")
    _adopt_opened(jobs, job, run_id)
    with st.sidebar:
        form = show_controls()
    load_styles(picker_style(STATE.page), chosen_style(STATE))
    if form.chosen is not None:
        st.query_params.from_dict(_shown(job, run_id) | to_query(form.chosen))
    if job and not job.status.phase.over:
        show_live(jobs, job)
    elif job:
        _show_ended(jobs, job, form)
    elif run_id:
        _show_record(jobs, run_id, form)
    else:
        _show_invitation(jobs, form)
    if job or run_id:
        show_my_runs(jobs, visitor(), without=job.id if job else None)
    keep_name()


def _adopt_opened(jobs: JobQueue, job: Job | None, run_id: str | None) -> None:
    """When a run is opened, the controls take its settings, so that they do not describe another one."""
    opened = job.id if job else run_id
    if opened is None or STATE.get("adopted") == opened:
        return
    STATE["adopted"] = opened
    try:
        record = find_run(jobs.root, str(job.status.run if job else run_id))
        adopt(request_of_record(load_summary(record))[0])
    except RecordError:  # a job that has no record yet was started with the settings of its address
        return


def _job_of_address(jobs: JobQueue) -> Job | None:
    """The job that the address names, if there is one."""
    job_id = st.query_params.get("job")
    if job_id is None:
        return None
    try:
        return jobs.look(job_id)
    except NoSuchJob:
        st.info(f"{NO_RUN} If it was saved, it is in the gallery.")
        return None


def _shown(job: Job | None, run_id: str | None) -> dict[str, str]:
    return {"job": job.id} if job else {"run": run_id} if run_id else {}


def _show_invitation(jobs: JobQueue, form: Form) -> None:
    """Before a run: what will happen, and a finished example."""
    st.title("Let two metrics compete")
    if form.chosen is not None:
        st.markdown(plan(form.chosen, form.picture.title, form.files))
    _start_button(jobs, form, "Start the competition")
    show_html(element("p", HINT, class_="mad-hint"))
    show_my_runs(jobs, visitor())
    st.subheader("A finished example")
    show_html(four_up_html(example_four_up()))
    if form.request is not None:
        with st.expander("Copy as command or Python", icon=":material/terminal:"):
            show_commands(form.request)


def _start_button(jobs: JobQueue, form: Form, label: str) -> None:
    request = form.request
    clicked = st.button(
        label,
        key=STATE.key("start"),
        type="primary",
        icon=":material/play_arrow:",
        disabled=request is None,
        help=form.problem or "Runs in the background with the settings of the sidebar; you can stop at any time.",
    )
    if clicked and request is not None:
        try:
            job_id = jobs.submit(JobSpec(request=request, visitor=visitor()), form.picture.reference)
        except ValueError as error:
            st.error(f"Could not start: {plain(str(error))}.")
            return
        st.query_params["job"] = STATE["adopted"] = job_id
        st.rerun()


def _show_ended(jobs: JobQueue, job: Job, form: Form) -> None:
    """After a run: its result, or why it ended."""
    request = job.spec.request
    run = _record(jobs.root, job.status.run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(contest_title(request.first, request.second), width="stretch")
        _repeat_buttons(jobs, form, request, run)
        if job.status.phase in RESUMABLE:
            st.button(
                continue_label(job.status.step),
                key=STATE.key("resume"),
                icon=":material/resume:",
                on_click=jobs.resume,
                args=(job.id,),
                help="Continues this run where it ended.",
            )
    if job.status.phase is not Phase.DONE:
        _say_why(job)
    if run:
        sheet = job.folder.picture("sheet.png")
        show_run(run, Picture("image/png", sheet) if sheet else None)


def _say_why(job: Job) -> None:
    status, steps = job.status, job.spec.request.steps
    at = f" at step {status.step} of {steps}" if status.step else ""
    if status.phase is Phase.FAILED:
        what = f"Ended{at}" if status.step else "Could not start"
        st.error(f"{what}: {plain(status.message or 'for an unknown reason')}.")
    elif status.phase is Phase.DIED:
        st.warning(plain(f"{status.message} You can continue it."))
    else:
        st.info(f"{status.phase.value}{at}.")


def _show_record(jobs: JobQueue, run_id: str, form: Form) -> None:
    """A record that the address names."""
    run = _record(jobs.root, run_id)
    if run is None:
        st.info(NO_RUN)
        _show_invitation(jobs, form)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(contest_title(run.images[0].optimized, run.images[0].fixed), width="stretch")
        _repeat_buttons(jobs, form, _request_of(run), run)
        step = int(run.history.step[-1])
        if is_resumable(jobs.root / run_id) and st.button(
            continue_label(step), key=STATE.key("resume"), help="Continues from its checkpoint."
        ):
            _resume_record(jobs, run_id)
    show_run(run, None)


def _resume_record(jobs: JobQueue, run_id: str) -> None:
    try:
        st.query_params.from_dict({"job": jobs.resume_run(run_id, visitor())})
    except ValueError as error:
        st.error(f"Could not continue: {plain(str(error))}.")
        return
    st.rerun()


def _repeat_buttons(jobs: JobQueue, form: Form, request: Request | None, run: Run | None) -> None:
    """Start another run, the same or with new settings; and restore the settings of this one."""
    same = bool(form.request and request and asks_for_same(form.request, request, run))
    _start_button(jobs, form, "Repeat this run" if same else "Run with new settings")
    if run and request and not same:
        restored, lacking = request_of_record(run)
        left_out = f" Left out, because the page cannot restore it: {labels(lacking)}." if lacking else ""
        st.button(
            "Restore this run's settings",
            key=STATE.key("adopt"),
            on_click=adopt,
            args=(restored,),
            help=f"Sets the sidebar, which differs from this run, to what this run was asked for.{left_out}",
        )


def _request_of(run: Run) -> Request | None:
    try:
        return request_of(run)
    except RecordError:
        return None


def _record(root: Path, run_id: str | None) -> Run | None:
    """The record of that id; None if there is none; one that cannot be read is reported."""
    if run_id is None:
        return None
    try:
        folder = find_run(root, run_id)
    except RecordError:
        return None
    try:
        return load_run(folder)
    except RecordError as error:
        st.error(sentence(f"the record cannot be shown: {error}"))
        return None
