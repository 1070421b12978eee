"""Waiting inside the drawing of a page, which a click interrupts: it costs no drawing and no message to the browser."""

import time
from collections.abc import Callable

from mad_app.ui.session import PageState

SECONDS_BETWEEN_LOOKS = 0.02


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until something has happened, or for so many seconds at most.

    Args:
        done: whether it has happened; asked several times.
        seconds: the longest wait.

    Returns:
        Whether it has happened.
    """
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= until:
            return False
        time.sleep(SECONDS_BETWEEN_LOOKS)
        PageState("session").get("page")  # where Streamlit ends a drawing whose page was clicked meanwhile
    return True
