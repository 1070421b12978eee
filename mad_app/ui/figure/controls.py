"""The controls of a figure, in the sidebar, and what they add up to.

The value of each control lives in the visitor's session under a key that begins with `figure-`.
"""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from mad_app.figures import FORMATS, PARTS, SMALLEST_FONT, Part, ThemeName, Width
from mad_app.ui.components.collection import Card, date_of
from mad_app.ui.figure.form import RESOLUTIONS, FigureChoices, FileKind, from_query

Option = TypeVar("Option", bound=str)

FILE_TITLES: dict[FileKind, str] = {"pdf": "PDF", "svg": "SVG", "png": "PNG", "gif": "GIF", "webp": "WebP"}
WIDTH_TITLES: dict[Width, str] = {"single": "1 column", "double": "2 columns", "slide": "Slide"}
THEME_TITLES: dict[ThemeName, str] = {"light": "Light", "dark": "Dark"}
PART_TITLES: dict[Part, str] = {"pairs": "Pairs", "maps": "Maps", "curves": "Curves", "others": "Other metrics"}
GOOD_FOR: dict[FileKind, str] = {
    "pdf": "Vector text and true pixels, for LaTeX.",
    "svg": "Vector text and true pixels, to be edited.",
    "png": "Pixels, for a page or a message.",
    "gif": "From start to end, for slides; 256 colors.",
    "webp": "From start to end, for slides and pages; all colors.",
}

WHOLE_PIXELS = 0
"""Stands for the resolution at which every pixel is whole dots."""


def show_run_control(cards: Mapping[str, Card]) -> Card:
    """Draw the choice of a run; at first the one that the URL names, else the newest one."""
    state, asked = st.session_state, st.query_params.get("run")
    if state.get("figure-run") not in cards:
        state["figure-run"] = asked if asked in cards else next(iter(cards))
        if asked and asked not in cards:
            st.info("The run in this address is not here (any more). This is the newest one.")
    timezone = st.context.timezone
    chosen = st.selectbox(
        "Run",
        list(cards),
        key="figure-run",
        format_func=lambda run_id: f"{cards[run_id].title}, {date_of(cards[run_id].summary, timezone)}",
        help="All runs of the gallery, the newest first.",
    )
    return cards[chosen]


def show_figure_controls() -> FigureChoices:
    """Draw the other controls."""
    if "figure-file" not in st.session_state:
        _choose(from_query(st.query_params))
    file = _segments("File", "file", FILE_TITLES, "What for: see below.")
    st.caption(GOOD_FOR[file])
    moves = FigureChoices(file=file).moves
    show = _parts_control(moves)
    width = _segments("Width", "width", WIDTH_TITLES, _inches(), disabled=moves)
    font_size = _font_control(width, moves)
    theme = _segments("Theme", "theme", THEME_TITLES, "Dark, which is light on dark, is for slides.")
    dpi = st.selectbox(
        "Resolution of a PNG",
        [WHOLE_PIXELS, *RESOLUTIONS],
        key="figure-dpi",
        format_func=lambda dpi: f"{dpi} dots an inch" if dpi else "Whole pixels",
        disabled=file != "png",
        help="With whole pixels, every pixel of an image is a square of equally many dots.",
    )
    return FigureChoices(file=file, show=show, width=width, font_size=font_size, theme=theme, dpi=dpi or None)


def _parts_control(disabled: bool) -> tuple[Part, ...]:
    chosen = st.pills(
        "The sheet shows",
        list(PARTS),
        key="figure-show",
        selection_mode="multi",
        format_func=PART_TITLES.__getitem__,
        disabled=disabled,
        help="  \n".join(f"{PART_TITLES[part]}: {text}." for part, text in PARTS.items()),
    )
    if not chosen:
        st.caption("Without a choice it shows everything.")
    return tuple(part for part in PARTS if part in chosen) or tuple(PARTS)


def _font_control(width: Width, disabled: bool) -> float | None:
    """The size of text, None for the usual one."""
    state, form, key = st.session_state, FORMATS[width], f"figure-font-{width}"
    state[key] = state.get(key, form.font)  # said again, it outlives the runs that do not show this width
    chosen = st.slider(
        "Size of text in points",
        SMALLEST_FONT,
        form.largest_font,
        key=key,
        step=0.5,
        format="%.1f",
        disabled=disabled,
        help=f"Usual at this width: {form.font:g}. Larger text would not fit under the images.",
    )
    return None if chosen == form.font else chosen


def _segments(label: str, name: str, titles: Mapping[Option, str], help: str, *, disabled: bool = False) -> Option:
    chosen = st.segmented_control(
        label,
        list(titles),
        key=f"figure-{name}",
        required=True,
        format_func=titles.__getitem__,
        width="stretch",
        disabled=disabled,
        help=help,
    )
    return next(iter(titles)) if chosen is None else chosen


def _choose(choices: FigureChoices) -> None:
    """Set all controls."""
    state = st.session_state
    state.update({"figure-file": choices.file, "figure-show": list(choices.show), "figure-width": choices.width})
    state.update({"figure-theme": choices.theme, "figure-dpi": choices.dpi or WHOLE_PIXELS})
    if choices.font_size is not None:
        state[f"figure-font-{choices.width}"] = choices.font_size


def _inches() -> str:
    return "; ".join(f"{WIDTH_TITLES[name]}: {form.width:g} inches" for name, form in FORMATS.items()) + "."
