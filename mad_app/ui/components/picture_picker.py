"""The controls that choose a picture: a bundled one, the visitor's own, or one out of a saved run; and a square of it.

The page's state holds the choice as `image`, the name of a bundled or saved picture or UPLOAD, and the last upload that
could be decoded as `upload`. An upload that cannot be used is refused in a sentence and changes nothing else.
"""

from dataclasses import asdict, dataclass

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
from mad_app.request import REQUEST_SETTINGS
from mad_app.ui.components.form import SIZES, UPLOAD, PictureChoice
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.saved_pictures import (
    is_saved_picture,
    list_saved_runs,
    pictures_of,
    saved_picture_path,
    saved_picture_title,
)
from mad_app.ui.session import PageState

THUMBNAIL = 80
"""Side of a thumbnail in pixels, shown at half of it."""

WHOLE_SIDE = 440
"""Longer side of the whole picture as it is shown for cropping."""

MAX_MEGABYTES = 20


@dataclass(frozen=True)
class Upload:
    """A file that a visitor gave."""

    name: str
    content: bytes


def show_picture_controls(state: PageState) -> PictureChoice:
    """Draw the controls; the page's state holds `image`, `size`, `left`, `top` and `extent`."""
    _drop_lost_picture(state)
    st.markdown("**Picture**", help="The original that all four images are compared with. A square of it is used.")
    with st.container(key=state.key("picker"), horizontal=True, gap="xsmall"):
        for name, row in BUNDLED.items():
            st.button(
                row.title,
                key=state.key(f"pick-{name}"),
                help=f"{row.title}: {row.good_for}",
                on_click=_pick,
                args=(state, name),
            )
    st.caption(_caption(state))
    upload, saved = st.columns(2)
    with upload.popover("Upload", icon=":material/upload:", width="stretch", help="Take a picture of your own."):
        _upload_control(state)
    with saved.popover("Saved", icon=":material/history:", width="stretch", help="Take one out of a saved run."):
        _saved_controls(state)
    if state.get("refusal"):
        st.error(state["refusal"], icon=":material/image_not_supported:")
    size = REQUEST_SETTINGS["size"]
    st.segmented_control(
        size.label,
        sorted({*SIZES, state["size"]}),
        key=state.key("size"),
        required=True,
        width="stretch",
        help=size.help,
    )
    with st.expander("Crop", icon=":material/crop:"):
        crop = _crop_controls(state)
    choice = _chosen(state, crop)
    if (side := choice.reference.shape[0]) < state["size"]:
        st.caption(f"This square has {side} × {side} pixels and is not enlarged.")
    return choice


@st.cache_data(show_spinner=False)
def picker_style(page: str) -> str:
    """Style rules that put each bundled picture on its button."""
    return "".join(
        f".st-key-{page}-pick-{name} button{{background-image:url({thumbnail(row.path, THUMBNAIL).uri()})!important}}"
        for name, row in BUNDLED.items()
    )


def chosen_style(state: PageState) -> str:
    """A style rule that marks the chosen picture's button, if it has one."""
    if state["image"] not in BUNDLED:
        return ""
    return f".st-key-{state.key('pick')}-{state['image']} button{{outline:3px solid var(--mad-B);outline-offset:1px}}"


def _pick(state: PageState, name: str) -> None:
    """Take another picture, whole; a saved one in its own pixels."""
    state["image"], state["refusal"] = name, None
    state.update(asdict(Crop()))
    if "/" in name:
        width, height = _small(name).width, _small(name).height
        if width == height and width in SIZES:
            state["size"] = width


def _upload_control(state: PageState) -> None:
    st.file_uploader(
        "Your picture",
        key=state.key("file"),
        max_upload_size=MAX_MEGABYTES,
        on_change=_take_upload,
        args=(state,),
        help=f"PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF, JPEG 2000 or PNM, up to {MAX_MEGABYTES} MB and 50 million pixels."
        " It stays on the machine that runs this program.",
    )


def _take_upload(state: PageState) -> None:
    """Take the file if it can be decoded; say why not otherwise."""
    state["refusal"] = None
    if state["file"] is None:
        state["image"] = DEFAULT_IMAGE if state["image"] == UPLOAD else state["image"]
        return
    upload = Upload(state["file"].name, state["file"].getvalue())
    try:
        _uploaded(upload.content, upload.name, MIN_SIZE, Crop())
    except ImageError as error:
        state["refusal"] = sentence(str(error))
    else:
        state.update(upload=upload, image=UPLOAD, **asdict(Crop()))


