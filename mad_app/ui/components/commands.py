"""What makes the same without the page, to be copied: a command and lines of Python."""

from collections.abc import Callable

import streamlit as st

from mad_app.ui.components.html import displayable
from mad_app.ui.session import PageState

COPY = "Copy as command or Python"


def show_commands(command: str, python: str) -> None:
    """Draw both."""
    st.code(displayable(command), "shell", wrap_lines=True)
    st.code(displayable(python), "python", wrap_lines=True)


def show_folded_commands(state: PageState, make: Callable[[], tuple[str, str]]) -> None:
    """Draw both once they are unfolded: a browser's program for colored code is large.

    Args:
        state: of the page.
        make: the command, and the Python.
    """
    folded = st.expander(COPY, icon=":material/terminal:", key=state.key("commands"), on_change="rerun")
    if folded.open:
        with folded:
            show_commands(*make())
