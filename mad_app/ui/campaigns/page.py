"""The page of campaigns: those that the folder of the runs knows, a new one, and one opened."""

import functools
from pathlib import Path

import streamlit as st

from mad_app.campaigns.overview import Stage
from mad_app.campaigns.status import Known, find_campaign, known_campaigns
from mad_app.images import assets_folder
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.ui.address import came_back, pass_by
from mad_app.ui.campaigns.add import open_campaign, show_new
from mad_app.ui.campaigns.campaign import show_campaign
from mad_app.ui.campaigns.drawing import progress_html
from mad_app.ui.components.collection import date_of
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.html import element, plain, show_html
from mad_app.ui.session import PageState, entered_from

STATE = PageState("campaigns")
OWN_PARAMETERS = {"campaign", "key"}
"""Of its address; others belong to a page that was opened from here."""

MOST_LISTED = 50
POLL_SECONDS = 3.0
SHIPPED = assets_folder("tournament")
TOURNAMENT = (
    "Every metric against every other, 200 steps from white noise of standard deviation 0.1, at 64 pixels; against "
    "NLPD at 96 and against MS-SSIM at 176, as these need larger pictures."
)
TOURNAMENT_TEXT = "A matrix of seventeen metrics against each other; the page to download has its values as text."
NOT_HERE = "No such campaign in this folder of runs."
WHAT = (
    "One competition shows one failure of a metric. A campaign runs many: pictures × metrics × distortions × levels × "
    "seeds, as long as it takes, and shows them in one matrix."
)


@whole_page("campaigns")
def campaigns_page() -> None:
    """Draw the page for this visitor."""
    if came_back() and not OWN_PARAMETERS.issuperset(st.query_params):
        pass_by(back=entered_from() is not None)
    root, asked = runs_root(), st.query_params.get("campaign")
    known = find_campaign(root, asked) if asked else None
    if known:
        show_campaign(root, known)
        return
    st.title("Campaigns")
    if asked:
        st.info(NOT_HERE)
    found = known_campaigns(root)
    if not found:
        st.markdown(WHAT)
    show_new(root, opened=not found)
    if found:
        st.fragment(_draw, run_every=POLL_SECONDS if any(one.running for one in found) else None)(root)
    st.caption("Campaigns of the command line, `python -m mad_app campaign FILE`, are listed here, too.")
    _show_shipped()


def _show_shipped() -> None:
    """Draw the tournament that comes with the program."""
    with st.expander("Which metric fails most? A tournament that comes with the program", icon=":material/grid_on:"):
        show_html(element("p", element("img", src=_shipped_figure(), alt=TOURNAMENT_TEXT, style="width:100%")))
        st.caption(TOURNAMENT)
        page = SHIPPED / "tournament.html"
        holds = "the matrix, whose cells open their most separated pairs"
        web_page_button(page.read_bytes, page.name, STATE.key("tournament"), holds=holds)


@functools.cache
def _shipped_figure() -> str:
    """Its matrix as a data URI, read once."""
    return Picture.read(SHIPPED / "tournament.png").uri()


def _draw(root: Path) -> None:
    """The list."""
    for known in known_campaigns(root)[:MOST_LISTED]:
        with contained("this campaign"):
            _show_card(known)


def _show_card(known: Known) -> None:
    status = known.status
    waiting = status.runs - status.done - status.failed
    with st.container(border=True, key=STATE.key(f"card-{known.id}")):
        with st.container(horizontal=True, vertical_alignment="center"):
            state = (
                "running"
                if known.running
                else "complete"
                if status.done == status.runs
                else "stopped"
                if waiting
                else "ended"
            )
            when = date_of(status.created, st.context.timezone)
            st.markdown(f"**{plain(status.name)}** · {status.runs} runs, {state} · {when}", width="stretch")
            if st.button("Open", key=STATE.key(f"open-{known.id}"), help="Shows its matrix and its runs."):
                open_campaign(known.id)
        counts = {Stage.DONE: status.done, Stage.FAILED: status.failed, Stage.WAITING: waiting}
        show_html(progress_html(counts))
