"""Rendering for pages: one file at a time, in a thread of its own; what was rendered is kept for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

import streamlit as st

from mad_app.ui.components.containment import describe_error
from mad_app.ui.components.html import Html, element, sentence, show_html

POLL_SECONDS = 0.3


class RenderCache:
    """What has been rendered or is being rendered, each under a key. Safe to use from many threads.

    Args:
        size: how many are kept; the least recently requested goes first.
    """

    def __init__(self, size: int = 40) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[bytes]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def request(self, key: Hashable, render: Callable[[], bytes]) -> Future[bytes]:
        """What is rendered under a key, begun now unless it has been; a failure is returned once, then tried again.

        Args:
            key: equal keys are rendered once.
            render: makes the content; it may raise.
        """
        with self._lock:
            future = self._futures.pop(key, None)
            if future is None:
                future = self._thread.submit(render)
            elif future.done() and future.exception():
                return future
            self._futures[key] = future
            while len(self._futures) > self._size:
                self._futures.popitem(last=False)
            return future


@st.cache_resource(show_spinner=False)
def renderer() -> RenderCache:
    """The server's one rendering thread."""
    return RenderCache()


def show_rendered(
    future: Future[bytes],
    show: Callable[[bytes], Html],
    before: Html | None = None,
    keep: Callable[[Html], object] = bool,
) -> None:
    """Draw a picture once it is rendered; until then the previous one, pale. A failure is said in a sentence.

    Args:
        future: what is rendered.
        show: makes the HTML of it.
        before: the previous picture.
        keep: is given the HTML that is drawn.
    """
    if not future.done():
        st.fragment(_await, run_every=POLL_SECONDS)(future, before)
        return
    image = _draw(future, show)
    if image:
        keep(image)


def await_rendered(future: Future[bytes], show: Callable[[bytes], Html]) -> None:
    """Draw a picture once it is rendered, at the end of a page, which a click can still interrupt."""
    place = st.empty()
    while not future.done():
        place.caption("Drawing …")
        time.sleep(POLL_SECONDS)
    with place.container():
        _draw(future, show)


def _draw(future: Future[bytes], show: Callable[[bytes], Html]) -> Html | None:
    """Draw what is rendered, or say why it could not be."""
    error = future.exception()
    if error:
        st.error(sentence(f"it could not be drawn: {describe_error(error)}"))
        return None
    image = show(future.result())
    show_html(image)
    return image


def _await(future: Future[bytes], before: Html | None) -> None:
    """Look again until it is rendered."""
    if future.done():
        st.rerun()
    show_html(element("div", before, class_="mad-pale", aria_busy="true"))
    st.caption("Drawing …")
