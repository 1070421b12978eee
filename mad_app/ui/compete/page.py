"""The page on which two metrics compete: the controls, then an example, the run in progress, or its result."""

import time
from functools import partial

import streamlit as st

from mad_app.jobs.folder import JobSpec
from mad_app.jobs.queue import JobQueue
from mad_app.records import RecordError, load_summary
from mad_app.request import Request, with_todays_names
from mad_app.runs import request_of
from mad_app.runs.reproduce import asks_for_same, to_query
from mad_app.ui.address import came_back, correct_address, current_address, write_address
from mad_app.ui.compete.controls import STATE, follow_address, show_controls, show_ignored
from mad_app.ui.compete.ended import show_ended
from mad_app.ui.compete.live import show_live
from mad_app.ui.compete.my_runs import show_my_runs
from mad_app.ui.compete.opened import Opened, open_address
from mad_app.ui.compete.results import commands_of
from mad_app.ui.compete.shelf import show_example, show_introduction, show_shelf
from mad_app.ui.compete.start_values import show_start_values
from mad_app.ui.components.commands import show_folded_commands
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.expected_time import expected_time
from mad_app.ui.components.explanation import how_it_works_html
from mad_app.ui.components.form import Form, first_request, plan, request_of_record
from mad_app.ui.components.html import element, sentence, show_html, unbroken
from mad_app.ui.components.kept_click import kept_button
from mad_app.ui.components.limits import limit_of
from mad_app.ui.first_paint import HEADING
from mad_app.ui.session import entered_from, server_queue, visitor

HINT = "Picture, metrics and distortion are behind » at the top left."
"""Shown where the sidebar is folded away, on narrow screens."""

HEAD_START_SECONDS = 0.15
"""How long the heading of a new visit is all that the browser has got: else it shows it when it has drawn the rest."""

OTHER_SETTINGS = (
    "The run in progress keeps the settings that it was started with. Those on the left are for another run."
)


@whole_page("compete")
def compete_page() -> None:
    """Draw the page for this visitor."""
    queue = server_queue()
    _lead_to_started()
    opened = open_address(queue)
    follow_address(opened.id, opened.job.id if opened.job else None, _adoptable(opened))
    if opened.job is None and opened.folder is None:
        _show_heading()  # before the controls, which take longer
    with st.sidebar:
        form, below_start = show_controls()
    request = _request_of(opened)
    same = bool(form.request and request and _is_same(form.request, request, opened))
    with st.sidebar:  # at whose end nothing else is moved, which would be drawn twice for a moment
        _keep_address(opened, form, same)
    if opened.problem:
        st.info(opened.problem)
    show_ignored(form.chosen)
    if opened.job is None and opened.folder is None:
        _show_invitation(queue, form)
        show_start_values(form, below_start)
        return
    body, below = st.container(), st.container()
    with below:
        show_my_runs(queue, visitor(), without=opened.job.id if opened.job else None)
    if not opened.in_progress:
        show_start_values(form, below_start)
    with body, contained("this run"):
        _show_opened(queue, opened, form, same)


def _lead_to_started() -> None:
    """Let the address name the run that was started; here, since a drawing may be broken off where it is written."""
    if "started" in STATE:
        st.query_params.from_dict(STATE["started"])
        del STATE["started"]


def _show_heading() -> None:
    st.title(HEADING)
    if "greeted" not in STATE:
        STATE["greeted"] = True
        time.sleep(HEAD_START_SECONDS)


def _show_opened(queue: JobQueue, opened: Opened, form: Form, same: bool) -> None:
    if opened.job and opened.in_progress:
        show_live(queue, opened.job)
        if form.request and not same:
            st.info(OTHER_SETTINGS)
            _start_button(queue, form, "Run with new settings", opened.id)
    else:
        label = "Repeat this run" if same else "Run with new settings"
        show_ended(queue, opened, same, lambda: _start_button(queue, form, label, opened.id))


