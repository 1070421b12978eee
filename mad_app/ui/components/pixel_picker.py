"""A picture in which a pixel is chosen by mouse, touch or the arrow keys, and beside it what is around the pixel."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import streamlit as st

from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.ui.components.choice import ChoiceComponent

_component = ChoiceComponent("pixel_picker", '<div class="picker"></div>')

MARGIN = 3
"""Least number of pixels that are shown around the chosen one."""


@dataclass(frozen=True)
class Cell:
    """A value beside the chosen pixel that is marked.

    Attributes:
        down: rows below the chosen pixel; negative above it.
        right: columns right of it.
        channel: 0, 1 or 2.
        weight: of the mark, in [−1, 1].
    """

    down: int
    right: int
    channel: int
    weight: float


def show_pixel_picker(
    image: ImageArray,
    row: int,
    column: int,
    channel: int,
    cells: Sequence[Cell],
    *,
    key: str,
    take: Callable[[int, int], None],
) -> None:
    """Draw the picker.

    Args:
        image: (H, W, 3) in [0, 1].
        row: of the chosen pixel.
        column: likewise.
        channel: which of its values is framed.
        cells: what is marked beside it, in the order of its numbers.
        key: of the component in the session.
        take: is called with the row and the column of another pixel that is chosen.
    """

    def choose(pixel: Sequence[int]) -> None:
        down, right = pixel
        take(int(np.clip(down, 0, image.shape[0] - 1)), int(np.clip(right, 0, image.shape[1] - 1)))

    reach = max([MARGIN, *(max(-cell.down, abs(cell.right)) for cell in cells)])
    data = {
        "uri": _uri(image),
        "height": image.shape[0],
        "width": image.shape[1],
        "row": row,
        "column": column,
        "channel": channel,
        "reach": reach,
        "cells": [asdict(cell) for cell in cells],
    }
    _component.show(data, key=key, take=choose)


@st.cache_data(show_spinner=False, max_entries=64)
def _uri(image: ImageArray) -> str:
    return Picture.png(image).uri()
