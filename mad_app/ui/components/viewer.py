"""The viewer of a finished competition as a component of a page; `figures.web_page.viewer_data` says what it shows."""

from typing import Any

import streamlit as st

from mad_app.figures.web_page.pictures import LIVE, Fidelity
from mad_app.figures.web_page.viewer_data import VIEWER_CSS, VIEWER_HTML, VIEWER_JS, viewer_data
from mad_app.records import Run, readable_maps
from mad_app.records.storage import stamps_in
from mad_app.ui.components.html import sentence

_component = st.components.v2.component("mad_app_viewer", html=VIEWER_HTML, css=VIEWER_CSS, js=VIEWER_JS)


def show_viewer(run: Run, key: str, *, plays: bool = False, fidelity: Fidelity = LIVE) -> None:
    """Draw the viewer of a record.

    Args:
        run: the record.
        key: of the component in the session.
        plays: whether it plays from start to end when it is shown.
        fidelity: of its pictures.
    """
    version = (str(run.folder), stamps_in(run.folder), fidelity.words)
    data, faults = _viewer_data(version, run, fidelity)
    _component(key=key, data={**data, "plays": plays})
    for fault in faults:
        st.caption(sentence(fault))


@st.cache_resource(show_spinner=False, max_entries=16)
def _viewer_data(
    version: tuple[object, ...],  # noqa: ARG001
    _run: Run,
    _fidelity: Fidelity,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The data of this version of a record, and what is damaged in it; one copy for all visitors."""
    maps, faults = readable_maps(_run.folder) if _run.folder else (None, ())
    return viewer_data(_run, maps, _fidelity), (*_run.faults, *faults)
