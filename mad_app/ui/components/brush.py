"""A picture on which you paint with a brush, by mouse, touch or keyboard; what is sent are the strokes."""

from collections.abc import Callable

from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.ui.components.choice import ChoiceComponent

_component = ChoiceComponent("brush")


def show_brush(
    image: ImageArray, strokes: str, colors: tuple[str, ...], longest: int, *, key: str, take: Callable[[str], None]
) -> None:
    """Draw the picture and its tools.

    Args:
        image: with the strokes on it, (H, W, 3) in [0, 1].
        strokes: as text (`mad_app.lessons.brush`).
        colors: of the paint, by its amount.
        longest: how many characters the strokes may have.
        key: of the component in the session.
        take: is called with other strokes.
    """

    data = {"uri": Picture.png(image).uri(), "strokes": strokes, "colors": list(colors), "longest": longest}
    _component.show(data, key=key, take=lambda strokes: take(str(strokes)))
