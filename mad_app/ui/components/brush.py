"""A picture on which you paint with a brush, by mouse, touch or keyboard; what is sent are the strokes."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from mad_app.images import ImageArray
from mad_app.images.encode import Picture

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "mad_app_brush",
    html=(_HERE / "brush.html").read_text(encoding="utf-8"),
    css=(_HERE / "brush.css").read_text(encoding="utf-8"),
    js=(_HERE / "brush.js").read_text(encoding="utf-8"),
)


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

    def changed() -> None:
        take(str(st.session_state[key]["strokes"]))

    data = {"uri": Picture.png(image).uri(), "strokes": strokes, "colors": list(colors), "longest": longest}
    _component(key=key, data=data, default={"strokes": strokes}, on_strokes_change=changed)
