"""The controls that choose a picture: a bundled one, the visitor's own, or one out of a saved run; and a square of it.

The session holds the choice as `image`, the name of a bundled picture or of a sample, or UPLOAD, and the last upload
that could be decoded as `upload`. An upload that cannot be used is refused in a sentence and changes nothing else.
"""

from dataclasses import dataclass

import streamlit as st

from mad_app.images import (
    BUNDLED,
    DEFAULT_IMAGE,
    MIN_SIZE,
    Crop,
    ImageArray,
    ImageError,
    bundled_path,
    load_image,
    load_small,
)
from mad_app.images.encode import Picture, thumbnail
from mad_app.jobs.paths import runs_root
from mad_app.records import RecordError
from mad_app.ui.components.form import EXTENTS, SIZES, UPLOAD
from mad_app.ui.components.saved_pictures import files_of, is_sample, list_samples, sample_path, sample_title

THUMBNAIL = 80
"""Side of a thumbnail in pixels, shown at half of it."""

WHOLE = {"left": 50, "top": 50, "extent": 100}
"""The crop with which a picture begins, in per cent."""

WHOLE_SIDE = 440
"""Longer side of the whole picture as it is shown for cropping."""


@dataclass(frozen=True)
class Upload:
    """A file that a visitor gave."""

    name: str
    content: bytes


@dataclass(frozen=True)
class PictureChoice:
    """The picture that is chosen.

    Attributes:
        title: what it is called in a sentence, as Markdown.
        image: what the record calls it.
        crop: which square of it is used.
        reference: that square, (size, size, 3).
    """

    title: str
    image: str
    crop: Crop
    reference: ImageArray


def show_picture_controls() -> PictureChoice:
    """Draw the controls; in the session are `image`, `size`, and, in per cent, `left`, `top` and `extent`."""
    state = st.session_state
    _drop_lost_sample()
    st.markdown("**Picture**", help="The original that all four images are compared with. A square of it is used.")
    with st.container(key="picker", horizontal=True, gap="xsmall"):
        for name, row in BUNDLED.items():
            st.button(row.title, key=f"pick-{name}", help=f"{row.title}: {row.good_for}", on_click=_pick, args=(name,))
    st.caption(_caption())
    upload, sample = st.columns(2)
    with upload.popover("Upload", icon=":material/upload:", width="stretch", help="Take a picture of your own."):
        st.file_uploader(
            "A picture of yours",
            key="file",
            max_upload_size=20,  # MB
            on_change=_take_upload,
            help="PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000 or PNM, up to 20 MB and 50 million pixels. It stays on "
            "the machine that runs this program.",
        )
    with sample.popover("Saved", icon=":material/history:", width="stretch", help="Take one out of a saved run."):
        _sample_controls()
    if state.get("refusal"):
        st.error(state.refusal, icon=":material/image_not_supported:")
    st.segmented_control(
        "Size in pixels",
        sorted({*SIZES, state.size}),
        key="size",
        required=True,
        width="stretch",
        help="Side of the square on which the metrics compete. Four times the pixels take about four times as long.",
    )
    with st.expander("Crop", icon=":material/crop:"):
        crop = _crop_controls()
    return _chosen(state.size, crop)


@st.cache_data(show_spinner=False)
def picker_style() -> str:
    """Style rules that put each bundled picture on its button."""
    return "".join(
        f".st-key-pick-{name} button{{background-image:url({thumbnail(row.path, THUMBNAIL).uri()})!important}}"
        for name, row in BUNDLED.items()
    )


def marked_style() -> str:
    """A style rule that marks the chosen picture's button, if it has one."""
    if st.session_state.image not in BUNDLED:
        return ""
    return f".st-key-pick-{st.session_state.image} button{{outline:3px solid var(--mad-B);outline-offset:1px}}"


def plain(text: str) -> str:
    """Text from outside, so that Streamlit's Markdown shows it as it is."""
    return "".join(f"\\{character}" if character in r"\`*_{}[]()<>#+-.!|$:~&" else character for character in text)


def sentence(text: str) -> str:
    """A message, which begins small and ends without a full stop, as a sentence that Markdown shows as it is."""
    return plain(text[:1].upper() + text[1:]) + "."


def _pick(name: str) -> None:
    """Take another picture, whole; a sample in its own pixels."""
    state = st.session_state
    state.image, state.refusal = name, None
    state.update(WHOLE)
    if "/" in name and _small(name).width in SIZES:
        state.size = _small(name).width


