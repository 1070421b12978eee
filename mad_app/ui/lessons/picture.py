"""The picture of a lesson: its controls, its parameters in an address, and the line of Python that loads it."""

from collections.abc import Mapping

from mad_app.images import BUNDLED, Crop
from mad_app.request import PICTURE, Request
from mad_app.ui.components.form import PictureChoice, from_query, labels, to_query
from mad_app.ui.components.picture_picker import show_picture_controls
from mad_app.ui.session import PageState

DEFAULT_SIZE = 96
LARGEST_SIZE = 256
"""Of pictures that are computed with while the page is drawn."""


def read_picture(state: PageState, query: Mapping[str, str]) -> list[str]:
    """Set the controls to what an address names; returns what is wrong with it, in clauses."""
    named = {name: query[name] for name in PICTURE if name in query}
    request, ignored = from_query({"size": str(DEFAULT_SIZE), **named})
    state.update({name: getattr(request, name) for name in PICTURE}, refusal=None, square=None, gray=False)
    if state["size"] > LARGEST_SIZE:
        ignored = [*ignored, "size"]
    if "size" in ignored:
        state["size"] = DEFAULT_SIZE
    return [f"{labels(ignored)} cannot be used here"] if ignored else []


def picture_query(state: PageState) -> dict[str, str]:
    """The picture as parameters of an address; defaults are left out."""
    query = to_query(Request(**{name: state[name] for name in PICTURE}))
    query.pop("size", None)
    return query | ({"size": str(state["size"])} if state["size"] != DEFAULT_SIZE else {})


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
