"""The controls of a competition, in the sidebar, and what they add up to.

The value of each control lives in the visitor's session under the name of the field of `Choices`.
"""

from dataclasses import dataclass

import streamlit as st

from mad_app.distortions import DISTORTIONS, distort
from mad_app.images import BUNDLED, DEFAULT_IMAGE, ImageArray, ImageError, bundled_path, load_image
from mad_app.metrics import METRICS, describe_metrics
from mad_app.ui.choices import (
    BUDGETS,
    LARGEST_SEED,
    SIZES,
    UPLOAD,
    Choices,
    from_query,
    metric_problem,
    pair_problem,
    start_problem,
    strength_step,
)
from mad_app.ui.pictures import Picture, thumbnail

THUMBNAIL = 88
"""Side of a thumbnail in pixels, shown at half of it."""


@dataclass(frozen=True)
class Setup:
    """What the controls add up to.

    Attributes:
        choices: their values.
        title: what the picture is called.
        image: what the record calls it.
        reference: the picture.
        start: its distorted copy.
        problem: why this cannot be started, in a sentence, or None.
    """

    choices: Choices
    title: str
    image: str
    reference: ImageArray
    start: ImageArray
    problem: str | None


def show_controls() -> Setup:
    """Draw all controls."""
    _begin()
    title, image, reference = _picture_controls()
    first, second, problem = _metric_controls()
    distortion, strength, start, unchanged = _distortion_controls(reference)
    steps, seed = _budget_controls()
    state = st.session_state
    choices = Choices(
        image=state.image,
        size=state.size,
        first=first,
        second=second,
        distortion=distortion,
        strength=strength,
        steps=steps,
        seed=seed,
    )
    return Setup(choices, title, image, reference, start, problem or unchanged)


@st.cache_data(show_spinner=False)
def picker_style() -> str:
    """Style rules that put each bundled picture on its button."""
    return "".join(
        f".st-key-pick-{name} button{{background-image:url({thumbnail(row.path, THUMBNAIL).uri()})!important}}"
        for name, row in BUNDLED.items()
    )


def _begin() -> None:
    """At the start of a visit, take the settings from the URL; later, keep them through pages that do not show them."""
    state = st.session_state
    if "image" not in state:
        chosen = from_query(st.query_params)
        first, second = (name.partition(":")[0] for name in (chosen.first, chosen.second))
        state.update(image=chosen.image, size=chosen.size, first=first, second=second)
        state.update(distortion=chosen.distortion, steps=chosen.steps, seed=chosen.seed)
        state[f"strength-{chosen.distortion}"] = chosen.strength
        sizes = [name.partition(":")[2] for name in (chosen.first, chosen.second) if name.startswith("lasi:")]
        state["neighborhood"] = int(sizes[0]) if sizes else _neighborhood_default()


def _picture_controls() -> tuple[str, str, ImageArray]:
    """The picture: a bundled one or the visitor's own, and its size."""
    state = st.session_state
    st.markdown("**Picture**", help="The original that all four images are compared with. Its central square is used.")
    with st.container(key="picker", horizontal=True, gap="xsmall"):
        for name, row in BUNDLED.items():
            st.button(row.title, key=f"pick-{name}", help=f"{row.title}: {row.good_for}", on_click=_pick, args=(name,))
    with st.popover("Use your own picture", icon=":material/upload:", width="stretch"):
        st.file_uploader(
            "A picture of yours",
            key="file",
            on_change=_take_upload,
            help="PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000 or PNM, up to 20 MB and 50 million pixels. It stays on "
            "the machine that runs this program.",
        )
    st.segmented_control(
        "Size in pixels",
        SIZES,
        key="size",
        required=True,
        width="stretch",
        help="Side of the square on which the metrics compete. Four times the pixels take about four times as long.",
    )
    return _picture(state.size)


def _pick(name: str) -> None:
    st.session_state.image = name


def _take_upload() -> None:
    st.session_state.image = UPLOAD if st.session_state.file is not None else DEFAULT_IMAGE


