"""The page that makes a figure of a run: choose what it shows, see it, take it away with its caption and command."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st

from mad_app.figures import FORMATS, THEMES, caption, figure_bytes, latex_caption
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Run, load_run
from mad_app.ui.components.collection import all_cards
from mad_app.ui.components.picture_picker import plain
from mad_app.ui.components.render_cache import RenderCache
from mad_app.ui.figure.controls import FILE_TITLES, GOOD_FOR, show_figure_controls, show_run_control
from mad_app.ui.figure.form import FILES, FigureChoices, command_of, draw, to_query
from mad_app.ui.gallery.page import load_style, show_nothing

POLL_SECONDS = 0.3
PREVIEW_WIDTH = 1300
"""Of a preview in dots; the file itself has as many as are chosen."""

PAPER_SCALE = 125
"""Dots of the screen to an inch of a column; slides take all the width there is."""

HINT = '<p class="mad-hint">The run and what the figure shows are chosen behind » at the top left.</p>'


def figure_page() -> None:
    """Draw the page for this visitor."""
    load_style()
    heading = st.container(horizontal=True, vertical_alignment="center")
    heading.title("Figure", width="stretch")
    try:
        cards = all_cards(runs_root()).cards
    except RecordError as error:
        st.error(f"{plain(str(error))}.")
        return
    if not cards:
        show_nothing()
        return
    with st.sidebar:
        card = show_run_control({card.id: card for card in cards})
        choices = show_figure_controls()
    st.query_params.from_dict({"run": card.id} | to_query(choices))
    try:
        run = _run(card.summary.folder, _modified(card.summary.folder))
    except (RecordError, OSError) as error:
        st.error(f"This run cannot be drawn: {plain(str(error))}.")
        return
    with heading:
        _download(run, choices)
    _show(run, choices)
    st.markdown(HINT, unsafe_allow_html=True)


@st.cache_resource(show_spinner=False)
def drawings() -> RenderCache:
    """The server's one drawing thread."""
    return RenderCache()


@lru_cache(maxsize=4)
def _run(folder: Path, modified: int) -> Run:
    """A record; `modified` tells when it has to be read again."""
    del modified
    return load_run(folder)


def _show(run: Run, choices: FigureChoices) -> None:
    """The figure, and in words how it is made and what it shows."""
    file = _ask(run, choices, partial(draw, run, choices)) if choices.moves else None
    picture = file or _ask(run, choices, partial(_preview, run, choices), preview=True)
    _show_picture(picture, choices)
    st.subheader("The command that makes the same file")
    st.code(command_of(_shortest(run.folder or Path()), choices), language="shell", wrap_lines=True)
    st.subheader("A caption with all settings")
    show = None if choices.moves else choices.show
    text, latex = st.tabs(["Plain text", "LaTeX"])
    text.code(caption(run, show), language=None, wrap_lines=True)
    latex.code(latex_caption(run, show), language="latex", wrap_lines=True)


def _download(run: Run, choices: FigureChoices) -> None:
    st.download_button(
        f"Download {FILE_TITLES[choices.file]}",
        partial(_file, run, choices),
        f"{run.id}.{choices.file}",
        FILES[choices.file],
        key="take-figure",
        type="primary",
        on_click="ignore",
        icon=":material/download:",
        help=GOOD_FOR[choices.file],
    )


def _preview(run: Run, choices: FigureChoices) -> bytes:
    """The sheet for the screen."""
    return figure_bytes(run, "png", dpi=PREVIEW_WIDTH / FORMATS[choices.width].width, **choices.options())


def _file(run: Run, choices: FigureChoices) -> bytes:
    """The file to take away; called when it is asked for, outside the page's thread."""
    return _ask(run, choices, partial(draw, run, choices)).result()


def _ask(run: Run, choices: FigureChoices, work: Callable[[], bytes], *, preview: bool = False) -> Future[bytes]:
    """What is drawn of a run, under a key of all that it depends on."""
    folder = run.folder or Path()
    if preview:  # the same for all kinds of files
        choices = replace(choices, file="pdf", dpi=None)
    elif choices.moves:
        choices = FigureChoices(file=choices.file, theme=choices.theme)
    return drawings().ask((folder, _modified(folder), choices, preview), work)


def _modified(folder: Path) -> int:
    """A number that changes with the record."""
    return (folder / "run.json").stat().st_mtime_ns


def _show_picture(future: Future[bytes], choices: FigureChoices) -> None:
    """The picture; while it is drawn, the one before it, pale."""
    state = st.session_state
    if not future.done():
        st.fragment(_await, run_every=POLL_SECONDS)(future, state.get("figure-shown"))
        return
    error = future.exception()
    if error:
        st.error(f"It could not be drawn: {plain(' '.join(str(error).split()) or type(error).__name__)}.")
        return
    mime = FILES[choices.file] if choices.moves else FILES["png"]
    image = _image(Picture(mime, future.result()), choices)
    state["figure-shown"] = image
    st.markdown(image, unsafe_allow_html=True)


def _await(future: Future[bytes], shown: str | None) -> None:
    """Look again until it is drawn."""
    if future.done():
        st.rerun()
    st.markdown(f'<div class="mad-pale" aria-busy="true">{shown or ""}</div>', unsafe_allow_html=True)
    st.caption("Drawing …")


def _image(picture: Picture, choices: FigureChoices) -> str:
    what = "moving picture" if choices.moves else "sheet"
    form = FORMATS[choices.width]
    width = "100%" if choices.moves or choices.width == "slide" else f"{form.width * PAPER_SCALE:.0f}px"
    alt = f"the {what} of this competition, as it is in the file"
    ground = THEMES[choices.theme].paper
    return (
        f'<div class="mad-paper" style="max-width:{width};background:{ground}">'
        f'<img src="{picture.uri()}" alt="{alt}"></div>'
    )


def _shortest(folder: Path) -> Path:
    """The folder as it is typed where the program was started."""
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
