"""Lesson "What do level sets look like?": a plane through the space of images, and the picture at a place in it."""

import hashlib
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import streamlit as st

from mad_app.competition.settings import CORNERS
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.figures import metric_title, number
from mad_app.figures.text import times
from mad_app.images import ImageArray
from mad_app.lessons import Lesson
from mad_app.lessons.contours import Points, contour
from mad_app.lessons.image_plane import Plane
from mad_app.lessons.level_sets import (
    COARSE_STEP,
    DISTORTED,
    FINE,
    LETTERS,
    LEVELS,
    LevelSetsState,
    Values,
    bundled_values,
    distortions_plane,
    extremes,
    grid_places,
    metrics_of_run,
    range_on_level,
    run_plane,
    run_ways,
    shelf_run,
    values_of_both,
)
from mad_app.metrics import METRICS
from mad_app.records import SHELF_RUNS, Run, load_label, shelf_root
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.image_plane import Mark, show_image_plane
from mad_app.ui.components.render_cache import POLL_SECONDS, RenderCache
from mad_app.ui.lessons.controls import metric_titles, show_caption, show_choice, show_numbers, show_slider
from mad_app.ui.lessons.state import STATE, setting_key

OFFERED = ("mse", "ssim", "ssim-luma", "gmsd", "nlpd", "haarpsi", "mdsi", "lpips-alex", "lasi")
"""Metrics that are quick enough to be measured in hundreds of places."""

PORTIONS = 8
"""In which the fine grid is measured, so that others are served in between."""

AT_ONCE_SECONDS = 0.8
"""How long a drawing waits for the coarse grid before it says that one comes."""

FINE_SECONDS = 1.0
"""Between two drawings while the fine grid is measured: each takes time from it."""

Pair = tuple[str, str]
Levels = tuple[float, float]

