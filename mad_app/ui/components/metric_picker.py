"""The controls that choose the two metrics, and which others are measured at the end."""

import re

import streamlit as st

from mad_app.errors import ArgumentError
from mad_app.metrics import LISTED_METRICS, METRICS, describe_metrics, is_sum, measured_by_default, spec_of
from mad_app.metrics.registry import canonical_name
from mad_app.request import ALL, NONE, REQUEST_SETTINGS
from mad_app.ui.components.form import metric_problem, pair_problem
from mad_app.ui.components.html import plain
from mad_app.ui.session import PageState

_ADDED = re.compile(r" \((not available|from \d+ pixels)\)$")
"""What a label says beside a title."""

METRIC_HELP = (
    "A distance: 0 for the original itself, larger for what the metric rates as a worse copy. Metrics that cannot be "
    "used say why. A sum of metrics can be typed by their names, as `lasi+0.5*lpips-alex`."
)


PARAMETERS = tuple(f"parameter-{name}" for name, row in METRICS.items() if row.parameter)
"""Names in the page's state of the numbers that some metrics take."""


def set_metrics(state: PageState, first: str, second: str, others: str) -> None:
    """Set the controls.

    Args:
        state: of the page.
        first: name of a metric, perhaps with a number after a colon, or of a sum of metrics.
        second: likewise.
        others: as in `Request`.
    """
    alone = [name for name in (first, second) if not is_sum(name)]
    state.update(
        {
            role: name.partition(":")[0] if name in alone else name
            for role, name in (("first", first), ("second", second))
        }
    )
    for name, row in METRICS.items():
        if row.parameter:
            numbers = [full.partition(":")[2] for full in alone if full.startswith(f"{name}:")]
            default = row.parameter.default
            state[f"parameter-{name}"] = type(default)(numbers[0]) if numbers else default
    named = [name.strip() for name in others.split(",")]
    state["others"] = [name for name in (NONE, *measured_by_default()) if name in named]


def show_metric_controls(state: PageState, side: int) -> tuple[str, str, str | None]:
    """Draw the choice of both.

    Args:
        state: of the page.
        side: shorter side of the picture in pixels.

    Returns:
        Their names, and why they cannot compete, if so.
    """
    first, about_first = _metric_control(state, "first", side)
    second, about_second = _metric_control(state, "second", side)
    problem = about_first or about_second or pair_problem(first, second)
    if problem:
        st.warning(problem, icon=":material/info:")
    return first, second, problem


def show_parameters(state: PageState) -> None:
    """Draw the numbers that some metrics take, which are part of the names that `show_metric_controls` returns."""
    for name, row in METRICS.items():
        if row.parameter:
            st.number_input(
                f"{row.parameter.meaning.capitalize()} of {row.title}",
                row.parameter.lowest,
                row.parameter.highest,
                state.get(f"parameter-{name}", row.parameter.default),
                step=1 if row.parameter.whole else 0.5,
                format="%d" if row.parameter.whole else "%g",
                key=state.key(f"parameter-{name}"),
                help=f"{row.explanation} The default is {row.parameter.default:g}.",
            )


def show_other_metrics(state: PageState) -> None:
    """Draw the choice of the other metrics that are measured at the end."""
    declared = REQUEST_SETTINGS["others"]
    st.multiselect(
        declared.label,
        [NONE, *measured_by_default()],
        state.get("others"),
        key=state.key("others"),
        format_func=lambda name: LISTED_METRICS[name].title if name in LISTED_METRICS else "None",
        placeholder="All that are available",
        help="Which other metrics are measured at the end.",
    )


def chosen_others(state: PageState) -> str:
    """The other metrics that are chosen, as in `Request`."""
    chosen = state.get("others", [])
    return NONE if NONE in chosen else ",".join(chosen) or ALL


def _metric_control(state: PageState, role: str, side: int) -> tuple[str, str | None]:
    missing, label = _missing(), REQUEST_SETTINGS[role].label
    if state.get(role):
        state[role] = named(state[role])
    chosen = state.get(role)
    options = [*METRICS, *([chosen] if chosen and chosen not in METRICS else [])]
    name: str = st.selectbox(
        label,
        options,
        options.index(chosen) if chosen else 0,
        key=state.key(role),
        format_func=lambda name: _metric_label(name, side, missing[name]) if name in METRICS else name,
        accept_new_options=True,
        help=METRIC_HELP,
    )
    try:
        row = spec_of(canonical_name(name or ""))
    except ArgumentError as error:
        return name, plain(f"{label}: {error.problem}.")
    paper = f" [Paper]({row.url})" if row.url else ""
    st.caption(row.explanation + paper, help=row.describe_convention() + ".")
    return _full_name(state, name), metric_problem(row.name, side, row.missing() if row.parts else missing[row.name])


@st.cache_data(show_spinner=False, ttl=60)
def _missing() -> dict[str, str | None]:
    """Why each metric is not available, None if it is."""
    return {description.spec.name: description.reason for description in describe_metrics()}


def _metric_label(name: str, side: int, missing: str | None) -> str:
    row = METRICS[name]
    if missing:
        return f"{row.title} (not available)"
    return row.title if side >= row.minimum_size else f"{row.title} (from {row.minimum_size} pixels)"


def named(text: str) -> str:
    """The name of a metric whose title was typed, or was chosen before its label said something else; else the text.

    Example:
        >>> named("1 − SSIM"), named("1 − MS-SSIM (from 161 pixels)"), named("lasi+0.5*mse")
        ('ssim', 'ms-ssim', 'lasi+0.5*mse')
    """
    title = _ADDED.sub("", text)
    return next((name for name, row in METRICS.items() if title == row.title), text)


def _full_name(state: PageState, name: str) -> str:
    """A sum under its canonical name; another metric with the number that was chosen for it, unless the default."""
    if name not in METRICS:
        return canonical_name(name)
    return METRICS[name].name_with(state.get(f"parameter-{name}"))
