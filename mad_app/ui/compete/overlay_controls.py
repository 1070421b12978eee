"""The controls that take a second picture, which lies over the first pixel by pixel: a mask, or another start.

It is cut and scaled as the picture is, and kept as `.overlays/<hash of its content>.png` in the folder of the runs, so
that a run can name it. The session holds the file as it was given, under the name of the field of `Form`; no URL
carries it.
"""

import hashlib

import streamlit as st

from mad_app.images import MIN_SIZE, Crop, ImageError, load_image
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.records.storage import refusals, staged_file
from mad_app.ui.components.picture_picker import Upload, plain, sentence

_FOLDER = ".overlays"


def show_overlay_controls() -> None:
    """Draw the controls."""
    _show("mask", "Mask", "The images may change where this picture is white. It is cut and scaled as the picture is.")
    _show(
        "start_file",
        "Another start",
        "The four images set out from this picture, in place of a distorted copy. It is cut and scaled as the picture "
        "is.",
    )


def overlay_path(name: str, size: int, crop: Crop) -> str | None:
    """The file of an overlay, (size, size), or None if none is chosen; raises RecordError where the disk refuses it."""
    upload: Upload | None = st.session_state.get(name)
    if upload is None:
        return None
    content = Picture.png(load_image(upload.content, size=size, crop=crop, name=upload.name)).content
    path = runs_root() / _FOLDER / f"{hashlib.sha256(content).hexdigest()[:16]}.png"
    if not path.is_file():
        with refusals(f"{upload.name} could not be kept in {path.parent}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with staged_file(path) as staged:
                staged.write_bytes(content)
    return str(path)


def _show(name: str, label: str, help_text: str) -> None:
    """A file uploader, or, once a file is taken, what it is called and a button that gives it up."""
    state = st.session_state
    upload: Upload | None = state.get(name)
    if upload is None:
        st.file_uploader(label, key=f"{name}-upload", max_upload_size=20, on_change=_take, args=(name,), help=help_text)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{label}: {plain(upload.name)}", width="stretch")
            st.button("Remove", key=f"{name}-remove", on_click=_remove, args=(name,), help="Goes on without it.")
    if refusal := state.get(f"{name}-refusal"):
        st.error(refusal, icon=":material/image_not_supported:")


def _take(name: str) -> None:
    """Take the file if it can be decoded; say why not otherwise."""
    state = st.session_state
    file = state[f"{name}-upload"]
    state[f"{name}-refusal"] = None
    if file is None:
        return
    upload = Upload(file.name, file.getvalue())
    try:
        load_image(upload.content, size=MIN_SIZE, name=upload.name)
    except ImageError as error:
        state[f"{name}-refusal"] = sentence(str(error))
    else:
        state[name] = upload


def _remove(name: str) -> None:
    st.session_state[name] = None