_run = st.cache_resource(show_spinner=False)(shelf_run)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn.

    Attributes:
        plane: through the three images.
        metrics: whose curves.
        digest: of the three images.
        run: that the plane goes through; None for two distortions.
    """

    plane: Plane
    metrics: Pair
    digest: str
    run: Run | None


@st.cache_resource(show_spinner=False)
def _measurements() -> RenderCache:
    """What is measured or being measured, shared by all visitors, in one thread."""
    return RenderCache(64 * (PORTIONS + 1))


@st.cache_data(show_spinner=False, max_entries=256)
def _curves(first: Values, second: Values, levels: Levels, thick: tuple[str, ...]) -> list[tuple[str, Points]]:
    curves = []
    for role, values, level in (("first", first, levels[0]), ("second", second, levels[1])):
        curves += [(role, contour(values, part * level)) for part in LEVELS]
        curves += [(f"{role} level" if role in thick else role, contour(values, level))]
    return curves


@st.cache_data(show_spinner=False, max_entries=1024)
def _values_at(digest: str, _plane: Plane, metrics: Pair, place: tuple[float, float]) -> list[list[float]]:
    """What both metrics give at a place, and what they give at the start, measured together."""
    del digest
    start = _plane.project(_plane.first[None])[0]
    values: list[list[float]] = values_of_both(_plane, metrics, [place, start]).T.tolist()
    return values


def show_level_sets(lesson: Lesson, state: LevelSetsState, picture: PictureChoice | None, predicted: bool) -> None:
    """Draw the lesson."""
    if picture is None:
        return
    run = None if state.plane == "distortions" else _run(state.plane)
    reference = picture.reference if run is None else run.reference
    _show_controls(lesson, state, reference)
    metrics = (state.first, state.second) if run is None else metrics_of_run(run)
    problems = [metric_problem(name, min(reference.shape[:2]), METRICS[name].missing()) for name in metrics]
    if problem := next(filter(None, problems), None):
        st.warning(problem, icon=":material/info:")
        return
    try:
        plane = (
            distortions_plane(reference, state.across, state.up, state.strength)
            if run is None
            else run_plane(run, state.third)
        )
    except ArgumentError:
        st.warning("These three images lie on a line, so they span no plane: choose others.", icon=":material/info:")
        return
    images = (plane.reference, plane.first, plane.second)
    digest = hashlib.sha256(b"".join(one.tobytes() for one in images)).hexdigest()
    drawn = Drawn(plane, metrics, digest, run)
    if run is not None:
        _show_plane(lesson, state, drawn, bundled_values(state.plane, state.third), predicted)
        return
    wait([_coarse(drawn)], AT_ONCE_SECONDS)
    values, portions = _measured(drawn)
    if values is None:
        st.fragment(_await_coarse, run_every=POLL_SECONDS)(drawn)
    elif portions < PORTIONS:
        st.fragment(_await_fine, run_every=FINE_SECONDS)(lesson, state, drawn, predicted)
    else:
        _show_plane(lesson, state, drawn, values, predicted)


def _show_controls(lesson: Lesson, state: LevelSetsState, reference: ImageArray) -> None:
    titles = {name: load_label(shelf_root() / name).name for name in SHELF_RUNS}
    columns = st.columns([3, 2])
    with columns[0]:
        show_choice(lesson, "plane", titles | {"distortions": "Two distortions of your picture"}, long=True)
    if state.plane != "distortions":
        with columns[1]:
            show_choice(lesson, "third", {letter: letter for letter in LETTERS})
        return
    with columns[1]:
        show_slider(lesson, "strength", step=0.25)
    offered = metric_titles(OFFERED, (state.first, state.second), reference)
    distorted = {name: DISTORTIONS[name].title for name in DISTORTED}
    for column, name in zip(st.columns(4), ("across", "up", "first", "second"), strict=True):
        with column:
            show_choice(lesson, name, distorted if name in ("across", "up") else offered, long=True)


def _await_coarse(drawn: Drawn) -> None:
    """Look again until the coarse grid is measured."""
    if _measured(drawn)[0] is not None:
        st.rerun()
    st.caption("Measuring 81 pictures …")


def _await_fine(lesson: Lesson, state: LevelSetsState, drawn: Drawn, predicted: bool) -> None:
    """Draw a plane of two distortions as far as it is measured, and ask for the next portion."""
    values, portions = _measured(drawn)
    if values is None or portions == PORTIONS:
        st.rerun()
    st.caption(f"Rough so far: {portions} of {PORTIONS} parts of {FINE**2} pictures are measured.")
    _show_plane(lesson, state, drawn, values, predicted)


def _measured(drawn: Drawn) -> tuple[tuple[Values, Values] | None, int]:
    """The values of both metrics on the coarse grid, None before they are measured, or on the fine one once it is
    complete; and how many of its portions are done. What comes next is asked for.
    """
    values, done = np.full((2, FINE**2), np.nan), 0
    for i, portion in enumerate(_portions()):
        future = _request(drawn, i, portion)
        if not future.done():
            break
        values[:, portion] = np.frombuffer(future.result()).reshape(2, -1)
        done += 1
    if done == 0:
        return None, 0
    step = 1 if done > PORTIONS else COARSE_STEP
    first, second = values.reshape(2, FINE, FINE)[:, ::step, ::step]
    return (first, second), done - 1


def _coarse(drawn: Drawn) -> Future[bytes]:
    """The values on the coarse grid, which are asked for."""
    return _request(drawn, 0, _portions()[0])


@cache
def _portions() -> list[npt.NDArray[np.intp]]:
    """Which of all places are measured together: the coarse grid, then the others."""
    on_coarse = np.zeros((FINE, FINE), bool)
    on_coarse[::COARSE_STEP, ::COARSE_STEP] = True
    return [np.flatnonzero(on_coarse), *np.array_split(np.flatnonzero(~on_coarse), PORTIONS)]


def _request(drawn: Drawn, number: int, portion: npt.NDArray[np.intp]) -> Future[bytes]:
    places = grid_places().reshape(-1, 2)[portion]

    def measure() -> bytes:
        return values_of_both(drawn.plane, drawn.metrics, places).tobytes()

    return _measurements().request((drawn.digest, drawn.metrics, number), measure)


def _show_plane(
    lesson: Lesson, state: LevelSetsState, drawn: Drawn, values: tuple[Values, Values], predicted: bool
) -> None:
    def take(u: float, v: float) -> None:
        STATE[setting_key(lesson.name, "u")], STATE[setting_key(lesson.name, "v")] = round(u, 3), round(v, 3)

    plane, run, titles = drawn.plane, drawn.run, [metric_title(metric) for metric in drawn.metrics]
    here, (first, second) = _values_at(drawn.digest, plane, drawn.metrics, (state.u, state.v))
    levels = first, second
    fixed = ("first", "second") if run is None else (CORNERS[LETTERS.index(state.third)].fixed,)
    marks, ways = _marks(plane, values, levels, run, state.third)
    show_image_plane(
        (plane.reference, plane.first, plane.second),
        plane.mixture,
        list(zip(titles, values, strict=True)),
        _curves(*values, levels, fixed),
        marks,
        ways,
        (state.u, state.v),
        key=STATE.key("image-plane"),
        take=take,
    )
    multiples = [f" = {value / base:.2f} × start" if base else "" for value, base in zip(here, levels, strict=True)]
    show_numbers({title: f"{number(value)}{m}" for title, value, m in zip(titles, here, multiples, strict=True)})
    show_caption(
        f"Every place is a picture. Orange: {titles[0]} rates them equal; blue: {titles[1]} does; thick: as far as the "
        "start. Point at a place, click it, or use the arrow keys. The numbers are measured at the place chosen."
        + ("" if run is None else " Hollow letters lie off the plane; the dotted way is projected onto it.")
    )
    if predicted:
        for role in fixed:
            st.markdown(_claim(titles, values, levels, ("first", "second").index(role)))


def _claim(titles: list[str], values: tuple[Values, Values], levels: tuple[float, ...], fixed: int) -> str:
    """What the thick curve of a metric says about the other one, out of its numbers."""
    ends = range_on_level(values[1 - fixed], values[fixed], levels[fixed])
    if ends is None:
        return ""
    high, low = ends[1].tolist()
    ratio = f", **{times(high / low)}** as much" if low > 0 else ""
    color = ("orange", "blue")[fixed]
    return (
        f"Along the thick {color} curve {titles[fixed]} stays as at the start, while {titles[1 - fixed]} goes from "
        f"{number(low)} to {number(high)}{ratio}."
    )


def _marks(
    plane: Plane, values: tuple[Values, Values], levels: tuple[float, ...], run: Run | None, third: str
) -> tuple[list[Mark], list[tuple[str, Points]]]:
    """The named places, and the way of the chosen image of a run."""
    marks = []
    if run is None:
        ends, ways = extremes(*values, levels), []
    else:
        found = run_ways(plane, run)
        ends = [way[-1] if ((way[-1] >= 0) & (way[-1] <= 1)).all() else None for way in found]
        ways = [(third, found[LETTERS.index(third)])]
    for letter, place in zip(LETTERS, ends, strict=True):
        if place is not None:
            marks.append(Mark((float(place[0]), float(place[1])), letter, letter, run is not None and letter != third))
    origin, start = plane.project(np.stack([plane.reference, plane.first])).tolist()
    marks += [Mark((origin[0], origin[1]), "original", "original"), Mark((start[0], start[1]), "start", "start")]
    return marks, ways
