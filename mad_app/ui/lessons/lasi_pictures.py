"""Lesson "What does LASI look at?", of whole pictures: what is predicted, and where two embeddings differ."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt
import streamlit as st

from mad_app.distortions import DISTORTIONS, distort
from mad_app.figures import number
from mad_app.images import ImageArray
from mad_app.lessons import Lesson
from mad_app.lessons.neighborhood import CHANNELS, COPIES, LARGEST, LasiState, Values
from mad_app.lessons.regressions import (
    TIMED_SIZES,
    Survey,
    embedding_distances,
    finding_of,
    seconds_by_size,
    survey,
)
from mad_app.ui.components.charts import NEUTRAL, chart_of
from mad_app.ui.components.linked_pictures import Linked, show_linked_pictures
from mad_app.ui.components.render_cache import POLL_SECONDS, RenderCache
from mad_app.ui.lessons.controls import heat, show_caption, show_choice, show_numbers
from mad_app.ui.lessons.state import STATE

QUICK = 10
"""Neighbors up to which a picture is predicted first, in a fifth of the time of all."""

AT_ONCE_SECONDS = 0.3
"""How long a drawing waits for a result before it says that one comes."""

Take = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Surveyed:
    """What was found of a picture.

    Attributes:
        survey: its predictions.
        seconds: processor time by TIMED_SIZES; empty while the larger N are not done.
    """

    survey: Survey
    seconds: Values


@st.cache_resource(show_spinner=False)
def _surveys() -> RenderCache:
    """Predictions of the last few pictures, some megabytes each, shared by all visitors, made in one thread."""
    return RenderCache(8)


@st.cache_resource(show_spinner=False)
def _maps() -> RenderCache:
    """Where embeddings differ, likewise."""
    return RenderCache(32)


def show_all_pixels(image: ImageArray, state: LasiState, at: tuple[int, int], take: Take, predicted: bool) -> None:
    """Draw the picture, its prediction and the residual, and what becomes of them as N grows."""
    found = _surveyed(image, state)
    if found is None:
        show_linked_pictures([_original(image, state)], *at, key=STATE.key("predicted"), take=take)
        st.caption("Predicting every value …")
        return
    prediction = found.survey.predictions[state.n - 1]
    residual = image - prediction
    gain = _gain_of(residual)
    pictures = [
        _original(image, state),
        Linked("Predicted", np.clip(prediction, 0, 1), "predicted", prediction[..., state.channel]),
        Linked(
            f"Residual, {gain} ×, around gray",
            np.clip(0.5 + gain * residual, 0, 1).astype(np.float32),
            "residual",
            residual[..., state.channel],
            signed=True,
        ),
    ]
    show_linked_pictures(pictures, *at, key=STATE.key("predicted"), take=take)
    show_caption(f"Point at a pixel, or click it: the line has its {CHANNELS[state.channel]} value.")
    show_numbers(
        {
            f"Mean loss, N = {state.n}": f"{found.survey.losses[state.n - 1]:.4g}",
            "Mean squared error": f"{found.survey.errors[state.n - 1]:.3g}",
        }
    )
    if predicted:
        _show_growth(found, state.n)


def show_two_pictures(lesson: Lesson, image: ImageArray, state: LasiState, at: tuple[int, int], take: Take) -> None:
    """Draw the picture, a distorted copy, and where their embeddings differ."""
    show_choice(lesson, "copy", {name: DISTORTIONS[name].title for name in COPIES}, long=True)
    other = distort(image, state.copy, strength=DISTORTIONS[state.copy].default, seed=0)
    size = QUICK if state.n <= QUICK else LARGEST

    def compare() -> bytes:
        return embedding_distances(image, other, ridge=state.ridge, largest=size).tobytes()

    future = _maps().request((_digest(image, other), state.ridge, size), compare)
    copy = Linked(DISTORTIONS[state.copy].title, other, "copy", other[..., state.channel])
    pictures = [_original(image, state), copy]
    if not _is_done(future):
        show_linked_pictures(pictures, *at, key=STATE.key("compared"), take=take)
        st.caption("Comparing the embeddings …")
        return
    apart = np.frombuffer(future.result(), np.float32).reshape(size, *image.shape[:2])[state.n - 1]
    top = float(apart.max()) or 1.0
    where = Linked("Where the weights differ", heat(apart / top), "difference of the weights", apart)
    show_linked_pictures([*pictures, where], *at, key=STATE.key("compared"), take=take)
    show_caption(
        f"In the last picture, brightest is {number(top)}. Point at a pixel for its numbers: its "
        f"{CHANNELS[state.channel]} value in both pictures, and how far its two sets of weights are apart, each set "
        "scaled to length 1, as the mean over red, green and blue."
    )
    show_numbers({f"LASI, N = {state.n}: the mean of the map": number(float(apart.mean()))})
    st.markdown(_share(apart))


def _share(apart: npt.NDArray[np.float32]) -> str:
    """How concentrated the differences are, out of the map."""
    ordered = np.sort(apart.ravel())[::-1]
    total = float(ordered.sum())
    if not total:
        return "Both pictures have the same weights everywhere."
    tenth = float(ordered[: max(1, len(ordered) // 10)].sum()) / total
    return (
        f"The tenth of the pixels that differ most makes up {100 * tenth:.0f} % of the distance; if all differed "
        "alike it would be 10 %."
    )


def _original(image: ImageArray, state: LasiState) -> Linked:
    return Linked("Original", image, "true", image[..., state.channel])


def _gain_of(residual: ImageArray) -> int:
    """A whole number by which a residual is multiplied, so that all but its largest values fill the range."""
    large = float(np.quantile(np.abs(residual), 0.99))
    return int(np.clip(0.5 / large, 1, 20)) if large > 0 else 20


def _surveyed(image: ImageArray, state: LasiState) -> Surveyed | None:
    """The predictions of a picture as far as they are needed; None before, with the page drawn again once they are."""
    digest = _digest(image)
    sizes = (QUICK, LARGEST) if state.n <= QUICK else (LARGEST,)
    futures = [_surveys().request((digest, state.ridge, size), _packing(image, state.ridge, size)) for size in sizes]
    done = [i for i, future in enumerate(futures) if future.done()]
    if not done and not _is_done(futures[0]):
        return None
    if not futures[-1].done():
        st.fragment(_await, run_every=POLL_SECONDS)(futures[-1])
    best = done[-1] if done else 0
    return _unpacked(futures[best].result(), image.shape, sizes[best])


def _packing(image: ImageArray, ridge: float, size: int) -> Callable[[], bytes]:
    def compute() -> bytes:
        found = survey(image, ridge=ridge, largest=size)
        seconds = seconds_by_size(image) if size == LARGEST else np.zeros(0)
        numbers = np.concatenate([found.losses, found.errors, seconds])
        return numbers.tobytes() + found.predictions.tobytes()

    return compute


def _unpacked(content: bytes, shape: tuple[int, ...], size: int) -> Surveyed:
    count = 2 * size + (len(TIMED_SIZES) if size == LARGEST else 0)
    losses, errors, seconds = np.split(np.frombuffer(content, np.float64, count), [size, 2 * size])
    predictions = np.frombuffer(content, np.float32, offset=8 * count).reshape(size, *shape)
    return Surveyed(Survey(predictions, losses, errors), seconds)


def _is_done(future: Future[bytes]) -> bool:
    """Whether a result is there, now or after a moment; otherwise the page is drawn again once it is."""
    wait([future], AT_ONCE_SECONDS)
    if not future.done():
        st.fragment(_await, run_every=POLL_SECONDS)(future)
    return future.done()


def _await(future: Future[bytes]) -> None:
    """Look again until there is a result."""
    if future.done():
        st.rerun()


def _digest(*images: ImageArray) -> str:
    return hashlib.sha256(b"".join(image.tobytes() for image in images)).hexdigest()


def _show_growth(found: Surveyed, n: int) -> None:
    """Loss, error and time as N grows, and what they say."""
    if not len(found.seconds):
        st.caption(f"Predicting from up to {LARGEST} neighbors …")
        return
    sizes = range(1, len(found.survey.losses) + 1)
    columns = st.columns(3)
    for column, title, across, values in (
        (columns[0], "Mean loss", sizes, found.survey.losses),
        (columns[1], "Mean squared error", sizes, found.survey.errors),
        (columns[2], "Seconds for the picture", TIMED_SIZES, found.seconds),
    ):
        with column:
            st.altair_chart(_curve(title, list(across), values, n), width="stretch")
    st.markdown(_finding_sentence(found))


def _curve(title: str, across: list[int], values: Values, n: int) -> Any:
    rows = [{"N": size, "value": float(value)} for size, value in zip(across, values, strict=True)]
    line = (
        chart_of(rows)
        .mark_line(color="#0072b2", point=len(rows) < LARGEST)
        .encode(
            x=alt.X("N:Q", scale=alt.Scale(domain=[1, LARGEST])),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4)),
            tooltip=["N:Q", alt.Tooltip("value:Q", format=".4g")],
        )
    )
    rule = chart_of([{"N": n}]).mark_rule(strokeDash=[3, 3], color=NEUTRAL).encode(x="N:Q")
    return alt.layer(line, rule).properties(height=200, title=title)


def _finding_sentence(found: Surveyed) -> str:
    """The finding of this picture, out of its numbers."""
    seen = finding_of(found.survey)
    times = found.seconds[-1] / max(float(found.seconds[TIMED_SIZES.index(10)]), 1e-9)
    falls = "every step" if seen.falls == seen.steps else f"{seen.falls} of {seen.steps} steps"
    return (
        f"On this picture the mean loss falls with {falls} from N = 1 to {LARGEST}, to {100 * seen.loss_left:.0f} % of "
        f"its first value. The mean squared error of the predictions goes to {100 * seen.error_left:.0f} %, and is "
        f"least at N = {seen.best}. N = {LARGEST} takes {times:.0f} times as long as N = 10, measured here as "
        "processor time of a few rows."
    )
