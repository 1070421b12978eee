"""The pages of the app in one table, and the way from one to another.

A page is known here by its path; `mad_app.app` knows which function draws it. So pages need not import each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True)
class PageLink:
    """A page.

    Attributes:
        title: in the menu.
        icon: beside it.
    """

    title: str
    icon: str


PAGES = {
    "compete": PageLink("Compete", ":material/swords:"),
    "gallery": PageLink("Gallery", ":material/grid_view:"),
    "campaigns": PageLink("Campaigns", ":material/apps:"),
    "directions": PageLink("Directions", ":material/explore:"),
    "figure": PageLink("Figure", ":material/ink_pen:"),
    "lessons": PageLink("Lessons", ":material/school:"),
}
"""Every page by its path in an address; the first one is shown at the root."""


def make_page(path: str, show: Callable[[], None]) -> StreamlitPage:
    """A page as Streamlit takes it.

    Args:
        path: one of PAGES.
        show: draws the page.
    """
    link = PAGES[path]
    return st.Page(show, title=link.title, icon=link.icon, url_path=path, default=path == next(iter(PAGES)))


def show_narrow_menu(pages: Iterable[StreamlitPage]) -> None:
    """Draw the menu again on top of the page, for narrow screens, where Streamlit folds its own away.

    Until the styles are there it takes one pixel, since on wide screens they hide it.
    """
    with st.container(key="session-menu", horizontal=True, gap="small", height=1, border=False):
        for page in pages:
            st.page_link(page)


def open_page(path: str, query: Mapping[str, str | list[str]]) -> NoReturn:
    """Leave the current page for another one with these parameters of its address.

    Streamlit finds a page by its path alone, so what would draw it is not needed here.
    """
    st.switch_page(make_page(path, _show_nothing), query_params=dict(query))


def _show_nothing() -> None:
    """Stands for the function that draws a page."""
