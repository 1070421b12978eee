"""The controls that find runs in the gallery, and those that turn its pages; the address carries both."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.figures import metric_title
from mad_app.ui.address import came_back
from mad_app.ui.components.collection import ORDERS, Card, Filter, picture_title
from mad_app.ui.components.html import plain
from mad_app.ui.session import PageState

COLUMNS, ROWS = 4, 3
PAGE_SIZE = COLUMNS * ROWS
LONGEST_SEARCH = 200
MOST_UNKNOWN = 5
STATE = PageState("gallery")


def show_filter(cards: Sequence[Card]) -> Filter:
    """Draw the filter of some runs, and return what is chosen."""
    metrics = sorted({name for card in cards for name in card.metrics}, key=metric_title)
    pictures = sorted({card.picture for card in cards}, key=picture_title)
    _follow_address(metrics, pictures)
    for name, known in (("metrics", metrics), ("pictures", pictures)):
        STATE[name] = [value for value in STATE[name] if value in known]
    columns = st.container(key=STATE.key("filter")).columns([1.3, 1.3, 1, 1])
    chosen_metrics = columns[0].multiselect(
        "Metrics",
        metrics,
        key=STATE.key("metrics"),
        format_func=metric_title,
        placeholder="All",
        on_change=_to_first_page,
        help="Of one, the runs in which it competes; of several, those in which two of them compete.",
    )
    chosen_pictures = columns[1].multiselect(
        "Pictures",
        pictures,
        key=STATE.key("pictures"),
        format_func=picture_title,
        placeholder="All",
        on_change=_to_first_page,
        help="Runs on any of these pictures.",
    )
    words, order = _search_control(columns[2]), _order_control(columns[3])
    if unknown := STATE["unknown"]:
        st.caption(plain(f"No run here has {', '.join(unknown)}, which the address asks for."))
    return Filter(metrics=chosen_metrics, pictures=chosen_pictures, words=words, order=order)


def _search_control(column: DeltaGenerator) -> str:
    return column.text_input(
        "Search",
        key=STATE.key("words"),
        on_change=_to_first_page,
        max_chars=LONGEST_SEARCH,
        help="Words that occur in a run's name, notes, metrics, picture or id.",
    )


def _order_control(column: DeltaGenerator) -> str:
    return column.selectbox(
        "Sort by",
        list(ORDERS),
        key=STATE.key("order"),
        format_func=lambda name: ORDERS[name][0],
        on_change=_to_first_page,
        help="The ratio of a run: how many times as far from the original the optimized metric rates one image of a "
        "pair as the other.",
    )


def show_paging(count: int) -> int:
    """Where the shown part of `count` cards begins; buttons lead to the others."""
    pages = max(-(-count // PAGE_SIZE), 1)
    page = min(max(STATE["page"], 1), pages)
    STATE["page"] = page
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center", key=STATE.key("paging")):
            for label, icon, to in (("Previous", "chevron_left", page - 1), ("Next", "chevron_right", page + 1)):
                st.button(
                    label,
                    key=STATE.key(f"page-{label}"),
                    icon=f":material/{icon}:",
                    disabled=not 1 <= to <= pages,
                    on_click=_turn_to,
                    args=(to,),
                    help=f"Runs from {(to - 1) * PAGE_SIZE + 1}" if 1 <= to <= pages else "There are no more.",
                )
            last = min(page * PAGE_SIZE, count)
            st.caption(f"{(page - 1) * PAGE_SIZE + 1} to {last} of {count}", width="content")
    return (page - 1) * PAGE_SIZE


def _follow_address(metrics: Sequence[str], pictures: Sequence[str]) -> None:
    """Take the filter from the address at the start of a visit, after other pages, and when the browser goes back."""
    if "order" in STATE and not came_back():
        return
    query = st.query_params
    STATE["order"] = query.get("order") if query.get("order") in ORDERS else "newest"
    STATE["page"] = _page_of_address()
    STATE["words"] = query.get("words", "")[:LONGEST_SEARCH]
    STATE["metrics"] = [name for name in query.get_all("metric") if name in metrics]
    STATE["pictures"] = [name for name in query.get_all("picture") if name in pictures]
    wanted = [*query.get_all("metric"), *query.get_all("picture")]
    STATE["unknown"] = [name[:LONGEST_SEARCH] for name in wanted if name not in {*metrics, *pictures}][:MOST_UNKNOWN]


def address_of(chosen: Filter) -> dict[str, str | list[str]]:
    """The parameters of the address that lead to what is shown, once the page is known."""
    page = STATE["page"]
    query: dict[str, str | list[str]] = {"metric": list(chosen.metrics)} if chosen.metrics else {}
    query |= {"picture": list(chosen.pictures)} if chosen.pictures else {}
    query |= {"words": chosen.words} if chosen.words else {}
    query |= {"order": chosen.order} if chosen.order != "newest" else {}
    return query | ({"page": str(page)} if page > 1 else {})


def _page_of_address() -> int:
    text = st.query_params.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _turn_to(page: int) -> None:
    STATE["page"] = page


def _to_first_page() -> None:
    _turn_to(1)
    STATE["unknown"] = []
