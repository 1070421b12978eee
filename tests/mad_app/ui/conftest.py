"""A page of its own for each test, on a folder of runs of its own."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mad_app.ui.compete.page import job_queue

QUICK = {"image": "coffee", "size": "64", "first": "ssim", "second": "mse", "steps": "50"}
OpenPage = Callable[..., AppTest]
START = """
import streamlit as st
from mad_app.ui.navigation import open_page, pages

shown = st.navigation(pages(), position="hidden")
if "begun" not in st.session_state:
    st.session_state.begun = True
    open_page({path!r}, {query!r})
shown.run()
"""
"""As `mad_app/app.py`, but beginning at any page and parameters of a URL."""


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens a page at a URL's parameters; each call is another visitor."""
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path))
    monkeypatch.setattr("mad_app.ui.session.kept_name", str)  # no browser, no cookies

    def open_page(path: str = "compete", **query: str) -> AppTest:
        page = AppTest.from_string(START.format(path=path, query=query), default_timeout=60)
        page.run()
        assert not page.exception
        return page

    yield open_page
    job_queue(str(tmp_path)).close()
    job_queue.clear()


def html_of(page: AppTest) -> str:
    return "".join(element.value for element in page.markdown)


def parameter(page: AppTest, name: str) -> str:
    value = page.query_params[name]
    return value if isinstance(value, str) else value[-1]


def png(width: int, height: int) -> bytes:
    return encoded(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
