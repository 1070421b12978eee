"""What can be done with one run of the gallery: name it, take notes, run it with new settings, download, delete it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.records import Label, RecordError, save_label
from mad_app.records.archive import zip_run
from mad_app.records.labels import LONGEST_NAME, LONGEST_NOTES
from mad_app.runs.reproduce import to_query
from mad_app.ui.components.collection import Card, conditions
from mad_app.ui.components.containment import contained
from mad_app.ui.components.deletion import IN_SERIES, delete
from mad_app.ui.components.form import request_of_record
from mad_app.ui.components.html import plain, sentence
from mad_app.ui.navigation import open_page
from mad_app.ui.session import NOT_YOURS, PageState, may_change, server_queue

STATE = PageState("gallery")


def open_details(run_id: str) -> None:
    """Let the dialog of a run be open from now on."""
    STATE["details"] = run_id


def show_details(root: Path, cards: Iterable[Card]) -> None:
    """Draw the dialog over the gallery, if it is open.

    Args:
        root: folder of the runs.
        cards: all runs.
    """
    card = next((card for card in cards if card.id == STATE.get("details")), None)
    if card:
        st.dialog(plain(card.title), width="medium", on_dismiss=_close)(_draw_contained)(root, card)


def _close() -> None:
    STATE.pop("details", None)


def _draw_contained(root: Path, card: Card) -> None:
    with contained("this run"):
        _draw_details(root, card)


def _draw_details(root: Path, card: Card) -> None:
    contest = f"**{plain(card.contest)}**  \n" if card.label.name else ""
    st.markdown(contest + plain(conditions(card.entry.settings, card.size, unfinished=card.unfinished)))
    _label_controls(card)
    with st.container(horizontal=True):
        if st.button("Run with new settings", key=STATE.key("repeat"), help="Loads its settings on the page Compete."):
            _close()
            open_page("compete", to_query(request_of_record(card.summary)[0]))
        if st.button("Make a figure", key=STATE.key("figure-of"), help="Its sheet, caption and animation."):
            _close()
            open_page("figure", {"run": card.id})
        st.download_button(
            "Record as ZIP",
            partial(zip_run, card.folder),
            f"{card.entry.id}.zip",
            "application/zip",
            key=STATE.key("download"),
            on_click="ignore",
            help="All images, exact and as PNG, with every number, its name and notes.",
        )
        if not card.series and st.button(
            "Delete",
            key=STATE.key("delete"),
            icon=":material/delete:",
            disabled=not may_change(card.id),
            help="You can restore it later." if may_change(card.id) else NOT_YOURS,
        ):
            _delete(root, card)
    st.caption(" ".join([f"Record: {plain(card.id)}.", *([IN_SERIES] if card.series else [])]))


def _label_controls(card: Card) -> None:
    """Name and notes, which only who made the run can change."""
    allowed = may_change(card.id)
    name = st.text_input(
        "Name",
        card.label.name,
        key=STATE.key(f"name-{card.key}"),
        max_chars=LONGEST_NAME,
        placeholder=card.contest,
        disabled=not allowed,
        help="Shown in place of the metrics." if allowed else NOT_YOURS,
    )
    notes = st.text_area(
        "Notes",
        card.label.notes,
        key=STATE.key(f"notes-{card.key}"),
        max_chars=LONGEST_NOTES,
        disabled=not allowed,
        help="Shown as plain text. The record itself stays as it was." if allowed else NOT_YOURS,
    )
    if allowed and st.button(
        "Save", key=STATE.key("save-label"), type="primary", help="Keeps name and notes beside the record."
    ):
        try:
            save_label(card.folder, Label(name, notes))
        except RecordError as error:
            st.error(sentence(str(error)))
            return
        _close()
        st.rerun()


def _delete(root: Path, card: Card) -> None:
    problem = delete(server_queue(), root, card.id)
    if problem:
        st.error(problem)
        return
    STATE["deleted"] = (card.id, card.title)
    _close()
    st.rerun()
