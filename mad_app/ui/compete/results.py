"""What is shown of a competition that is over: what it found, its sheet, and files to take away."""

import html
from functools import partial
from pathlib import Path

import streamlit as st

from mad_app.figures import Kind, figure_bytes, metric_title, number, outcome_sentence
from mad_app.images.encode import Picture
from mad_app.metrics import METRICS
from mad_app.records import Run
from mad_app.records.archive import zip_run
from mad_app.runs import Request
from mad_app.runs.reproduce import command_of, python_of, reproduction_of
from mad_app.ui.components.curves import LETTERS
from mad_app.ui.components.form import duration
from mad_app.ui.components.four_up import four_up_html, four_up_of_run
from mad_app.ui.components.viewer.viewer import show_viewer

MIMES: dict[Kind, str] = {"pdf": "application/pdf", "svg": "image/svg+xml", "png": "image/png"}


def show_run(run: Run, sheet: Picture | None) -> None:
    """Draw a record.

    Args:
        run: the record.
        sheet: its figure, if it has been drawn.
    """
    st.markdown(four_up_html(four_up_of_run(run)), unsafe_allow_html=True)
    _downloads(run)
    closer, figure, table, again = st.tabs(["Look closer", "Figure", "What all metrics say", "Make it again"])
    with closer:
        show_viewer(run)
    with figure:
        _show_sheet(sheet)
    with table:
        st.markdown(jury_html(run), unsafe_allow_html=True)
    with again:
        _show_origin(run)


def jury_html(run: Run) -> str:
    """What every metric says of the start and of the four images, as a table."""
    rivals = {run.images[0].optimized, run.images[0].fixed}
    heads = ["Distance to the reference", "Start", *LETTERS]
    rows = []
    for name in run.images[0].final:
        values = [run.images[0].start.get(name), *(result.seen.get(name) for result in run.images)]
        mark = ' class="mad-rival"' if name in rivals else ""
        cells = "".join(f"<td>{number(value)}</td>" for value in values)
        rows.append(f"<tr{mark}><th>{html.escape(metric_title(name))}</th>{cells}</tr>")
    head = "".join(f"<th>{head}</th>" for head in heads)
    return f'<table class="mad-table"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _downloads(run: Run) -> None:
    """Files to take away, made when they are asked for and outside the page's own thread."""
    folder = run.folder
    if folder is None:
        return
    with st.container(horizontal=True, key="downloads"):
        for kind, mime in MIMES.items():
            st.download_button(
                f"Figure as {kind.upper()}",
                partial(figure_bytes, run, kind),
                f"{run.id}.{kind}",
                mime,
                on_click="ignore",
                icon=":material/download:",
                help="The whole sheet, for a paper or a slide." if kind != "png" else "The whole sheet, as pixels.",
            )
        st.download_button(
            "Record as ZIP",
            partial(zip_run, Path(folder)),
            f"{run.id}.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            help="All images, exact and as PNG, with every number, setting and version.",
        )


def _show_sheet(sheet: Picture | None) -> None:
    if sheet is None:
        st.caption("The sheet is drawn when you download it.")
        return
    image = f'<img src="{sheet.uri()}" alt="the sheet of this competition, as it is in the files to download">'
    st.markdown(f'<div class="mad-sheet">{image}</div>', unsafe_allow_html=True)


def _show_origin(run: Run) -> None:
    """How it was made, and the words that make it again."""
    st.caption(f"{outcome_sentence(run)} {duration(run.seconds)} on {run.device}. Record: {run.folder}")
    show_words(reproduction_of(run))
    sources = [f"{METRICS[name].title}: {METRICS[name].source}" for name in run.weights if name in METRICS]
    st.caption(" · ".join(sources))


def show_words(request: Request) -> None:
    """The command line and the Python of a request, to be copied."""
    st.code(command_of(request), language="shell", wrap_lines=True)
    st.code(python_of(request), language="python")
