"""The pages of the app in one table, and the way from one to another.

A page is imported when it is shown, so that pages can lead to each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import streamlit as st


@dataclass(frozen=True)
class PageRow:
    """A page.

    Attributes:
        title: in the menu.
        icon: beside it.
        show: draws the page.
    """

    title: str
    icon: str
    show: Callable[[], None]


def _compete() -> None:
    from mad_app.ui.compete.page import compete_page

    compete_page()


def _gallery() -> None:
    from mad_app.ui.gallery.page import gallery_page

    gallery_page()


def _figure() -> None:
    from mad_app.ui.figure.page import figure_page

    figure_page()


PAGES = {
    "compete": PageRow("Compete", ":material/swords:", _compete),
    "gallery": PageRow("Gallery", ":material/grid_view:", _gallery),
    "figure": PageRow("Figure", ":material/ink_pen:", _figure),
}
"""Every page by its path in a URL; the first one is shown at the root."""


def pages() -> list[Any]:
    """All pages as Streamlit takes them."""
    return [_page(path) for path in PAGES]


def open_page(path: str, query: Mapping[str, str]) -> NoReturn:
    """Leave the present page for another one with these parameters of its URL."""
    st.switch_page(_page(path), query_params=dict(query))


def _page(path: str) -> Any:
    row = PAGES[path]
    return st.Page(row.show, title=row.title, icon=row.icon, url_path=path, default=path == next(iter(PAGES)))
