"""What belongs to a visit: the visitor's name and rights, the server's queue, values that carry their page's name.

The visitor's name is random, and the browser keeps it in a cookie: by it, visitors find their own runs again, and may
change them. The person who started the server may change all runs.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import streamlit as st

from mad_app.jobs.capacity import runs_at_once
from mad_app.jobs.folder import Job
from mad_app.jobs.owners import belongs_to
from mad_app.jobs.paths import runs_root
from mad_app.jobs.pool import WorkerPool
from mad_app.jobs.process import Answer, WorkerProcess, is_prepared_for
from mad_app.jobs.queue import JobQueue
from mad_app.jobs.rights import is_key, is_open_to_all, is_own_machine

COOKIE, KEY_COOKIE = "mad_app_visitor", "mad_app_key"
NOT_YOURS = "Only who made this run, or who started the server, can do this."
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


def server_queue() -> JobQueue:
    """The server's queue."""
    return queue_of(str(runs_root()))


@st.cache_resource(show_spinner=False)
def queue_of(root: str) -> JobQueue:
    """The server's queue for a folder of runs."""
    return JobQueue(Path(root), workers().start, at_once=runs_at_once())


@st.cache_resource(show_spinner=False)
def workers() -> WorkerPool:
    """The server's worker processes, of which one is started now and prepares itself."""
    pool = WorkerPool(runs_at_once(), launch=lambda: WorkerProcess(prepares=is_prepared_for()))
    pool.warm_up()
    return pool


def ask_worker(request: Mapping[str, Any]) -> Future[Answer] | None:
    """Ask a worker process that runs no job for something (`jobs.serve`); None where each runs one."""
    return workers().ask(request)


def visitor() -> str:
    """The visitor's name, the same as long as the session lasts."""
    state = PageState("session")
    if "visitor" not in state:
        known = kept_name()
        state["visitor"] = known if _NAME.fullmatch(known) else secrets.token_hex(16)
    name: str = state["visitor"]
    return name


def may_change(run_id: str) -> bool:
    """Whether the visitor may rename, delete, restore and continue a run, of which this is the id."""
    return is_host() or belongs_to(runs_root(), run_id, visitor())


def may_control(job: Job) -> bool:
    """Whether the visitor may pause, stop and continue a job."""
    return job.spec.visitor == visitor() or (may_change(job.status.run) if job.status.run else is_host())


def is_host() -> bool:
    """Whether the visitor may change everything."""
    return (
        is_open_to_all()
        or bool(PageState("session").get("host"))
        or is_key(kept(KEY_COOKIE))
        or is_own_machine(st.context.ip_address, st.context.headers)
    )


def take_key(text: str) -> None:
    """Let the visitor change everything from now on, if this is the key that was printed at the start."""
    if is_key(text):
        PageState("session")["host"] = True
        _keep(KEY_COOKIE, text)


def keep_name() -> None:
    """Ask a browser that keeps no name yet to keep the visitor's."""
    name = visitor()
    if kept_name() != name:
        _keep(COOKIE, name)


def kept_name() -> str:
    """The visitor's name that the browser kept when this session began, empty if none."""
    return kept(COOKIE)


def kept(cookie: str) -> str:
    """What the browser kept when this session began, empty if nothing."""
    value = st.context.cookies.get(cookie, "")
    return value if isinstance(value, str) else ""


def entered_from() -> str | None:
    """The path of the page from which the visitor came to the current one just now, None if it was shown before."""
    came: str | None = PageState("session").get("from")
    return came


def note_page(path: str) -> None:
    """Keep which page is shown."""
    state = PageState("session")
    before = state.get("page")
    state["from"] = before if before not in (None, path) else None
    state["page"] = path
    if state["from"]:
        state.pop("clicked", None)


def note_click(key: str, about: str | None) -> None:
    """Keep the click on a button, by its key and what it was drawn for, until it is taken or the page is left."""
    PageState("session")["clicked"] = (key, about)


def take_click(key: str) -> tuple[str, str | None] | None:
    """The click that is kept, if it is on this button; it is then kept no longer."""
    state = PageState("session")
    clicked: tuple[str, str | None] | None = state.get("clicked")
    return state.pop("clicked") if clicked and clicked[0] == key else None


def _keep(cookie: str, text: str) -> None:
    kept = f"{cookie}={text}; path=/; max-age={YEAR_SECONDS}; samesite=lax"
    st.html(f"<script>document.cookie = '{kept}'</script>", unsafe_allow_javascript=True)