def _picture(size: int) -> tuple[str, str, ImageArray]:
    """Title, name and pixels; an upload that cannot be used is refused in a sentence, and a bundled picture taken."""
    state = st.session_state
    if state.image == UPLOAD:
        file = state.get("file")
        try:
            if file is not None:
                st.caption(f"Your picture: {_plain(file.name)}")
                return f"your picture {_plain(file.name)}", file.name, _uploaded(file.getvalue(), file.name, size)
        except ImageError as error:
            st.error(_plain(_capital(str(error))) + ".", icon=":material/image_not_supported:")
        state.image = DEFAULT_IMAGE
    row = BUNDLED[state.image]
    st.caption(f"{row.title}: {row.good_for}")
    return row.title, row.name, _bundled(row.name, size)


@st.cache_data(show_spinner=False, max_entries=64)
def _bundled(name: str, size: int) -> ImageArray:
    return load_image(bundled_path(name), size=size)


@st.cache_data(show_spinner=False, max_entries=16)
def _uploaded(content: bytes, name: str, size: int) -> ImageArray:
    return load_image(content, size=size, name=name)


def _metric_controls() -> tuple[str, str, str | None]:
    """The two metrics, each with what it measures, and why they cannot compete, if so."""
    first, about_first = _metric_control("first", "First metric")
    second, about_second = _metric_control("second", "against")
    problem = about_first or about_second or pair_problem(first, second)
    if problem:
        st.warning(problem, icon=":material/info:")
    return first, second, problem


def _metric_control(key: str, label: str) -> tuple[str, str | None]:
    state, missing = st.session_state, _missing()
    name = st.selectbox(
        label,
        list(METRICS),
        key=key,
        format_func=lambda name: _metric_label(name, state.size, missing[name]),
        help="A distance: 0 for the picture itself, larger for what the metric takes for a worse copy. Metrics that "
        "cannot be used say why.",
    )
    st.caption(METRICS[name].explanation)
    return _full_name(name), metric_problem(name, state.size, missing[name])


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
    return name if parameter is None or number == parameter.default else f"{name}:{number}"


def _neighborhood_default() -> int:
    parameter = METRICS["lasi"].parameter
    return parameter.default if parameter else 0


def _distortion_controls(reference: ImageArray) -> tuple[str, float, ImageArray, str | None]:
    """The distortion that makes the start, with a preview."""
    state = st.session_state
    name = st.selectbox(
        "Start from a copy with",
        list(DISTORTIONS),
        key="distortion",
        format_func=lambda name: DISTORTIONS[name].title,
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
        help=row.help,
    )
    start = _start(reference, name, strength, state.seed)
    _preview(reference, start)
    problem = start_problem(reference, start)
    if problem:
        st.warning(problem, icon=":material/info:")
    return name, strength, start, problem


@st.cache_data(show_spinner=False, max_entries=64)
def _start(reference: ImageArray, distortion: str, strength: float, seed: int) -> ImageArray:
    return distort(reference, distortion, strength=strength, seed=seed)


def _preview(reference: ImageArray, start: ImageArray) -> None:
    figures = "".join(
        f'<figure><img src="{Picture.png(image).uri()}" alt="{alt}"><figcaption>{title}</figcaption></figure>'
        for title, alt, image in (("Picture", "the picture", reference), ("Start", "its distorted copy", start))
    )
    st.markdown(f'<div class="mad-two">{figures}</div>', unsafe_allow_html=True)


def _budget_controls() -> tuple[int, int]:
    """How long to compete; and what is seldom changed, folded away."""
    steps = st.select_slider(
        "Budget in steps",
        BUDGETS,
        key="steps",
        help="After 100 steps the differences are plain; more make them extreme. You can stop at any time, and go on.",
    )
    with st.expander("More"):
        seed = st.number_input(
            "Seed",
            0,
            LARGEST_SEED,
            key="seed",
            help="Every random number comes from it: the same seed gives the same start.",
        )
        st.number_input(
            "Neighbourhood size of LASI",
            1,
            50,
            key="neighborhood",
            help="How many earlier neighbours LASI predicts each pixel from; 10 is usual.",
        )
    return steps, seed


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    """Text from outside, so that Streamlit's Markdown shows it as it is."""
    return "".join(f"\\{character}" if character in r"\`*_{}[]()<>#+-.!|$:~&" else character for character in text)
