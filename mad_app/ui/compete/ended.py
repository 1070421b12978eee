"""A run that has ended, or all but its last measurements: its result, or why there is none, and what can be done."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from mad_app.figures import contest_title
from mad_app.jobs.folder import Job, Phase
from mad_app.jobs.queue import JobQueue
from mad_app.records import Label, RecordError, Run, is_resumable, load_label, load_record
from mad_app.ui.compete.controls import STATE, adopt
from mad_app.ui.compete.my_runs import RESUMABLE, continue_label
from mad_app.ui.compete.opened import Opened
from mad_app.ui.compete.results import show_run
from mad_app.ui.components.collection import series_of
from mad_app.ui.components.containment import contained
from mad_app.ui.components.deletion import IN_SERIES, show_delete_button
from mad_app.ui.components.form import labels, request_of_record
from mad_app.ui.components.html import plain, sentence, unbroken
from mad_app.ui.components.kept_click import kept_button
from mad_app.ui.components.limits import limit_of, limit_of_record
from mad_app.ui.navigation import open_page
from mad_app.ui.session import may_change, may_control, visitor

POLL_SECONDS = 0.4


def show_ended(queue: JobQueue, opened: Opened, same: bool, start_button: Callable[[], None]) -> None:
    """Draw it.

    Args:
        queue: the server's queue.
        opened: the run.
        same: whether the controls ask for the same as it.
        start_button: draws the button that starts another run.
    """
    job, run, problem = opened.job, None, None
    try:
        run = load_record(opened.folder) if opened.folder else None
    except RecordError as error:
        problem = sentence(f"the record cannot be shown: {error}")
    label = _label(opened)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(label.name or unbroken(_contest(job, run))), width="stretch")
        start_button()
        if run and not same:
            _restore_button(run)
        _continue_button(queue, opened, run)
    if opened.run_id and (series := series_of(opened.run_id)):
        _show_series(series, unfinished=is_resumable(opened.folder or Path()))
    if label.name and run:
        st.markdown(plain(_contest(job, run)))
    if label.notes:
        st.text(label.notes)
    if job and job.status.phase.has_result:
        st.fragment(_await_rest, run_every=POLL_SECONDS)(queue, job.id, job.status.phase)
    elif job and job.status.phase is not Phase.DONE:
        _show_reason(job)
    if problem:
        st.error(problem)
        _offer_deletion(queue, opened)
    if run:
        phase = job.status.phase if job else Phase.DONE
        with contained("this run", lambda: _offer_deletion(queue, opened)):
            show_run(run, complete=not phase.has_result, has_8bit=phase is not Phase.VALUES)


def _await_rest(queue: JobQueue, job_id: str, phase: Phase) -> None:
    """Say what the record still gets, and draw the page anew when it has got it."""
    if queue.look(job_id).status.phase is not phase:
        st.rerun()
    before = " Until then, the values shown are those before rounding." if phase is Phase.VALUES else ""
    st.caption(f"{phase.value} …{before}")
    st.empty()  # in the place of the images of the run in progress, which else stay above these until all is drawn


def _contest(job: Job | None, run: Run | None) -> str:
    if run:
        return contest_title(run.results[0].optimized, run.results[0].fixed)
    return contest_title(job.spec.request.first, job.spec.request.second) if job else "A run"


def _label(opened: Opened) -> Label:
    try:
        return load_label(opened.folder) if opened.folder else Label()
    except RecordError:
        return Label()


def _show_series(series: str, *, unfinished: bool) -> None:
    """That the run belongs to a series, as whose part alone it is continued and deleted, and the way there."""
    with st.container(horizontal=True, vertical_alignment="center"):
        command = f" Its series is continued on the command line: `python -m mad_app resume runs/{plain(series)}`."
        st.caption(f"{IN_SERIES}{command if unfinished else ''}", width="stretch")
        if st.button("Open its series", key=STATE.key("series"), icon=":material/stacks:"):
            open_page("gallery", {"series": series})


def _offer_deletion(queue: JobQueue, opened: Opened) -> None:
    if opened.run_id and "/" not in opened.run_id and may_change(opened.run_id):
        show_delete_button(queue, opened.run_id, STATE.key("delete"))


def _restore_button(run: Run) -> None:
    """Set the controls to the settings of a run."""
    request, lacking = request_of_record(run)
    left_out = f" Left out, because the page cannot restore it: {labels(lacking)}." if lacking else ""
    st.button(
        "Restore this run's settings",
        key=STATE.key("adopt"),
        on_click=adopt,
        args=(request,),
        help=f"Sets the sidebar, which differs from this run, to what this run was asked for.{left_out}",
    )


def _continue_button(queue: JobQueue, opened: Opened, run: Run | None) -> None:
    """Continue a run from its checkpoint, for who may."""
    job = opened.job
    if (opened.run_id and "/" in opened.run_id) or (job and job.status.phase.has_result):
        return  # a series is continued as a whole
    if job and job.status.phase in RESUMABLE and may_control(job):
        if kept_button(
            STATE,
            "continue",
            continue_label(job.status.step),
            about=opened.id,
            icon=":material/resume:",
            help="Continues this run where it ended.",
        ):
            _resume_job(queue, job)
    elif run and opened.run_id and opened.folder and is_resumable(opened.folder) and may_change(opened.run_id):
        label, looks = continue_label(int(run.history.step[-1])), {"help": "Continues from its checkpoint."}
        if kept_button(STATE, "continue", label, about=opened.id, **looks):
            _resume_record(queue, opened.run_id, run)


def _resume_job(queue: JobQueue, job: Job) -> None:
    if limit := limit_of(queue, job.spec.request):
        st.warning(limit, icon=":material/group:")
        return
    queue.resume(job.id)
    st.rerun()


def _resume_record(queue: JobQueue, run_id: str, run: Run) -> None:
    if limit := limit_of_record(queue, run):
        st.warning(limit, icon=":material/group:")
        return
    try:
        job_id = queue.resume_run(run_id, visitor())
    except ValueError as error:
        st.error(sentence(f"could not continue: {error}"))
        return
    STATE["adopted"] = job_id
    st.rerun()


def _show_reason(job: Job) -> None:
    status, steps = job.status, job.spec.request.steps
    at = f" at step {status.step} of {steps}" if status.step else ""
    if status.phase is Phase.FAILED:
        what = f"ended{at}" if status.step else "could not start"
        st.error(sentence(f"{what}: {status.message or 'for an unknown reason'}"))
    elif status.phase is Phase.DIED:
        st.warning(plain(f"{status.message} You can continue it."))
    else:
        st.info(f"{status.phase.value}{at}.")
