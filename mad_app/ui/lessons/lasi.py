"""Lesson "What does LASI look at?": a pixel to choose, its neighborhood, and what a larger one changes."""

from typing import Any

import altair as alt
import numpy as np
import streamlit as st

from mad_app.images import ImageArray
from mad_app.lessons import Lesson
from mad_app.lessons.neighborhood import (
    CHANNELS,
    LARGEST,
    VIEWS,
    Growth,
    LasiState,
    Look,
    grow,
    grow_on_average,
    look_at,
)
from mad_app.ui.components.charts import NEUTRAL, chart_of
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.pixel_picker import Cell, show_pixel_picker
from mad_app.ui.lessons.controls import show_caption, show_choice, show_numbers, show_options, show_slider
from mad_app.ui.lessons.lasi_pictures import Take, show_all_pixels, show_two_pictures
from mad_app.ui.lessons.state import STATE, setting_key

RIDGES = [0.01, 0.1, 1.0, 10.0, 100.0]
POSITIVE, NEGATIVE = "#d55e00", "#0072b2"
NUMBERED = 16
"""Weights up to which each has its number over its bar."""

_look = st.cache_data(show_spinner=False, max_entries=256)(look_at)
_grow = st.cache_data(show_spinner=False, max_entries=256)(grow)
_grow_on_average = st.cache_data(show_spinner="Averaging over pixels", max_entries=32)(grow_on_average)


def show_lasi(lesson: Lesson, state: LasiState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    image = picture.reference
    row, column = min(state.row, image.shape[0] - 1), min(state.column, image.shape[1] - 1)
    if (row, column) != (state.row, state.column):
        st.info(f"This picture has {image.shape[1]} × {image.shape[0]} pixels; the nearest one is shown.")
    where = {"row": row, "column": column, "channel": state.channel, "ridge": state.ridge}
    show_choice(lesson, "view", VIEWS)

    def take(row: int, column: int) -> None:
        STATE[setting_key(lesson.name, "row")], STATE[setting_key(lesson.name, "column")] = row, column

    if state.view == "pixel":
        _show_pixel(lesson, image, where, state.n, take, predicted)
        return
    _show_controls(lesson)
    if state.view == "picture":
        show_all_pixels(image, state, (row, column), take, predicted)
    else:
        show_two_pictures(lesson, image, state, (row, column), take)


def _show_pixel(lesson: Lesson, image: ImageArray, where: dict[str, Any], n: int, take: Take, predicted: bool) -> None:
    """Draw the regression of one element."""
    look = _look(image, neighborhood_size=n, **where)
    _show_picker(image, where["row"], where["column"], where["channel"], look, take)
    _show_controls(lesson)
    show_numbers(
        {
            "Predicted": f"{look.predicted:.3f}",
            "True value": f"{look.true:.3f}",
            "Error": f"{look.predicted - look.true:+.3f}",
            "Loss": f"{look.loss:.3g}",
        }
    )
    st.altair_chart(_weights_chart(look, where["channel"]), width="stretch")
    if predicted:
        _show_growth(_grow(image, **where), _grow_on_average(image, ridge=where["ridge"], count=9), n)


def _show_controls(lesson: Lesson) -> None:
    controls = st.columns([3, 3, 2])
    with controls[0]:
        show_slider(lesson, "n")
    with controls[1]:
        show_choice(lesson, "channel", dict(enumerate(name.capitalize() for name in CHANNELS)))
    with controls[2]:
        show_options(lesson, "ridge", RIDGES)


def _show_picker(image: ImageArray, row: int, column: int, channel: int, look: Look, take: Take) -> None:
    largest = float(np.abs(look.coefficients).max(initial=0)) or 1.0
    cells = [
        Cell(int(down), int(right), channel + int(deeper), float(weight) / largest)
        for (down, right, deeper), weight in zip(look.offsets, look.coefficients, strict=True)
    ]
    show_pixel_picker(image, row, column, channel, cells, key=STATE.key("pixel"), take=take)
    show_caption(
        "Click the picture, or use the arrow keys. In the enlarged part, the frame is the value that is predicted: "
        "the left, middle or right third of its pixel is its red, green or blue. Numbers mark its neighbors, nearest "
        "first: orange for positive weights, blue for negative ones, strong or pale. What comes later is dimmed."
    )


def _weights_chart(look: Look, channel: int) -> Any:
    """The weight of each neighbor, nearest first."""
    rows = [
        {"neighbor": i, "weight": round(float(weight), 4), "where": _where(offset, channel)}
        for i, (offset, weight) in enumerate(zip(look.offsets.tolist(), look.coefficients, strict=True), start=1)
    ]
    low, high = (fold([0.0, *look.coefficients]) for fold in (min, max))
    domain = [float(low - 0.15 * (high - low)), float(high + 0.2 * (high - low))]
    base = chart_of(rows).encode(
        x=alt.X("neighbor:O", title="Neighbor, nearest first", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("weight:Q", title="Weight", axis=alt.Axis(tickCount=4), scale=alt.Scale(domain=domain)),
        tooltip=[
            alt.Tooltip("where:N", title="Neighbor"),
            alt.Tooltip("weight:Q", title="Weight", format=".3f"),
        ],
    )
    color = alt.condition("datum.weight > 0", alt.value(POSITIVE), alt.value(NEGATIVE))
    bars = base.mark_bar().encode(color=color)
    text = base.mark_text(baseline="bottom", dy=-3, fontSize=11, color=NEUTRAL).encode(
        text=alt.Text("weight:Q", format=".2f"), y=alt.Y("top:Q")
    )
    if len(rows) > NUMBERED:
        return alt.layer(bars).properties(height=170)
    return alt.layer(bars, text.transform_calculate(top="max(datum.weight, 0)")).properties(height=170)


def _where(offset: list[int], channel: int) -> str:
    """A neighbor in words.

    Example:
        >>> _where([-1, 2, 0], 1), _where([0, 0, -1], 1)
        ('1 up, 2 right, green', 'same pixel, red')
    """
    down, right, deeper = offset
    parts = [f"{-down} up"] if down else []
    parts += [f"{abs(right)} {'right' if right > 0 else 'left'}"] if right else []
    return ", ".join([*(parts or ["same pixel"]), CHANNELS[channel + deeper]])


def _show_growth(here: Growth, average: Growth, n: int) -> None:
    """Loss and error as N grows, at this pixel and on average."""
    columns = st.columns(2)
    for column, title, curves in (
        (columns[0], "Loss", (here.losses, average.losses)),
        (columns[1], "Squared error of the prediction", (here.errors, average.errors)),
    ):
        rows = [
            {"N": i, "value": float(value), "of": name}
            for name, values in zip(("this pixel", "9 pixels on average"), curves, strict=True)
            for i, value in enumerate(values, start=1)
        ]
        lines = (
            chart_of(rows)
            .mark_line()
            .encode(
                x=alt.X("N:Q", scale=alt.Scale(domain=[1, LARGEST])),
                y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)),
                color=alt.Color(
                    "of:N", title=None, scale=alt.Scale(range=[NEGATIVE, POSITIVE]), legend=alt.Legend(orient="bottom")
                ),
                tooltip=["N:Q", alt.Tooltip("value:Q", format=".4g"), "of:N"],
            )
        )
        rule = chart_of([{"N": n}]).mark_rule(strokeDash=[3, 3], color=NEUTRAL).encode(x="N:Q")
        column.altair_chart(alt.layer(lines, rule).properties(height=260, title=title), width="stretch")
