"""Who visits: a name by chance, kept by the browser in a cookie, by which all find their own runs again."""

import re
import secrets

import streamlit as st

COOKIE = "mad_app_visitor"
YEAR_SECONDS = 365 * 24 * 3600
_NAME = re.compile(r"[0-9a-f]{32}")


def visitor() -> str:
    """The visitor's name, the same as long as the session lasts."""
    state = st.session_state
    if "visitor" not in state:
        kept = kept_name()
        state.visitor = kept if _NAME.fullmatch(kept) else secrets.token_hex(16)
    name: str = state.visitor
    return name


def keep_name() -> None:
    """Ask a browser that keeps no name yet to keep the visitor's."""
    name = visitor()
    if kept_name() != name:
        cookie = f"{COOKIE}={name}; path=/; max-age={YEAR_SECONDS}; samesite=lax"
        st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


def kept_name() -> str:
    """What the browser kept when this session began, empty if nothing."""
    return st.context.cookies.get(COOKIE, "")
