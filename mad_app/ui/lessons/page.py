"""The page of lessons: the list, or one lesson."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from mad_app.lessons import LESSONS, Lesson
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.explanation import (
    brush,
    equal_ring,
    layers,
    level_curves,
    level_set,
    neighborhood,
    stretched,
    two_curves,
    two_rulers,
)
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.html import Html, element, sentence, show_html
from mad_app.ui.lessons.by_hand import show_by_hand
from mad_app.ui.lessons.equal_distance import show_equal_distance
from mad_app.ui.lessons.frame import show_end, show_handout, show_link, show_notes_switch, show_text
from mad_app.ui.lessons.lasi import show_lasi
from mad_app.ui.lessons.layers import show_layers
from mad_app.ui.lessons.level_sets import show_level_sets
from mad_app.ui.lessons.numbers import show_numbers_lie
from mad_app.ui.lessons.picture import choose_picture, loading_of
from mad_app.ui.lessons.state import STATE, follow_address, keep_address, open_lesson, place, state_of
from mad_app.ui.lessons.texture import show_texture
from mad_app.ui.lessons.together import show_together
from mad_app.ui.lessons.tour import show_tour_bar, show_tour_run, show_tour_start
from mad_app.ui.lessons.two_pixels import show_two_pixels

Show = Callable[[Lesson, Any, PictureChoice | None, bool], None]
"""Draws what a lesson is about: from the lesson, its state, the picture, and whether the prediction was made."""

SHOW: Mapping[str, Show] = {
    "mad": show_two_pixels,
    "level-sets": show_level_sets,
    "equal": show_equal_distance,
    "lasi": show_lasi,
    "lpips": show_layers,
    "texture": show_texture,
    "together": show_together,
    "by-hand": show_by_hand,
    "numbers": show_numbers_lie,
}
"""Of every lesson."""

DRAWINGS: Mapping[str, Callable[[], Html]] = {
    "mad": level_set,
    "level-sets": level_curves,
    "equal": equal_ring,
    "lasi": neighborhood,
    "lpips": layers,
    "texture": two_curves,
    "together": stretched,
    "by-hand": brush,
    "numbers": two_rulers,
}
"""On the card of every lesson in the list."""

HINT = "The picture and the teacher's notes are behind » at the top left."


@whole_page("lessons")
def lessons_page() -> None:
    """Draw the page for this visitor."""
    notice = st.container()
    follow_address()
    show_tour_bar()
    if STATE["lesson"] is None and STATE["tour"]:
        show_tour_run()
    elif STATE["lesson"] is None:
        _show_list()
    else:
        _show_lesson(LESSONS[STATE["lesson"]])
    keep_address()
    if STATE["problems"]:
        notice.info(" ".join(sentence(one) for one in STATE["problems"]) + " The default is taken.")


def _show_list() -> None:
    st.title("Lessons")
    st.markdown("Each lesson answers one question with pictures and numbers that you change yourself.")
    show_tour_start()
    for row in range(0, len(LESSONS), 2):
        for column, lesson in zip(st.columns(2), list(LESSONS.values())[row : row + 2], strict=False):
            with column.container(border=True, height="stretch"):
                drawing, words = st.columns([1, 2], gap="medium", vertical_alignment="center")
                with drawing:
                    show_html(element("div", DRAWINGS[lesson.name](), class_="mad-how"))
                words.header(lesson.title)
                words.markdown(lesson.objective)
                words.button(
                    f"Open, {lesson.minutes} minutes",
                    key=STATE.key(f"open-{lesson.name}"),
                    icon=":material/arrow_forward:",
                    on_click=open_lesson,
                    args=(lesson.name,),
                )


def _show_lesson(lesson: Lesson) -> None:
    head = st.container(horizontal=True, vertical_alignment="center")
    head.title(lesson.title, width="stretch")
    head.button("All lessons", key=STATE.key("all"), icon=":material/list:", on_click=open_lesson, args=(None,))
    with st.sidebar:
        picture = None
        if lesson.picture:
            with place("picture"):
                picture = choose_picture(STATE)
        with place("notes"):
            show_notes_switch()
        show_link(lesson)
        show_handout(lesson, picture)
    words, body = st.columns([2, 3], gap="large")
    with words:
        predicted = show_text(lesson)
    state = state_of(lesson)
    with body, contained("this lesson"):
        SHOW[lesson.name](lesson, state, picture, predicted)
    with place("python"), st.expander("In Python", icon=":material/code:"):
        loading = loading_of(STATE, picture) if picture else ""
        st.code(f"{loading}{lesson.python(state)}", language="python", wrap_lines=True)
    show_end(lesson)
    show_html(element("p", HINT, class_="mad-hint"))
