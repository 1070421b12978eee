"""Pictures of one size side by side, with one marker on all: at the pixel that is pointed at they say their values."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.ui.components.choice import ChoiceComponent

_component = ChoiceComponent("linked_pictures", '<div class="linked"><div class="row"></div><output></output></div>')


@dataclass(frozen=True, eq=False)
class Linked:
    """One of the pictures.

    Attributes:
        title: below it.
        image: (H, W, 3) in [0, 1].
        name: of its values, in the line that says them.
        values: (H, W); None for a picture that says nothing.
        signed: whether they are shown with their sign.
    """

    title: str
    image: ImageArray
    name: str = ""
    values: npt.NDArray[np.floating] | None = None
    signed: bool = False


def show_linked_pictures(
    pictures: Sequence[Linked], row: int, column: int, *, key: str, take: Callable[[int, int], None]
) -> None:
    """Draw the pictures.

    Args:
        pictures: all of one height and width.
        row: of the pixel that is marked while none is pointed at.
        column: likewise.
        key: of the component in the session.
        take: is called with the row and the column of a pixel that is clicked, or reached by the arrow keys.
    """
    height, width = pictures[0].image.shape[:2]

    def choose(pixel: Sequence[int]) -> None:
        down, right = pixel
        take(int(np.clip(down, 0, height - 1)), int(np.clip(right, 0, width - 1)))

    shown = [
        {
            "title": one.title,
            "uri": _uri(one.image),
            "name": one.name,
            "values": "" if one.values is None else _encoded(one.values),
            "signed": one.signed,
        }
        for one in pictures
    ]
    data = {"pictures": shown, "height": height, "width": width, "row": row, "column": column}
    _component.show(data, key=key, take=choose)


def _encoded(values: npt.NDArray[np.floating]) -> str:
    """Numbers as float32 in base64, the lowest byte first."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


@st.cache_data(show_spinner=False, max_entries=64)
def _uri(image: ImageArray) -> str:
    return Picture.png(image).uri()
