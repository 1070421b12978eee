"""The finished example that the page shows before a visitor has run anything: a real run, kept as small files."""

from pathlib import Path

import streamlit as st

from mad_app.ui.components.four_up import FourUp, load_example


@st.cache_data(show_spinner=False)
def example_four_up() -> FourUp:
    """The example."""
    return load_example(_folder())


def _folder() -> Path:
    """Inside the installed package, or in the source checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "assets" / "example"
    return installed if installed.is_dir() else package.parent / "assets" / "example"
