"""The app's entry, which Streamlit runs: the list of pages and nothing else.

python -m mad_app app
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # started by `streamlit run` out of a checkout that is not installed
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from mad_app.ui.navigation import pages  # noqa: E402

ICON = Path(__file__).with_name("ui") / "icon.png"

st.set_page_config(page_title="MAD competitions", page_icon=str(ICON), layout="wide")
st.navigation(pages(), position="top").run()
