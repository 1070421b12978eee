"""The controls of a competition, in the sidebar, and what they add up to.

The value of each control lives in the visitor's session under the name of the field of `Form`.
"""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.distortions import DISTORTIONS
from mad_app.images import ImageArray, to_gray
from mad_app.images.encode import Picture
from mad_app.metrics import METRICS, describe_metrics
from mad_app.runs import Request
from mad_app.runs.materialize import make_start
from mad_app.ui.compete.constraint_controls import CONSTRAINTS, show_constraint_controls
from mad_app.ui.compete.overlay_controls import overlay_path, show_overlay_controls
from mad_app.ui.components.form import (
    BUDGETS,
    FILES,
    LARGEST_SEED,
    LONGEST,
    Form,
    from_query,
    metric_problem,
    pair_problem,
    start_problem,
    strength_step,
)
from mad_app.ui.components.picture_picker import PictureChoice, plain, show_picture_controls

_OF_THE_START = ("size", "left", "top", "extent", "distortion", "strength", "seed", "gray", "start_file")
"""The fields of `Form` that the start depends on."""


@dataclass(frozen=True)
class FormState:
    """What the controls add up to.

    Attributes:
        choices: their values.
        picture: what is distorted.
        start: its distorted copy.
        problem: why this cannot be started, in a sentence, or None.
    """

    choices: Form
    picture: PictureChoice
    start: ImageArray
    problem: str | None


def show_controls() -> FormState:
    """Draw all controls."""
    _begin()
    picture = show_picture_controls()
    state = st.session_state
    if state.gray:
        picture = replace(picture, reference=to_gray(picture.reference))
    first, second, problem = _metric_controls()
    distortion, strength, preview = _distortion_controls()
    steps, seconds, seed = _budget_controls(first, second)
    choices = Form(
        image=state.image,
        size=state.size,
        left=picture.crop.left,
        top=picture.crop.top,
        extent=picture.crop.extent,
        first=first,
        second=second,
        distortion=distortion,
        strength=strength,
        steps=steps,
        seconds=seconds,
        seed=seed,
        **{name: state[name] for name in CONSTRAINTS},
    )
    choices, start, no_start = _with_start(choices, picture)
    with preview:
        _preview(picture.reference, start)
        if no_start:
            st.warning(no_start, icon=":material/info:")
    state.choices = choices
    return FormState(choices, picture, start, problem or no_start)


def _begin() -> None:
    """At the start of a visit, take the settings from the URL; after other pages, which drop them, what they were."""
    state = st.session_state
    if "first" not in state:
        choose(state.get("choices") or from_query(st.query_params))


def choose(chosen: Form) -> None:
    """Set all controls."""
    state = st.session_state
    first, second = (name.partition(":")[0] for name in (chosen.first, chosen.second))
    state.update(image=chosen.image, size=chosen.size, first=first, second=second)
    state.update({name: round(100 * getattr(chosen, name)) for name in ("left", "top", "extent")})
    state.update(distortion=chosen.distortion, steps=chosen.steps, seconds=chosen.seconds, seed=chosen.seed)
    state.update({name: getattr(chosen, name) for name in CONSTRAINTS})
    state[f"strength-{chosen.distortion}"] = chosen.strength
    sizes = [name.partition(":")[2] for name in (chosen.first, chosen.second) if name.startswith("lasi:")]
    state["neighborhood"] = int(sizes[0]) if sizes else _neighborhood_default()


def _metric_controls() -> tuple[str, str, str | None]:
    """The two metrics, each with what it measures, and why they cannot compete, if so."""
    first, about_first = _metric_control("first", "First metric")
    second, about_second = _metric_control("second", "Second metric")
    problem = about_first or about_second or pair_problem(first, second)
    if problem:
        st.warning(problem, icon=":material/info:")
    return first, second, problem


def _metric_control(key: str, label: str) -> tuple[str, str | None]:
    size, missing = st.session_state.size, _missing()
    name = st.selectbox(
        label,
        list(METRICS),
        key=key,
        format_func=lambda name: _metric_label(name, size, missing[name]),
        help="A distance: 0 for the picture itself, larger for what the metric takes for a worse copy. Metrics that "
        "cannot be used say why.",
    )
    st.caption(METRICS[name].explanation)
    return _full_name(name), metric_problem(name, size, missing[name])