def _keep_address(opened: Opened, form: Form, same: bool) -> None:
    """Let the address name what is opened, and the settings where they are not those of its record."""
    if form.chosen is None:
        return
    settings = {} if same and opened.folder else to_query(form.chosen)
    query = {**opened.query(), **settings}
    before = current_address()
    if opened.problem and STATE.setdefault("not-found", (before, settings)) == (before, settings):
        return  # until something is chosen, so that the sentence stays
    STATE.pop("not-found", None)
    if not query.keys() - settings.keys() and not with_todays_names(before) and form.chosen == first_request():
        settings, query = {}, {}
    unchanged = not settings or settings.items() <= before.items()
    has_record = "job" in before and opened.run_id is not None
    if unchanged and has_record and (came_back() or STATE.get("renamed") != opened.run_id):
        correct_address(query, then_read=False)  # while the run goes on, and may be paused or stopped
        STATE["renamed"] = opened.run_id
    elif (unchanged and not opened.asked) or (entered_from() and not before):
        correct_address(query)
    else:
        write_address(query)


def _adoptable(opened: Opened) -> Request | None:
    """What the controls can ask for to repeat what is opened; None while it has no record."""
    try:
        return request_of_record(load_summary(opened.folder))[0] if opened.folder else None
    except RecordError:
        return None


def _request_of(opened: Opened) -> Request | None:
    """What was asked of it."""
    if opened.job:
        return opened.job.spec.request
    try:
        return request_of(load_summary(opened.folder)) if opened.folder else None
    except RecordError:
        return None


def _is_same(asked: Request, request: Request, opened: Opened) -> bool:
    if asked == request or opened.folder is None:
        return asked == request
    try:
        return asks_for_same(asked, request, load_summary(opened.folder))
    except RecordError:
        return False


def _show_invitation(queue: JobQueue, form: Form) -> None:
    """Before a run: what will happen, and finished runs."""
    show_introduction()
    if form.chosen is not None:
        with st.container(key=STATE.key("plan")):
            st.markdown(unbroken(plan(form.chosen, form.picture, form.files)))
    _start_button(queue, form, "Start the competition")
    show_html(element("p", HINT, class_="mad-hint"))
    show_my_runs(queue, visitor())
    with contained("the example"):
        show_example(form.picture.image)
    with contained("the finished runs"):
        show_shelf()
    if form.request is not None:
        show_folded_commands(STATE, partial(commands_of, form.request))
    st.header("How it works")
    show_html(how_it_works_html())


def _start_button(queue: JobQueue, form: Form, label: str, shown: str | None = None) -> None:
    """The button, and beside it why it cannot be clicked, if so; `shown` is the id of the run beside it."""
    request, chosen = form.request, form.chosen
    clicked = kept_button(
        STATE,
        "start",
        label,
        about=shown,
        type="primary",
        icon=":material/play_arrow:",
        disabled=request is None,
        help="Runs in the background with the settings of the sidebar; you can stop at any time.",
    )
    if clicked and request is not None and chosen is not None:
        _start(queue, form, request, chosen)
    if form.problem:
        st.markdown(f":orange[{form.problem}]")


def _start(queue: JobQueue, form: Form, request: Request, chosen: Request) -> None:
    """Start a run, and draw the page anew with it; where it cannot be started, say why."""
    if limit := limit_of(queue, request):
        st.warning(limit, icon=":material/group:")
        return
    picture = form.picture
    expected = expected_time(request, picture.reference.shape)
    spec = JobSpec(request=request, visitor=visitor(), source=picture.source, notes=picture.notes, expected=expected)
    try:
        job_id = queue.submit(spec, picture.reference)
    except ValueError as error:
        st.error(sentence(f"could not start: {error}"))
        return
    STATE["adopted"], STATE["started"] = job_id, {"job": job_id, **to_query(chosen)}
    st.rerun()
