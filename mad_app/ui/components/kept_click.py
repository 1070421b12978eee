"""Buttons whose click starts something at the end of a drawing, and is kept until one gets that far.

The browser may ask for another drawing before the server has drawn a button that was clicked: Streamlit breaks off the
first one, and the second one's `st.button` returns False. A callback runs before anything is drawn, but with what was
chosen when the button was drawn last. So the callback only notes the click, and the next drawing of the button takes
it.
"""

from typing import Any

import streamlit as st

from mad_app.ui.session import PageState, note_click, take_click


def kept_button(state: PageState, name: str, label: str, *, about: str | None = None, **looks: Any) -> bool:
    """Draw a button; returns whether it was clicked since it was drawn last, once for each click.

    Args:
        state: of the page.
        name: of the button in it.
        label: what it says.
        about: what it was drawn for, such as the id of a run; a click on a button drawn for another is forgotten, as is
            one that was made before the visitor left the page.
        looks: further arguments of `st.button`.
    """
    key = state.key(name)
    st.button(label, key=key, on_click=note_click, args=(key, about), **looks)
    return take_click(key) == (key, about)
