"""The controls that choose a picture: a bundled one, the visitor's own, or one out of a saved run; and a square of it.

The page's state holds the choice as `image`: the name of a bundled or saved picture, or UPLOAD and the hash of a file
that is kept for the visitor, so that the address can name it. A file that cannot be used is refused in a sentence and
changes nothing else.
"""

from dataclasses import asdict
from pathlib import Path

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
from mad_app.jobs.uploads import Upload, keep_upload, load_upload
from mad_app.records import RecordError
from mad_app.records.storage import stamp
from mad_app.request import REQUEST_SETTINGS
from mad_app.ui.components.form import SIZES, UPLOAD, PictureChoice, is_own_or_saved_picture
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.saved_pictures import (
    list_saved_runs,
    pictures_of,
    saved_picture_path,
    saved_picture_title,
)
from mad_app.ui.session import PageState, visitor

THUMBNAIL = 80
"""Side of a thumbnail in pixels, shown at half of it."""

WHOLE_SIDE = 440
"""Longer side of the whole picture as it is shown for cropping."""

MAX_MEGABYTES = 20


def show_picture_controls(state: PageState) -> PictureChoice:
    """Draw the controls; the page's state holds `image`, `size`, `left`, `top` and `extent`."""
    _drop_lost_picture(state)
    st.markdown("**Picture**", help="The original that all four images are compared with. A square of it is used.")
    state["bundled"] = state["image"] if state["image"] in BUNDLED else None
    st.radio(
        "Picture",
        list(BUNDLED),
        key=state.key("bundled"),
        format_func=lambda name: BUNDLED[name].title,
        on_change=_pick_bundled,
        args=(state,),
        horizontal=True,
        label_visibility="collapsed",
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
    """Style rules that put each bundled picture on its radio button."""
    return "".join(
        f".st-key-{page}-bundled [role=radiogroup]>:nth-child({i}){{"
        f"background-image:url({thumbnail(row.path, THUMBNAIL).uri()})}}"
        for i, row in enumerate(BUNDLED.values(), start=1)
    )


def _pick_bundled(state: PageState) -> None:
    _pick(state, state["bundled"])


def _pick(state: PageState, name: str) -> None:
    """Take another picture, whole; a saved one in its own pixels."""
    state["image"], state["refusal"] = name, None
    state.update(asdict(Crop()))
    if "/" in name:
        small = _small(name, _version(name))
        width, height = small.width, small.height
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
        state["image"] = DEFAULT_IMAGE if state["image"].startswith(UPLOAD) else state["image"]
        return
    upload = Upload(state["file"].name, state["file"].getvalue())
    try:
        _uploaded(upload, MIN_SIZE, Crop())
        name = UPLOAD + keep_upload(runs_root(), visitor(), upload)
    except (ImageError, RecordError) as error:
        state["refusal"] = sentence(str(error), capital=False)
    else:
        state.update(image=name, **asdict(Crop()))


def _drop_lost_picture(state: PageState) -> None:
    """Give up a picture whose run or file has been deleted meanwhile, or that cannot be read, and say so."""
    name = state["image"]
    if name in BUNDLED:
        return
    what = "This picture" if name.startswith(UPLOAD) else "The run that held this picture"
    if not is_own_or_saved_picture(name):
        state["image"], state["refusal"] = DEFAULT_IMAGE, f"{what} is no longer available."
        return
    try:
        _small(name, _version(name))
    except (ImageError, RecordError, OSError) as error:
        state["image"], state["refusal"] = DEFAULT_IMAGE, sentence(f"this picture cannot be used: {error}")


def _saved_controls(state: PageState) -> None:
    """Choose a saved run and one of its pictures; what is chosen stays when further runs are saved."""
    runs = list_saved_runs()
    if not runs:
        st.caption("There is no saved run yet.")
        return
    kept = state.get("saved-run")
    state["saved-run"] = kept if kept in runs else next(iter(runs))
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
    kept = state.get("saved-file")
    state["saved-file"] = kept if kept in files else list(files)[2]
    file = st.selectbox(
        "Which picture",
        list(files),
        key=state.key("saved-file"),
        format_func=files.__getitem__,
        help="Its original, its start, or one of its four images.",
    )
    name = f"{run_id}/{file}"
    try:
        small = _small(name, _version(name))
    except (ImageError, RecordError, OSError) as error:
        st.error(sentence(f"this picture cannot be shown: {error}"))
        return
    show_html(element("img", class_="mad-saved", src=small.uri(), alt="this picture"))
    st.button(
        "Use this picture",
        key=state.key("use-saved"),
        on_click=_pick,
        args=(state, name),
        help="As the original of a new run.",
    )


def _crop_controls(state: PageState) -> Crop:
    """Which square of the picture is used, with the whole picture to show it."""
    whole = _small(state["image"], _version(state["image"]))
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
    name = state["image"]
    if name.startswith(UPLOAD):
        return f"Your picture {plain(_upload(name).name)}"
    if "/" in name:
        return plain(saved_picture_title(name))
    row = BUNDLED[name]
    return f"{row.title}: {row.good_for}"


def _chosen(state: PageState, crop: Crop) -> PictureChoice:
    name, size = state["image"], state["size"]
    if name.startswith(UPLOAD):
        upload = _upload(name)
        title = plain(upload.name)
        return PictureChoice(title, upload.name, crop, _uploaded(upload, size, crop), "upload")
    if "/" in name:
        path = str(saved_picture_path(name))
        title = plain(saved_picture_title(name))
        return PictureChoice(title, path, crop, _from_file(path, _version(name), size, crop))
    row = BUNDLED[name]
    return PictureChoice(row.title, row.name, crop, _from_file(str(row.path), _version(name), size, crop))


def _upload(name: str) -> Upload:
    return load_upload(runs_root(), visitor(), name.removeprefix(UPLOAD))


def _path(name: str) -> Path:
    return bundled_path(name) if name in BUNDLED else saved_picture_path(name)


def _version(name: str) -> tuple[int, int, int] | None:
    """What changes with the file of a picture; an upload's name does itself."""
    return None if name.startswith(UPLOAD) else stamp(_path(name))


def _small(name: str, version: object) -> Picture:
    """The whole picture that is chosen, small."""
    return _small_of(_upload(name).content if name.startswith(UPLOAD) else str(_path(name)), version)


@st.cache_data(show_spinner=False, max_entries=64)
def _small_of(source: str | bytes, version: object) -> Picture:  # noqa: ARG001
    return Picture.png(load_small(source, side=WHOLE_SIDE))


@st.cache_data(show_spinner=False, max_entries=64)
def _from_file(path: str, version: object, size: int, crop: Crop) -> ImageArray:  # noqa: ARG001
    return load_image(path, size=size, crop=crop)


def _uploaded(upload: Upload, size: int, crop: Crop) -> ImageArray:
    return _uploaded_image(upload.content, upload.name, size, crop)


@st.cache_data(show_spinner=False, max_entries=16)
def _uploaded_image(content: bytes, name: str, size: int, crop: Crop) -> ImageArray:
    return load_image(content, size=size, crop=crop, name=name)
