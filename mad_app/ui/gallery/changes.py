"""What changes the gallery as a whole: importing runs, restoring deleted ones, deleting them for good."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from mad_app.jobs.owners import forget_owner, give_to
from mad_app.records import RecordError, deleted_runs, empty_trash, restore_run
from mad_app.records.archive import import_run
from mad_app.records.storage import refusals
from mad_app.records.trash import KEEP_SECONDS, TRASH, drop_run
from mad_app.ui.components.html import displayable, plain, sentence
from mad_app.ui.session import PageState, is_host, may_change, visitor

MAX_DELETED_SHOWN = 20
DAYS = round(KEEP_SECONDS / (24 * 3600))
STATE = PageState("gallery")


def show_import(root: Path) -> None:
    """Draw the upload of a record."""
    count = STATE.setdefault("imports", 0)
    with st.popover("Import run", icon=":material/upload:", width="stretch"):
        st.file_uploader(
            "ZIP file of a run",
            type="zip",
            key=STATE.key(f"import-{count}"),
            on_change=_import,
            args=(root, f"import-{count}"),
            help="A file that “Record as ZIP” made, here or elsewhere.",
        )


def report_changes(root: Path) -> None:
    """Say once what a click did; after a deletion, offer to undo it."""
    report, text = STATE.pop("report", (None, ""))
    if report == "error":
        st.error(text)
    elif report == "success":
        st.success(text)
    deleted: Any = STATE.get("deleted")
    if deleted and (root / deleted[0]).exists():  # it came back another way
        STATE.pop("deleted", None)
    elif deleted:
        run_id, title = deleted
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=STATE.key("deleted-bar")):
            st.markdown(f"**{plain(title)}** has been deleted.")
            st.button(
                "Undo",
                key=STATE.key("undo"),
                type="primary",
                icon=":material/undo:",
                on_click=_restore,
                args=(root, run_id),
                help="Restores it.",
            )
            st.button(
                "Hide", key=STATE.key("hide"), on_click=partial(STATE.pop, "deleted", None), help="Hides this message."
            )


def show_deleted(root: Path) -> None:
    """List what the visitor can restore."""
    deleted = [run_id for run_id in deleted_runs(root) if may_change(run_id)]
    if not deleted:
        return
    with st.expander(f"Deleted runs: {len(deleted)}"):
        st.caption(f"They can be restored for {DAYS} days after their deletion.")
        for run_id in deleted[:MAX_DELETED_SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Restore",
                    key=STATE.key(f"restore-{displayable(run_id)}"),
                    on_click=_restore,
                    args=(root, run_id),
                    help="Puts it back into the gallery.",
                )
                st.markdown(plain(run_id))
        with st.popover("Delete permanently"):
            st.markdown("This cannot be undone.")
            st.button(
                "Delete all permanently",
                key=STATE.key("empty-trash"),
                type="primary",
                on_click=_empty,
                args=(root,),
                help="Deletes all runs of this list.",
            )


def _import(root: Path, name: str) -> None:
    file = STATE[name]
    if file is None:
        return
    try:
        others = [run_id for run_id in deleted_runs(root) if not may_change(run_id)]
        run_id = import_run(root, file, reserved=others)
        with refusals(f"{run_id} has been imported, but not who did it"):
            give_to(root, run_id, visitor())
        STATE["report"] = ("success", f"{plain(run_id)} has been imported.")
        STATE["page"] = 1
    except RecordError as error:
        STATE["report"] = ("error", sentence(f"{file.name}: {error}", capital=False))
    STATE["imports"] += 1  # another key is another, empty uploader


def _restore(root: Path, run_id: str) -> None:
    if not may_change(run_id):
        return
    try:
        restore_run(root, run_id)
        STATE["report"] = ("success", "The run has been restored.")
    except RecordError as error:
        STATE["report"] = ("error", sentence(str(error)))
    STATE.pop("deleted", None)


def _empty(root: Path) -> None:
    """Delete for good what the visitor may."""
    mine = [run_id for run_id in deleted_runs(root) if may_change(run_id)]
    try:
        count = empty_trash(root) if is_host() else _drop(root, mine)
        for run_id in mine:
            forget_owner(root, run_id)
        STATE["report"] = ("success", f"{count} {'run has' if count == 1 else 'runs have'} been deleted permanently.")
        STATE.pop("deleted", None)
    except RecordError as error:
        STATE["report"] = ("error", sentence(str(error)))


def _drop(root: Path, run_ids: list[str]) -> int:
    with refusals("the deleted runs could not be removed"):
        for run_id in run_ids:
            drop_run(root / TRASH, run_id)
    return len(run_ids)
