"""The controls of a competition, in the sidebar, and what they add up to.

The page's state holds the value of each control under the name of its setting. What has no control of its own below
has one made from its declaration.
"""

from dataclasses import asdict, replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.declaration import Group
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, to_gray
from mad_app.images.encode import Picture
from mad_app.request import REQUEST_SETTINGS, Request, in_groups
from mad_app.runs.materialize import make_start
from mad_app.ui.components.form import (
    FIRST_STEPS,
    Form,
    PictureChoice,
    from_query,
    labels,
    start_problem,
    strength_step,
    to_query,
)
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.metric_picker import set_metrics, show_metric_controls, show_other_metrics, show_parameters
from mad_app.ui.components.picture_picker import show_picture_controls
from mad_app.ui.components.setting_controls import file_of, show_file_setting, show_setting
from mad_app.ui.session import PageState

STATE = PageState("compete")

OWN_CONTROLS = (
    *("image", "size", "left", "top", "extent"),
    *("first", "second", "others"),
    *("distortion", "strength"),
)
"""Settings whose controls are not made from their declarations alone."""

PLAIN = [declared for declared in in_groups() if declared.name not in OWN_CONTROLS and not declared.file]
FILES = [declared for declared in in_groups() if declared.name not in OWN_CONTROLS and declared.file]
IN_FRONT = ("steps",)
"""Settings of PLAIN that are not folded away."""

GROUP_TITLES: dict[Group, str] = {
    "metrics": "Metrics",
    "start": "Start",
    "length": "Length",
    "constraints": "Constraints",
    "levels": "Levels",
    "measurement": "Measurement",
}

OF_THE_START = (
    *("image", "size", "left", "top", "extent"),
    *("distortion", "strength", "seed", "gray", "start_file"),
)
"""Settings that the start depends on."""


def show_controls() -> Form:
    """Draw all controls."""
    _begin()
    picture = show_picture_controls(STATE)
    if STATE["gray"]:
        picture = replace(picture, reference=to_gray(picture.reference))
    first, second, problem = show_metric_controls(STATE)
    distortion, strength, preview = _distortion_controls()
    chosen: dict[str, Any] = {name: STATE[name] for name in ("image", "size")} | asdict(picture.crop)
    chosen |= {"first": first, "second": second, "distortion": distortion, "strength": strength}
    chosen |= {declared.name: show_setting(STATE, declared) for declared in PLAIN if declared.name in IN_FRONT}
    with st.expander("Advanced", icon=":material/tune:"):
        chosen |= _advanced_controls()
    request, about = (None, problem) if problem else _request(chosen, picture)
    start, no_start = (picture.reference, None) if request is None else _start_of(request, picture)
    with preview:
        _preview(picture.reference, start)
        if (about and not problem) or no_start:
            st.warning(about or no_start or "", icon=":material/info:")
    if request is not None:
        STATE["request"] = request
    files = {declared.name: STATE[declared.name].name for declared in FILES if STATE.get(declared.name)}
    return Form(chosen=request, picture=picture, start=start, problem=about or no_start, files=files)


def adopt(request: Request) -> None:
    """Set all controls to a request, whose `image` is the name of a bundled or saved picture; uploads are given up."""
    for declared in FILES:
        STATE.pop(declared.name, None)
    _fill(request)


def _begin() -> None:
    """At the start of a visit, take the settings from the address; after other pages, which drop them, what they were,
    unless the address asks for something else."""
    if "first" in STATE:
        return
    query = {name: value for name, value in st.query_params.items() if name not in ("job", "run")}
    kept: Request | None = STATE.get("request")
    if kept is not None and (not query or query == to_query(kept)):
        _fill(kept)
        return
    request, ignored = from_query(query or {"steps": str(FIRST_STEPS)})
    adopt(request)
    if ignored:
        st.warning(f"This address asks for what is not possible; the defaults are used for: {plain(labels(ignored))}.")


def _fill(request: Request) -> None:
    values = asdict(request)
    STATE.update({name: values[name] for name in ("image", "size", "left", "top", "extent", "distortion")})
    STATE.update({declared.name: values[declared.name] for declared in PLAIN})
    STATE[f"strength-{request.distortion}"] = request.strength
    set_metrics(STATE, request.first, request.second, request.others)


def _distortion_controls() -> tuple[str, float, DeltaGenerator]:
    """The distortion that makes the start, and the place for a preview."""
    declared, replaced = REQUEST_SETTINGS["distortion"], STATE.get("start_file") is not None
    name = st.selectbox(
        declared.label,
        list(DISTORTIONS),
        key=STATE.key("distortion"),
        format_func=lambda name: DISTORTIONS[name].title,
        disabled=replaced,
        help=declared.help,
    )
    row, key = DISTORTIONS[name], f"strength-{name}"
    step = strength_step(row)
    STATE[key] = STATE.get(key, row.default)  # set again, it outlives the reruns that do not show this distortion
    strength = st.slider(
        f"Strength ({row.unit})",
        row.minimum,
        row.maximum,
        key=STATE.key(key),
        step=step,
        format="%.2f" if step < 0.1 else "%.1f" if step < 1 else "%d",
        disabled=replaced,
        help=row.help,
    )
    return name, strength, st.container()


def _advanced_controls() -> dict[str, Any]:
    """What is seldom changed, by groups."""
    chosen: dict[str, Any] = {}
    for group, title in GROUP_TITLES.items():
        st.markdown(f"**{title}**")
        if group == "metrics":
            show_parameters(STATE)
        for declared in PLAIN:
            if declared.group == group and declared.name not in IN_FRONT:
                chosen[declared.name] = show_setting(STATE, declared)
        for declared in FILES:
            if declared.group == group:
                show_file_setting(STATE, declared)
        if group == "measurement":
            chosen["others"] = show_other_metrics(STATE)
    return chosen


def _request(chosen: dict[str, Any], picture: PictureChoice) -> tuple[Request | None, str | None]:
    """The request, or why the controls do not add up to one."""
    try:
        chosen |= {declared.name: file_of(STATE, declared.name, STATE["size"], picture.crop) for declared in FILES}
        return Request(**chosen), None
    except ArgumentError as error:
        return None, f"{plain(labels([error.argument]))} {plain(error.problem)}."
    except ValueError as error:
        return None, sentence(str(error))


def _start_of(request: Request, picture: PictureChoice) -> tuple[ImageArray, str | None]:
    """The start, and why it cannot be used, if so."""
    asked = {name: getattr(request, name) for name in OF_THE_START} | {"image": picture.image}
    try:
        start = _start(Request(**asked), picture.reference)
    except ValueError as error:
        return picture.reference, sentence(str(error))
    return start, start_problem(picture.reference, start)


@st.cache_data(show_spinner=False, max_entries=64)
def _start(request: Request, reference: ImageArray) -> ImageArray:
    return make_start(request, reference)


def _preview(reference: ImageArray, start: ImageArray) -> None:
    pictures = (("Original", "the original", reference), ("Start", "its distorted copy", start))
    figures = [
        element("figure", element("img", src=Picture.png(image).uri(), alt=alt), element("figcaption", title))
        for title, alt, image in pictures
    ]
    show_html(element("div", *figures, class_="mad-two"))
