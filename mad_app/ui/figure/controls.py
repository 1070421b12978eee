"""The controls of a figure, in the sidebar, and what they add up to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from mad_app.errors import ArgumentError
from mad_app.figures.measures import MM, NARROWEST, SMALLEST_FONT, WIDEST, WIDTHS, format_of
from mad_app.figures.options import PAIRS, PARTS, SEVERAL, SHEET_SETTINGS, UNASKED, Part
from mad_app.figures.several import MOST_RUNS
from mad_app.figures.typefaces import LATEX, font_names
from mad_app.ui.address import came_back
from mad_app.ui.components.collection import Card, date_of
from mad_app.ui.components.html import sentence
from mad_app.ui.components.setting_controls import show_setting
from mad_app.ui.figure.form import RESOLUTIONS, FigureForm, FileKind, fitting, from_query
from mad_app.ui.session import PageState

STATE = PageState("figure")
Option = TypeVar("Option", bound=str)

FILE_TITLES: dict[FileKind, str] = {"pdf": "PDF", "svg": "SVG", "png": "PNG", "gif": "GIF", "webp": "WebP"}
MILLIMETERS = "mm"
"""Stands for a width in millimeters."""

WIDTH_TITLES = {
    "single": "1 column", "double": "2 columns", "slide": "Slide", "16:9": "16:9", MILLIMETERS: "Millimeters"
}  # fmt: skip
THEME_TITLES = {"light": "Light", "dark": "Dark"}
PART_TITLES: dict[Part, str] = {
    "AB": "A and B", "CD": "C and D", "differences": "Differences", "metric-maps": "Metric maps", "curves": "Curves",
    "others": "Other metrics",
}  # fmt: skip
GOOD_FOR: dict[FileKind, str] = {
    "pdf": "Vector text and true pixels, for LaTeX.",
    "svg": "Vector text and true pixels, for editing.",
    "png": "Pixels, for a web page or a message.",
    "gif": "Animation from start to end, for slides; 256 colors.",
    "webp": "Animation from start to end, for slides and web pages; all colors.",
}
TEXTS = ("title", "footer", "labels", "rows", "inset")
SWITCHES = ("drift", "sentence")

WHOLE_PIXELS = 0
"""Stands for the resolution at which every pixel is a whole number of dots."""

DEFAULT_FONT = ""
"""Stands for the font of the program."""


def show_run_control(cards: Mapping[str, Card]) -> list[Card]:
    """Draw the choice of runs; at first those that the address names, else the newest one."""
    asked = st.query_params.get_all("run")
    chosen = [run_id for run_id in STATE.get("runs", []) if run_id in cards]
    if "runs" not in STATE or came_back():
        found = list(dict.fromkeys(run_id for run_id in asked if run_id in cards))
        chosen = found[:MOST_RUNS]
        if missing := len(set(asked)) - len(found):
            several = "One of the runs is" if missing == 1 else f"{missing} of the runs are"
            what = "No such run" if not found else f"{several} not here"
            shown = " This is the newest one." if not chosen else ""
            st.info(f"{what} (it may have been deleted).{shown}")
        if len(found) > MOST_RUNS:
            st.info(f"A figure takes {MOST_RUNS} runs at most: the first {MOST_RUNS} are shown.")
        chosen = chosen or [next(iter(cards))]
    STATE["runs"] = chosen
    timezone = st.context.timezone
    st.multiselect(
        "Runs",
        list(cards),
        key=STATE.key("runs"),
        max_selections=MOST_RUNS,
        format_func=lambda run_id: f"{cards[run_id].title}, {date_of(cards[run_id].entry.created, timezone)}",
        help="All runs of the gallery, newest first. Of several, each is a row of one figure.",
    )
    return [cards[run_id] for run_id in STATE["runs"]]


def show_figure_controls(runs: int) -> FigureForm:
    """Draw the other controls, for so many runs."""
    if "file" not in STATE or came_back():
        _fill(from_query(st.query_params))
    files = {kind: title for kind, title in FILE_TITLES.items() if runs == 1 or kind not in ("gif", "webp")}
    STATE["file"] = STATE["file"] if STATE["file"] in files else next(iter(files))
    file = _segments("File", "file", files, "What each is good for is said below.")
    st.caption(GOOD_FOR[file])
    moves = FigureForm(file=file).moves
    show = _parts_control(runs, moves)
    width = _width_control(moves)
    font_size = _font_size_control(width, moves)
    theme = _segments("Theme", "theme", THEME_TITLES, SHEET_SETTINGS["theme"].help)
    dpi = st.selectbox(
        "Resolution of a PNG",
        [WHOLE_PIXELS, *RESOLUTIONS],
        key=STATE.key("dpi"),
        format_func=lambda dpi: f"{dpi} dots per inch" if dpi else "Whole pixels",
        disabled=file != "png",
        help="With whole pixels, every pixel of an image is a square of the same number of dots.",
    )
    form = FigureForm(file=file, show=show, width=width, font_size=font_size, theme=theme, dpi=dpi or None)
    return fitting(form if moves else _with_texts(form, runs), runs)


def _parts_control(runs: int, disabled: bool) -> str | None:
    """The parts to show; None where all, or none, are chosen."""
    parts = tuple(PARTS) if runs == 1 else SEVERAL
    name = "show" if runs == 1 else "show-several"
    usual = UNASKED if runs == 1 else PAIRS
    STATE[name] = STATE.get(name, list(usual))
    chosen = st.pills(
        SHEET_SETTINGS["show"].label,
        list(parts),
        key=STATE.key(name),
        selection_mode="multi",
        format_func=PART_TITLES.__getitem__,
        disabled=disabled,
        help="  \n".join(f"{PART_TITLES[part]}: {PARTS[part]}." for part in parts),
    )
    if not chosen:
        st.caption("With none selected, it shows what fits.")
    return ",".join(chosen) if chosen and set(chosen) != set(usual) else None


def _width_control(disabled: bool) -> str:
    width = st.pills(
        SHEET_SETTINGS["width"].label,
        list(WIDTH_TITLES),
        key=STATE.key("width"),
        required=True,
        format_func=WIDTH_TITLES.__getitem__,
        disabled=disabled,
        help=_inches(),
    )
    if width is None or width != MILLIMETERS:
        return width or "double"
    STATE["millimeters"] = STATE.get("millimeters", 120)
    chosen = st.number_input(
        "Millimeters",
        NARROWEST,
        WIDEST,
        key=STATE.key("millimeters"),
        disabled=disabled,
        help=f"From {NARROWEST} to {WIDEST}. The guidelines of a journal give the width of its columns.",
    )
    return str(chosen)


def _font_size_control(width: str, disabled: bool) -> float | None:
    """The size of text, None for the default."""
    form, key = format_of(width), f"font-{width}"
    STATE[key] = STATE.get(key, form.font)  # set again, it outlives the reruns that do not show this width
    chosen = st.slider(
        SHEET_SETTINGS["font_size"].label,
        SMALLEST_FONT,
        form.largest_font,
        key=STATE.key(key),
        step=0.5,
        format="%.1f",
        disabled=disabled,
        help=f"The default at this width is {form.font:g}. Larger text would not fit under the images.",
    )
    return None if chosen == form.font else chosen


def _with_texts(form: FigureForm, runs: int) -> FigureForm:
    """The form with the font, the texts that people write and what is left out; what cannot be used is said."""
    with st.expander("Font, texts and details"):
        font = st.selectbox(
            SHEET_SETTINGS["font"].label,
            [DEFAULT_FONT, LATEX, *font_names()],
            key=STATE.key("font"),
            format_func=lambda name: {DEFAULT_FONT: "Default", LATEX: "LaTeX (Computer Modern)"}.get(name, name),
            help=SHEET_SETTINGS["font"].help,
        )
        form = replace(form, font=font or None)
        for name in (*TEXTS, *SWITCHES):
            if name == "rows" and runs == 1:
                continue
            STATE[name] = STATE.get(name, "" if name in TEXTS else True)
            value = show_setting(STATE, SHEET_SETTINGS[name])
            try:
                form = replace(form, **{name: (value or None) if name in TEXTS else value})  # type: ignore[arg-type]
            except ArgumentError as error:
                st.error(sentence(f"{SHEET_SETTINGS[name].label} {error.problem}"))
    return form


def _segments(label: str, name: str, titles: Mapping[Option, str], help: str) -> Option:
    chosen = st.segmented_control(
        label,
        list(titles),
        key=STATE.key(name),
        required=True,
        format_func=titles.__getitem__,
        width="stretch",
        help=help,
    )
    return next(iter(titles)) if chosen is None else chosen


def _fill(form: FigureForm) -> None:
    """Set all controls."""
    named = form.width in WIDTHS
    STATE.update(file=form.file, width=form.width if named else MILLIMETERS, theme=form.theme)
    if not named:
        STATE["millimeters"] = round(format_of(form.width).width * MM)
    STATE["dpi"] = form.dpi or WHOLE_PIXELS
    STATE["show"] = list(form.parts or UNASKED)
    STATE["show-several"] = [part for part in form.parts or PAIRS if part in SEVERAL] or list(PAIRS)
    STATE["font"] = next((name for name in (LATEX, *font_names()) if name == form.font), DEFAULT_FONT)
    STATE.update({name: getattr(form, name) or "" for name in TEXTS} | {name: getattr(form, name) for name in SWITCHES})
    if form.font_size is not None:
        STATE[f"font-{form.width}"] = form.font_size


def _inches() -> str:
    return "; ".join(f"{WIDTH_TITLES[name]}: {form.width:g} inches" for name, form in WIDTHS.items()) + "."
