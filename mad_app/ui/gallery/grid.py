"""Cards in rows, each with its buttons; what goes wrong in one leaves the others, and it can be deleted."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from mad_app.ui.components.collection import Card
from mad_app.ui.components.containment import contained
from mad_app.ui.components.deletion import show_delete_button
from mad_app.ui.components.html import plain, show_html
from mad_app.ui.gallery.cards import card_html
from mad_app.ui.gallery.details import STATE, open_details
from mad_app.ui.gallery.filter import COLUMNS
from mad_app.ui.navigation import open_page
from mad_app.ui.session import server_queue


def show_grid(cards: Sequence[Card]) -> None:
    """Draw the cards."""
    for row in range(0, len(cards), COLUMNS):
        for column, card in zip(st.columns(COLUMNS), cards[row : row + COLUMNS], strict=False):
            with column, contained("this run", partial(_offer_deletion, card)):
                content = card_html(card, st.context.timezone)
                with st.container(border=True, height="stretch", key=STATE.key(f"card-{card.key}")):
                    show_html(content)
                    _card_buttons(card)


def selected_ids() -> list[str]:
    """The runs that are selected for a comparison or a figure."""
    selected: list[str] = STATE.setdefault("selected", [])
    return selected


def clear_selection() -> None:
    """Select none."""
    STATE["selected"] = []


def _offer_deletion(card: Card) -> None:
    """For a run that cannot be shown."""
    st.caption(plain(card.id))
    show_delete_button(server_queue(), card.id, STATE.key(f"delete-{card.key}"))


def _card_buttons(card: Card) -> None:
    key = f"select-{card.key}"
    STATE[key] = card.id in selected_ids()
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        if st.button("Open", key=STATE.key(f"open-{card.key}"), help="Shows it on the page Compete."):
            open_page("compete", {"run": card.id})
        st.checkbox(
            "Select",
            key=STATE.key(key),
            on_change=_select,
            args=(card.id,),
            help="Select two runs to see them side by side, or any number for a figure.",
        )
        st.button(
            "",
            key=STATE.key(f"more-{card.key}"),
            icon=":material/more_horiz:",
            on_click=open_details,
            args=(card.id,),
            help="Name, notes, figure, download, delete.",
        )


def _select(run_id: str) -> None:
    """Select a run, or no longer."""
    selected = selected_ids()
    STATE["selected"] = [one for one in selected if one != run_id] if run_id in selected else [*selected, run_id]