@st.cache_data(show_spinner=False, ttl=60)
def _missing() -> dict[str, str | None]:
    """Why each metric is not available, None if it is."""
    return {description.row.name: description.reason for description in describe_metrics()}


def _metric_label(name: str, size: int, missing: str | None) -> str:
    row = METRICS[name]
    if missing:
        return f"{row.title} (not available)"
    return row.title if size >= row.minimum_size else f"{row.title} (from {row.minimum_size} pixels)"


def _full_name(name: str) -> str:
    """With the number that was chosen for it, unless that is the usual one."""
    parameter, number = METRICS[name].parameter, st.session_state.neighborhood
    other = parameter is None or parameter.keyword != "neighborhood_size" or number == parameter.default
    return name if other else f"{name}:{number}"


def _neighborhood_default() -> int:
    parameter = METRICS["lasi"].parameter
    return parameter.default if parameter else 0


def _distortion_controls() -> tuple[str, float, DeltaGenerator]:
    """The distortion that makes the start, and the place for a preview."""
    state = st.session_state
    given = state.get("start_file") is not None
    name = st.selectbox(
        "Start from a copy with",
        list(DISTORTIONS),
        key="distortion",
        format_func=lambda name: DISTORTIONS[name].title,
        disabled=given,
        help="The four images set out from this distorted copy. How far it is from the picture, by each metric, is "
        "the level that is held.",
    )
    row, key = DISTORTIONS[name], f"strength-{name}"
    step = strength_step(row)
    state[key] = state.get(key, row.default)  # said again, it outlives the runs that do not show this distortion
    strength = st.slider(
        f"Strength ({row.unit})",
        row.minimum,
        row.maximum,
        key=key,
        step=step,
        format="%.2f" if step < 0.1 else "%.1f" if step < 1 else "%d",
        disabled=given,
        help=row.help,
    )
    return name, strength, st.container()


def _with_start(choices: Form, picture: PictureChoice) -> tuple[Form, ImageArray, str | None]:
    """The choices with their files, the start, and why it cannot be used, if so."""
    try:
        files: dict[str, Any] = {name: overlay_path(name, choices.size, picture.crop) for name in FILES}
        choices = replace(choices, **files)
        asked = {name: getattr(choices, name) for name in _OF_THE_START}
        start = _start(Request(image=picture.image, **asked), picture.reference)
    except ValueError as error:
        return choices, picture.reference, plain(f"{error}.")
    return choices, start, start_problem(picture.reference, start)


@st.cache_data(show_spinner=False, max_entries=64)
def _start(request: Request, reference: ImageArray) -> ImageArray:
    return make_start(request, reference)


def _preview(reference: ImageArray, start: ImageArray) -> None:
    figures = "".join(
        f'<figure><img src="{Picture.png(image).uri()}" alt="{alt}"><figcaption>{title}</figcaption></figure>'
        for title, alt, image in (("Picture", "the picture", reference), ("Start", "its distorted copy", start))
    )
    st.markdown(f'<div class="mad-two">{figures}</div>', unsafe_allow_html=True)


def _budget_controls(first: str, second: str) -> tuple[int, int | None, int]:
    """How long to compete; and what is seldom changed, folded away."""
    steps = st.select_slider(
        "Budget in steps",
        sorted({*BUDGETS, st.session_state.steps}),
        key="steps",
        help="After 100 steps the differences are plain; more make them extreme. You can stop at any time, and go on.",
    )
    with st.expander("Advanced", icon=":material/tune:"):
        seconds = st.number_input(
            "Budget in seconds",
            1,
            LONGEST,
            None,
            key="seconds",
            placeholder="any time",
            help="After this time no further step is made. A run that goes on after a stop counts what it took before.",
        )
        seed = st.number_input(
            "Seed",
            0,
            LARGEST_SEED,
            key="seed",
            help="Every random number comes from it: the same seed gives the same start.",
        )
        st.number_input(
            "Neighborhood size of LASI",
            1,
            50,
            key="neighborhood",
            help="How many earlier neighbors LASI predicts each pixel from; 10 is usual.",
        )
        show_constraint_controls(first, second)
        show_overlay_controls()
    return steps, seconds, seed
