"""Lesson "Would both together fail?": the pairs of competitions that keep LASI, LPIPS or their sum fixed, and how far
another metric was driven apart in each.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import streamlit as st

from mad_app.figures import metric_title, number, times
from mad_app.images import BUNDLED
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.together import (
    ALPHAS,
    JUDGES,
    OWN,
    PARTS,
    PICTURES,
    Driven,
    TogetherState,
    fixed_metrics,
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
        show_choice(lesson, "judge", {name: metric_title(name) for name in JUDGES}, long=True)
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
    show_html(element("div", *(_row(run) for run in shown), class_="mad-conventions mad-pairs"))
    if not predicted:
        show_caption("The pair with the fixed sum appears once you have predicted.")
        return
    both = by_fixed.get(sum_of_both(state.alpha))
    if both:
        st.markdown(f"**{describe_failure([run for run in shown if run.fixed in PARTS], both)}**")
    st.altair_chart(_chart(runs, state), width="stretch")
    show_caption(
        f"Every bar is a competition of its own, with the same picture, start and number of steps ({shown[0].steps}). "
        "Only the fixed metric differs. Values are those of the 8-bit images."
    )


def describe_failure(alone: Sequence[Driven], both: Driven) -> str:
    """How large the failure is with the sum fixed, and how it compares with that of each metric alone."""
    judge, sum_title = plain(metric_title(both.judge)), plain(metric_title(both.fixed))
    known = [run for run in alone if run.failure]
    if not both.failure or not known:
        return f"{judge} is 0 on one of the images, so there is no number for the failure."
    parts = [f"{times(run.failure or 0)} with {plain(metric_title(run.fixed))} fixed" for run in known]
    first = f"{judge} is driven apart {', '.join(parts)}, and {times(both.failure)} with {sum_title} fixed."
    compared = [f"{_compared(both.failure, run.failure or 0)} with {plain(metric_title(run.fixed))}" for run in known]
    return f"{first} With the sum the failure is {' and '.join(compared)}."


def _compared(ours: float, theirs: float) -> str:
    """How one failure compares with another.

    Example:
        >>> _compared(20, 100), _compared(100, 20), _compared(100, 101)
        ('5 times smaller than', '5 times larger than', 'about the same as')
    """
    if max(ours, theirs) <= SAME * min(ours, theirs):
        return "about the same as"
    return f"{times(theirs / ours)} smaller than" if ours < theirs else f"{times(ours / theirs)} larger than"


def _row(run: Driven) -> Html:
    """What was fixed, the failure, and the two images with their values."""
    judge, fixed = metric_title(run.judge), metric_title(run.fixed)
    failure = f"{judge} driven apart {times(run.failure)}" if run.failure else f"{judge} reaches 0"
    head = element("div", element("b", f"{fixed} fixed"), element("span", failure, class_="mad-verdict"))
    names = dict.fromkeys((run.judge, run.fixed, *PARTS))
    cells = []
    for image, values, end in zip(run.images, run.values, ("highest", "lowest"), strict=True):
        lines = [element("b", f"{judge} {end}")]
        lines += [element("span", f"{metric_title(name)} {number(values.get(name))}") for name in names]
        picture = element("img", src=Picture.png(image).uri(), alt=f"{fixed} fixed, {judge} {end}")
        cells.append(element("figure", picture, element("figcaption", *lines)))
    return element("div", head, *cells, class_="mad-convention")


def _chart(runs: Sequence[Driven], state: TogetherState) -> Any:
    """The failure for every fixed metric, on a logarithmic axis from 1, no failure."""
    kinds = ("alone", "sum", "sum with this α")
    rows = [
        {
            "fixed": f"{metric_title(run.fixed)}{' alone' if run.fixed in PARTS else ''}",
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
        title=f"{metric_title(state.judge)}: highest / lowest",
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
    return bars.properties(height=40 + 26 * len(rows))
