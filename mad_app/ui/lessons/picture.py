"""The picture of a lesson: its controls, and the line of Python that loads it."""

from mad_app.images import BUNDLED, Crop
from mad_app.request import PICTURE
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.picture_picker import show_picture_controls
from mad_app.ui.session import PageState

DEFAULT_SIZE = 96
LARGEST_SIZE = 256
"""Of pictures that are computed with while the page is drawn."""


def keep_picture(state: PageState) -> None:
    """Set again what the controls hold, so that it outlives runs without them."""
    for name in PICTURE:
        state[name] = state[name]


def choose_picture(state: PageState) -> PictureChoice:
    """Draw the controls."""
    state["size"] = min(state["size"], LARGEST_SIZE)  # a saved picture brings its own
    choice, _ = show_picture_controls(state, LARGEST_SIZE)
    return choice


def loading_of(state: PageState, choice: PictureChoice) -> str:
    """The lines of Python that load the picture as `reference`."""
    whole = choice.crop == Crop()
    source = f'bundled_path("{choice.image}")' if choice.image in BUNDLED else repr(choice.image.rpartition("/")[2])
    names = [] if whole else [type(choice.crop).__name__]
    names += ["bundled_path"] if choice.image in BUNDLED else []
    crop = "" if whole else f", crop={choice.crop}"
    imported = ", ".join([*names, "load_image"])
    return f"from mad_app.images import {imported}\n\nreference = load_image({source}, size={state['size']}{crop})\n"
