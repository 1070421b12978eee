"""What belongs to a visit: the visitor's name, the server's queue, and values that carry the name of their page.

The visitor's name is random, and the browser keeps it in a cookie: by it, visitors find their own runs again.
"""

import re
import secrets
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import streamlit as st

from mad_app.jobs.capacity import runs_at_once
from mad_app.jobs.paths import runs_root
from mad_app.jobs.process import start_worker
from mad_app.jobs.queue import JobQueue

COOKIE = "mad_app_visitor"
YEAR_SECONDS = 365 * 24 * 3600
_NAME = re.compile(r"[0-9a-f]{32}")


def key(page: str, name: str) -> str:
    """The key of a value in the session, or of a widget, which no other page can have.

    Example:
        >>> key("compete", "size")
        'compete-size'
    """
    return f"{page}-{name}"


class PageState(MutableMapping[str, Any]):
    """The session's values of one page.

    Args:
        page: its path.

    Example:
        >>> PageState("compete").key("size")
        'compete-size'
    """

    def __init__(self, page: str) -> None:
        self.page = page

    def key(self, name: str) -> str:
        """The key of a widget, whose value is `self[name]`."""
        return key(self.page, name)

    def __getitem__(self, name: str) -> Any:
        return st.session_state[self.key(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        st.session_state[self.key(name)] = value

    def __delitem__(self, name: str) -> None:
        del st.session_state[self.key(name)]

    def __iter__(self) -> Iterator[str]:
        prefix = self.key("")
        return (str(name).removeprefix(prefix) for name in st.session_state if str(name).startswith(prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return self.key(str(name)) in st.session_state


def queue() -> JobQueue:
    """The server's queue."""
    return queue_of(str(runs_root()))


@st.cache_resource(show_spinner=False)
def queue_of(root: str) -> JobQueue:
    """The server's queue for a folder of runs."""
    return JobQueue(Path(root), at_once=runs_at_once(), start=start_worker)


def visitor() -> str:
    """The visitor's name, the same as long as the session lasts."""
    state = PageState("session")
    if "visitor" not in state:
        kept = kept_name()
        state["visitor"] = kept if _NAME.fullmatch(kept) else secrets.token_hex(16)
    name: str = state["visitor"]
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
