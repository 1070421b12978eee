"""The control that chooses a part of a picture: a frame that is dragged on it (`crop.html`, `crop.css`, `crop.js`).

Its data are `picture`, a data URI; `width` and `height` of the picture itself in pixels; and `box`, the part that is
used, [left, top, right, bottom] in these pixels. It answers with another box.
"""

from collections.abc import Callable

from mad_app.images.crop import Box
from mad_app.images.encode import Picture
from mad_app.ui.components.choice import ChoiceComponent

_component = ChoiceComponent("crop")


def show_crop(small: Picture, size: tuple[int, int], box: Box, key: str, on_change: Callable[[Box], None]) -> None:
    """Draw the control.

    Args:
        small: the whole picture, perhaps reduced.
        size: width and height of the picture itself in pixels.
        box: the part that is used.
        key: of the component in the session.
        on_change: called with a box that was chosen, before the page is drawn again.
    """
    width, height = size

    def take(chosen: object) -> None:
        if (new := _checked(chosen, width, height)) is not None:
            on_change(new)

    data = {"picture": small.uri(), "width": width, "height": height, "box": list(box)}
    _component.show(data, key=key, take=take)


def _checked(box: object, width: int, height: int) -> Box | None:
    """The box that a browser sent, None if it is none of this picture."""
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(isinstance(one, int | float) for one in box):
        return None
    left, top, right, bottom = (int(one) for one in box)
    return (left, top, right, bottom) if 0 <= left < right <= width and 0 <= top < bottom <= height else None
