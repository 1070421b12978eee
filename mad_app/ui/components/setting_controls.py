"""A control for any setting, made from its declaration.

A setting that names a file takes an upload, which lies over the picture pixel by pixel: it is cut and scaled as the
picture is, and kept as `.overlays/<hash of its content>.png` in the folder of the runs, so that a run can name it. The
page's state holds the upload under the setting's name; no address carries it.

The page's state sets a control, and each drawing names its value as the control's default, too: a browser that gets two
drawings at once sees the second alone, which need not set again what the first set, and answers with the default.
"""

import hashlib
from typing import Any

import streamlit as st

from mad_app.declaration import Setting, Value
from mad_app.images import ImageError, load_onto, load_small
from mad_app.images.encode import Picture
from mad_app.jobs.paths import runs_root
from mad_app.jobs.uploads import Upload
from mad_app.records.storage import refusals, staged_file
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.picture_picker import MAX_MEGABYTES
from mad_app.ui.session import PageState

OVERLAYS = ".overlays"
SHOWN_SIDE = 160
"""Longer side in pixels of a file as it is shown."""


def show_setting(state: PageState, declared: Setting) -> Value:
    """Draw the control of a setting that does not name a file; the page's state holds its value. Returns the value."""
    key, about = state.key(declared.name), declared.help
    now: Any = state.get(declared.name, declared.default)
    if declared.kind is bool and declared.optional:
        options = {True: "Yes", False: "No"}
        choice: bool | None = st.selectbox(
            declared.label,
            list(options),
            None if now is None else list(options).index(now),
            key=key,
            format_func=options.__getitem__,
            placeholder=declared.none.capitalize(),
            help=about,
        )
        return choice
    if declared.kind is bool:
        return st.toggle(declared.label, now, key=key, help=about)
    if declared.kind is str:
        return st.text_input(declared.label, now, key=key, placeholder=declared.none or None, help=about)
    least = declared.minimum if declared.minimum is not None else declared.above
    limits: dict[str, Any] = {
        "min_value": None if least is None else declared.kind(least),
        "max_value": None if declared.maximum is None else declared.kind(declared.maximum),
        "value": None if declared.optional else now,  # one that has a default cannot be emptied
        "step": declared.kind(_step(declared)),
        "format": "%d" if declared.kind is int else "%g",
        "placeholder": declared.none or None,
    }
    value: Value = st.number_input(declared.label, key=key, help=about, **limits)
    return value


def show_file_setting(state: PageState, declared: Setting) -> None:
    """Draw a file uploader, or, once a file is taken, its name and a button that removes it."""
    name = declared.name
    upload: Upload | None = state.get(name)
    if upload is None:
        st.file_uploader(
            declared.label,
            key=state.key(f"{name}-upload"),
            max_upload_size=MAX_MEGABYTES,
            on_change=_take,
            args=(state, name),
            help=f"{declared.help} It is cut and scaled as the picture is.",
        )
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{declared.label}: {plain(upload.name)}", width="stretch")
            st.button(
                "Remove",
                key=state.key(f"{name}-remove"),
                on_click=_remove,
                args=(state, name),
                help=f"Without it: {declared.none}.",
            )
        alt = f"the file of the setting {declared.label}, whole"
        show_html(
            element("p", element("img", class_="mad-saved", src=_small(upload.content, upload.name).uri(), alt=alt))
        )
    if refusal := state.get(f"{name}-refusal"):
        st.error(refusal, icon=":material/image_not_supported:")


def file_of(state: PageState, name: str, picture: PictureChoice) -> str | None:
    """The file of a setting, cut and reduced as the picture is, or None if none is chosen.

    Raises:
        RecordError: the disk refuses it.
    """
    upload: Upload | None = state.get(name)
    if upload is None:
        return None
    image = load_onto(upload.content, picture.reference.shape, crop=picture.crop, name=upload.name)
    content = Picture.png(image).content
    path = runs_root() / OVERLAYS / f"{hashlib.sha256(content).hexdigest()[:16]}.png"
    if not path.is_file():
        with refusals(f"{upload.name} could not be kept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with staged_file(path) as staged:
                staged.write_bytes(content)
    return str(path)


@st.cache_data(show_spinner=False, max_entries=64)
def _small(content: bytes, name: str) -> Picture:
    """A file as it is shown; raises ImageError where it cannot be decoded."""
    return Picture.png(load_small(content, side=SHOWN_SIDE, name=name)[0])


def _step(declared: Setting) -> float:
    """How far the buttons of a number go."""
    if declared.kind is int:
        return max(1, int(declared.default or 0) // 10)
    return 1.0 if declared.unit else 0.01


def _take(state: PageState, name: str) -> None:
    """Take the file if it can be decoded; say why not otherwise."""
    file = state[f"{name}-upload"]
    state[f"{name}-refusal"] = None
    if file is None:
        return
    upload = Upload(file.name, file.getvalue())
    try:
        _small(upload.content, upload.name)
    except ImageError as error:
        state[f"{name}-refusal"] = sentence(str(error), capital=False)
    else:
        state[name] = upload


def _remove(state: PageState, name: str) -> None:
    state[name] = None
