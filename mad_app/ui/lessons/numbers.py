"""Lesson "Where do numbers lie?": what enters the metric in every convention, both values, and which copy is nearer."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from mad_app.distortions import DISTORTIONS
from mad_app.figures import metric_title, number
from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.conventions import (
    CONVENTION_TITLES,
    DISTORTED,
    RANGES,
    NumbersState,
    Reading,
    flipped,
    make_pair,
    read_pair,
)
from mad_app.metrics import spec_of
from mad_app.ui.components.charts import NEUTRAL, chart_of
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import Html, element, show_html
from mad_app.ui.lessons.controls import show_caption, show_choice, show_options

LEADS = [0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
STRENGTHS = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]

_pair = st.cache_data(show_spinner="Tuning copy B", max_entries=64)(make_pair)


@st.cache_data(show_spinner="Measuring", max_entries=64)
def _readings(reference: ImageArray, images: tuple[ImageArray, ImageArray], metric: str) -> list[Reading]:
    return read_pair(reference, images, metric)


def show_numbers_lie(lesson: Lesson, state: NumbersState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    _show_controls(lesson)
    if state.near == state.far:
        st.warning("Choose two different distortions.", icon=":material/info:")
        return
    side = min(picture.reference.shape[:2])
    if problem := metric_problem(state.metric, side, spec_of(state.metric).missing()):
        st.warning(problem, icon=":material/info:")
        return
    try:
        pair = _pair(picture.reference, state.metric, state.near, state.far, lead=state.lead, strength=state.strength)
    except ValueError:
        st.warning("This distortion does not change this picture: choose another one for copy A.")
        return
    readings = _readings(picture.reference, pair.images, state.metric)
    names = f"A: {DISTORTIONS[state.near].title}, B: {DISTORTIONS[state.far].title}"
    if not pair.reached:
        st.info("No strength of B gives the number that is asked for; this is the nearest.", icon=":material/info:")
    if not predicted:
        show_html(element("div", _row(readings[0], state), class_="mad-conventions"))
        show_caption(f"{names}. Five other conventions appear once you have predicted.")
        return
    show_html(element("div", *(_row(one, state) for one in readings), class_="mad-conventions"))
    st.markdown(f"**{flip_sentence(readings, state.metric)}**")
    show_caption(f"{names}. The pictures are what enters the metric, in the range that it expects.")
    st.altair_chart(_ratio_chart(readings), width="stretch")


def flip_sentence(readings: Sequence[Reading], metric: str) -> str:
    """In which conventions the order flips, and between which numbers the value of one copy lies."""
    flips = [CONVENTION_TITLES[name].lower() for name in flipped(readings)]
    values = [one.values[0] for one in readings if one.name != "range" and one.values[0] is not None]
    span = (
        f"Without the wrong range, {metric_title(metric)} of A goes from {number(min(values))} to "
        f"{number(max(values))}."
    )
    if not flips:
        return f"The order of A and B is the same in every convention here. {span}"
    listed = flips[0] if len(flips) == 1 else f"{', '.join(flips[:-1])} and {flips[-1]}"
    return f"The order of A and B flips with: {listed}. {span}"


def _show_controls(lesson: Lesson) -> None:
    titles = {name: DISTORTIONS[name].title for name in DISTORTED}
    columns = st.columns(3)
    with columns[0]:
        show_choice(lesson, "metric", {name: metric_title(name) for name in RANGES}, long=True)
    with columns[1]:
        show_choice(lesson, "near", titles, long=True)
    with columns[2]:
        show_choice(lesson, "far", titles, long=True)
    left, right = st.columns(2)
    with left:
        show_options(lesson, "lead", LEADS)
    with right:
        show_options(lesson, "strength", STRENGTHS)


def _row(reading: Reading, state: NumbersState) -> Html:
    """A convention: what it does, and the original and both copies as they enter, with their values."""
    a, b = reading.values
    title = CONVENTION_TITLES[reading.name]
    nearer = None if a is None or b is None or a == b else "A" if a < b else "B"
    head = element(
        "div",
        element("b", title),
        element("span", reading.text),
        element("span", f"{nearer} is nearer" if nearer else "no order", class_=f"mad-verdict mad-nearer-{nearer}"),
    )
    cells = [_cell(reading.images[0], f"{title}: original", element("span", "Original"), nearer=False)]
    for letter, image, value, name in zip("AB", reading.images[1:], (a, b), (state.near, state.far), strict=True):
        shown = "too small" if value is None else number(value)
        caption = element("span", element("b", letter), f" {shown}")
        cells.append(
            _cell(image, f"{title}: copy {letter}, {DISTORTIONS[name].title}", caption, nearer=letter == nearer)
        )
    return element("div", head, *cells, class_="mad-convention")


def _cell(image: ImageArray, described: str, caption: Html, *, nearer: bool) -> Html:
    shown = element("img", src=Picture.png(image).uri(), alt=described)
    return element("figure", shown, element("figcaption", caption), class_="mad-nearest" if nearer else None)


def _ratio_chart(readings: Sequence[Reading]) -> Any:
    """How much farther B is than A in every convention; left of 1 it is nearer."""
    flips = flipped(readings)
    rows = [
        {
            "convention": CONVENTION_TITLES[one.name],
            "ratio": one.ratio,
            "order": "other order" if one.name in flips else "same order",
        }
        for one in readings
        if one.ratio
    ]
    ratios = [1.0, *(one.ratio for one in readings if one.ratio)]
    domain = [min(ratios) / 1.15, max(ratios) * 1.15]
    x = alt.X("ratio:Q", scale=alt.Scale(type="log", domain=domain), title="Value of B / value of A")
    base = chart_of(rows).encode(
        x=x,
        y=alt.Y("convention:N", sort=None, title=None, axis=alt.Axis(labelLimit=160)),
        color=alt.Color(
            "order:N",
            title=None,
            scale=alt.Scale(domain=["same order", "other order"], range=["#0072b2", "#d55e00"]),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=["convention:N", alt.Tooltip("ratio:Q", format=".3g", title="B / A")],
    )
    rule = chart_of([{"ratio": 1}]).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(x=x)
    return alt.layer(base.mark_circle(size=130, opacity=1), rule).properties(height=230)
