"""The page that makes a figure of a run: choose what it shows, see it, download it with its caption and command."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st

from mad_app.figures import FORMATS, THEMES, caption, figure_bytes, latex_caption, run_page
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.records import SHELF, RecordError, Run, load_run, shelf_root
from mad_app.records.files import RUN_FILE
from mad_app.records.storage import stamp
from mad_app.ui.address import write_address
from mad_app.ui.components.collection import runs_with_series, shelf_cards
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.html import Html, displayable, element, load_styles, sentence, show_html
from mad_app.ui.components.render_cache import renderer, show_rendered
from mad_app.ui.figure.controls import FILE_TITLES, GOOD_FOR, STATE, show_figure_controls, show_run_control
from mad_app.ui.figure.form import FILES, FigureForm, command_of, draw, to_query

PREVIEW_WIDTH = 1300
"""Of a preview in dots; the file itself has the chosen resolution."""

PAPER_SCALE = 125
"""Dots of the screen per inch of a column; slides take the whole width."""

HINT = "The run and what the figure shows are chosen behind » at the top left."


@whole_page("figure")
def figure_page() -> None:
    """Draw the page for this visitor."""
    load_styles()
    heading = st.container(horizontal=True, vertical_alignment="center")
    heading.title("Figure", width="stretch")
    try:
        cards = [*runs_with_series(runs_root()), *shelf_cards()]
    except RecordError as error:
        st.error(sentence(str(error)))
        return
    with st.sidebar:
        card = show_run_control({card.id: card for card in cards})
        form = show_figure_controls()
    write_address({"run": card.id} | to_query(form))
    try:
        run = _run(card.folder, _version(card.folder))
    except (RecordError, OSError) as error:
        st.error(sentence(f"this run cannot be drawn: {error}"))
        return
    with contained("the figure of this run"):
        with heading:
            _download(run, form)
        _show(run, form)
    show_html(element("p", HINT, class_="mad-hint"))


@lru_cache(maxsize=4)
def _run(folder: Path, version: object) -> Run:
    """A record; read again for another version."""
    del version
    return load_run(folder)


def _show(run: Run, form: FigureForm) -> None:
    """The figure, the command that makes it, and its caption."""
    file = _request(run, form, partial(draw, run, form)) if form.moves else None
    picture = file or _request(run, form, partial(_preview, run, form), preview=True)
    mime = FILES[form.file] if form.moves else FILES["png"]
    show_rendered(picture, lambda content: _image(Picture(mime, content), form), STATE.get("shown"), _keep_shown)
    st.header("The command that makes the same file")
    st.code(displayable(command_of(_shortest(run.folder or Path()), form)), language="shell", wrap_lines=True)
    st.header("A caption with all settings")
    text, latex = st.tabs(["Plain text", "LaTeX"])
    plain_text = caption(run, form.show, moving=form.moves)
    text.code(displayable(plain_text), language=None, wrap_lines=True)
    latex.code(displayable(latex_caption(run, form.show, moving=form.moves)), language="latex", wrap_lines=True)


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
    web_page_button(
        partial(run_page, run),
        f"{run.id}.html",
        STATE.key("download-page"),
        holds="the images, the viewer, the numbers and the settings",
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
    return renderer().request((folder, _version(folder), form, preview), work)


def _version(folder: Path) -> object:
    """What changes with the record."""
    return stamp(folder / RUN_FILE)


def _keep_shown(image: Html) -> None:
    STATE["shown"] = image


def _image(picture: Picture, form: FigureForm) -> Html:
    what = "animation" if form.moves else "sheet"
    width = "100%" if form.moves or form.width == "slide" else f"{FORMATS[form.width].width * PAPER_SCALE:.0f}px"
    style = f"max-width:{width};background:{THEMES[form.theme].paper}"
    image = element("img", src=picture.uri(), alt=f"the {what} of this competition, as it is in the file")
    return element("div", image, class_="mad-paper", style=style)


def _shortest(folder: Path) -> Path:
    """The folder as it is typed where the runs are in the folder `runs`; of a run of the shelf, its id."""
    if folder.parent == shelf_root():
        return Path(SHELF) / folder.name
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return Path("runs") / folder.relative_to(runs_root())
