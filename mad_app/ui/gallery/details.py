"""What can be done with one run of the gallery: name it, note something, run it again, take it away, delete it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.records import Label, RecordError, delete_run, save_label
from mad_app.records.archive import zip_run
from mad_app.records.labels import LONGEST_NAME, LONGEST_NOTES
from mad_app.runs.reproduce import request_for_page
from mad_app.ui.compete.controls import choose
from mad_app.ui.compete.page import job_queue
from mad_app.ui.components.collection import Card, conditions
from mad_app.ui.components.form import form_of, to_query
from mad_app.ui.components.picture_picker import plain
from mad_app.ui.navigation import open_page


def ask_for_details(run_id: str) -> None:
    """Let the dialog of a run be open from now on."""
    st.session_state.details = run_id


def show_details_asked_for(root: Path, cards: Iterable[Card]) -> None:
    """Draw the dialog over the gallery, if it is open.

    Args:
        root: folder of the runs.
        cards: all runs.
    """
    card = next((card for card in cards if card.id == st.session_state.get("details")), None)
    if card:
        st.dialog(plain(card.title), width="medium", on_dismiss=_close)(_draw_details)(root, card)


def _close() -> None:
    st.session_state.pop("details", None)


def _draw_details(root: Path, card: Card) -> None:
    rivals = f"**{plain(card.rivals)}**  \n" if card.label.name else ""
    st.markdown(rivals + plain(conditions(card.summary.settings)))
    _label_controls(card)
    with st.container(horizontal=True):
        if st.button("Run again with changes", key="again", help="Its settings, on the page Compete."):
            run_again(card)
        if st.button("Make a figure", key="figure-of", help="Its sheet, caption and moving picture."):
            _close()
            open_page("figure", {"run": card.id})
        st.download_button(
            "Record as ZIP",
            partial(zip_run, card.summary.folder),
            f"{card.id}.zip",
            "application/zip",
            key="take-away",
            on_click="ignore",
            help="All images, exact and as PNG, with every number, its name and notes.",
        )
        if st.button("Delete", key="delete", icon=":material/delete:", help="It can be put back."):
            _delete(root, card)
    st.caption(f"Record: {plain(str(card.summary.folder))}")


def run_again(card: Card) -> None:
    """Open the page Compete with the settings of a run, and with its picture."""
    choices = form_of(request_for_page(card.summary)[0])
    _close()
    choose(choices)
    open_page("compete", to_query(choices))


def _label_controls(card: Card) -> None:
    name = st.text_input(
        "Name",
        card.label.name,
        key=f"name-{card.id}",
        max_chars=LONGEST_NAME,
        placeholder=card.rivals,
        help="Shown in place of the metrics, as it is.",
    )
    notes = st.text_area(
        "Notes",
        card.label.notes,
        key=f"notes-{card.id}",
        max_chars=LONGEST_NOTES,
        help="Shown as they are. The record itself stays as it was.",
    )
    if st.button("Save", key="save-label", type="primary", help="Keeps name and notes beside the record."):
        try:
            save_label(card.summary.folder, Label(name, notes))
        except RecordError as error:
            st.error(f"{plain(str(error))}.")
            return
        _close()
        st.rerun()


def _delete(root: Path, card: Card) -> None:
    if job_queue(str(root)).is_writing(card.id):
        st.error("This run is going on: stop it first.")
        return
    try:
        delete_run(root, card.id)
    except RecordError as error:
        st.error(f"{plain(str(error))}.")
        return
    st.session_state.deleted = (card.id, card.title)
    _close()
    st.rerun()
