"""The app's entry, which Streamlit runs: the list of pages, their foot, and the switch between light and dark.

python -m mad_app app
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # started by `streamlit run` out of a checkout that is not installed
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from mad_app.ui.campaigns.page import campaigns_page  # noqa: E402
from mad_app.ui.compete.page import compete_page  # noqa: E402
from mad_app.ui.components.devices import show_devices  # noqa: E402
from mad_app.ui.components.garbage import freeze_loaded  # noqa: E402
from mad_app.ui.components.html import load_styles, show_color_switch  # noqa: E402
from mad_app.ui.components.picture_picker import picker_style  # noqa: E402
from mad_app.ui.directions.page import directions_page  # noqa: E402
from mad_app.ui.figure.page import figure_page  # noqa: E402
from mad_app.ui.gallery.page import gallery_page  # noqa: E402
from mad_app.ui.lessons.page import lessons_page  # noqa: E402
from mad_app.ui.navigation import make_page, show_narrow_menu  # noqa: E402

# What draws each page of `navigation.PAGES`. Streamlit would show a string here on the page.
SHOW = {
    "compete": compete_page,
    "gallery": gallery_page,
    "campaigns": campaigns_page,
    "directions": directions_page,
    "figure": figure_page,
    "lessons": lessons_page,
}

if __name__ == "__main__":
    st.set_page_config(page_title="MAD competitions", page_icon=str(ROOT / "mad_app/ui/icon.png"), layout="wide")
    pages = [make_page(path, show) for path, show in SHOW.items()]
    page = st.navigation(pages, position="top")
    load_styles(picker_style())
    show_narrow_menu(pages)
    page.run()
    show_devices()
    show_color_switch()
    freeze_loaded(page.url_path)
