"""What every lesson has beside its drawings: texts, a prediction, notes for the teacher, a link for a class."""

from urllib.parse import urlencode

import streamlit as st

from mad_app.declaration import settings_of
from mad_app.lessons import LESSONS, Lesson
from mad_app.ui.address import current_address
from mad_app.ui.lessons.controls import show_caption
from mad_app.ui.lessons.state import STATE, hidable, open_lesson, place

TITLES = {"picture": "Picture", "prediction": "Prediction", "python": "In Python", "notes": "Teacher's notes"}


def show_text(lesson: Lesson) -> bool:
    """Draw what to know, to try and to predict; returns whether the prediction was made, or is not asked for."""
    st.markdown(f"**{lesson.objective}**")
    st.markdown(lesson.text)
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
        query = {**current_address(), **({"hide": ",".join(hidden)} if hidden else {})}
        st.code(f"{(st.context.url or '').partition('?')[0]}?{urlencode(query, doseq=True)}", None, wrap_lines=True)


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
    if answer == right:
        st.success(f"Right. {right}", icon=":material/check:")
    else:
        st.warning(f"Not quite. {right}", icon=":material/close:")
    st.header("What you should see")
    st.markdown(lesson.seen)
    return True


def _show_notes(lesson: Lesson) -> None:
    with st.container(border=True):
        st.header("Teacher's notes")
        st.markdown("\n".join(f"- {note}" for note in lesson.notes))
