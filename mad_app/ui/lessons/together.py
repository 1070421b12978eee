"""Lesson "Would both together fail?": the pairs of competitions that keep LASI, LPIPS or their sum fixed, and how far
another metric was driven apart in each.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from mad_app.figures import metric_title, number, times
from mad_app.images import BUNDLED, ImageArray, bundled_path, load_image
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.together import (
    ALPHAS,
    JUDGES,
    OWN,
    PARTS,
    PICTURES,
    SIZE,
    Driven,
    TogetherState,
    fixed_metrics,
    original_and_start,
    stored_runs,
    sum_of_both,
)
from mad_app.ui.components.charts import chart_of
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.html import Html, element, plain, show_html
from mad_app.ui.lessons.controls import show_caption, show_choice, show_options
from mad_app.ui.lessons.live_runs import show_live_runs

SAME = 1.05
"""Up to this ratio two failures are called about the same."""


def show_together(lesson: Lesson, state: TogetherState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    titles = {name: BUNDLED[name].title for name in PICTURES} | {OWN: "Your picture, live"}
    columns = st.columns(3)
    with columns[0]:
        show_choice(lesson, "source", titles, long=True)
    with columns[1]:
        show_choice(lesson, "judge", {name: _title(name) for name in JUDGES}, long=True)
    with columns[2]:
        show_options(lesson, "alpha", list(ALPHAS))
    asked = fixed_metrics(state.judge, [state.alpha])
    if state.source == OWN:
        runs = show_live_runs(picture, state.judge, asked)
    else:
        runs = stored_runs(state.source, state.judge)
    by_fixed = {run.fixed: run for run in runs}
    shown = [by_fixed[name] for name in asked if name in by_fixed and (predicted or name in PARTS)]
    if not shown:
        return
    original = picture.reference if state.source == OWN else _stored_picture(state.source)
    rows = [_start_row(original), *(_row(run) for run in shown)]
    show_html(element("div", *rows, class_="mad-conventions mad-driven"))
    if not predicted:
        show_caption("The pair with the fixed sum appears once you have predicted.")
        return
    both = by_fixed.get(sum_of_both(state.alpha))
    if both:
        st.markdown(f"**{describe_failure([run for run in shown if run.fixed in PARTS], both)}**")
    st.altair_chart(_chart(runs, state), width="stretch")
    show_caption(
        f"Every bar is a competition of its own, with the same picture, start and number of steps ({shown[0].steps}). "
        f"Only the fixed metric differs. Values are those of the 8-bit images, of at most {SIZE} pixels."
    )


@st.cache_data(show_spinner=False, max_entries=len(PICTURES))
def _stored_picture(name: str) -> ImageArray:
    return load_image(bundled_path(name), size=SIZE)


def describe_failure(alone: Sequence[Driven], both: Driven) -> str:
    """How large the failure is with the sum fixed, and how it compares with that of each metric alone."""
    judge = plain(_title(both.judge))
    known = [run for run in alone if run.failure]
    if not both.failure or not known:
        return f"{judge} is 0 on one of the images, so there is no number for the failure."
    parts = [f"{times(run.failure or 0)} the lowest with {plain(_title(run.fixed))} fixed" for run in known]
    of_sum = f"{times(both.failure)} with {plain(_title(both.fixed))} fixed"
    compared = [f"{_compared(both.failure, run.failure or 0)} with {plain(_title(run.fixed))}" for run in known]
    return (
        f"The highest {judge} is {', '.join(parts)}, and {of_sum}. "
        f"With the sum the failure is {' and '.join(compared)}."
    )


def _compared(ours: float, theirs: float) -> str:
    """How one failure compares with another.

    Example:
        >>> _compared(20, 100), _compared(100, 20), _compared(100, 101)
        ('5 times smaller than', '5 times larger than', 'about the same as')
    """
    if max(ours, theirs) <= SAME * min(ours, theirs):
        return "about the same as"
    return f"{times(theirs / ours)} smaller than" if ours < theirs else f"{times(ours / theirs)} larger than"


def _title(name: str) -> str:
    """The title of a metric; the only LPIPS here is that with AlexNet."""
    return metric_title(name).replace(" (AlexNet)", "")


def _start_row(reference: ImageArray) -> Html:
    images = original_and_start(reference)
    head = element("div", element("b", "Original and start"), element("span", "Every competition starts at the noise."))
    cells = [_cell(name, image, ()) for name, image in zip(("Original", "Start"), images, strict=True)]
    return element("div", head, *cells, class_="mad-convention")


def _row(run: Driven) -> Html:
    """What was fixed, the failure, and the two images with their values."""
    judge, fixed = _title(run.judge), _title(run.fixed)
    failure = f"Failure: {times(run.failure)}" if run.failure else f"{judge} reaches 0"
    rates = element("span", f"{fixed} rates both the same.")
    head = element("div", element("b", f"{fixed} fixed"), rates, element("span", failure, class_="mad-verdict"))
    others = [name for name in dict.fromkeys((run.fixed, *PARTS)) if name != run.judge]
    cells = []
    for image, values, end in zip(run.images, run.values, ("Highest", "Lowest"), strict=True):
        lines = [f"{_title(name)} {number(values.get(name))}" for name in others]
        cells.append(_cell(f"{end} {judge}: {number(values.get(run.judge))}", image, lines, f"{fixed} fixed: "))
    return element("div", head, *cells, class_="mad-convention")


def _cell(title: str, image: ImageArray, lines: Sequence[str], before: str = "") -> Html:
    picture = element("img", src=Picture.png(image).uri(), alt=f"{before}{title}")
    caption = element("figcaption", element("b", title), *(element("span", line) for line in lines))
    return element("figure", picture, caption)


def _chart(runs: Sequence[Driven], state: TogetherState) -> Any:
    """The failure for every fixed metric, on a logarithmic axis from 1, no failure."""
    kinds = ("alone", "sum", "sum with this α")
    rows = [
        {
            "fixed": f"{_title(run.fixed)}{' alone' if run.fixed in PARTS else ''}",
            "failure": run.failure,
            "none": 1,
            "kind": kinds[0] if run.fixed in PARTS else kinds[2] if run.fixed == sum_of_both(state.alpha) else kinds[1],
        }
        for run in runs
        if run.failure
    ]
    color = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(domain=list(kinds), range=["#808080", "#7db8dc", "#0072b2"]),
        legend=alt.Legend(orient="top"),
    )
    x = alt.X(
        "failure:Q",
        scale=alt.Scale(type="log", domainMin=1, nice=False),
        title=f"Failure: highest / lowest {_title(state.judge)}",
        axis=alt.Axis(tickCount=5, format="~s"),
    )
    bars = (
        chart_of(rows)
        .mark_bar()
        .encode(
            x=x,
            x2=alt.X2("none:Q"),
            y=alt.Y("fixed:N", sort=None, title=None, axis=alt.Axis(labelLimit=190, labelOverlap=False)),
            color=color,
            tooltip=["fixed:N", alt.Tooltip("failure:Q", format=",.3~r")],
        )
    )
    return bars.properties(height=110 + 26 * len(rows))
