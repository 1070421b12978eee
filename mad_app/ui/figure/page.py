"""The page that makes a figure of runs: choose what it shows, see it, download it with its captions and command."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st

from mad_app.figures.captions import Captions, captions_of
from mad_app.figures.export import figure_bytes
from mad_app.figures.several import MOST_RUNS
from mad_app.figures.tables import TableKind, table_text
from mad_app.figures.web_page.page import run_page
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError, Run, load_record
from mad_app.records.storage import stamps_in
from mad_app.ui.address import write_address
from mad_app.ui.components.collection import Card, runs_with_series, shelf_cards, typed_folder
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.html import Html, displayable, element, sentence, show_html
from mad_app.ui.components.render_cache import renderer, show_rendered
from mad_app.ui.figure.controls import FILE_TITLES, GOOD_FOR, STATE, show_figure_controls, show_run_control
from mad_app.ui.figure.form import FILES, FigureForm, command_of, draw, to_query

PREVIEW_WIDTH = 1300
"""Of a preview in dots; the file itself has the chosen resolution."""

PAPER_SCALE = 125
"""Dots of the screen per inch of a column; slides take the whole width."""

TABLE_TITLES: dict[TableKind, str] = {"csv": "CSV", "tex": "LaTeX"}

WIDEST_PAPER = 10.0
"""Width in inches of a sheet that is shown in its size."""

HINT = "The run and what the figure shows are chosen behind » at the top left."


@whole_page("figure")
def figure_page() -> None:
    """Draw the page for this visitor."""
    heading = st.container(horizontal=True, vertical_alignment="center")
    heading.title("Figure", width="stretch")
    try:
        cards = [*runs_with_series(runs_root()), *shelf_cards()]
    except RecordError as error:
        st.error(sentence(str(error)))
        return
    with st.sidebar:
        chosen = show_run_control({card.id: card for card in cards})
        form = show_figure_controls(max(len(chosen), 1))
    if not chosen:
        st.info("Choose a run on the left.")
        return
    write_address({"run": [card.id for card in chosen], **to_query(form)})
    runs = _load(chosen)
    if not runs:
        return
    with contained("the figure of this run"):
        with heading:
            _download(runs, form)
        _show(runs, form)
    show_html(element("p", HINT, class_="mad-hint"))


def _load(cards: Sequence[Card]) -> tuple[Run, ...]:
    """The runs; where one cannot be read, none, and which is said."""
    runs = []
    for card in cards:
        try:
            runs.append(_run(card.folder, stamps_in(card.folder)))
        except (RecordError, OSError) as error:
            which = "this run" if len(cards) == 1 else f"{card.title} ({card.id})"
            st.error(sentence(displayable(f"{which} cannot be drawn: {error}")))
            return ()
    return tuple(runs)


@lru_cache(maxsize=MOST_RUNS)
def _run(folder: Path, version: object) -> Run:
    """A record; read again for another version."""
    del version
    return load_record(folder)


def _show(runs: tuple[Run, ...], form: FigureForm) -> None:
    """The figure, the command that makes it, its captions and the table of all metrics."""
    file = _request(runs, form, partial(draw, runs, form)) if form.moves else None
    picture = file or _request(runs, form, partial(_preview, runs, form), preview=True)
    captions = _captions(runs, form)  # before the picture: what cannot be drawn is said once
    mime = FILES[form.file] if form.moves else FILES["png"]
    show_rendered(picture, lambda content: _image(Picture(mime, content), form), STATE.get("shown"), _keep_shown)
    st.header("The command that makes the same file")
    folders = [typed_folder(run.folder or Path()) for run in runs]
    st.code(displayable(command_of(folders, form)), language="shell", wrap_lines=True)
    st.header("Captions")
    _show_captions(captions)
    _show_tables(runs, form)


def _show_captions(captions: Captions) -> None:
    """A long and a short caption, and an environment for LaTeX."""
    for tab, text, language in zip(
        st.tabs(["With all settings", "Short", "LaTeX figure"]),
        captions,
        (None, None, "latex"),
        strict=True,
    ):
        tab.code(displayable(text), language=language, wrap_lines=True)


@lru_cache(maxsize=8)
def _captions(runs: tuple[Run, ...], form: FigureForm) -> Captions:
    """The captions, for which a sheet may have to be laid out."""
    included = f"figure.{'png' if form.file == 'png' else 'pdf'}"
    return captions_of(runs, included, moving=form.moves, **form.options())


def _show_tables(runs: tuple[Run, ...], form: FigureForm) -> None:
    """Downloads of the table of all metrics."""
    st.header("The table of all metrics")
    with st.container(horizontal=True):
        for kind, title in TABLE_TITLES.items():
            st.download_button(
                f"Table as {title}",
                partial(_table, runs, form, kind),
                f"{_name(runs)}.{kind}",
                "text/plain",
                key=STATE.key(f"table-{kind}"),
                on_click="ignore",
                icon=":material/table:",
                help="Values of every metric for the start and the four images.",
            )


def _table(runs: tuple[Run, ...], form: FigureForm, kind: TableKind) -> bytes:
    return table_text(runs, kind, form).encode()


def _name(runs: tuple[Run, ...]) -> str:
    """Of a file, without its ending."""
    return runs[0].id if len(runs) == 1 else f"{len(runs)}_runs"


def _download(runs: tuple[Run, ...], form: FigureForm) -> None:
    st.download_button(
        f"Download {FILE_TITLES[form.file]}",
        partial(_file, runs, form),
        f"{_name(runs)}.{form.file}",
        FILES[form.file],
        key=STATE.key("download"),
        type="primary",
        on_click="ignore",
        icon=":material/download:",
        help=GOOD_FOR[form.file],
    )
    if len(runs) == 1:
        web_page_button(
            partial(run_page, runs[0]),
            f"{runs[0].id}.html",
            STATE.key("download-page"),
            holds="the images, the viewer, the numbers and the settings",
        )


def _preview(runs: tuple[Run, ...], form: FigureForm) -> bytes:
    """The sheet for the screen."""
    return figure_bytes(runs, "png", dpi=PREVIEW_WIDTH / form.form.width, **form.options())


def _file(runs: tuple[Run, ...], form: FigureForm) -> bytes:
    """The file to download; called when it is asked for, outside the page's thread."""
    return _request(runs, form, partial(draw, runs, form)).result()


def _request(
    runs: tuple[Run, ...], form: FigureForm, work: Callable[[], bytes], *, preview: bool = False
) -> Future[bytes]:
    """What is drawn of the runs, under a key of everything that it depends on."""
    folders = tuple(run.folder or Path() for run in runs)
    if preview:  # the same for all kinds of files
        form = replace(form, file="pdf", dpi=None)
    elif form.moves:
        form = FigureForm(file=form.file, theme=form.theme)
    return renderer().request((folders, tuple(map(stamps_in, folders)), form, preview), work)


def _keep_shown(image: Html) -> None:
    STATE["shown"] = image


def _image(picture: Picture, form: FigureForm) -> Html:
    what = "animation" if form.moves else "sheet"
    inches = form.form.width
    width = "100%" if form.moves or inches > WIDEST_PAPER else f"{inches * PAPER_SCALE:.0f}px"
    style = f"max-width:{width};background:{form.colors.paper}"
    image = element("img", src=picture.uri(), alt=f"the {what} of this competition, as it is in the file")
    return element("div", image, class_="mad-paper", style=style)
