"""Components in which a hand chooses something, and which Python answers (`choice.js`)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

FILES = Path(__file__).parent


class ChoiceComponent:
    """A component drawn by a page's own HTML, style and script, in which something is chosen.

    Each choice has a number, the last of which the script is told: it knows which answers are older than its last
    choice, and a value that is chosen once more is another choice.

    Args:
        name: of its files beside this module: `name.css`, `name.js`, and `name.html` where `html` is not given.
        html: what it is drawn in.
    """

    def __init__(self, name: str, html: str | None = None) -> None:
        self._component = st.components.v2.component(
            f"mad_app_{name}",
            html=_text(f"{name}.html") if html is None else html,
            css=_text(f"{name}.css"),
            js=_text("choice.js") + _text(f"{name}.js"),
        )

    def show(self, data: dict[str, Any], *, key: str, take: Callable[[Any], None]) -> None:
        """Draw it.

        Args:
            data: for its script, which also gets `heard`, the number of the last choice.
            key: of the component in the session.
            take: is called with another choice, before the page is drawn again.
        """

        def changed() -> None:
            take(st.session_state[key]["choice"]["value"])

        last = (st.session_state.get(key) or {}).get("choice") or {"number": 0}
        self._component(key=key, data={**data, "heard": last["number"]}, on_choice_change=changed)


def _text(file: str) -> str:
    return (FILES / file).read_text(encoding="utf-8")
