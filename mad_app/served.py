"""The app as `python -m mad_app app` serves it: with the heading of its first page in the HTML."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # started out of a checkout that is not installed
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from mad_app.ui.first_paint import FirstPaint  # noqa: E402

app = st.App(
    ROOT / "mad_app" / "app.py", middleware=[Middleware(FirstPaint, base=st.get_option("server.baseUrlPath") or "")]
)
