"""What every lesson has beside its drawings: texts, a prediction, notes for the teacher, a link for a class."""

from functools import partial
from urllib.parse import urlencode, urlsplit

import numpy as np
import streamlit as st

from mad_app.declaration import settings_of
from mad_app.images import ImageArray
from mad_app.lessons import LESSONS, Lesson
from mad_app.lessons.glossary import split_at_words
from mad_app.ui.address import current_address
from mad_app.ui.components.form import PictureChoice
from mad_app.ui.components.html import join, term
from mad_app.ui.lessons.controls import show_caption
from mad_app.ui.lessons.state import STATE, hidable, open_lesson, place, state_of

TITLES = {"picture": "Picture", "prediction": "Prediction", "python": "In Python", "notes": "Teacher's notes"}


def show_text(lesson: Lesson) -> bool:
    """Draw what to know, to try and to predict; returns whether the prediction was made, or is not asked for."""
    st.markdown(f"**{lesson.objective}**")
    _show_words(lesson.text)
    st.header("Try it")
    st.markdown("\n".join(f"{i}. {task}" for i, task in enumerate(lesson.tasks, start=1)))
    with place("prediction"):
        answered = _show_prediction(lesson)
    if STATE.get("notes"):
        _show_notes(lesson)
    return answered or "prediction" in STATE["hidden"]


def show_notes_switch() -> None:
    """The switch of the teacher's notes."""
    STATE["notes"] = STATE.get("notes", False)
    st.toggle("Teacher's notes", key=STATE.key("notes"), help="Expected answers, timing, questions to ask.")


def show_link(lesson: Lesson) -> None:
    """The address of the lesson as it is now, with the controls hidden that are chosen here."""
    if STATE["hidden"]:
        return
    with st.expander("Link for a class", icon=":material/link:"):
        titles = {name: declared.label for name, declared in settings_of(lesson.state).items()} | TITLES
        hidden = st.multiselect(
            "Hide in the link",
            hidable(lesson),
            key=STATE.key(f"{lesson.name}-hide"),
            format_func=titles.__getitem__,
            placeholder="Nothing",
            help="The link opens this lesson as it is now, without these controls.",
        )
        st.code(_address(hidden), None, wrap_lines=True)


def show_handout(lesson: Lesson, picture: PictureChoice | None) -> None:
    """The buttons for the hand-out of the lesson as it is now; the teacher's copy where the notes are shown."""
    if STATE["hidden"]:
        return
    state, image, here = state_of(lesson), _image_of(picture), urlsplit(st.context.url or "").hostname
    address = "" if here in (None, "localhost", "127.0.0.1", "::1") else _address([])

    def made(teacher: bool) -> bytes:
        from mad_app.lessons.handout import make_handout  # imports Matplotlib

        return make_handout(lesson.name, image, teacher=teacher, state=state, address=address)

    for teacher in (False, True) if STATE.get("notes") else (False,):
        kind = "teacher" if teacher else "student"
        st.download_button(
            "Hand-out, teacher's copy" if teacher else "Hand-out to print",
            partial(made, teacher),
            f"{lesson.name}-{kind}.pdf",
            "application/pdf",
            key=STATE.key(f"handout-{kind}"),
            on_click="ignore",
            icon=":material/print:",
            width="stretch",
            help="One page as PDF, with the picture and the settings as they are now.",
        )


def _image_of(picture: PictureChoice | None) -> ImageArray:
    return picture.reference if picture else np.zeros((1, 1, 3), np.float32)


def _address(hidden: list[str]) -> str:
    """Of the lesson as it is now, with controls hidden."""
    query = {**current_address(), **({"hide": ",".join(hidden)} if hidden else {})}
    query.pop("tour", None)
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode(query, doseq=True)}"


def show_end(lesson: Lesson) -> None:
    """Further tasks, the source, and the way to the next lesson."""
    with st.expander("More to try", icon=":material/add_task:"):
        st.markdown("\n".join(f"- {task}" for task in lesson.more))
    names = list(LESSONS)
    after = names[names.index(lesson.name) + 1 :]
    foot = st.container(horizontal=True, vertical_alignment="center")
    foot.markdown(f"Source: {lesson.source}", width="stretch")
    if after:
        title = f"Next: {LESSONS[after[0]].title}"
        foot.button(title, key=STATE.key("next"), icon=":material/arrow_forward:", on_click=open_lesson, args=after[:1])


def _show_prediction(lesson: Lesson) -> bool:
    asked, key = lesson.prediction, f"{lesson.name}-prediction"
    st.header("Predict")
    STATE[key] = STATE.get(key)
    answer = st.radio(asked.question, asked.answers, index=None, key=STATE.key(key))
    if answer is None:
        show_caption("Choose an answer to see what happens.")
        return False
    right = asked.answers[asked.right]
    text = right if right.endswith(".") else f"{right}."
    if answer == right:
        st.success(f"Right. {text}", icon=":material/check:")
    else:
        st.warning(f"Not quite. {text}", icon=":material/close:")
    st.header("What you should see")
    _show_words(lesson.seen)
    return True


def _show_words(text: str) -> None:
    """Draw Markdown whose technical words explain themselves under the pointer and with the focus."""
    pieces = (term(piece, explained) if explained else piece for piece, explained in split_at_words(text))
    st.markdown(join(*pieces), unsafe_allow_html=True)


def _show_notes(lesson: Lesson) -> None:
    with st.container(border=True):
        st.header("Teacher's notes")
        st.markdown("\n".join(f"- {note}" for note in lesson.notes))
