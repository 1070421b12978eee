"""The controls of a competition, in the sidebar, and what they add up to.

The page's state holds the value of each control under the name of its setting. What has no control of its own below
has one made from its declaration. What is folded away is drawn when it is opened; a browser draws the rest sooner.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.declaration import Group
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, to_gray
from mad_app.images.encode import Picture
from mad_app.records.storage import stamp
from mad_app.request import PICTURE, REQUEST_SETTINGS, Request, crop_settings, in_groups, with_todays_names
from mad_app.runs.materialize import check_start_differs, load_mask, make_start
from mad_app.runs.reproduce import to_query
from mad_app.ui.address import came_back
from mad_app.ui.components.expected_time import show_expected_time
from mad_app.ui.components.form import (
    FIRST_STEPS,
    Form,
    PictureChoice,
    from_query,
    labels,
    strength_step,
)
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.metric_picker import (
    PARAMETERS,
    chosen_others,
    set_metrics,
    show_metric_controls,
    show_other_metrics,
    show_parameters,
)
from mad_app.ui.components.picture_picker import show_picture_controls
from mad_app.ui.components.setting_controls import file_of, show_file_setting, show_setting
from mad_app.ui.session import PageState

STATE = PageState("compete")

OWN_CONTROLS = (
    *("image", "size"),
    *("first", "second", "others"),
    *("distortion", "strength"),
)
"""Settings whose controls are not made from their declarations alone."""

OFFERED = [declared for declared in in_groups() if declared.name not in OWN_CONTROLS and not declared.hidden]
PLAIN = [declared for declared in OFFERED if not declared.file]
FILES = [declared for declared in OFFERED if declared.file]
IN_FRONT = ("steps",)
"""Settings of PLAIN that are not folded away."""

GROUP_TITLES: dict[Group, str] = {
    "picture": "Part of the picture",
    "metrics": "Metrics",
    "start": "Start",
    "length": "Length",
    "constraints": "Constraints",
    "levels": "Levels",
    "measurement": "Measurement",
}

OF_THE_START = (
    *PICTURE,
    *("distortion", "strength", "seed", "gray", "start_file"),
)
"""Settings that the start depends on."""


def show_controls() -> tuple[Form, DeltaGenerator]:
    """Draw all controls, once `follow_address` has set them: what they add up to, and a place below the start."""
    picture, below_size = show_picture_controls(STATE)
    if STATE["gray"]:
        picture = replace(picture, reference=to_gray(picture.reference))
    first, second, problem = show_metric_controls(STATE, min(picture.reference.shape[:2]))
    distortion, strength, preview = _distortion_controls()
    problem = picture.problem or problem
    chosen: dict[str, Any] = {name: STATE[name] for name in ("image", "size")}
    chosen |= {"first": first, "second": second, "distortion": distortion, "strength": strength}
    chosen |= {declared.name: show_setting(STATE, declared) for declared in PLAIN if declared.name in IN_FRONT}
    _advanced_controls()
    chosen |= {declared.name: STATE[declared.name] for declared in PLAIN if declared.name not in IN_FRONT}
    chosen |= {"others": chosen_others(STATE)} | crop_settings(picture.crop)
    request, about = (None, problem) if problem else _request(chosen, picture)
    start, no_start = (picture.reference, None) if request is None else _start_of(request, picture)
    with preview:
        _preview(picture.reference, start)
        if (about and not problem) or no_start:
            st.warning(about or no_start or "", icon=":material/info:")
        below_start = st.container()
    if request is not None:
        STATE["request"] = request
        with below_size:
            show_expected_time(request, picture.reference.shape)
    files = {declared.name: STATE[declared.name].name for declared in FILES if STATE.get(declared.name)}
    form = Form(chosen=request, picture=picture, start=start, problem=about or no_start, files=files)
    return form, below_start


def adopt(request: Request) -> None:
    """Set all controls to a request, whose `image` is the name of a picture that is kept; masks are given up."""
    for declared in FILES:
        STATE.pop(declared.name, None)
    _fill(request)


def follow_address(opened: str | None, job: str | None, request: Request | None) -> None:
    """Set the controls to what the address asks for: at the start of a visit, when another run is opened, and when the
    browser goes back or forward. After other pages, which drop them, and after a drawing that a click ended before some
    were drawn, which drops these, they are what they were. What the address asks for and is not possible is kept beside
    the request that stands for it (`show_ignored`).

    Args:
        opened: id of what is opened, None if nothing is.
        job: id of its job.
        request: what its record asked for, as far as the page can.
    """
    begun = all(name in STATE for name in ("first", *(declared.name for declared in PLAIN)))
    before = STATE.get("adopted")
    STATE["adopted"] = opened
    if begun and before and before == job:  # it has got a record
        return
    if begun and not came_back() and opened in (before, None):
        return
    query = {name: value for name, value in st.query_params.items() if name not in ("job", "run")}
    asks, kept = bool(with_todays_names(query)), STATE.get("request")
    if not begun and opened is None and kept is not None and not came_back() and (not asks or query == to_query(kept)):
        _fill(kept)
        return
    if asks or request is None:
        request, ignored = from_query(query if asks else {"steps": str(FIRST_STEPS)})
        if ignored:
            STATE["ignored"] = labels(ignored), request
    (_fill if begun and opened == before else adopt)(request)


def show_ignored(chosen: Request | None) -> None:
    """Say what the address asked for in vain, until something is chosen."""
    names, request = STATE.get("ignored", ("", None))
    if request == chosen and names:
        st.warning(f"This address asks for what is not possible; the defaults are used for: {plain(names)}.")


def _fill(request: Request) -> None:
    values = asdict(request)
    STATE.update({name: values[name] for name in (*PICTURE, "distortion")}, square=None)
    STATE.update({declared.name: values[declared.name] for declared in PLAIN})
    STATE[f"strength-{request.distortion}"] = request.strength
    set_metrics(STATE, request.first, request.second, request.others)


def _distortion_controls() -> tuple[str, float, DeltaGenerator]:
    """The distortion that makes the start, and the place for a preview."""
    declared, replaced = REQUEST_SETTINGS["distortion"], STATE.get("start_file") is not None
    name = st.selectbox(
        declared.label,
        list(DISTORTIONS),
        list(DISTORTIONS).index(STATE.get("distortion", REQUEST_SETTINGS["distortion"].default)),
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
        STATE[key],
        key=STATE.key(key),
        step=step,
        format="%.2f" if step < 0.1 else "%.1f" if step < 1 else "%d",
        disabled=replaced,
        help=row.help,
    )
    return name, strength, st.container()


def _advanced_controls() -> None:
    """What is seldom changed, by groups, once it is opened; while it is closed, set again, it keeps its values."""
    advanced = st.expander("Advanced", icon=":material/tune:", key=STATE.key("advanced"), on_change="rerun")
    if advanced.open:
        with advanced:
            _draw_advanced()
        return
    names = [declared.name for declared in PLAIN if declared.name not in IN_FRONT]
    STATE.update({name: STATE[name] for name in (*names, "others", *PARAMETERS) if name in STATE})


def _draw_advanced() -> None:
    for group, title in GROUP_TITLES.items():
        st.markdown(f"**{title}**")
        if group == "metrics":
            show_parameters(STATE)
        for declared in PLAIN:
            if declared.group == group and declared.name not in IN_FRONT:
                show_setting(STATE, declared)
        for declared in FILES:
            if declared.group == group:
                show_file_setting(STATE, declared)
        if group == "measurement":
            show_other_metrics(STATE)


def _request(chosen: dict[str, Any], picture: PictureChoice) -> tuple[Request | None, str | None]:
    """The request, or why the controls do not add up to one."""
    try:
        chosen |= {declared.name: file_of(STATE, declared.name, picture) for declared in FILES}
        return Request(**chosen), None
    except ArgumentError as error:
        return None, f"{plain(labels([error.argument]))} {plain(error.problem)}."
    except ValueError as error:
        return None, sentence(str(error))


def _start_of(request: Request, picture: PictureChoice) -> tuple[ImageArray, str | None]:
    """The start, and why it cannot be used, if so."""
    asked = Request(**{name: getattr(request, name) for name in OF_THE_START} | {"image": picture.image})
    start = picture.reference
    try:
        start = _start(asked, picture.reference, stamp(Path(asked.start_file or "")))
        check_start_differs(asked, picture.reference, start)
        load_mask(replace(request, image=picture.image), picture.reference)
    except ArgumentError as error:
        return start, f"{plain(labels([error.argument]))} {plain(error.problem)}."
    except ValueError as error:
        return start, sentence(str(error))
    return start, None


@st.cache_data(show_spinner=False, max_entries=64)
def _start(request: Request, reference: ImageArray, version: object) -> ImageArray:  # noqa: ARG001
    """The start; read again where the file that it comes from is another version."""
    return make_start(request, reference)


def _preview(reference: ImageArray, start: ImageArray) -> None:
    pictures = (("Original", "the original", reference), ("Start", "its distorted copy", start))
    figures = [
        element("figure", element("img", src=Picture.png(image).uri(), alt=alt), element("figcaption", title))
        for title, alt, image in pictures
    ]
    show_html(element("div", *figures, class_="mad-two"))
