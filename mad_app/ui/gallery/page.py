"""The page of all saved runs: find one, open it, compare two, name, delete, download and import; and series of runs."""

import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.figures.several import MOST_RUNS
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Run, empty_trash, load_record
from mad_app.records.trash import KEEP_SECONDS
from mad_app.ui.address import came_back, pass_by, write_address
from mad_app.ui.components.collection import Card, Cards, all_cards, find_cards, runs_with_series
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.deletion import show_fault
from mad_app.ui.components.empty import show_no_runs
from mad_app.ui.components.html import displayable, plain, sentence, show_html
from mad_app.ui.gallery.cards import comparison_html
from mad_app.ui.gallery.changes import report_changes, show_deleted, show_import
from mad_app.ui.gallery.details import show_details
from mad_app.ui.gallery.filter import PAGE_SIZE, address_of, show_filter, show_paging
from mad_app.ui.gallery.grid import clear_selection, selected_ids, show_grid
from mad_app.ui.gallery.series import show_series, show_series_cards
from mad_app.ui.navigation import open_page
from mad_app.ui.session import PageState, entered_from, server_queue

LITTLE_SPACE = 100e6
"""Bytes on the disk below which a larger run might have to wait for room."""

OWN_PARAMETERS = {"compare", "series", "metric", "picture", "words", "order", "page", "key"}
"""Of its address; others belong to a page that was opened from here."""

MAX_FAULTS = 5
MOST_NAMED = 4
"""Selected runs of which the titles are shown."""

STATE = PageState("gallery")
NO_COMPARISON = "These two runs cannot be compared: at least one of them is no longer here."
NO_SERIES = "No such series (it may have been deleted)."


@whole_page("gallery")
def gallery_page() -> None:
    """Draw the page for this visitor."""
    root = runs_root()
    if came_back() and not OWN_PARAMETERS.issuperset(st.query_params):
        pass_by(back=entered_from() is not None)
    try:
        _empty_old_trash(root)
        cards = all_cards(root)
    except RecordError as error:
        st.title("Gallery")
        st.error(sentence(str(error)))
        return
    asked, series_id = st.query_params.get_all("compare")[:2], st.query_params.get("series")
    series = next((card for card in cards.series if card.id == series_id), None)
    compared = [card for run_id in asked for card in runs_with_series(root) if card.id == run_id] if asked else []
    if len(compared) == 2:
        _show_comparison(compared)
    elif series:
        show_series(root, series)
    else:
        note = NO_COMPARISON if asked else NO_SERIES if series_id else None
        _show_gallery(root, cards, note)


@st.cache_resource(show_spinner=False, ttl=3600)
def _empty_old_trash(root: Path) -> None:
    """Delete for good, about once an hour, what was deleted long ago; if the disk refuses, it stays."""
    try:
        empty_trash(root, older_than=KEEP_SECONDS)
    except RecordError:
        return


def _show_gallery(root: Path, cards: Cards, note: str | None) -> None:
    heading, importing = st.columns([4, 1])
    with importing:
        show_import(root)
    report_changes(root)
    _report_disk(root)
    if note:
        st.info(note)
    if cards.cards:
        _show_cards(root, cards, heading.empty())
    else:
        heading.title("Gallery")
    show_series_cards(cards.series)
    if not cards.cards and not cards.series:
        show_no_runs(STATE.page)
    show_deleted(root)
    for name, fault in list(cards.faults.items())[:MAX_FAULTS]:
        with contained("a folder"):
            show_fault(server_queue(), name, fault, STATE.key(f"delete-{displayable(name)}"))


def _report_disk(root: Path) -> None:
    if not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    if not os.access(root, os.W_OK):
        st.info("The folder of the runs is read-only: runs can be opened and downloaded, but not changed or imported.")
    elif free < LITTLE_SPACE:
        left = f"{free / 1e6:.0f} MB are left on the disk of the runs"
        st.warning(f"{left}: a new run may have to wait for room. Downloading runs needs no space there.")


def _show_cards(root: Path, cards: Cards, heading: st.delta_generator.DeltaGenerator) -> None:
    chosen = show_filter(cards.cards)
    found = find_cards(cards.cards, chosen)
    heading.title(_count(len(found), len(cards.cards)))
    _show_selected(root)
    first = show_paging(len(found))
    if not came_back():
        write_address(address_of(chosen))
    if found:
        show_grid(found[first : first + PAGE_SIZE])
        show_details(root, cards.cards)
    else:
        st.info("No run passes this filter: choose fewer metrics or pictures, or search for other words.")


def _count(shown: int, count: int) -> str:
    """The heading.

    Example:
        >>> _count(38, 38), _count(2, 38), _count(1, 1)
        ('Gallery: 38 runs', 'Gallery: 2 of 38 runs', 'Gallery: 1 run')
    """
    runs = "run" if count == 1 else "runs"
    return f"Gallery: {count} {runs}" if shown == count else f"Gallery: {shown} of {count} {runs}"


def _show_selected(root: Path) -> None:
    ids = selected_ids()
    selected = [card for run_id in ids for card in runs_with_series(root) if card.id == run_id] if ids else []
    if not selected:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=STATE.key("selection")):
        names = ", ".join(f"**{plain(card.title)}**" for card in selected[:MOST_NAMED])
        more = f" and {len(selected) - MOST_NAMED} more" if len(selected) > MOST_NAMED else ""
        hint = ". Select one more to compare." if len(selected) == 1 else ""
        st.markdown(f"Selected: {names}{more}{hint}")
        if len(selected) == 2:
            st.button(
                "Compare them",
                key=STATE.key("compare"),
                type="primary",
                on_click=_compare,
                args=([card.id for card in selected],),
                help="Shows both side by side.",
            )
        if st.button(
            f"Figure of {len(selected)} runs" if len(selected) > 1 else "Figure of this run",
            key=STATE.key("figure-of-selected"),
            icon=":material/ink_pen:",
            disabled=len(selected) > MOST_RUNS,
            help=f"Draws them on one sheet, a row each; {MOST_RUNS} runs at most.",
        ):
            open_page("figure", {"run": [card.id for card in selected]})
        st.button("Clear selection", key=STATE.key("clear-selection"), on_click=clear_selection, help="Selects no run.")


def _compare(run_ids: list[str]) -> None:
    """Show these two side by side, or, for none, all runs."""
    st.query_params.from_dict({"compare": run_ids})
    clear_selection()


def _show_comparison(cards: Sequence[Card]) -> None:
    """Two runs side by side."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Two runs side by side", width="stretch")
        st.button(
            "All runs",
            key=STATE.key("all-runs"),
            icon=":material/arrow_back:",
            on_click=partial(_compare, []),
            help="Back to the gallery.",
        )
    with contained("their comparison"):
        runs: list[Run] = [load_record(card.folder) for card in cards]
        show_html(comparison_html((runs[0], runs[1]), (cards[0].title, cards[1].title)))
