"""Deleting a run or a series so that it can be restored, on whichever page it is shown."""

from pathlib import Path

import streamlit as st

from mad_app.jobs.queue import JobQueue
from mad_app.records import RecordError, delete_run, holds_records
from mad_app.ui.components.html import displayable, plain, sentence
from mad_app.ui.session import NOT_YOURS, may_change

IN_SERIES = "This run belongs to a series, with which it is continued and deleted."
"""Unless it is damaged: then it is deleted alone."""

FOLDER_OF_RECORDS = "is a folder of records, which are not listed here: move them out of it to see them"
"""What is said of one, after its name."""


def show_delete_button(queue: JobQueue, run_id: str, key: str, *, series: str | None = None) -> None:
    """Draw a button that deletes a run; what became of it is said above the button.

    Args:
        queue: the server's queue.
        run_id: of the run or series.
        key: of the button in the session.
        series: id of the series that holds the run, which is damaged.
    """
    allowed = may_change(series or run_id)
    if st.button(
        "Delete",
        key=key,
        icon=":material/delete:",
        disabled=not allowed,
        help="It can be restored later, in the gallery." if allowed else NOT_YOURS,
    ):
        problem = delete(queue, queue.root, run_id, series=series)
        if problem:
            st.error(problem)
        else:
            st.rerun()


def show_fault(queue: JobQueue, name: str, fault: str, key: str, *, series: str | None = None) -> None:
    """Say why a folder cannot be read, beside a button that deletes it, unless records lie in it.

    Args:
        queue: as of `show_delete_button`, and so are the others.
        name: of the folder.
        fault: why it cannot be read.
        key: of the button.
        series: id of the series that holds it.
    """
    if holds_records(queue.root / (series or "") / name):
        st.caption(sentence(displayable(f"{name} {FOLDER_OF_RECORDS}"), capital=False))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(sentence(displayable(fault), capital=False))
        show_delete_button(queue, name, key, series=series)


def delete(queue: JobQueue, root: Path, run_id: str, *, series: str | None = None) -> str | None:
    """Move a run into the trash, if the visitor may; returns why it could not be done, as Markdown."""
    if not may_change(series or run_id):
        return plain(NOT_YOURS)
    if "/" in run_id:
        return IN_SERIES
    if queue.is_writing(run_id):
        return "This run is in progress: stop it first."
    try:
        delete_run(root, run_id, series=series)
    except RecordError as error:
        return sentence(str(error))
    return None
