"""Lesson "Fidelity or texture?": two copies, which of them is nearer at a pooling width, and where that flips."""

from typing import Any

import altair as alt
import streamlit as st

from mad_app.figures import number
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.texture import FAITHFUL, SIGMAS, TEXTURED, Curves, TextureState, curves
from mad_app.metrics import spec_of
from mad_app.ui.components.charts import NEUTRAL, chart_of
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import Html, element, show_html
from mad_app.ui.lessons.controls import show_caption, show_choice, show_options, show_slider

METRIC = "wasserstein"
COLORS = {"A": "#d55e00", "B": "#0072b2"}

_curves = st.cache_data(show_spinner="Measuring", max_entries=64)(curves)


def show_texture(lesson: Lesson, state: TextureState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    columns = st.columns(3)
    with columns[0]:
        show_choice(lesson, "first", {name: copy.title for name, copy in FAITHFUL.items()}, long=True)
    with columns[1]:
        show_choice(lesson, "second", {name: copy.title for name, copy in TEXTURED.items()}, long=True)
    with columns[2]:
        show_slider(lesson, "strength", step=0.25)
    reference = picture.reference
    if problem := metric_problem(METRIC, min(reference.shape[:2]), spec_of(METRIC).missing()):
        st.warning(problem, icon=":material/info:")
        return
    found = _curves(reference, state.first, state.second, state.strength)
    sigma = state.sigma if predicted else SIGMAS[0]
    if predicted:
        show_options(lesson, "sigma", list(SIGMAS))
    values = found.at(sigma)
    titles = (FAITHFUL[state.first].title, TEXTURED[state.second].title)
    cells = [_cell("Original", reference, "", "", nearer=False)]
    for letter, image, title, value in zip("AB", found.copies, titles, values, strict=True):
        nearer = value == min(values) != max(values)
        cells.append(_cell(letter, image, title, f"{number(value)}{', nearer' if nearer else ''}", nearer=nearer))
    show_html(element("div", *cells, class_="mad-answers"))
    show_caption(f"The numbers are the Wasserstein distortion at σ = {sigma:g} {'pixel' if sigma == 1 else 'pixels'}.")
    if not predicted:
        show_caption("The slider of σ appears once you have predicted.")
        return
    st.markdown(f"**{describe_flips(found)}**")
    st.altair_chart(_chart(found, sigma), width="stretch")


def describe_flips(found: Curves) -> str:
    """Which copy is nearer at which pooling widths, in a sentence."""
    flips, (first, last) = found.flips, (_nearer(found, 0), _nearer(found, -1))
    low, high = f"{SIGMAS[0]:g}", f"{SIGMAS[-1]:g}"
    if not flips:
        if first is None and last is None:
            return f"Both copies are equally near at σ = {low} and at σ = {high}."
        return f"Copy {first or last} is nearer at every σ from {low} to {high} pixels: for this pair nothing flips."
    at = [f"{flip:.1f}" for flip in flips]
    if len(flips) == 1:
        return f"Copy {first} is nearer below σ = {at[0]} pixels, and copy {last} above: there the order flips."
    listed = f"{', '.join(at[:-1])} and {at[-1]}"
    return (
        f"The order flips {len(at)} times, at σ = {listed} pixels: first copy {first} is nearer, at last copy {last}."
    )


def _nearer(found: Curves, i: int) -> str | None:
    a, b = found.values[:, i]
    return None if a == b else "A" if a < b else "B"


def _cell(name: str, image: Any, title: str, value: str, *, nearer: bool) -> Html:
    described = f"Copy {name}: {title}, {value}" if title else "the original"
    lines = [element("b", f"{name}: {title}" if title else name)]
    lines += [element("b" if nearer else "span", value)] if value else []
    shown = element("img", src=Picture.png(image).uri(), alt=described)
    return element("figure", shown, element("figcaption", *lines))


def _chart(found: Curves, sigma: float) -> Any:
    """Both distances over σ, a rule at the chosen width, and dotted ones where the order flips."""
    rows = [
        {"sigma": width, "distance": float(value), "copy": f"Copy {letter}"}
        for letter, values in zip("AB", found.values, strict=True)
        for width, value in zip(SIGMAS, values, strict=True)
    ]
    ticks = [1, 2, 4, 8, 16]
    scale = alt.Scale(type="log", base=2, domain=[SIGMAS[0], SIGMAS[-1]], nice=False)
    x = alt.X("sigma:Q", scale=scale, title="Pooling width σ (pixels)", axis=alt.Axis(values=ticks, format="g"))
    color = alt.Color(
        "copy:N",
        title=None,
        scale=alt.Scale(domain=["Copy A", "Copy B"], range=list(COLORS.values())),
        legend=alt.Legend(orient="top"),
    )
    tooltip = ["copy:N", alt.Tooltip("sigma:Q", title="σ"), alt.Tooltip("distance:Q", format=".3g")]
    lines = (
        chart_of(rows)
        .mark_line(strokeWidth=3)
        .encode(x=x, y=alt.Y("distance:Q", title="Wasserstein distortion"), color=color, tooltip=tooltip)
    )
    layers = [lines, chart_of([{"sigma": sigma}]).mark_rule(strokeWidth=2, color=NEUTRAL).encode(x=x)]
    if found.flips:
        flips = chart_of([{"sigma": flip} for flip in found.flips])
        layers.append(flips.mark_rule(strokeDash=[3, 4], color=NEUTRAL).encode(x=x))
    return alt.layer(*layers).properties(height=240)
