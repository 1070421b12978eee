"""Lesson "What does LPIPS look at?": two copies, the parts of the five layers, and where they come from."""

from typing import Any

import altair as alt
import streamlit as st

from mad_app.distortions import DISTORTIONS
from mad_app.figures import metric_title, number
from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.layers import (
    ALL_LAYERS,
    COPIES,
    NETS,
    LayersState,
    Parts,
    equal_copies,
    shift_against_noise,
    sum_of,
)
from mad_app.metrics import spec_of
from mad_app.ui.components.charts import chart_of
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import Html, element, show_html
from mad_app.ui.lessons.controls import heat, show_caption, show_choice, show_numbers
from mad_app.ui.lessons.state import STATE, place, setting_key

_copies = st.cache_data(show_spinner="Tuning the noise", max_entries=64)(equal_copies)
_shift = st.cache_data(show_spinner="Measuring a shift", max_entries=64)(shift_against_noise)


def show_layers(lesson: Lesson, state: LayersState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    reference, metric = picture.reference, f"lpips-{state.net}"
    columns = st.columns([3, 3, 4])
    with columns[0]:
        show_choice(lesson, "net", NETS)
    with columns[1]:
        show_choice(lesson, "copy", {name: DISTORTIONS[name].title for name in COPIES}, long=True)
    with columns[2]:
        _show_layer_switches(lesson, state)
    if problem := metric_problem(metric, min(reference.shape[:2]), spec_of(metric).missing()):
        st.warning(problem, icon=":material/info:")
        return
    copies = _copies(reference, state.net, state.copy)
    show_numbers({f"{DISTORTIONS[one.name].title}": number(sum_of(one, state.layers)) for one in copies})
    show_html(element("div", *(cell for one in copies for cell in _row(one, copies, state)), class_="mad-layers"))
    show_caption(
        "Under each layer is its part of the distance; bright is where it comes from, in one scale for both rows."
    )
    st.altair_chart(_parts_chart(copies, state), width="stretch")
    if predicted:
        _show_shift(reference)


def _show_layer_switches(lesson: Lesson, state: LayersState) -> None:
    key = setting_key(lesson.name, "layers")
    STATE["layer-switches"] = list(state.layers)

    def take() -> None:
        STATE[key] = "".join(sorted(STATE["layer-switches"]))

    with place("layers"):
        st.pills(
            "Layers that count",
            list(ALL_LAYERS),
            selection_mode="multi",
            key=STATE.key("layer-switches"),
            on_change=take,
            help="Switch layers off: the distance is the sum of the others.",
        )


def _row(one: Parts, copies: tuple[Parts, Parts], state: LayersState) -> list[Html]:
    title, shape = DISTORTIONS[one.name].title, f"aspect-ratio:{one.image.shape[1]}/{one.image.shape[0]}"
    image = element("img", src=Picture.png(one.image).uri(), alt=title, style=shape)
    cells = [element("figure", image, element("figcaption", element("b", title)))]
    for i, part in enumerate(one.maps):
        top = max(float(other.maps[i].max()) for other in copies) or 1.0
        where = f"{title}: where layer {i + 1} differs"
        shown = element("img", src=Picture.png(heat(part / top)).uri(), alt=where, style=shape)
        off = "" if str(i + 1) in state.layers else "mad-off"
        caption = element("figcaption", f"{i + 1}: ", element("b", number(float(one.values[i]))))
        cells.append(element("figure", shown, caption, class_=off))
    return cells


def _parts_chart(copies: tuple[Parts, Parts], state: LayersState) -> Any:
    rows = [
        {"layer": str(i), "part": float(value), "copy": DISTORTIONS[one.name].title}
        for one in copies
        for i, value in enumerate(one.values, start=1)
        if str(i) in state.layers
    ]
    bars = (
        chart_of(rows)
        .mark_bar()
        .encode(
            x=alt.X("layer:N", title="Layer", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("copy:N", sort=None),
            y=alt.Y("part:Q", title="Part of LPIPS", axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "copy:N",
                sort=None,
                title=None,
                scale=alt.Scale(range=["#d55e00", "#0072b2"]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["copy:N", "layer:N", alt.Tooltip("part:Q", format=".4f")],
        )
    )
    return bars.properties(height=220)


def _show_shift(reference: ImageArray) -> None:
    """A shift by one pixel, as a multiple of weak noise."""
    ratios = _shift(reference)
    st.markdown("**A shift by one pixel, as a multiple of noise of 0.05**")
    show_numbers(
        {metric_title(name): "not available" if ratio is None else f"{ratio:.2f} ×" for name, ratio in ratios.items()}
    )
