"""A page of its own for each test, on a folder of runs of its own."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

import mad_app
from mad_app.ui.compete_page import job_queue

QUICK = {"image": "coffee", "size": "64", "first": "ssim", "second": "mse", "steps": "50"}
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens the app at a URL's parameters; each call is another visitor."""
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path))

    def open_page(**query: str) -> AppTest:
        page = AppTest.from_file(str(Path(mad_app.__file__).with_name("app.py")), default_timeout=60)
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    yield open_page
    job_queue(str(tmp_path)).close()
    job_queue.clear()


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
