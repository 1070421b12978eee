"""Controls of a lesson's settings, each made from its declaration and hidden where the address says so."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from mad_app.declaration import Setting, settings_of
from mad_app.figures import metric_title
from mad_app.images import ImageArray
from mad_app.lessons import Lesson
from mad_app.metrics import METRICS
from mad_app.ui.components.form import metric_problem
from mad_app.ui.components.html import element, show_html
from mad_app.ui.lessons.state import STATE, place, setting_key

HEAT = ((0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191))
"""Some colors of Magma, from no difference to the largest."""


def show_slider(lesson: Lesson, name: str, *, step: float | None = None) -> None:
    """A slider of a setting with a minimum and a maximum, whose value the page's state keeps.

    Args:
        lesson: whose setting it is.
        name: of the setting.
        step: from one value to the next; 1 by default.
    """
    declared, key = _of(lesson, name)
    kind = declared.kind
    low, high = kind(declared.minimum or 0), kind(declared.maximum or 0)
    with place(name):
        st.slider(declared.label, low, high, key=STATE.key(key), step=step or kind(1), help=declared.help)


def metric_titles(offered: tuple[str, ...], chosen: tuple[str, ...], reference: ImageArray) -> dict[str, str]:
    """Name to title of the metrics to choose from: those offered that can measure the picture, and those chosen."""
    side = min(reference.shape[:2])
    usable = [name for name in offered if name in chosen or metric_problem(name, side, _missing(name)) is None]
    return {name: metric_title(name) for name in dict.fromkeys((*usable, *chosen))}


@st.cache_data(show_spinner=False)
def _missing(name: str) -> str | None:
    """Why a metric is not available on this machine, looked up once."""
    return METRICS[name].missing()


def show_choice(lesson: Lesson, name: str, titles: Mapping[Any, str], *, long: bool = False) -> None:
    """A choice among a few values: segments, or a list where it is long."""
    declared, key = _of(lesson, name)
    with place(name):
        if long:
            st.selectbox(
                declared.label, list(titles), key=STATE.key(key), format_func=titles.__getitem__, help=declared.help
            )
        else:
            st.segmented_control(
                declared.label,
                list(titles),
                key=STATE.key(key),
                required=True,
                format_func=titles.__getitem__,
                help=declared.help,
            )


def show_options(lesson: Lesson, name: str, values: list[float]) -> None:
    """A slider over certain numbers only."""
    declared, key = _of(lesson, name)
    offered = sorted({*values, STATE[key]})
    with place(name):
        st.select_slider(
            declared.label, offered, key=STATE.key(key), format_func=lambda value: f"{value:g}", help=declared.help
        )


def show_caption(text: str) -> None:
    """A small line below what it explains."""
    show_html(element("p", text, class_="mad-caption"))


def show_numbers(numbers: Mapping[str, str]) -> None:
    """Numbers under their names, in a row or, on a phone, in two."""
    parts = [element("div", element("span", name), element("b", number)) for name, number in numbers.items()]
    show_html(element("div", *parts, class_="mad-numbers"))


def heat(values: Any) -> ImageArray:
    """Values (h, w) in [0, 1] as colors; the square root shows weak ones, too."""
    at = np.sqrt(np.clip(values, 0, 1)) * (len(HEAT) - 1)
    colors = [np.interp(at, range(len(HEAT)), [color[k] / 255 for color in HEAT]) for k in range(3)]
    return np.stack(colors, axis=-1).astype(np.float32)


def _of(lesson: Lesson, name: str) -> tuple[Setting, str]:
    return settings_of(lesson.state)[name], setting_key(lesson.name, name)
