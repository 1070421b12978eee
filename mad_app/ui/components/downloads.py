"""Buttons that give a file away, which is made when it is asked for."""

from collections.abc import Callable

import streamlit as st


def web_page_button(
    make: Callable[[], bytes], name: str, key: str, *, of: str = "", holds: str, disabled: bool = False
) -> None:
    """The button for one HTML file that works without a network.

    Args:
        make: its content.
        name: of the file.
        key: of the button.
        of: what it is a page of, where the page shows several such things: "all".
        holds: what it has in it, after "One file with".
        disabled: whether it cannot be clicked yet.
    """
    st.download_button(
        " ".join(filter(None, ["Download", of, "as web page"])),
        make,
        name,
        "text/html",
        key=key,
        on_click="ignore",
        disabled=disabled,
        icon=":material/captive_portal:",
        help=f"One file with {holds}. It works without a network.",
    )
