"""The controls of a figure, in the sidebar, and what they add up to."""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from mad_app.figures import FORMATS, PARTS, SMALLEST_FONT, Part, ThemeName, Width
from mad_app.ui.address import came_back
from mad_app.ui.components.collection import Card, date_of
from mad_app.ui.figure.form import RESOLUTIONS, FigureForm, FileKind, from_query
from mad_app.ui.session import PageState

STATE = PageState("figure")
Option = TypeVar("Option", bound=str)

FILE_TITLES: dict[FileKind, str] = {"pdf": "PDF", "svg": "SVG", "png": "PNG", "gif": "GIF", "webp": "WebP"}
WIDTH_TITLES: dict[Width, str] = {"single": "1 column", "double": "2 columns", "slide": "Slide"}
THEME_TITLES: dict[ThemeName, str] = {"light": "Light", "dark": "Dark"}
PART_TITLES: dict[Part, str] = {"pairs": "Pairs", "maps": "Maps", "curves": "Curves", "others": "Other metrics"}
GOOD_FOR: dict[FileKind, str] = {
    "pdf": "Vector text and true pixels, for LaTeX.",
    "svg": "Vector text and true pixels, for editing.",
    "png": "Pixels, for a web page or a message.",
    "gif": "Animation from start to end, for slides; 256 colors.",
    "webp": "Animation from start to end, for slides and web pages; all colors.",
}

WHOLE_PIXELS = 0
"""Stands for the resolution at which every pixel is a whole number of dots."""


def show_run_control(cards: Mapping[str, Card]) -> Card:
    """Draw the choice of a run; at first the one that the address names, else the newest one."""
    asked = st.query_params.get("run")
    if STATE.get("run") not in cards or came_back():
        STATE["run"] = asked if asked in cards else next(iter(cards))
        if asked and asked not in cards:
            st.info("No such run (it may have been deleted). This is the newest one.")
    timezone = st.context.timezone
    chosen = st.selectbox(
        "Run",
        list(cards),
        key=STATE.key("run"),
        format_func=lambda run_id: f"{cards[run_id].title}, {date_of(cards[run_id].entry.created, timezone)}",
        help="All runs of the gallery, newest first.",
    )
    return cards[chosen]


def show_figure_controls() -> FigureForm:
    """Draw the other controls."""
    if "file" not in STATE or came_back():
        _fill(from_query(st.query_params))
    file = _segments("File", "file", FILE_TITLES, "What each is good for is said below.")
    st.caption(GOOD_FOR[file])
    moves = FigureForm(file=file).moves
    show = _parts_control(moves)
    width = _segments("Width", "width", WIDTH_TITLES, _inches(), disabled=moves)
    font_size = _font_control(width, moves)
    theme = _segments("Theme", "theme", THEME_TITLES, "Light text on a dark background suits slides.")
    dpi = st.selectbox(
        "Resolution of a PNG",
        [WHOLE_PIXELS, *RESOLUTIONS],
        key=STATE.key("dpi"),
        format_func=lambda dpi: f"{dpi} dots per inch" if dpi else "Whole pixels",
        disabled=file != "png",
        help="With whole pixels, every pixel of an image is a square of the same number of dots.",
    )
    return FigureForm(file=file, show=show, width=width, font_size=font_size, theme=theme, dpi=dpi or None)


def _parts_control(disabled: bool) -> tuple[Part, ...]:
    chosen = st.pills(
        "Parts of the sheet",
        list(PARTS),
        key=STATE.key("show"),
        selection_mode="multi",
        format_func=PART_TITLES.__getitem__,
        disabled=disabled,
        help="  \n".join(f"{PART_TITLES[part]}: {text}." for part, text in PARTS.items()),
    )
    if not chosen:
        st.caption("With none selected, it shows everything.")
    return tuple(part for part in PARTS if part in chosen) or tuple(PARTS)


def _font_control(width: Width, disabled: bool) -> float | None:
    """The size of text, None for the default."""
    form, key = FORMATS[width], f"font-{width}"
    STATE[key] = STATE.get(key, form.font)  # set again, it outlives the reruns that do not show this width
    chosen = st.slider(
        "Text size (points)",
        SMALLEST_FONT,
        form.largest_font,
        key=STATE.key(key),
        step=0.5,
        format="%.1f",
        disabled=disabled,
        help=f"The default at this width is {form.font:g}. Larger text would not fit under the images.",
    )
    return None if chosen == form.font else chosen


def _segments(label: str, name: str, titles: Mapping[Option, str], help: str, *, disabled: bool = False) -> Option:
    chosen = st.segmented_control(
        label,
        list(titles),
        key=STATE.key(name),
        required=True,
        format_func=titles.__getitem__,
        width="stretch",
        disabled=disabled,
        help=help,
    )
    return next(iter(titles)) if chosen is None else chosen


def _fill(form: FigureForm) -> None:
    """Set all controls."""
    STATE.update(file=form.file, show=list(form.show), width=form.width, theme=form.theme)
    STATE["dpi"] = form.dpi or WHOLE_PIXELS
    if form.font_size is not None:
        STATE[f"font-{form.width}"] = form.font_size


def _inches() -> str:
    return "; ".join(f"{WIDTH_TITLES[name]}: {form.width:g} inches" for name, form in FORMATS.items()) + "."
