"""What a worker process that runs no job is asked for: asked once, and drawn when it answers."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import streamlit as st

from mad_app.jobs.process import Answer
from mad_app.ui.components.patience import wait_until
from mad_app.ui.session import PageState, ask_worker

QUIET_SECONDS = 0.2
"""How long the page waits for an answer before it says that it waits; most take less."""

PATIENCE_SECONDS = 1.5
"""How long it waits for an answer that it can draw in its place; one that comes later draws the whole page anew."""

POLL_SECONDS = 0.25
STATE = PageState("compete")


def ask_once(name: str, about: object, request: Callable[[], Mapping[str, Any]]) -> Future[Answer] | None:
    """What a worker answers or will answer; None where each runs a job.

    Args:
        name: of the value of the session that keeps the answer.
        about: what the answer depends on; as long as it stays equal nothing is asked again, and once it does not,
            what was asked before is given up.
        request: makes the request.
    """
    known: tuple[object, Future[Answer]] | None = STATE.get(name)
    if known and known[0] == about and not _is_without(known[1]):
        return known[1]
    if known:
        known[1].cancel()  # unless it is being computed
    answer = ask_worker(request())
    if answer is not None:
        STATE[name] = (about, answer)
    return answer


def when_answered(answer: Future[Answer], waiting: str) -> Answer | None:
    """The answer; until there is one, `waiting` is drawn in its place, and None if the worker ended without."""
    place = st.empty()
    if not wait_until(answer.done, QUIET_SECONDS):
        place.caption(waiting)
    if not wait_until(answer.done, PATIENCE_SECONDS):
        place.empty()
        st.fragment(_await, run_every=POLL_SECONDS)(answer, waiting)
        return None
    place.empty()
    return None if _is_without(answer) else answer.result()


def _await(answer: Future[Answer], waiting: str) -> None:
    """Draw the page anew once there is an answer."""
    if answer.done():
        st.rerun()
    st.caption(waiting)


def _is_without(answer: Future[Answer]) -> bool:
    """Whether there will be no answer: it was given up, or the worker ended."""
    return answer.cancelled() or (answer.done() and answer.exception() is not None)
