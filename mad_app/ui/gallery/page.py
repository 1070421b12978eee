"""The page of all saved runs: find one, open it, run it again, compare two, name, delete, take away and bring in."""

import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.figures import metric_title
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Run, deleted_runs, empty_trash, load_run, restore_run
from mad_app.records.archive import import_run
from mad_app.records.trash import KEEP_SECONDS
from mad_app.ui.compete.page import STYLE
from mad_app.ui.components.collection import ORDERS, Card, Cards, Wanted, all_cards, find_cards, picture_title
from mad_app.ui.components.picture_picker import plain
from mad_app.ui.gallery.cards import card_html, comparison_html
from mad_app.ui.gallery.details import ask_for_details, show_details_asked_for
from mad_app.ui.navigation import open_page

GALLERY_STYLE = Path(__file__).parents[1] / "components" / "gallery.css"
COLUMNS, ROWS = 4, 3
MOST_DELETED_SHOWN = 20
LITTLE_SPACE = 100e6
"""Bytes on the disk below which a larger run could not be saved."""

DAYS = round(KEEP_SECONDS / (24 * 3600))


def gallery_page() -> None:
    """Draw the page for this visitor."""
    root = runs_root()
    load_style()
    try:
        empty_trash_of_old(root)
        cards = all_cards(root)
    except RecordError as error:
        st.title("Gallery")
        st.error(f"{plain(str(error))}.")
        return
    compared = [card for run_id in _compared() for card in cards.cards if card.id == run_id]
    if len(compared) == 2:
        _show_comparison(compared)
    else:
        _show_gallery(root, cards)


def load_style() -> None:
    """Put the style of cards and sheets into the page."""
    st.html(f"<style>{STYLE.read_text(encoding='utf-8')}{GALLERY_STYLE.read_text(encoding='utf-8')}</style>")


@st.cache_resource(show_spinner=False, ttl=3600)
def empty_trash_of_old(root: Path) -> None:
    """Drop, about once an hour, what was deleted long ago; a disk that refuses is no matter here."""
    try:
        empty_trash(root, older_than=KEEP_SECONDS)
    except RecordError:
        return


def _show_gallery(root: Path, cards: Cards) -> None:
    heading, bring = st.columns([4, 1], vertical_alignment="center")
    count = len(cards.cards)
    heading.title("Gallery" + (f": {count} {'run' if count == 1 else 'runs'}" if count else ""))
    with bring:
        _import_control(root)
    _say_what_happened(root)
    _say_what_the_disk_allows(root)
    if cards.cards:
        _show_cards(cards)
        show_details_asked_for(root, cards.cards)
    else:
        show_nothing()
    _show_deleted(root)
    for fault in cards.faults[:5]:
        st.caption(plain(fault) + ".")


def _say_what_the_disk_allows(root: Path) -> None:
    if not root.is_dir():
        return
    free = shutil.disk_usage(root).free
    if not os.access(root, os.W_OK):
        st.info(f"{plain(str(root))} is read-only: runs can be opened and taken away, but not changed or brought in.")
    elif free < LITTLE_SPACE:
        left = f"{free / 1e6:.0f} MB are left on the disk of {plain(str(root))}"
        st.warning(f"{left}: a run may not be kept. Taking away what is here needs no space.")


def show_nothing() -> None:
    """What to do where there are no runs yet."""
    with st.container(border=True):
        st.markdown("**No runs yet.** Every competition that you start is kept here, with all its images and numbers.")
        with st.container(horizontal=True):
            if st.button("Start a competition", key="first-run", type="primary", icon=":material/play_arrow:"):
                open_page("compete", {})
        st.caption("Or bring in the ZIP file of a run that someone sent you.")


def _show_cards(cards: Cards) -> None:
    wanted = _controls(cards.cards)
    found = find_cards(cards.cards, wanted)
    _show_chosen(cards.cards)
    if not found:
        st.info("No run is like that: choose fewer metrics or pictures, or other words.")
        return
    first = _paging(len(found))
    timezone = st.context.timezone
    shown = found[first : first + COLUMNS * ROWS]
    for row in range(0, len(shown), COLUMNS):
        for column, card in zip(st.columns(COLUMNS), shown[row : row + COLUMNS], strict=False):
            with column.container(border=True, height="stretch", key=f"card-{card.id}"):
                st.markdown(card_html(card, timezone), unsafe_allow_html=True)
                _card_buttons(card)


