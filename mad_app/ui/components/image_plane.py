"""A plane through the space of images, with level curves; beside it the picture at the place that is pointed at."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.ui.components.choice import ChoiceComponent
from mad_app.ui.components.plane import DIGITS, Points, path_of

_component = ChoiceComponent("image_plane")


@dataclass(frozen=True)
class Mark:
    """A place with a name.

    Attributes:
        at: u and v, in [0, 1].
        label: its name.
        style: "original", "start", "A", "B", "C" or "D".
        hollow: whether the image itself lies outside the plane.
    """

    at: tuple[float, float]
    label: str
    style: str
    hollow: bool = False


def show_image_plane(
    pictures: Sequence[ImageArray],
    mixture: npt.ArrayLike,
    values: Sequence[tuple[str, npt.ArrayLike]],
    curves: Sequence[tuple[str, Points]],
    marks: Sequence[Mark],
    ways: Sequence[tuple[str, Points]],
    at: tuple[float, float],
    *,
    key: str,
    take: Callable[[float, float], None],
) -> None:
    """Draw the plane, [0, 1] on both axes.

    Args:
        pictures: three, (H, W, 3) in [0, 1].
        mixture: (2, 3): how the picture at (u, v) is made of them, m · (u, v, 1) giving the parts of the differences of
            the second and of the third from the first.
        values: of each metric its title and its values on a grid, (n, n).
        curves: a class of style ("first", "second", each with " level" for the thick one) and segments (S, 2, 2).
        marks: places with names.
        ways: a class of style and points (K, 2).
        at: the place that is chosen.
        key: of the component in the session.
        take: is called with another place that is chosen.
    """

    def choose(place: Sequence[float]) -> None:
        u, v = place
        take(float(np.clip(u, 0, 1)), float(np.clip(v, 0, 1)))

    data: dict[str, Any] = {
        "pictures": [_uri(picture) for picture in pictures],
        "mixture": np.asarray(mixture).tolist(),
        "values": [{"title": title, "grid": _four_digits(grid)} for title, grid in values],
        "curves": [{"style": style, "path": path_of(segments)} for style, segments in curves],
        "marks": [asdict(mark) for mark in marks],
        "ways": [{"style": style, "points": np.round(points, DIGITS).tolist()} for style, points in ways],
        "at": list(at),
    }
    _component.show(data, key=key, take=choose)


def _four_digits(grid: npt.ArrayLike) -> list[list[float]]:
    return [[float(f"{value:.4g}") for value in row] for row in np.asarray(grid, float)]


@st.cache_data(show_spinner=False, max_entries=192)
def _uri(image: ImageArray) -> str:
    return Picture.png(image).uri()
