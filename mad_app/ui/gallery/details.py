"""What can be done with one run of the gallery: name it, take notes, run it with new settings, download, delete it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.records import Label, RecordError, delete_run, save_label
from mad_app.records.archive import zip_run
from mad_app.records.labels import LONGEST_NAME, LONGEST_NOTES
from mad_app.ui.components.collection import Card, conditions
from mad_app.ui.components.form import request_of_record, to_query
from mad_app.ui.components.html import plain, sentence
from mad_app.ui.navigation import open_page
from mad_app.ui.session import PageState, queue

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
        st.dialog(plain(card.title), width="medium", on_dismiss=_close)(_draw_details)(root, card)


def _close() -> None:
    STATE.pop("details", None)


def _draw_details(root: Path, card: Card) -> None:
    contest = f"**{plain(card.contest)}**  \n" if card.label.name else ""
    st.markdown(contest + plain(conditions(card.entry.settings, card.size)))
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
            f"{card.id}.zip",
            "application/zip",
            key=STATE.key("download"),
            on_click="ignore",
            help="All images, exact and as PNG, with every number, its name and notes.",
        )
        if st.button("Delete", key=STATE.key("delete"), icon=":material/delete:", help="You can restore it later."):
            _delete(root, card)
    st.caption(f"Record: {plain(str(card.folder))}")


def _label_controls(card: Card) -> None:
    name = st.text_input(
        "Name",
        card.label.name,
        key=STATE.key(f"name-{card.id}"),
        max_chars=LONGEST_NAME,
        placeholder=card.contest,
        help="Shown in place of the metrics.",
    )
    notes = st.text_area(
        "Notes",
        card.label.notes,
        key=STATE.key(f"notes-{card.id}"),
        max_chars=LONGEST_NOTES,
        help="Shown as plain text. The record itself stays as it was.",
    )
    if st.button("Save", key=STATE.key("save-label"), type="primary", help="Keeps name and notes beside the record."):
        try:
            save_label(card.folder, Label(name, notes))
        except RecordError as error:
            st.error(sentence(str(error)))
            return
        _close()
        st.rerun()


def _delete(root: Path, card: Card) -> None:
    if queue().is_writing(card.id):
        st.error("This run is in progress: stop it first.")
        return
    try:
        delete_run(root, card.id)
    except RecordError as error:
        st.error(sentence(str(error)))
        return
    STATE["deleted"] = (card.id, card.title)
    _close()
    st.rerun()