def _controls(cards: Sequence[Card]) -> Wanted:
    """What is wanted; the URL carries it."""
    query, state = st.query_params, st.session_state
    metrics = sorted({name for card in cards for name in card.metrics}, key=metric_title)
    pictures = sorted({card.picture for card in cards}, key=picture_title)
    if "wanted-order" not in state:
        state["wanted-order"] = query.get("order") if query.get("order") in ORDERS else "newest"
        state["gallery-page"] = _page_of_url()
        state["wanted-words"] = query.get("words", "")[:200]
        state["wanted-metrics"] = [name for name in query.get_all("metric") if name in metrics][:2]
        state["wanted-pictures"] = [name for name in query.get_all("picture") if name in pictures]
    for key, known in (("wanted-metrics", metrics), ("wanted-pictures", pictures)):
        state[key] = [name for name in state[key] if name in known]
    a, b, c, d = st.container(key="wanted").columns([1.3, 1.3, 1, 1])
    wanted = Wanted(
        metrics=a.multiselect(
            "Metrics",
            metrics,
            key="wanted-metrics",
            format_func=metric_title,
            max_selections=2,
            placeholder="All",
            on_change=_to_first,
            help="Runs in which this metric competes; with two, runs in which they compete with each other.",
        ),
        pictures=b.multiselect(
            "Pictures",
            pictures,
            key="wanted-pictures",
            format_func=picture_title,
            placeholder="All",
            on_change=_to_first,
            help="Runs on any of these pictures.",
        ),
        words=c.text_input(
            "Words",
            key="wanted-words",
            on_change=_to_first,
            max_chars=200,
            help="Words that occur in a run's name, notes, metrics, picture or id.",
        ),
        order=d.selectbox(
            "Order",
            list(ORDERS),
            key="wanted-order",
            format_func=lambda name: ORDERS[name][0],
            on_change=_to_first,
            help="Wide apart: the driven metric sees one image of a pair many times as far as the other.",
        ),
    )
    _write_url(wanted)
    return wanted


def _write_url(wanted: Wanted) -> None:
    page = st.session_state["gallery-page"]
    query: dict[str, str | list[str]] = {"metric": list(wanted.metrics), "picture": list(wanted.pictures)}
    query |= {"words": wanted.words} if wanted.words else {}
    query |= {"order": wanted.order} if wanted.order != "newest" else {}
    query |= {"page": str(page)} if page > 1 else {}
    st.query_params.from_dict(query)


def _to_first() -> None:
    st.session_state["gallery-page"] = 1


def _paging(count: int) -> int:
    """Where the shown part of `count` cards begins; buttons lead to the others."""
    state, size = st.session_state, COLUMNS * ROWS
    pages = -(-count // size)
    page = min(max(state["gallery-page"], 1), pages)
    state["gallery-page"] = page
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center", key="paging"):
            for label, icon, to in (("Back", "chevron_left", page - 1), ("On", "chevron_right", page + 1)):
                st.button(
                    label,
                    key=f"page-{label}",
                    icon=f":material/{icon}:",
                    disabled=not 1 <= to <= pages,
                    on_click=_turn_to,
                    args=(to,),
                    help=f"Runs {(to - 1) * size + 1} and on",
                )
            st.caption(f"{(page - 1) * size + 1} to {min(page * size, count)} of {count}", width="content")
    return (page - 1) * size


def _page_of_url() -> int:
    text = st.query_params.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _turn_to(page: int) -> None:
    st.session_state["gallery-page"] = page


def _card_buttons(card: Card) -> None:
    chosen = card.id in _chosen()
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("Open", key=f"open-{card.id}", help="Shows it on the page Compete."):
            open_page("compete", {"run": card.id})
        st.button(
            "PictureChoice" if chosen else "Compare",
            key=f"choose-{card.id}",
            icon=":material/check:" if chosen else None,
            on_click=_choose,
            args=(card.id,),
            help="Choose two runs to see them beside each other.",
        )
        st.button(
            "",
            key=f"more-{card.id}",
            icon=":material/more_horiz:",
            on_click=ask_for_details,
            args=(card.id,),
            help="Name, notes, and what else to do.",
        )


def _chosen() -> list[str]:
    chosen: list[str] = st.session_state.setdefault("chosen", [])
    return chosen


def _choose(run_id: str) -> None:
    """Choose a run for comparison, or no longer; a third one takes the place of the first."""
    chosen = _chosen()
    st.session_state.chosen = [x for x in chosen if x != run_id] if run_id in chosen else [*chosen[-1:], run_id]


def _show_chosen(cards: Sequence[Card]) -> None:
    chosen = [card for run_id in _chosen() for card in cards if card.id == run_id]
    if not chosen:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="chosen-bar"):
        names = " and ".join(f"**{plain(card.title)}**" for card in chosen)
        st.markdown(f"Chosen: {names}" + (". Choose one more to compare." if len(chosen) == 1 else ""))
        if len(chosen) == 2:
            ids = [card.id for card in chosen]
            st.button("Compare them", key="compare", type="primary", on_click=_compare, args=(ids,))
        st.button("Choose none", key="choose-none", on_click=_choose_none)


