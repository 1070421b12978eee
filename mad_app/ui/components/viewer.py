"""The viewer of a finished competition as a component of a page; `figures.web_page.viewer_data` says what it shows."""

from typing import Any

import streamlit as st

from mad_app.figures.web_page.viewer_data import VIEWER_CSS, VIEWER_HTML, VIEWER_JS, viewer_data
from mad_app.records import RecordError, Run, load_maps
from mad_app.records.storage import stamps_in

_component = st.components.v2.component("mad_app_viewer", html=VIEWER_HTML, css=VIEWER_CSS, js=VIEWER_JS)


def show_viewer(run: Run, key: str, *, plays: bool = False) -> None:
    """Draw the viewer of a record.

    Args:
        run: the record.
        key: of the component in the session.
        plays: whether it plays from start to end when it is shown.
    """
    version = (str(run.folder), stamps_in(run.folder))
    _component(key=key, data={**_viewer_data(version, run), "plays": plays})


@st.cache_resource(show_spinner=False, max_entries=16)
def _viewer_data(version: tuple[object, ...], _run: Run) -> dict[str, Any]:  # noqa: ARG001
    """The data of this version of a record, one copy for all visitors; maps that cannot be read are left out."""
    try:
        return viewer_data(_run, load_maps(_run.folder) if _run.folder else None)
    except RecordError:
        return viewer_data(_run, None)