def _take_upload() -> None:
    """Take the file if it can be decoded; say why not otherwise."""
    state = st.session_state
    state.refusal = None
    if state.file is None:
        state.image = DEFAULT_IMAGE if state.image == UPLOAD else state.image
        return
    upload = Upload(state.file.name, state.file.getvalue())
    try:
        _uploaded(upload.content, upload.name, MIN_SIZE, Crop())
    except ImageError as error:
        state.refusal = sentence(str(error))
    else:
        state.upload, state.image = upload, UPLOAD
        state.update(WHOLE)


def _drop_lost_sample() -> None:
    """A sample whose run has been deleted meanwhile is given up, in a sentence."""
    state = st.session_state
    if "/" in state.image and not is_sample(state.image):
        state.image, state.refusal = DEFAULT_IMAGE, "The run that held this picture is not here any more."


def _sample_controls() -> None:
    """Choose a saved run and one of its pictures."""
    runs = _saved_runs(str(runs_root()))
    if not runs:
        st.caption("There is no saved run yet.")
        return
    run_id = st.selectbox(
        "Run", list(runs), key="sample-run", format_func=runs.__getitem__, help="A competition that was saved here."
    )
    try:
        files = files_of(run_id)
    except RecordError:
        st.caption("This run is not here any more.")
        return
    file = st.selectbox(
        "Which picture",
        list(files),
        index=2,
        key="sample-file",
        format_func=files.__getitem__,
        help="Its reference, the start, or one of the four images that came out.",
    )
    name = f"{run_id}/{file}"
    st.markdown(f'<img class="mad-sample" src="{_small(name).uri()}" alt="this picture">', unsafe_allow_html=True)
    st.button("Use this picture", key="use-sample", on_click=_pick, args=(name,), help="As the reference of a new run.")


@st.cache_data(show_spinner=False, ttl=5)
def _saved_runs(root: str) -> dict[str, str]:  # noqa: ARG001
    """What `list_samples` finds in this folder."""
    return list_samples()


def _crop_controls() -> Crop:
    """Which square of the picture is used, with the whole picture to show it."""
    state = st.session_state
    whole = _small(state.image, state.upload.content if state.image == UPLOAD else None)
    crop = Crop(left=state.left / 100, top=state.top / 100, extent=state.extent / 100)
    left, top, right, bottom = crop.box(whole.width, whole.height)
    box = {
        "left": left / whole.width,
        "top": top / whole.height,
        "width": (right - left) / whole.width,
        "height": (bottom - top) / whole.height,
    }
    style = ";".join(f"{name}:{100 * part:.2f}%" for name, part in box.items())
    image = f'<img src="{whole.uri()}" alt="the whole picture, with the square that is used">'
    st.markdown(f'<div class="mad-crop">{image}<span style="{style}"></span></div>', unsafe_allow_html=True)
    st.slider(
        "Extent",
        EXTENTS[0],
        EXTENTS[-1],
        key="extent",
        format="%d %%",
        help="Side of the square, as a part of the picture's shorter side.",
    )
    for key, label, room in (
        ("left", "Left to right", whole.width - (right - left)),
        ("top", "Top to bottom", whole.height - (bottom - top)),
    ):
        st.slider(
            label,
            0,
            100,
            key=key,
            format="%d %%",
            disabled=room == 0,
            help="Where the square lies: 50 % is the middle. A square that fills this side cannot move along it.",
        )
    return crop


def _caption() -> str:
    state = st.session_state
    if state.image == UPLOAD:
        return f"Your picture {plain(state.upload.name)}"
    if "/" in state.image:
        return plain(sample_title(state.image))
    row = BUNDLED[state.image]
    return f"{row.title}: {row.good_for}"


def _chosen(size: int, crop: Crop) -> PictureChoice:
    state = st.session_state
    if state.image == UPLOAD:
        upload: Upload = state.upload
        return PictureChoice(plain(upload.name), upload.name, crop, _uploaded(upload.content, upload.name, size, crop))
    if "/" in state.image:
        path = sample_path(state.image)
        return PictureChoice(plain(sample_title(state.image)), str(path), crop, _from_file(str(path), size, crop))
    row = BUNDLED[state.image]
    return PictureChoice(row.title, row.name, crop, _from_file(str(row.path), size, crop))


@st.cache_data(show_spinner=False, max_entries=64)
def _small(name: str, content: bytes | None = None) -> Picture:
    """The whole picture that is chosen, small."""
    path = bundled_path(name) if name in BUNDLED else sample_path(name) if content is None else None
    return Picture.png(load_small(content or str(path), side=WHOLE_SIDE))


@st.cache_data(show_spinner=False, max_entries=64)
def _from_file(path: str, size: int, crop: Crop) -> ImageArray:
    return load_image(path, size=size, crop=crop)


@st.cache_data(show_spinner=False, max_entries=16)
def _uploaded(content: bytes, name: str, size: int, crop: Crop) -> ImageArray:
    return load_image(content, size=size, crop=crop, name=name)
