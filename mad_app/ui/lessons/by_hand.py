"""Lesson "Beat the metric by hand": a brush, what two metrics say of the picture, and what the engine makes of it."""

import hashlib
import io
from concurrent.futures import Future

import numpy as np
import streamlit as st

from mad_app.errors import ArgumentError
from mad_app.figures import metric_title, number
from mad_app.images import ImageArray
from mad_app.images.encode import Picture
from mad_app.lessons import Lesson
from mad_app.lessons.brush import COLORS, LONGEST, add_stroke, parse_strokes
from mad_app.lessons.by_hand import TOLERANCE, Answer, ByHandState, Reading, let_engine_try, noise_to_match, read
from mad_app.metrics import METRICS
from mad_app.ui.components.brush import show_brush
from mad_app.ui.components.containment import describe_error
from mad_app.ui.components.form import PictureChoice, metric_problem, pair_problem
from mad_app.ui.components.html import Html, element, plain, sentence, show_html
from mad_app.ui.components.render_cache import POLL_SECONDS, RenderCache
from mad_app.ui.lessons.controls import metric_titles, show_caption, show_choice, show_numbers, show_slider
from mad_app.ui.lessons.state import STATE, setting_key

OFFERED = ("mse", "ssim", "ssim-luma", "gmsd", "lpips-alex", "lasi")
"""Metrics that are quick enough to be measured after every stroke."""


@st.cache_resource(show_spinner=False)
def _answers() -> RenderCache:
    """What the engine found or is looking for, shared by all visitors, in one thread."""
    return RenderCache()


@st.cache_data(show_spinner=False, max_entries=512)
def _painted(reference: ImageArray, strokes: str) -> ImageArray:
    """The picture with strokes on it; all but the last one are mostly there from the time before."""
    *before, last = strokes.rpartition("_")
    image = _painted(reference, before[0]) if before[0] else reference
    return add_stroke(image, *parse_strokes(last)) if last else image


_read = st.cache_data(show_spinner=False, max_entries=512)(read)
_noisy = st.cache_data(show_spinner=False, max_entries=64)(noise_to_match)


def show_by_hand(lesson: Lesson, state: ByHandState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    reference = picture.reference
    _show_controls(lesson, state, reference)
    side = min(reference.shape[:2])
    problems = [metric_problem(name, side, METRICS[name].missing()) for name in (state.fixed, state.judge)]
    if problem := next(filter(None, [*problems, pair_problem(state.fixed, state.judge)]), None):
        st.warning(problem, icon=":material/info:")
        return
    painted = _painted(reference, state.strokes)
    key = setting_key(lesson.name, "strokes")

    def take(strokes: str) -> None:
        try:
            parse_strokes(strokes)
        except ArgumentError:
            return
        STATE[key] = strokes

    reading = _read(reference, painted, state.fixed, state.judge, state.noise)
    left, right = st.columns([3, 1])
    with left:
        show_brush(painted, state.strokes, COLORS, LONGEST, key=STATE.key("brush"), take=take)
    with right:
        cells = [_cell("Original", reference), _cell("Noise to match", _noisy(reference, state.noise))]
        show_html(element("div", *cells, class_="mad-beside"))
    _show_reading(reading, state)
    if predicted:
        _show_engine(reference, painted, reading, state)


def _show_controls(lesson: Lesson, state: ByHandState, reference: ImageArray) -> None:
    titles = metric_titles(OFFERED, (state.fixed, state.judge), reference)
    columns = st.columns(3)
    with columns[0]:
        show_choice(lesson, "fixed", titles, long=True)
    with columns[1]:
        show_choice(lesson, "judge", titles, long=True)
    with columns[2]:
        show_slider(lesson, "noise", step=0.01)


def _show_reading(reading: Reading, state: ByHandState) -> None:
    fixed, judge = metric_title(state.fixed), metric_title(state.judge)
    show_numbers(
        {
            f"{fixed}, yours": number(reading.fixed),
            f"{fixed} to reach": number(reading.target),
            f"{judge}, yours": number(reading.judge),
            f"{judge} of the noise": number(reading.judge_of_noise),
        }
    )
    if reading.part is None:
        st.warning(f"{fixed} gives no value here: choose another metric.", icon=":material/info:")
    elif reading.matches:
        text = f"Reached: {fixed} reads the noise's number within {100 * TOLERANCE:.0f} %. Now look more different."
        st.success(text, icon=":material/check:")
    else:
        advice = "change more" if reading.part < 1 else "undo something, or paint less"
        show_caption(f"{fixed} reads {100 * reading.part:.0f} % of the number to reach: {advice}.")


def _show_engine(reference: ImageArray, painted: ImageArray, reading: Reading, state: ByHandState) -> None:
    """The button, and the answer to what is painted now."""
    if reading.fixed == 0 or not state.strokes:
        show_caption("Once you have changed the picture, the engine can try, too.")
        return
    content = hashlib.sha256(reference.tobytes() + painted.tobytes()).hexdigest()
    asked = (content, state.fixed, state.judge)
    if STATE.get("engine") != asked:
        st.button(
            "Let the engine try",
            key=STATE.key("let-engine"),
            icon=":material/smart_toy:",
            on_click=lambda: STATE.update(engine=asked),
            help="It starts at your picture and keeps your number.",
        )
        return

    def compute() -> bytes:
        return _packed(let_engine_try(reference, painted, state.fixed, state.judge))

    future = _answers().request(asked, compute)
    if not future.done():
        st.fragment(_await, run_every=POLL_SECONDS)(future)
        return
    if error := future.exception():
        del STATE["engine"]
        st.warning(sentence(f"the engine cannot start here: {describe_error(error)}"), icon=":material/info:")
        return
    _show_answer(_unpacked(future.result()), painted, reading, state)


def _await(future: Future[bytes]) -> None:
    """Look again until there is an answer."""
    if future.done():
        st.rerun()
    st.caption("The engine tries …")


def _show_answer(answer: Answer, painted: ImageArray, reading: Reading, state: ByHandState) -> None:
    fixed, judge = metric_title(state.fixed), metric_title(state.judge)
    shown = (
        ("Yours", painted, reading.fixed, reading.judge),
        ("Engine, most different", answer.most, answer.fixed[0], answer.judge[0]),
        ("Engine, least different", answer.least, answer.fixed[1], answer.judge[1]),
    )
    cells = [
        _cell(name, image, f"{fixed} {number(kept)}", f"{judge} {number(judged)}")
        for name, image, kept, judged in shown
    ]
    if reading.judge is not None:
        score = answer.score(reading.judge)
        st.markdown(
            f"**Your score: {score} of 100.** 0 is the least {plain(judge)} that the engine found at your "
            f"{plain(fixed)}, and 100 the most."
        )
    show_html(element("div", *cells, class_="mad-answers"))


def _cell(name: str, image: ImageArray, *values: str) -> Html:
    picture = element("img", src=Picture.png(image).uri(), alt=name)
    lines = [element("b", name), *(element("span", value) for value in values)]
    return element("figure", picture, element("figcaption", *lines))


def _packed(answer: Answer) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, most=answer.most, least=answer.least, judge=answer.judge, fixed=answer.fixed)
    return buffer.getvalue()


def _unpacked(content: bytes) -> Answer:
    with np.load(io.BytesIO(content)) as kept:
        judge, fixed = kept["judge"].tolist(), kept["fixed"].tolist()
        return Answer(kept["most"], kept["least"], (judge[0], judge[1]), (fixed[0], fixed[1]))
