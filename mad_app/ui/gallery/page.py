"""The page of all saved runs: find one, open it, compare two, name, delete, download and import."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Run, empty_trash, load_run
from mad_app.records.trash import KEEP_SECONDS
from mad_app.ui.components.collection import Card, Cards, all_cards, find_cards
from mad_app.ui.components.empty import show_no_runs
from mad_app.ui.components.html import load_styles, plain, sentence, show_html
from mad_app.ui.gallery.cards import card_html, comparison_html
from mad_app.ui.gallery.changes import report_changes, show_deleted, show_import
from mad_app.ui.gallery.details import open_details, show_details
from mad_app.ui.gallery.filter import COLUMNS, PAGE_SIZE, show_filter, show_paging
from mad_app.ui.navigation import open_page
from mad_app.ui.session import PageState

LITTLE_SPACE = 100e6
"""Bytes on the disk below which a larger run might have to wait for room."""

MAX_FAULTS = 5
STATE = PageState("gallery")


def gallery_page() -> None:
    """Draw the page for this visitor."""
    root = runs_root()
    load_styles()
    try:
        _empty_old_trash(root)
        cards = all_cards(root)
    except RecordError as error:
        st.title("Gallery")
        st.error(sentence(str(error)))
        return
    compared = [card for run_id in _compared() for card in cards.cards if card.id == run_id]
    if len(compared) == 2:
        _show_comparison(compared)
    else:
        _show_gallery(root, cards)


@st.cache_resource(show_spinner=False, ttl=3600)
def _empty_old_trash(root: Path) -> None:
    """Delete for good, about once an hour, what was deleted long ago; if the disk refuses, it stays."""
    try:
        empty_trash(root, older_than=KEEP_SECONDS)
    except RecordError:
        return


def _show_gallery(root: Path, cards: Cards) -> None:
    heading, importing = st.columns([4, 1], vertical_alignment="center")
    count = len(cards.cards)
    heading.title("Gallery" + (f": {count} {'run' if count == 1 else 'runs'}" if count else ""))
    with importing:
        show_import(root)
    report_changes(root)
    _report_disk(root)
    if cards.cards:
        _show_cards(cards)
        show_details(root, cards.cards)
    else:
        show_no_runs(STATE.page)
    show_deleted(root)
    for fault in cards.faults[:MAX_FAULTS]:
        st.caption(plain(fault) + ".")


def _report_disk(root: Path) -> None:
    if not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    if not os.access(root, os.W_OK):
        st.info(f"{plain(str(root))} is read-only: runs can be opened and downloaded, but not changed or imported.")
    elif free < LITTLE_SPACE:
        left = f"{free / 1e6:.0f} MB are left on the disk of {plain(str(root))}"
        st.warning(f"{left}: a new run may have to wait for room. Downloading runs needs no space there.")


def _show_cards(cards: Cards) -> None:
    found = find_cards(cards.cards, show_filter(cards.cards))
    _show_selected(cards.cards)
    if not found:
        st.info("No run passes this filter: choose fewer metrics or pictures, or search for other words.")
        return
    first = show_paging(len(found))
    timezone = st.context.timezone
    shown = found[first : first + PAGE_SIZE]
    for row in range(0, len(shown), COLUMNS):
        for column, card in zip(st.columns(COLUMNS), shown[row : row + COLUMNS], strict=False):
            with column.container(border=True, height="stretch", key=STATE.key(f"card-{card.id}")):
                show_html(card_html(card, timezone))
                _card_buttons(card)


def _card_buttons(card: Card) -> None:
    selected = card.id in _selected()
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Open", key=STATE.key(f"open-{card.id}"), help="Shows it on the page Compete."):
            open_page("compete", {"run": card.id})
        st.button(
            "Selected" if selected else "Compare",
            key=STATE.key(f"select-{card.id}"),
            icon=":material/check:" if selected else None,
            on_click=_select,
            args=(card.id,),
            help="Select two runs to see them side by side.",
        )
        st.button(
            "",
            key=STATE.key(f"more-{card.id}"),
            icon=":material/more_horiz:",
            on_click=open_details,
            args=(card.id,),
            help="Name, notes, figure, download, delete.",
        )


def _selected() -> list[str]:
    selected: list[str] = STATE.setdefault("selected", [])
    return selected


def _select(run_id: str) -> None:
    """Select a run for comparison, or no longer; a third one replaces the first."""
    selected = _selected()
    STATE["selected"] = [one for one in selected if one != run_id] if run_id in selected else [*selected[-1:], run_id]


def _show_selected(cards: Sequence[Card]) -> None:
    selected = [card for run_id in _selected() for card in cards if card.id == run_id]
    if not selected:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=STATE.key("selection")):
        names = " and ".join(f"**{plain(card.title)}**" for card in selected)
        st.markdown(f"Selected: {names}" + (". Select one more to compare." if len(selected) == 1 else ""))
        if len(selected) == 2:
            ids = [card.id for card in selected]
            st.button(
                "Compare them",
                key=STATE.key("compare"),
                type="primary",
                on_click=_compare,
                args=(ids,),
                help="Shows both side by side.",
            )
        st.button(
            "Clear selection", key=STATE.key("clear-selection"), on_click=_clear_selection, help="Selects no run."
        )


def _clear_selection() -> None:
    STATE["selected"] = []


def _compare(run_ids: list[str]) -> None:
    """Show these two side by side, or, for none, all runs."""
    st.query_params.from_dict({"compare": run_ids})
    _clear_selection()


def _compared() -> list[str]:
    return st.query_params.get_all("compare")[:2]


def _show_comparison(cards: Sequence[Card]) -> None:
    """Two runs side by side."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Two runs side by side", width="stretch")
        st.button(
            "All runs",
            key=STATE.key("all-runs"),
            icon=":material/arrow_back:",
            on_click=_compare,
            args=([],),
            help="Back to the gallery.",
        )
    try:
        runs: list[Run] = [load_run(card.folder) for card in cards]
    except RecordError as error:
        st.error(sentence(f"they cannot be compared: {error}"))
        return
    show_html(comparison_html((runs[0], runs[1]), (cards[0].title, cards[1].title)))
