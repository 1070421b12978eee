"""The page that makes a figure of a run: choose what it shows, see it, download it with its caption and command."""

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
from mad_app.ui.components.empty import show_no_runs
from mad_app.ui.components.html import Html, element, load_styles, sentence, show_html
from mad_app.ui.components.render_cache import RenderCache
from mad_app.ui.figure.controls import FILE_TITLES, GOOD_FOR, STATE, show_figure_controls, show_run_control
from mad_app.ui.figure.form import FILES, FigureForm, command_of, draw, to_query

POLL_SECONDS = 0.3
PREVIEW_WIDTH = 1300
"""Of a preview in dots; the file itself has the chosen resolution."""

PAPER_SCALE = 125
"""Dots of the screen per inch of a column; slides take the whole width."""

HINT = "The run and what the figure shows are chosen behind » at the top left."


def figure_page() -> None:
    """Draw the page for this visitor."""
    load_styles()
    heading = st.container(horizontal=True, vertical_alignment="center")
    heading.title("Figure", width="stretch")
    try:
        cards = all_cards(runs_root()).cards
    except RecordError as error:
        st.error(sentence(str(error)))
        return
    if not cards:
        show_no_runs(STATE.page)
        return
    with st.sidebar:
        card = show_run_control({card.id: card for card in cards})
        form = show_figure_controls()
    st.query_params.from_dict({"run": card.id} | to_query(form))
    try:
        run = _run(card.folder, _modified(card.folder))
    except (RecordError, OSError) as error:
        st.error(sentence(f"this run cannot be drawn: {error}"))
        return
    with heading:
        _download(run, form)
    _show(run, form)
    show_html(element("p", HINT, class_="mad-hint"))


@st.cache_resource(show_spinner=False)
def _render_cache() -> RenderCache:
    """The server's one rendering thread."""
    return RenderCache()


@lru_cache(maxsize=4)
def _run(folder: Path, modified: int) -> Run:
    """A record; read again only when it was modified."""
    del modified
    return load_run(folder)


def _show(run: Run, form: FigureForm) -> None:
    """The figure, the command that makes it, and its caption."""
    file = _request(run, form, partial(draw, run, form)) if form.moves else None
    picture = file or _request(run, form, partial(_preview, run, form), preview=True)
    _show_picture(picture, form)
    st.subheader("The command that makes the same file")
    st.code(command_of(_shortest(run.folder or Path()), form), language="shell", wrap_lines=True)
    st.subheader("A caption with all settings")
    text, latex = st.tabs(["Plain text", "LaTeX"])
    text.code(caption(run, form.show, moving=form.moves), language=None, wrap_lines=True)
    latex.code(latex_caption(run, form.show, moving=form.moves), language="latex", wrap_lines=True)


def _download(run: Run, form: FigureForm) -> None:
    st.download_button(
        f"Download {FILE_TITLES[form.file]}",
        partial(_file, run, form),
        f"{run.id}.{form.file}",
        FILES[form.file],
        key=STATE.key("download"),
        type="primary",
        on_click="ignore",
        icon=":material/download:",
        help=GOOD_FOR[form.file],
    )


def _preview(run: Run, form: FigureForm) -> bytes:
    """The sheet for the screen."""
    return figure_bytes(run, "png", dpi=PREVIEW_WIDTH / FORMATS[form.width].width, **form.options())


def _file(run: Run, form: FigureForm) -> bytes:
    """The file to download; called when it is asked for, outside the page's thread."""
    return _request(run, form, partial(draw, run, form)).result()


def _request(run: Run, form: FigureForm, work: Callable[[], bytes], *, preview: bool = False) -> Future[bytes]:
    """What is drawn of a run, under a key of everything that it depends on."""
    folder = run.folder or Path()
    if preview:  # the same for all kinds of files
        form = replace(form, file="pdf", dpi=None)
    elif form.moves:
        form = FigureForm(file=form.file, theme=form.theme)
    return _render_cache().request((folder, _modified(folder), form, preview), work)


def _modified(folder: Path) -> int:
    """A number that changes with the record."""
    return (folder / "run.json").stat().st_mtime_ns


def _show_picture(future: Future[bytes], form: FigureForm) -> None:
    """The picture; while it is drawn, the previous one, pale."""
    if not future.done():
        st.fragment(_await, run_every=POLL_SECONDS)(future, STATE.get("shown"))
        return
    error = future.exception()
    if error:
        st.error(sentence(f"it could not be drawn: {' '.join(str(error).split()) or type(error).__name__}"))
        return
    mime = FILES[form.file] if form.moves else FILES["png"]
    image = _image(Picture(mime, future.result()), form)
    STATE["shown"] = image
    show_html(image)


def _await(future: Future[bytes], shown: Html | None) -> None:
    """Look again until it is drawn."""
    if future.done():
        st.rerun()
    show_html(element("div", shown, class_="mad-pale", aria_busy="true"))
    st.caption("Drawing …")


def _image(picture: Picture, form: FigureForm) -> Html:
    what = "animation" if form.moves else "sheet"
    width = "100%" if form.moves or form.width == "slide" else f"{FORMATS[form.width].width * PAPER_SCALE:.0f}px"
    style = f"max-width:{width};background:{THEMES[form.theme].paper}"
    image = element("img", src=picture.uri(), alt=f"the {what} of this competition, as it is in the file")
    return element("div", image, class_="mad-paper", style=style)


def _shortest(folder: Path) -> Path:
    """The folder as it is typed where the program was started."""
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
