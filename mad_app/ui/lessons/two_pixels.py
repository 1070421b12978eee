"""Lesson "What is MAD?": the plane of all images of two pixels, with a start to drag and four points that move."""

import numpy as np
import streamlit as st

from mad_app.figures import number
from mad_app.lessons import Lesson
from mad_app.lessons.two_pixels import (
    PLANE_METRICS,
    REFERENCE,
    PlaneState,
    Points,
    level_curve,
    plane_competition,
    plane_distance,
)
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.html import Html, element, show_html
from mad_app.ui.components.plane import show_plane
from mad_app.ui.lessons.controls import show_caption, show_choice
from mad_app.ui.lessons.state import STATE, setting_key

LEVELS = (0.25, 0.5, 1.5, 2.25)
"""Of the thin curves, as fractions of the start's value."""

_curve = st.cache_data(show_spinner=False, max_entries=512)(level_curve)
_compete = st.cache_data(show_spinner=False, max_entries=256)(plane_competition)


def show_two_pixels(lesson: Lesson, state: PlaneState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    del picture
    titles = {name: title for name, (title, _) in PLANE_METRICS.items()}
    columns = st.columns(2)
    with columns[0]:
        show_choice(lesson, "first", titles, long=True)
    with columns[1]:
        show_choice(lesson, "second", titles, long=True)
    if state.first == state.second:
        st.warning("A metric cannot compete with itself: choose two different ones.", icon=":material/info:")
        return
    start = (state.x, state.y)
    if np.allclose(start, REFERENCE):
        st.warning("Move the start away from the original, where both distances are 0.", icon=":material/info:")
    ways = [] if np.allclose(start, REFERENCE) else _compete(start, state.first, state.second)

    def take(x: float, y: float) -> None:
        STATE[setting_key(lesson.name, "x")], STATE[setting_key(lesson.name, "y")] = round(x, 2), round(y, 2)

    show_plane(
        REFERENCE,
        start,
        _curves(state),
        [(way.points, way.gradients, way.tangents) for way in ways],
        axes=("left pixel", "right pixel"),
        key=STATE.key("plane"),
        take=take,
    )
    show_caption(
        f"Every place is an image of two pixels. Orange: images that {titles[state.first]} rates equal; blue: that "
        f"{titles[state.second]} rates equal; thick: as far as the start. Drag the start, or move it by arrow keys."
    )
    if predicted and ways:
        ends = np.array([way.points[-1] for way in ways])
        show_html(_swatches(np.array([REFERENCE, start, *ends]), state))


def _curves(state: PlaneState) -> list[tuple[str, Points]]:
    curves = []
    for role, metric in (("first", state.first), ("second", state.second)):
        level = float(plane_distance(metric, (state.x, state.y)))
        curves += [(role, _curve(metric, part * level)) for part in LEVELS if level > 0]
        curves += [(f"{role} level", _curve(metric, level))] if level > 0 else []
    return curves


def _swatches(points: Points, state: PlaneState) -> Html:
    """The images as they look, with both distances."""
    first, second = plane_distance(state.first, points), plane_distance(state.second, points)
    names = ("Original", "Start", *"ABCD")
    figures = []
    for name, point, one, other in zip(names, points, first, second, strict=True):
        shades = [f"background:rgb({', '.join([str(round(255 * value))] * 3)})" for value in np.clip(point, 0, 1)]
        values = [
            element("span", f"{PLANE_METRICS[metric][0]} {number(float(value))}")
            for metric, value in ((state.first, one), (state.second, other))
        ]
        pixels = element("div", *(element("i", style=shade) for shade in shades), class_="mad-pixels")
        caption = element("figcaption", element("b", name, class_=f"mad-{name}"), *values)
        figures.append(element("figure", pixels, caption))
    return element("div", *figures, class_="mad-swatches")
