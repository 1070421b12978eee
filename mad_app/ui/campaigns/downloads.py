"""What can be taken away of a campaign: its file, its table, and the tournament of its metrics."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath

import streamlit as st

from mad_app.campaigns.overview import Item, table_csv
from mad_app.campaigns.report import tournament_bytes
from mad_app.campaigns.status import Known
from mad_app.campaigns.tournament import tournament
from mad_app.ui.session import PageState

STATE = PageState("campaigns")
KINDS = {"html": ("web page", "text/html"), "pdf": ("PDF", "application/pdf")}


def show_downloads(known: Known, items: Callable[[], Sequence[Item]], *, has_result: bool) -> None:
    """Draw the buttons.

    Args:
        known: the campaign.
        items: its runs as they are when a file is made.
        has_result: whether any run is done.
    """
    st.header("Downloads")
    name = PurePath(known.status.name).stem or "campaign"
    with st.container(horizontal=True):
        _button("File", known.text, f"{name}.toml", "application/toml", help="The campaign's file, as it was started.")
        _button("Table (CSV)", lambda: table_csv(items()), f"{name}.csv", "text/csv", help="A line for each run.")
        for kind, (title, mime) in KINDS.items():
            _button(
                f"Tournament ({title})",
                partial(_tournament, items, kind),
                f"{name}_tournament.{kind}",
                mime,
                disabled=not has_result,
                help="Every metric against every other, from the runs that are done."
                if has_result
                else "Once a run is done: every metric against every other.",
            )


def _button(label: str, make: object, file: str, mime: str, *, help: str, disabled: bool = False) -> None:
    st.download_button(
        label,
        make,  # type: ignore[arg-type]
        file,
        mime,
        key=STATE.key(f"download-{label}"),
        on_click="ignore",
        icon=":material/download:",
        disabled=disabled,
        help=help,
    )


def _tournament(items: Callable[[], Sequence[Item]], kind: str) -> bytes:
    """Made when it is asked for, outside the page's thread."""
    return tournament_bytes(tournament(item.entry.summary for item in items() if item.entry), kind)