def _choose_none() -> None:
    st.session_state.chosen = []


def _compare(run_ids: list[str]) -> None:
    """Show these two beside each other, or all runs again."""
    st.query_params.from_dict({"compare": run_ids})
    _choose_none()


def _compared() -> list[str]:
    return st.query_params.get_all("compare")[:2]


def _show_comparison(cards: Sequence[Card]) -> None:
    """Two runs beside each other."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Two runs beside each other", width="stretch")
        st.button("All runs", key="all-runs", icon=":material/arrow_back:", on_click=_compare, args=([],))
    try:
        runs: list[Run] = [load_run(card.summary.folder) for card in cards]
    except RecordError as error:
        st.error(f"They cannot be compared: {plain(str(error))}.")
        return
    html = comparison_html((runs[0], runs[1]), (cards[0].title, cards[1].title))
    st.markdown(html, unsafe_allow_html=True)


def _import_control(root: Path) -> None:
    state = st.session_state
    times = state.setdefault("imports", 0)
    with st.popover("Bring in a run", icon=":material/upload:", width="stretch"):
        st.file_uploader(
            "ZIP file of a run",
            type="zip",
            key=f"import-{times}",
            on_change=_import,
            args=(root, f"import-{times}"),
            help="A file that “Record as ZIP” made, here or elsewhere.",
        )


def _import(root: Path, key: str) -> None:
    state = st.session_state
    if state[key] is None:
        return
    try:
        run_id = import_run(root, state[key])
        state.happened = ("success", f"{run_id} has been brought in.")
        _to_first()
    except RecordError as error:
        text = f"{state[key].name}: {error}."
        state.happened = ("error", text[:1].upper() + text[1:])
    state.imports += 1  # another key is another, empty uploader


def _say_what_happened(root: Path) -> None:
    """Once: what a click did; after a deletion, with the way back."""
    state = st.session_state
    kind, text = state.pop("happened", (None, ""))
    if kind == "error":
        st.error(plain(text))
    elif kind == "success":
        st.success(plain(text))
    deleted = state.get("deleted")
    if deleted:
        run_id, title = deleted
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="deleted-bar"):
            st.markdown(f"**{plain(title)}** has been deleted.")
            st.button(
                "Undo", key="undo", type="primary", icon=":material/undo:", on_click=_restore, args=(root, run_id)
            )
            st.button("Hide", key="hide", on_click=partial(state.pop, "deleted", None))


def _restore(root: Path, run_id: str) -> None:
    state = st.session_state
    try:
        restore_run(root, run_id)
        state.happened = ("success", "It is back as it was.")
    except RecordError as error:
        state.happened = ("error", f"{error}.")
    state.pop("deleted", None)


def _show_deleted(root: Path) -> None:
    """What can be put back."""
    deleted = deleted_runs(root)
    if not deleted:
        return
    with st.expander(f"Deleted runs: {len(deleted)}"):
        st.caption(f"They can be put back for {DAYS} days after their deletion.")
        for run_id in deleted[:MOST_DELETED_SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button("Put back", key=f"restore-{run_id}", on_click=_restore, args=(root, run_id))
                st.markdown(plain(run_id))
        with st.popover("Delete them for good"):
            st.markdown("Then nothing can bring them back.")
            st.button("Yes, for good", key="empty-trash", type="primary", on_click=_empty, args=(root,))


def _empty(root: Path) -> None:
    try:
        count = empty_trash(root)
        st.session_state.happened = ("success", f"{count} {'run has' if count == 1 else 'runs have'} been deleted.")
        st.session_state.pop("deleted", None)
    except RecordError as error:
        st.session_state.happened = ("error", f"{error}.")
