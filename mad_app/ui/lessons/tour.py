"""The guided tour on the page: a bar over each stop, with the way on and back, and the finished run at its end."""

from functools import cache

import streamlit as st

from mad_app.figures import pair_sentence
from mad_app.lessons import LESSONS
from mad_app.lessons.tour import TOUR, minutes_left
from mad_app.records import SHELF_RUNS, Run, load_record, shelf_root
from mad_app.ui.components.html import element, plain, show_html
from mad_app.ui.components.viewer import show_viewer
from mad_app.ui.lessons.state import STATE, open_stop

RUN_TITLE = "A finished competition"


def show_tour_start() -> None:
    """On the list of lessons: the button that begins the tour, or takes it up again."""
    left = STATE.get("tour-left", 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        label = f"Start the tour, {minutes_left(1)} minutes"
        if left > 1:
            label = f"Go on with the tour at {left} of {len(TOUR)}, {minutes_left(left)} minutes"
        st.button(
            label,
            key=STATE.key("tour-start"),
            type="primary",
            icon=":material/directions_walk:",
            on_click=open_stop,
            args=(left,),
            help="Four of the lessons and a finished run, one thing to do at each.",
        )
        if left > 1:
            st.button("From the beginning", key=STATE.key("tour-again"), on_click=open_stop, args=(1,))


def show_tour_bar() -> None:
    """Over a stop of the tour: where it is, what to do here, and the way on."""
    number: int | None = STATE["tour"]
    if number is None:
        return
    stop, last = TOUR[number - 1], len(TOUR)
    with st.container(border=True, key=STATE.key("tour-bar")):
        place = f"Tour: {number} of {last}. About {stop.minutes} minutes here, {minutes_left(number)} to the end."
        show_html(element("p", element("progress", value=number, max=last, aria_label=f"Stop {number} of {last}")))
        show_html(element("p", place, class_="mad-caption"))
        st.markdown(stop.task)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Back",
                key=STATE.key("tour-back"),
                icon=":material/arrow_back:",
                disabled=number == 1,
                on_click=open_stop,
                args=(number - 1,),
                shortcut="B",
            )
            after = TOUR[number].lesson if number < last else None
            coming = f"Next: {LESSONS[after].title if after else RUN_TITLE}" if number < last else "End the tour"
            st.button(
                coming,
                key=STATE.key("tour-next"),
                type="primary",
                icon=":material/arrow_forward:",
                on_click=open_stop,
                args=(number + 1 if number < last else None,),
                shortcut="N",
            )
            if number < last:
                st.button("Leave the tour", key=STATE.key("tour-leave"), on_click=open_stop, args=(None,))


def show_tour_run() -> None:
    """The last stop: a finished run that comes with the program."""
    run = _run()
    st.title(RUN_TITLE)
    st.markdown(plain(pair_sentence(run, 0)))
    show_viewer(run, STATE.key("tour-run"), plays=True)
    st.markdown(
        "If two images look different to you and a metric rates them the same, this metric has failed. More such runs "
        "are on the page Compete, where you also start your own."
    )


@cache
def _run() -> Run:
    """The record, read once for all visitors."""
    return load_record(shelf_root() / SHELF_RUNS[0])
