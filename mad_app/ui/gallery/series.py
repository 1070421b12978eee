"""Series in the gallery: a card for each, and one opened, with its sheet, its curves and its runs."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.figures.canvas import Kind
from mad_app.figures.export import Drawing, series_bytes
from mad_app.figures.web_page.page import series_page
from mad_app.images.encode import Picture
from mad_app.records import load_series
from mad_app.records.files import RUN_FILE
from mad_app.records.series import SERIES_FILE
from mad_app.records.storage import stamp, stamps_in
from mad_app.ui.components.collection import SeriesCard, cards_of_series, date_of, typed_folder
from mad_app.ui.components.containment import contained
from mad_app.ui.components.deletion import show_delete_button, show_fault
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.html import Html, displayable, element, sentence, show_html
from mad_app.ui.components.render_cache import renderer, show_rendered
from mad_app.ui.gallery.cards import label_of, series_html
from mad_app.ui.gallery.details import STATE, show_details
from mad_app.ui.gallery.filter import COLUMNS
from mad_app.ui.gallery.grid import show_grid
from mad_app.ui.session import server_queue

LEVELS = "_level"
"""How the name of a setting ends that a series with curves varies."""

MOST_REASONS = 8
"""Most runs of which is said why they are missing."""


def show_series_cards(cards: Sequence[SeriesCard]) -> None:
    """Draw a card for each series, if there are any."""
    if not cards:
        return
    st.header("Series")
    for row in range(0, len(cards), COLUMNS):
        for column, card in zip(st.columns(COLUMNS), cards[row : row + COLUMNS], strict=False):
            offer = partial(show_delete_button, server_queue(), card.id, STATE.key(f"delete-{card.id}"))
            with column, contained("this series", offer):
                content = series_html(card, st.context.timezone)
                with st.container(border=True, height="stretch", key=STATE.key(f"series-{card.id}")):
                    show_html(content)
                    st.button(
                        "Open",
                        key=STATE.key(f"open-series-{card.id}"),
                        on_click=_open,
                        args=(card.id,),
                        help="Shows its runs, side by side and one by one.",
                    )


def show_series(root: Path, card: SeriesCard) -> None:
    """Draw a series that is opened."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(card.kind, width="stretch")
        show_delete_button(server_queue(), card.id, STATE.key("delete-series"))
        st.button(
            "All runs",
            key=STATE.key("all-runs"),
            icon=":material/arrow_back:",
            on_click=_open,
            args=(None,),
            help="Back to the gallery.",
        )
    st.caption(f"{card.entry.finished} of {card.entry.count} runs finished, {date_of(card.entry.created)}")
    with contained("what this series lacks"):
        _show_missing(card)
    with contained("the figures of this series"):
        _show_figures(card)
        if card.entry.finished:
            _download_page(card)
    with contained("the runs of this series"):
        found = cards_of_series(root, card.id)
        for name, fault in list(found.faults.items())[:MOST_REASONS]:
            key = STATE.key(f"delete-{card.id}/{displayable(name)}")
            show_fault(server_queue(), name, fault, key, series=card.id)
        _show_count_of_rest(len(found.faults) - MOST_REASONS)
        show_grid(found.cards)
        show_details(root, found.cards)


def _show_missing(card: SeriesCard) -> None:
    """Which of its runs are not finished, why, and the command that computes them."""
    missing = card.entry.missing
    for value, reason in missing[:MOST_REASONS]:
        st.caption(sentence(f"{label_of(card.entry.varied)} {value}: {reason}"))
    _show_count_of_rest(len(missing) - MOST_REASONS)
    if missing:
        st.caption("This computes what is missing:")
        command = shlex.join(["python", "-m", "mad_app", "resume", str(typed_folder(card.entry.folder))])
        st.code(displayable(command), language="shell", wrap_lines=True)


def _show_count_of_rest(count: int) -> None:
    if count > 0:
        st.caption(f"And {count} more.")


def _open(series_id: str | None) -> None:
    STATE.pop("details", None)
    st.query_params.from_dict({"series": series_id} if series_id else {})


def _show_figures(card: SeriesCard) -> None:
    """All images side by side, and for a sweep of levels the curves; drawn anew when a run is added."""
    drawings: list[tuple[str, Drawing]] = [("Sheet", "contact sheet")]
    if card.entry.varied.endswith(LEVELS):
        drawings.append(("Curves", "curves"))
    if not card.entry.finished:
        st.info("None of its runs is finished yet.")
        return
    for tab, (title, drawing) in zip(st.tabs([title for title, _ in drawings]), drawings, strict=True):
        with tab, contained(f"the {title.lower()}"):
            folder = card.entry.folder
            future = renderer().request((folder, _version(folder), drawing), partial(_draw, folder, drawing, "png"))
            show_rendered(future, partial(_image, title))
            st.download_button(
                f"{title} as PDF",
                partial(_draw, folder, drawing, "pdf"),
                f"{card.id}.pdf",
                "application/pdf",
                key=STATE.key(f"download-{drawing}"),
                on_click="ignore",
                icon=":material/download:",
                help="For a paper or a slide.",
            )


def _download_page(card: SeriesCard) -> None:
    """All its runs in one file."""
    web_page_button(
        lambda: series_page(load_series(card.entry.folder)),
        f"{card.id}.html",
        STATE.key("download-page"),
        holds="the viewer, the numbers and the settings of each run",
    )


def _draw(folder: Path, drawing: Drawing, kind: Kind) -> bytes:
    return series_bytes(load_series(folder), drawing, kind)


def _image(title: str, content: bytes) -> Html:
    alt = f"the {title.lower()} of this series, as it is in the file"
    return element("div", element("img", src=Picture("image/png", content).uri(), alt=alt), class_="mad-sheet")


def _version(folder: Path) -> tuple[object, ...]:
    """What changes when a run of a series does."""
    return (stamp(folder / SERIES_FILE), *(stamps_in(path.parent) for path in sorted(folder.glob(f"*/{RUN_FILE}"))))
