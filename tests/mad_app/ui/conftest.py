"""A page of its own for each test, on a folder of runs of its own, with workers that are threads."""

import gc
import hashlib
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from mad_app.jobs.folder import JobFolder
from mad_app.jobs.worker import Reporter, work
from mad_app.ui.session import queue_of

QUICK = {"image": "coffee", "size": "64", "first": "ssim", "second": "mse", "steps": "50", "others": "none"}
OpenPage = Callable[..., AppTest]
START = """
import streamlit as st
from mad_app.app import SHOW
from mad_app.ui.navigation import make_page, open_page

shown = st.navigation([make_page(path, show) for path, show in SHOW.items()], position="hidden")
if "test-begun" not in st.session_state:
    st.session_state["test-begun"] = True
    open_page({path!r}, {query!r})
shown.run()
"""
"""As `mad_app/app.py`, but beginning at any page and parameters of an address."""


class ThreadWorker:
    """Computes a job in a thread of this process, where what is compiled and imported stays."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.thread = threading.Thread(target=work, args=(Reporter(folder),), daemon=True)
        self.thread.start()

    def poll(self) -> int | None:
        return None if self.thread.is_alive() else 0

    def end(self) -> None:
        if self.thread.is_alive() and self.folder.path.is_dir():
            self.folder.ask_to_stop()
        self.thread.join()


class ThreadWorkers:
    """In the place of the server's worker processes."""

    start = staticmethod(ThreadWorker)

    def ask(self, _: object) -> None:
        """Nobody is free to answer."""


class Failures(logging.Handler):
    """What failed while something was drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.errors.append(logging.Formatter().format(record))


@pytest.fixture
def failures() -> Iterator[list[str]]:
    """What pages contained; a test that expects some clears the list."""
    handler, logger = Failures(), logging.getLogger("mad_app.ui.components.containment")
    logger.addHandler(handler)
    yield handler.errors
    logger.removeHandler(handler)
    assert handler.errors == []


@pytest.fixture(scope="module", autouse=True)
def _earlier_files_are_set_aside() -> None:
    """After every run of a page Streamlit searches all objects for garbage, those of earlier files, too."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the main module that AppTest leaves behind: processes that are started later would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(autouse=True)
def _no_browser_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mad_app.ui.compete.page.HEAD_START_SECONDS", 0)


@pytest.fixture(autouse=True)
def _no_worker_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mad_app.ui.session.workers", ThreadWorkers)


@pytest.fixture(autouse=True)
def _no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a first drawing half the time is a search for components in all packages that are installed."""
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)


@pytest.fixture
def true_drawing() -> None:
    """Pages draw figures as they do for a visitor."""


@pytest.fixture(autouse=True)
def _quick_drawing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a figure is some pixels that depend on what is asked of it; tests/mad_app/figures look at figures."""

    def pixels(*asked: object, **options: object) -> bytes:
        digest = hashlib.sha256(repr((asked[1:], sorted(options.items()))).encode()).digest()
        return encoded(np.frombuffer(digest[:12], np.uint8).reshape(2, 2, 3))

    if "true_drawing" not in request.fixturenames:
        for page in ("figure.page", "compete.results"):
            monkeypatch.setattr(f"mad_app.ui.{page}.figure_bytes", pixels)


@pytest.fixture
def as_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are opened elsewhere than on the server's own machine."""
    monkeypatch.setattr("mad_app.ui.session.is_own_machine", lambda *_: False)


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: list[str]) -> Iterator[OpenPage]:
    """Opens a page at the parameters of an address, on the server's own machine; each call is another visitor."""
    assert failures == []
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path))
    monkeypatch.setattr("mad_app.ui.session.kept", lambda _: "")  # no browser, no cookies
    monkeypatch.setattr("mad_app.ui.session.is_own_machine", lambda *_: True)

    def open_page(path: str = "compete", **query: str) -> AppTest:
        page = AppTest.from_string(START.format(path=path, query=query), default_timeout=60)
        page.run()
        assert not page.exception
        return page

    yield open_page
    queue_of(str(tmp_path)).close()
    queue_of.clear()


def html_of(page: AppTest) -> str:
    return "".join(element.value for element in page.markdown)


def downloads_of(page: AppTest) -> list[str]:
    """Labels of the buttons that download a file."""
    return [button.proto.label for button in page.get("download_button")]


def shown_by_viewer(page: AppTest) -> dict[str, Any]:
    """The data of the viewer on the page."""
    (viewer,) = (one for one in page.get("bidi_component") if "viewer" in one.proto.component_name)
    data: dict[str, Any] = json.loads(viewer.proto.json)
    return data


def parameter(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else value[-1]


def png(width: int, height: int) -> bytes:
    return encoded(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