def _drop_lost_picture(state: PageState) -> None:
    """Give up a picture whose run has been deleted meanwhile, and say so."""
    if "/" in state["image"] and not is_saved_picture(state["image"]):
        state["image"], state["refusal"] = DEFAULT_IMAGE, "The run that held this picture is no longer available."


def _saved_controls(state: PageState) -> None:
    """Choose a saved run and one of its pictures."""
    runs = _saved_runs(str(runs_root()))
    if not runs:
        st.caption("There is no saved run yet.")
        return
    run_id = st.selectbox(
        "Run",
        list(runs),
        key=state.key("saved-run"),
        format_func=runs.__getitem__,
        help="A competition that was saved here.",
    )
    try:
        files = pictures_of(run_id)
    except RecordError:
        st.caption("No such run (it may have been deleted).")
        return
    file = st.selectbox(
        "Which picture",
        list(files),
        index=2,
        key=state.key("saved-file"),
        format_func=files.__getitem__,
        help="Its original, its start, or one of its four images.",
    )
    name = f"{run_id}/{file}"
    show_html(element("img", class_="mad-saved", src=_small(name).uri(), alt="this picture"))
    st.button(
        "Use this picture",
        key=state.key("use-saved"),
        on_click=_pick,
        args=(state, name),
        help="As the original of a new run.",
    )


@st.cache_data(show_spinner=False, ttl=5)
def _saved_runs(root: str) -> dict[str, str]:  # noqa: ARG001
    """What `list_saved_runs` finds in this folder."""
    return list_saved_runs()


def _crop_controls(state: PageState) -> Crop:
    """Which square of the picture is used, with the whole picture to show it."""
    whole = _small(state["image"], state["upload"].content if state["image"] == UPLOAD else None)
    crop = Crop(left=state["left"], top=state["top"], extent=state["extent"])
    left, top, right, bottom = crop.box(whole.width, whole.height)
    box = {
        "left": left / whole.width,
        "top": top / whole.height,
        "width": (right - left) / whole.width,
        "height": (bottom - top) / whole.height,
    }
    style = ";".join(f"{name}:{100 * part:.2f}%" for name, part in box.items())
    image = element("img", src=whole.uri(), alt="the whole picture, with the square that is used")
    show_html(element("div", image, element("span", style=style), class_="mad-crop"))
    free = {"extent": 1, "left": whole.width - (right - left), "top": whole.height - (bottom - top)}
    for name, space in free.items():
        declared = REQUEST_SETTINGS[name]
        st.slider(
            declared.label,
            declared.minimum or 0.0,
            1.0,
            key=state.key(name),
            step=0.01,
            format="percent",
            disabled=space == 0,
            help=declared.help,
        )
    return crop


def _caption(state: PageState) -> str:
    if state["image"] == UPLOAD:
        return f"Your picture {plain(state['upload'].name)}"
    if "/" in state["image"]:
        return plain(saved_picture_title(state["image"]))
    row = BUNDLED[state["image"]]
    return f"{row.title}: {row.good_for}"


def _chosen(state: PageState, crop: Crop) -> PictureChoice:
    name, size = state["image"], state["size"]
    if name == UPLOAD:
        upload: Upload = state["upload"]
        return PictureChoice(plain(upload.name), upload.name, crop, _uploaded(upload.content, upload.name, size, crop))
    if "/" in name:
        path = str(saved_picture_path(name))
        return PictureChoice(plain(saved_picture_title(name)), path, crop, _from_file(path, size, crop))
    row = BUNDLED[name]
    return PictureChoice(row.title, row.name, crop, _from_file(str(row.path), size, crop))


@st.cache_data(show_spinner=False, max_entries=64)
def _small(name: str, content: bytes | None = None) -> Picture:
    """The whole picture that is chosen, small."""
    path = bundled_path(name) if name in BUNDLED else saved_picture_path(name) if content is None else None
    return Picture.png(load_small(content or str(path), side=WHOLE_SIDE))


@st.cache_data(show_spinner=False, max_entries=64)
def _from_file(path: str, size: int, crop: Crop) -> ImageArray:
    return load_image(path, size=size, crop=crop)


@st.cache_data(show_spinner=False, max_entries=16)
def _uploaded(content: bytes, name: str, size: int, crop: Crop) -> ImageArray:
    return load_image(content, size=size, crop=crop, name=name)
