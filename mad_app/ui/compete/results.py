"""What is shown of a competition that has ended: its images, its sheet, and files to download."""

from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.figures import outcome_sentence, settings_sentence
from mad_app.figures.canvas import Kind
from mad_app.figures.export import figure_bytes
from mad_app.figures.web_page.details import other_metrics_html
from mad_app.figures.web_page.page import run_page
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.metrics import listed_specs
from mad_app.records import Run
from mad_app.records.archive import zip_run
from mad_app.records.storage import stamps_in
from mad_app.request import Request
from mad_app.runs.reproduce import command_of, python_of, reproduction_of
from mad_app.ui.compete.one_step import show_step_of_run
from mad_app.ui.components.commands import COPY, show_commands
from mad_app.ui.components.containment import contained
from mad_app.ui.components.downloads import web_page_button
from mad_app.ui.components.duration import duration
from mad_app.ui.components.explanation import WHICH_FAILED
from mad_app.ui.components.four_up import four_up_html, four_up_of_run
from mad_app.ui.components.html import Html, element, join, plain, show_html
from mad_app.ui.components.render_cache import await_rendered, renderer
from mad_app.ui.components.viewer import show_viewer
from mad_app.ui.session import PageState

MIMES: dict[Kind, str] = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}
ONCE_ROUNDED = "Shown as soon as the images are rounded to 8 bits."
STATE = PageState("compete")


def show_run(run: Run, *, complete: bool = True, has_8bit: bool = True) -> None:
    """Draw a record; what goes wrong in one part of it leaves the others.

    Args:
        run: the record.
        complete: whether it has all that was asked for; before, its sheet is not drawn.
        has_8bit: whether it has its 8-bit images; before, the viewer, which shows them pixel by pixel, is not drawn,
            nor are commands, for which a browser loads a large program, so that the four images stand sooner.
    """
    show_html(join(four_up_html(four_up_of_run(run)), _reading_html()))
    _downloads(run, complete=complete)
    closer, figure, table, reproduce = st.tabs(["Look closer", "Figure", "Other metrics", "Reproduce"])
    with closer, contained("the viewer"):
        if has_8bit:
            show_viewer(run, STATE.key("viewer"))
        else:
            st.caption(ONCE_ROUNDED)
        if complete:
            show_step_of_run(run)
    with table, contained("the table"):
        show_html(other_metrics_html(run))
        if not complete:
            st.caption("More follow.")
    with reproduce, contained("what reproduces this run"):
        if has_8bit:
            _show_origin(run)
        else:
            st.caption(ONCE_ROUNDED)
    with figure, contained("the figure"):  # last, because it takes the longest
        if complete:
            _show_sheet(run)
        else:
            st.caption("Drawn as soon as everything is measured.")


def _reading_html() -> Html:
    """How to read the images, and the way to the presentation."""
    button = element("button", "Present (key P)", type="button", class_="mad-present-button")
    return element("p", f"{WHICH_FAILED} ", button, class_="mad-reading")


def _downloads(run: Run, *, complete: bool) -> None:
    """Files to download, made when they are asked for and outside the page's own thread, once nothing is added to them.

    A page that is drawn anew meanwhile forgets a file that is being made.
    """
    folder = run.folder
    if folder is None:
        return
    with st.container(horizontal=True, key=STATE.key("downloads")):
        for kind, mime in MIMES.items():
            st.download_button(
                f"Figure as {kind.upper()}",
                partial(figure_bytes, run, kind),
                f"{run.id}.{kind}",
                mime,
                key=STATE.key(f"download-{kind}"),
                on_click="ignore",
                disabled=not complete,
                icon=":material/download:",
                help="The whole sheet, for a paper or a slide." if kind != "png" else "The whole sheet, as pixels.",
            )
        web_page_button(
            partial(run_page, run),
            f"{run.id}.html",
            STATE.key("download-page"),
            holds="the images, this viewer, the numbers and the settings",
            disabled=not complete,
        )
        st.download_button(
            "Record as ZIP",
            partial(zip_run, Path(folder)),
            f"{run.id}.zip",
            "application/zip",
            key=STATE.key("download-zip"),
            on_click="ignore",
            disabled=not complete,
            icon=":material/folder_zip:",
            help="All images, exact and as PNG, with every number, setting and version.",
        )


def _show_sheet(run: Run) -> None:
    await_rendered(
        renderer().request((run.folder, stamps_in(run.folder), "sheet"), partial(figure_bytes, run, "png")), _sheet_html
    )


def _sheet_html(content: bytes) -> Html:
    alt = "the sheet of this competition, as it is in the files to download"
    image = element("img", src=Picture("image/png", content).uri(), alt=alt)
    return element("div", image, class_="mad-sheet")


def _show_origin(run: Run) -> None:
    """How it was made, and what makes it again."""
    what = f"{settings_sentence(run)} {outcome_sentence(run)}"
    st.caption(f"{plain(what)} {duration(run.seconds)} on {plain(run.device)}.")
    st.markdown(COPY)
    show_commands(*commands_of(reproduction_of(run)))
    st.caption(f"Record: {plain(run.id)}")
    st.caption(plain(" · ".join(f"{spec.title}: {spec.source}" for spec in listed_specs(run.weights))))


def commands_of(request: Request) -> tuple[str, str]:
    """The command line and the Python of a request, without the server's folder."""
    root = str(runs_root())
    return command_of(request).replace(root, "runs"), python_of(request).replace(root, "runs")
