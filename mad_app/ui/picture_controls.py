"""The controls that choose a picture: a bundled one, or the visitor's own.

The session holds the choice as `image`, the name of a bundled picture or UPLOAD, and the last upload that could be
decoded as `upload`. An upload that cannot be used is refused in a sentence and changes nothing else.
"""

from dataclasses import dataclass

import streamlit as st

from mad_app.images import BUNDLED, DEFAULT_IMAGE, MIN_SIZE, ImageArray, ImageError, bundled_path, load_image
from mad_app.ui.choices import SIZES, UPLOAD
from mad_app.ui.pictures import thumbnail

THUMBNAIL = 80
"""Side of a thumbnail in pixels, shown at half of it."""


@dataclass(frozen=True)
class Upload:
    """A file that a visitor gave."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Chosen:
    """The picture that is chosen.

    Attributes:
        title: what it is called in a sentence, as Markdown.
        image: what the record calls it.
        reference: the picture, (size, size, 3).
    """

    title: str
    image: str
    reference: ImageArray


def show_picture_controls() -> Chosen:
    """Draw the controls; their values are `image` and `size` in the session."""
    state = st.session_state
    st.markdown("**Picture**", help="The original that all four images are compared with. Its central square is used.")
    with st.container(key="picker", horizontal=True, gap="xsmall"):
        for name, row in BUNDLED.items():
            st.button(row.title, key=f"pick-{name}", help=f"{row.title}: {row.good_for}", on_click=_pick, args=(name,))
    st.caption(_caption())
    with st.popover("Use your own picture", icon=":material/upload:", width="stretch"):
        st.file_uploader(
            "A picture of yours",
            key="file",
            max_upload_size=20,  # MB
            on_change=_take_upload,
            help="PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000 or PNM, up to 20 MB and 50 million pixels. It stays on "
            "the machine that runs this program.",
        )
    if state.get("refusal"):
        st.error(state.refusal, icon=":material/image_not_supported:")
    st.segmented_control(
        "Size in pixels",
        SIZES,
        key="size",
        required=True,
        width="stretch",
        help="Side of the square on which the metrics compete. Four times the pixels take about four times as long.",
    )
    return _chosen(state.size)


@st.cache_data(show_spinner=False)
def picker_style() -> str:
    """Style rules that put each bundled picture on its button."""
    return "".join(
        f".st-key-pick-{name} button{{background-image:url({thumbnail(row.path, THUMBNAIL).uri()})!important}}"
        for name, row in BUNDLED.items()
    )


def marked_style() -> str:
    """A style rule that marks the chosen picture's button."""
    return f".st-key-pick-{st.session_state.image} button{{outline:3px solid var(--mad-B);outline-offset:1px}}"


def plain(text: str) -> str:
    """Text from outside, so that Streamlit's Markdown shows it as it is."""
    return "".join(f"\\{character}" if character in r"\`*_{}[]()<>#+-.!|$:~&" else character for character in text)


def _pick(name: str) -> None:
    st.session_state.image, st.session_state.refusal = name, None


def _take_upload() -> None:
    """Take the file if it can be decoded; say why not otherwise."""
    state = st.session_state
    state.refusal = None
    if state.file is None:
        state.image = DEFAULT_IMAGE if state.image == UPLOAD else state.image
        return
    upload = Upload(state.file.name, state.file.getvalue())
    try:
        _uploaded(upload.content, upload.name, MIN_SIZE)
    except ImageError as error:
        text = str(error)
        state.refusal = plain(text[:1].upper() + text[1:]) + "."
    else:
        state.upload, state.image = upload, UPLOAD


def _caption() -> str:
    state = st.session_state
    if state.image == UPLOAD:
        return f"Your picture {plain(state.upload.name)}"
    row = BUNDLED[state.image]
    return f"{row.title}: {row.good_for}"


def _chosen(size: int) -> Chosen:
    state = st.session_state
    if state.image == UPLOAD:
        upload: Upload = state.upload
        return Chosen(plain(upload.name), upload.name, _uploaded(upload.content, upload.name, size))
    row = BUNDLED[state.image]
    return Chosen(row.title, row.name, _bundled(row.name, size))


@st.cache_data(show_spinner=False, max_entries=64)
def _bundled(name: str, size: int) -> ImageArray:
    return load_image(bundled_path(name), size=size)


@st.cache_data(show_spinner=False, max_entries=16)
def _uploaded(content: bytes, name: str, size: int) -> ImageArray:
    return load_image(content, size=size, name=name)
