"""Lesson "Same distance, different look": the original in the middle of eight copies that one metric rates the same."""

from functools import partial

import altair as alt
import streamlit as st

from mad_app.distortions import DISTORTIONS
from mad_app.figures import metric_title
from mad_app.figures.slide import SlideKind, slide_bytes
from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.equal_distance import EqualState, Tuned, other_values, wheel
from mad_app.lessons.equal_slide import caption_of, sentence_of, slide_of
from mad_app.metrics import METRICS
from mad_app.ui.components.charts import chart_of
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import Html, element, plain, show_html
from mad_app.ui.lessons.controls import metric_titles, show_choice, show_slider
from mad_app.ui.lessons.state import STATE

QUICK = ("mse", "ssim", "ssim-luma", "gmsd", "nlpd", "haarpsi", "mdsi", "lpips-alex", "lasi", "dists")
"""Metrics that are tuned in about a second."""

OFFERED = (*QUICK, *(name for name in METRICS if name not in QUICK))

_wheel = st.cache_data(show_spinner="Tuning eight distortions", max_entries=64)(wheel)


@st.cache_data(show_spinner="Measuring", max_entries=256)
def _other_values(reference: ImageArray, metric: str, noise: float, other: str) -> list[float | None]:
    return other_values(reference, _wheel(reference, metric, noise), other)


def show_equal_distance(lesson: Lesson, state: EqualState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    reference = picture.reference
    titles = {
        name: title if name in QUICK else f"{title}, takes longer"
        for name, title in metric_titles(OFFERED, (state.metric, state.other), reference).items()
    }
    columns = st.columns(3)
    with columns[0]:
        show_choice(lesson, "metric", titles, long=True)
    with columns[1]:
        show_choice(lesson, "other", titles, long=True)
    with columns[2]:
        show_slider(lesson, "noise", step=0.01)
    if problem := metric_problem(state.metric, min(reference.shape[:2]), METRICS[state.metric].missing()):
        st.warning(problem, icon=":material/info:")
        return
    tuned = _wheel(reference, state.metric, state.noise)
    others: list[float | None] = [None] * len(tuned)
    if predicted:
        others = _other_values(reference, state.metric, state.noise, state.other)
    cells = [_cell(one, state, other) for one, other in zip(tuned, others, strict=True)]
    original = element("img", src=Picture.png(reference).uri(), alt="the original")
    center = element("figure", original, element("figcaption", element("b", "Original")))
    show_html(element("div", *cells[:4], center, *cells[4:], class_="mad-wheel"))
    st.markdown(plain(sentence_of(tuned, state.metric, state.other, others)))
    _show_downloads(reference, tuned, others, state)
    if any(other is not None for other in others):
        _show_others(tuned, others, state)


def _cell(one: Tuned, state: EqualState, other: float | None) -> Html:
    title, *values = caption_of(one, state.metric, state.other, other)
    image = element("img", src=Picture.png(one.image).uri(), alt=f"{title}, {values[0]}")
    caption = element("figcaption", element("b", title), *(element("span", value) for value in values))
    return element("figure", image, caption)


def _show_downloads(reference: ImageArray, tuned: list[Tuned], others: list[float | None], state: EqualState) -> None:
    """The buttons for the slide as it is seen."""

    def made(kind: SlideKind) -> bytes:
        return slide_bytes(slide_of(reference, tuned, state.metric, state.other, others), kind)

    types: dict[SlideKind, str] = {"pdf": "application/pdf", "png": "image/png"}
    with st.container(horizontal=True):
        for kind, media_type in types.items():
            st.download_button(
                f"Slide as {kind.upper()}",
                partial(made, kind),
                f"equal-{state.metric}.{kind}",
                media_type,
                key=STATE.key(f"slide-{kind}"),
                on_click="ignore",
                icon=":material/slideshow:",
                help="One slide of 16:9 with these pictures and numbers.",
            )


def _show_others(tuned: list[Tuned], others: list[float | None], state: EqualState) -> None:
    """The values of the other metric, the largest first."""
    title = metric_title(state.other)
    rows = [
        {"distortion": DISTORTIONS[one.name].title, "value": other}
        for one, other in zip(tuned, others, strict=True)
        if other is not None and one.reached
    ]
    bars = (
        chart_of(rows)
        .mark_bar(color="#0072b2")
        .encode(
            x=alt.X("value:Q", title=f"{title} of copies that {metric_title(state.metric)} rates the same"),
            y=alt.Y("distortion:N", sort="-x", title=None, axis=alt.Axis(labelLimit=160, labelOverlap=False)),
            tooltip=["distortion:N", alt.Tooltip("value:Q", format=".3g", title=title)],
        )
    )
    st.altair_chart(bars.properties(height=230), width="stretch")
