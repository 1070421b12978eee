"""The runs that come with the program, before a visitor has run anything: one plays, and all can be opened."""

from functools import cache, lru_cache
from pathlib import Path

import streamlit as st

from mad_app.figures import image_title, pair_sentence
from mad_app.figures.web_page.page import shelf_page
from mad_app.figures.web_page.pictures import LIGHT
from mad_app.images.encode import thumbnail
from mad_app.records import SHELF_RUNS, Run, load_record, shelf_root
from mad_app.ui.components.collection import Card, picture_title, shelf_cards
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.explanation import introduction_html
from mad_app.ui.components.four_up import letter_html
from mad_app.ui.components.html import Html, element, plain, show_html
from mad_app.ui.components.viewer import show_viewer
from mad_app.ui.session import PageState

COLUMNS = 4
THUMBNAIL = 144
"""Side of a small picture in pixels."""

STATE = PageState("compete")


def show_introduction() -> None:
    """Draw what a competition is, with the pictures of the first of these runs."""
    show_html(_introduction())


def show_example(picture: str) -> None:
    """Draw a finished run of a picture, or, where there is none of it, of another one; it plays from start to end.

    What is between start and end is shown with some loss, so that every arrival gets half as much.

    Args:
        picture: the name of the picture that is chosen.
    """
    cards = shelf_cards()
    card = next((card for card in cards if card.picture == picture), cards[0])
    st.header("A finished example")
    text = f"**{plain(card.title)}.** {plain(card.label.notes)}"
    if card.picture != picture:
        text += f" There is no example of your picture; this one is of {plain(picture_title(card.picture))}."
    st.markdown(text)
    with st.container(key=STATE.key("example-place")):
        show_viewer(_run(card.entry.id), STATE.key("example"), plays=True, fidelity=LIGHT)


def show_shelf() -> None:
    """Draw a card for each of the runs, by which it is opened."""
    st.header("Finished runs to explore")
    cards = shelf_cards()
    for row in range(0, len(cards), COLUMNS):
        for column, card in zip(st.columns(COLUMNS), cards[row : row + COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch", key=STATE.key(f"shelf-{card.entry.id}")):
                show_html(_card_html(card))
                st.button(
                    plain(card.title),
                    key=STATE.key(f"open-{card.entry.id}"),
                    on_click=_open,
                    args=(card.id,),
                    help="Opens it with all its images, numbers and settings.",
                )
    web_page_button(
        shelf_page,
        "shelf.html",
        STATE.key("download-shelf"),
        of="all",
        holds="the viewer, the numbers and the settings of each run",
    )


def _open(run_id: str) -> None:
    st.query_params.from_dict({"run": run_id})


@cache
def _introduction() -> Html:
    run = _run(SHELF_RUNS[0])
    fixed, optimized = pair_sentence(run, 0).split(". ", 1)
    folder = shelf_root() / SHELF_RUNS[0]
    original, *pair = (
        thumbnail(folder / file, THUMBNAIL) for file in (run.files["reference"], *(one.file for one in run.results[:2]))
    )
    return introduction_html(original, (pair[0], pair[1]), f"{fixed}.", optimized)


@lru_cache(maxsize=len(SHELF_RUNS))
def _run(name: str) -> Run:
    """A record, read once for all visitors."""
    return load_record(shelf_root() / name)


def _card_html(card: Card) -> Html:
    """The four images, and what to see."""
    figures = [
        element(
            "figure",
            element("img", src=_thumbnail(card.folder / result.file), alt=image_title(i, result.optimized)),
            element("figcaption", letter_html(i)),
        )
        for i, result in enumerate(card.summary.results)
    ]
    return element(
        "article",
        element("div", *figures, class_="mad-thumbs mad-shelved"),
        element("p", card.label.notes),
        class_="mad-card",
    )


@lru_cache(maxsize=4 * len(SHELF_RUNS))
def _thumbnail(path: Path) -> str:
    """A small copy of a picture as a data URI."""
    return thumbnail(path, THUMBNAIL).uri()
