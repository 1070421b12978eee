"""What pages show while there are no runs yet."""

import streamlit as st

from mad_app.ui.navigation import open_page
from mad_app.ui.session import key


def show_no_runs(page: str) -> None:
    """Say what to do where there are no runs yet, on the page of that path."""
    with st.container(border=True):
        st.markdown("**No runs yet.** Every competition that you start is kept here, with all its images and numbers.")
        with st.container(horizontal=True):
            if st.button(
                "Start a competition",
                key=key(page, "first-run"),
                type="primary",
                icon=":material/play_arrow:",
                help="Opens the page Compete.",
            ):
                open_page("compete", {})
        st.caption("Or import the ZIP file of a run that someone sent you.")
