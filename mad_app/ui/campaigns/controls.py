"""The buttons that start and stop a campaign, for whoever started the server."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from mad_app.campaigns.outcomes import FOLDER
from mad_app.campaigns.overview import Stage
from mad_app.campaigns.status import Known, ask_to_stop
from mad_app.jobs.campaigns import CampaignProcesses
from mad_app.metrics.threads import available_cores
from mad_app.records import RecordError
from mad_app.records.lock import is_locked
from mad_app.ui.components.html import sentence
from mad_app.ui.session import PageState, is_host

STATE = PageState("campaigns")
NOT_YOURS = "Only who started the server can do this."
ANOTHER = "Another campaign runs in this folder: wait for it, or stop it."


@st.cache_resource(show_spinner=False)
def processes() -> CampaignProcesses:
    """The campaigns that this server runs."""
    return CampaignProcesses()


def show_controls(root: Path, known: Known, counts: Mapping[Stage, int], *, live: bool, begun: bool) -> None:
    """Draw the buttons; what went wrong with the last click is said above them.

    Args:
        root: the folder of the runs.
        known: the campaign.
        counts: how many of its runs are at each stage.
        live: whether it runs.
        begun: whether any run has been begun.
    """
    if problem := STATE.pop("problem", ""):
        st.error(problem)
    allowed, done, failed = is_host(), counts.get(Stage.DONE, 0), counts.get(Stage.FAILED, 0)
    other = not live and is_locked(root / FOLDER)
    why = NOT_YOURS if not allowed else ANOTHER if other else ""
    with st.container(horizontal=True, vertical_alignment="bottom", key=STATE.key("controls")):
        if live:
            st.button(
                "Stopping …" if known.stopping else "Stop",
                key=STATE.key("stop"),
                icon=":material/stop:",
                disabled=not allowed or known.stopping or not known.running,
                on_click=_stop,
                args=(known,),
                help=why or "The runs at work stop after their step; Continue goes on from there.",
            )
            return
        if counts.get(Stage.WAITING) or counts.get(Stage.RUNNING):
            st.button(
                "Continue" if begun else "Start",
                key=STATE.key("start"),
                type="primary",
                icon=":material/play_arrow:",
                disabled=bool(why),
                on_click=_start,
                args=(root, known, False),
                help=why or "Runs what is not done yet. It ends with the server, and can be continued.",
            )
        if failed:
            st.button(
                "Retry failed",
                key=STATE.key("retry"),
                icon=":material/refresh:",
                disabled=bool(why),
                on_click=_start,
                args=(root, known, True),
                help=why or "Tries the runs again that failed, too.",
            )
        if done < known.status.runs and allowed:
            cores = available_cores()
            st.number_input("Workers", 1, max(cores, 1), cores, key=STATE.key("workers"), width=110)


def _start(root: Path, known: Known, retry_failed: bool) -> None:
    if not is_host():
        return
    try:
        processes().start(root, known, workers=int(STATE.get("workers", 1)), retry_failed=retry_failed)
    except (RecordError, OSError) as error:
        STATE["problem"] = sentence(str(error))


def _stop(known: Known) -> None:
    if not is_host():
        return
    try:
        ask_to_stop(known)
    except RecordError as error:
        STATE["problem"] = sentence(str(error))
