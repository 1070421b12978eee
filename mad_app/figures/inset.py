"""A part of a picture that is shown enlarged in the picture's own corner, beside that part."""

from typing import NamedTuple

from mad_app.errors import ArgumentError

LARGEST = 0.5
"""Sides of the enlarged part, at most, as a fraction of the picture's."""

LEAST_ZOOM = 1.25
"""An enlargement by less shows nothing new."""

SMALLEST = 0.02
"""Least side of the part, as a fraction of the picture's."""

GAP = 0.02
"""Between the part and its enlargement, as a fraction of the picture's side."""


class Box(NamedTuple):
    """A rectangle of a picture, in fractions of its sides from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Inset(NamedTuple):
    """A part of a picture that is enlarged.

    Attributes:
        box: the part.
        zoom: how many times as large it is shown, at most.
        right: whether in a right corner of the picture, otherwise in a left one.
        bottom: whether in a lower corner, otherwise in an upper one.
    """

    box: Box
    zoom: float
    right: bool
    bottom: bool


def parse_box(text: str) -> Box:
    """The rectangle that a text names.

    Raises:
        ArgumentError: it names none, one beyond the picture, or one that cannot be shown enlarged beside itself.

    Example:
        >>> parse_box("0.1, 0.2, 0.25, 0.25")
        Box(left=0.1, top=0.2, width=0.25, height=0.25)
    """
    try:
        box = Box(*(float(part) for part in text.split(",")))
    except (TypeError, ValueError):
        raise ArgumentError("inset", f"must be left,top,width,height as fractions, got {text!r:.60}") from None
    left, top, width, height = box
    inside = min(left, top) >= 0 and left + width <= 1 + 1e-9 and top + height <= 1 + 1e-9
    if not (inside and width >= SMALLEST and height >= SMALLEST):
        least = f"at least {SMALLEST:g} wide and high"
        raise ArgumentError("inset", f"must be left,top,width,height within 0 to 1 and {least}, got {text!r:.60}")
    if place_inset(box).zoom < LEAST_ZOOM:
        raise ArgumentError("inset", f"leaves no room to show it enlarged; choose a smaller part, got {text!r:.60}")
    return box


def place_inset(box: Box) -> Inset:
    """The corner in which a part can be shown largest without covering itself; of equals, the lower right one."""
    corners = [(right, bottom) for bottom in (True, False) for right in (True, False)]
    return max((Inset(box, _zoom(box, *corner), *corner) for corner in corners), key=lambda inset: inset.zoom)


def _zoom(box: Box, right: bool, bottom: bool) -> float:
    """How many times as large a part can be shown in a corner, so that it covers itself in no direction or in one."""
    beside = (1 - box.left - box.width if right else box.left) - GAP
    below = (1 - box.top - box.height if bottom else box.top) - GAP
    return min(LARGEST / box.width, LARGEST / box.height, max(beside / box.width, below / box.height))
