"""The app as `python -m mad_app app` serves it: with the heading of its first page in the HTML."""

import asyncio
import contextlib
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # started out of a checkout that is not installed
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from mad_app.ui.first_paint import FirstPaint  # noqa: E402

ANY_ADDRESS = {None, "", "0.0.0.0", "::"}


def base() -> str:
    """The path of the first page, without slashes around it."""
    return str(st.get_option("server.baseUrlPath") or "").strip("/")


def address() -> str:
    """Where a browser on this machine opens the app."""
    host, secure = st.get_option("server.address"), st.get_option("server.sslCertFile")
    host = st.get_option("browser.serverAddress") if host in ANY_ADDRESS else host
    path = f"{base()}/" if base() else ""
    return f"{'https' if secure else 'http'}://{host}:{st.get_option('server.port')}/{path}"


@contextlib.asynccontextmanager
async def opened(_: st.App) -> AsyncIterator[None]:
    """Open the browser once the server answers, as Streamlit does for a script, unless it is told not to."""
    if not st.get_option("server.headless"):
        browser = threading.Thread(target=webbrowser.open, args=(address(),), daemon=True)
        asyncio.get_running_loop().call_soon(browser.start)
    yield


app = st.App(ROOT / "mad_app" / "app.py", lifespan=opened, middleware=[Middleware(FirstPaint, base=base())])
