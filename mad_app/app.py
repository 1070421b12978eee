"""The app's entry, which Streamlit runs: the list of pages and nothing else.

    python -m mad_app app
"""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
if str(PACKAGE.parent) not in sys.path:  # started by `streamlit run` out of a checkout that is not installed
    sys.path.insert(0, str(PACKAGE.parent))

import streamlit as st  # noqa: E402

st.title("MAD competitions")
