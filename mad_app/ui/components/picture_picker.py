"""The controls that choose a picture: a bundled one, the visitor's own, or one out of a saved run; and a part of it.

The page's state holds the choice as `image`: the name of a bundled or saved picture, or UPLOAD and the hash of a file
that is kept for the visitor, so that the address can name it. A file that cannot be used is refused in a sentence and
changes nothing else.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mad_app.errors import ArgumentError
from mad_app.images import (
    BUNDLED,
    DEFAULT_IMAGE,
    MAX_SIZE,
    Crop,
    Decoded,
    ImageError,
    SquareCrop,
    bundled_path,
    is_gray,
    load_small,
    read_image,
)
from mad_app.images.crop import Box
from mad_app.images.encode import Picture, thumbnail
from mad_app.jobs.paths import runs_root
from mad_app.jobs.uploads import Upload, keep_upload, load_upload
from mad_app.records import RecordError
from mad_app.records.storage import stamp
from mad_app.request import REQUEST_SETTINGS, crop_settings
from mad_app.runs.materialize import GRAY_NOTE
from mad_app.ui.components.crop import show_crop
from mad_app.ui.components.form import UPLOAD, PictureChoice, is_own_or_saved_picture, sizes
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


def show_picture_controls(state: PageState, largest: int = MAX_SIZE) -> tuple[PictureChoice, DeltaGenerator]:
    """Draw the controls; the page's state holds `image`, `size`, and the settings of the crop.

    Args:
        state: of the page.
        largest: longer side in pixels up to which sizes are offered.

    Returns:
        What is chosen, and a place below the choice of the size.
    """
    _drop_lost_picture(state)
    st.markdown("**Picture**", help="The original that all four images are compared with.")
    _bundled_control(state)
    st.caption(_caption(state))
    upload, saved = st.columns(2)
    with upload.popover("Upload", icon=":material/upload:", width="stretch", help="Take a picture of your own."):
        _upload_control(state)
    with saved.popover("Saved", icon=":material/history:", width="stretch", help="Take one out of a saved run."):
        _saved_controls(state)
    if state.get("refusal"):
        st.error(state["refusal"], icon=":material/image_not_supported:")
    size = REQUEST_SETTINGS["size"]
    st.pills(
        size.label,
        sorted({*(side for side in sizes() if side <= largest), state["size"]}),
        default=state["size"],
        key=state.key("size"),
        required=True,
        help=size.help,
    )
    below_size = st.container()
    crop, problem = _crop_controls(state)
    choice = _chosen(state, crop)
    choice = replace(choice, problem=problem or choice.problem)
    with st.container():  # always there, so that what follows keeps its place, and an open expander stays open
        if choice.problem:
            st.warning(choice.problem, icon=":material/crop:")
        elif notes := _notes(state, choice):
            st.caption(plain(" ".join(sentence(note) for note in notes)))
    return choice, below_size


@st.cache_data(show_spinner=False)
def picker_style() -> str:
    """Style rules that put each bundled picture on its radio button."""
    return "".join(
        f"[class*=-bundled] [role=radiogroup]>:nth-child({i}){{"
        f"background-image:url({thumbnail(row.path, THUMBNAIL).uri()})}}"
        for i, row in enumerate(BUNDLED.values(), start=1)
    )


def _bundled_control(state: PageState) -> None:
    """Choose a bundled picture.

    Whenever the picture was chosen otherwise, the thumbnails are a new widget: a message that the browser sent before
    it saw them still names the one that was chosen before, which would undo the visitor's choice.
    """
    drawn = state["image"] if state["image"] in BUNDLED else None
    if state.get("thumbnail", drawn) != drawn:
        state["thumbnails"] += 1
    state["thumbnail"] = drawn
    name = f"thumbnails-{state.setdefault('thumbnails', 0)}"
    if name not in state:
        state[name] = drawn
    with st.container(key=state.key("bundled")):
        st.radio(
            "Picture",
            list(BUNDLED),
            None if drawn is None else list(BUNDLED).index(drawn),
            key=state.key(name),
            format_func=lambda option: BUNDLED[option].title,
            on_change=_pick_bundled,
            args=(state, name),
            horizontal=True,
            label_visibility="collapsed",
        )


def _pick_bundled(state: PageState, widget: str) -> None:
    if widget == f"thumbnails-{state['thumbnails']}":
        state["thumbnail"] = state[widget]
        _pick(state, state[widget])


def _pick(state: PageState, name: str) -> None:
    """Take another picture, whole; a saved one in its own pixels."""
    state["image"], state["refusal"] = name, None
    _take_whole(state)
    if "/" in name and (side := max(_small(name, _version(name))[1])) in sizes():
        state["size"] = side


def _take_whole(state: PageState) -> None:
    state.update(crop_settings(Crop()), square=None)


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
        _small_of(upload.content, upload.name, None)
        name = UPLOAD + keep_upload(runs_root(), visitor(), upload)
    except (ImageError, RecordError) as error:
        state["refusal"] = sentence(str(error), capital=False)
    else:
        state["image"] = name
        _take_whole(state)


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
        small, _ = _small(name, _version(name))
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


def _crop_controls(state: PageState) -> tuple[Crop | SquareCrop, str | None]:
    """Which part of the picture is used, chosen on the whole picture; and what is wrong with it, in a sentence.

    The whole picture is drawn when it is opened.
    """
    small, size = _small(state["image"], _version(state["image"]))
    if state["extent"] is not None:  # of an earlier version: shown as the rectangle of the same pixels
        square = SquareCrop(left=state["left"], top=state["top"], extent=state["extent"])
        rectangle = Crop.of_box(square.box(*size), *size)
        state.update(crop_settings(rectangle), square=(square, rectangle))
    try:
        crop, problem = Crop(**{name: state[name] for name in ("left", "top", "width", "height")}), None
    except ArgumentError as error:
        label = REQUEST_SETTINGS[error.argument].label
        crop, problem = Crop(), f"{label} {plain(error.problem)}."
    folded = st.expander("Crop", icon=":material/crop:", key=state.key("crop-opened"), on_change="rerun")
    if folded.open:
        with folded:
            show_crop(small, size, crop.box(*size), state.key("crop"), partial(_take_box, state, size))
    earlier = state.get("square")
    return (earlier[0] if earlier and earlier[1] == crop else crop), problem


def _take_box(state: PageState, size: tuple[int, int], box: Box) -> None:
    state.update(crop_settings(Crop.of_box(box, *size)))


def _notes(state: PageState, choice: PictureChoice) -> tuple[str, ...]:
    """What is done to the picture, each a clause."""
    stays_gray = state["gray"] is None and state.get("start_file") is None and is_gray(choice.reference)
    return (*choice.notes, GRAY_NOTE) if stays_gray else choice.notes


def _caption(state: PageState) -> str:
    name = state["image"]
    if name.startswith(UPLOAD):
        return f"Your picture {plain(_upload(name).name)}"
    if "/" in name:
        return plain(saved_picture_title(name))
    row = BUNDLED[name]
    return f"{row.title}: {row.good_for}"


def _chosen(state: PageState, crop: Crop | SquareCrop) -> PictureChoice:
    name = state["image"]
    if name.startswith(UPLOAD):
        upload = _upload(name)
        choice = partial(PictureChoice, plain(upload.name), upload.name, crop, source="upload")
    elif "/" in name:
        choice = partial(PictureChoice, plain(saved_picture_title(name)), str(saved_picture_path(name)), crop)
    else:
        choice = partial(PictureChoice, BUNDLED[name].title, name, crop)
    try:
        read = _read(*_source(name), _version(name), state["size"], crop)
    except ArgumentError as error:
        small, _ = load_small(_source(name)[0], side=state["size"])
        return choice(small, problem=f"{REQUEST_SETTINGS[error.argument].label} {plain(error.problem)}.")
    return choice(read.image, notes=read.notes)


def _upload(name: str) -> Upload:
    return load_upload(runs_root(), visitor(), name.removeprefix(UPLOAD))


def _path(name: str) -> Path:
    return bundled_path(name) if name in BUNDLED else saved_picture_path(name)


def _version(name: str) -> tuple[int, int, int] | None:
    """What changes with the file of a picture; an upload's name does itself."""
    return None if name.startswith(UPLOAD) else stamp(_path(name))


def _source(name: str) -> tuple[str | bytes, str]:
    """The file of a picture, and what messages call it."""
    if name.startswith(UPLOAD):
        upload = _upload(name)
        return upload.content, upload.name
    return str(_path(name)), "the picture"


def _small(name: str, version: object) -> tuple[Picture, tuple[int, int]]:
    """The whole picture that is chosen, small, and its own width and height."""
    return _small_of(*_source(name), version)


@st.cache_data(show_spinner=False, max_entries=64)
def _small_of(source: str | bytes, called: str, version: object) -> tuple[Picture, tuple[int, int]]:  # noqa: ARG001
    small, size = load_small(source, side=WHOLE_SIDE, name=called)
    return Picture.png(small), size


@st.cache_data(show_spinner=False, max_entries=64)
def _read(
    source: str | bytes,
    called: str,
    version: object,  # noqa: ARG001
    size: int,
    crop: Crop | SquareCrop,
) -> Decoded:
    return read_image(source, size=size, crop=crop, name=called)
