"""The page of directions: the small changes of a picture that metrics disagree about most, searched by a worker."""

from pathlib import Path

import streamlit as st

from mad_app.directions import SearchSettings
from mad_app.figures import metric_title
from mad_app.images import is_gray
from mad_app.jobs.paths import runs_root
from mad_app.jobs.searches import Searches, SearchProgress, SearchSpec, read_progress, search_folder
from mad_app.metrics import METRICS, REFUSED, describe_metrics
from mad_app.records import RecordError
from mad_app.request import PICTURE
from mad_app.ui.components.commands import show_folded_commands
from mad_app.ui.components.containment import contained, whole_page
from mad_app.ui.components.duration import duration
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import element, plain, sentence, show_html
from mad_app.ui.components.picture_picker import show_picture_controls
from mad_app.ui.directions.result import command_of, python_of, show_example, show_result, was_stopped
from mad_app.ui.directions.state import (
    COUNTS,
    LARGEST_SIZE,
    MOST_METRICS,
    STATE,
    STEPS,
    follow_address,
    keep_address,
)
from mad_app.ui.session import is_host, visitor, workers

POLL_SECONDS = 0.7
WHAT = (
    "Which small change of a picture does one metric see and another not? **Principal distortions** are the pairs of "
    "equally large changes that metrics disagree about most. Of one metric alone they are its **eigen-distortions**: "
    "the changes it notices most and least."
)
HINT = "The picture and the metrics are chosen behind » at the top left."


@st.cache_resource(show_spinner=False)
def _searches() -> Searches:
    """Those of the server."""
    return Searches(workers())


@whole_page("directions")
def directions_page() -> None:
    """Draw the page for this visitor."""
    follow_address(_offered())
    st.title("Directions")
    st.markdown(WHAT)
    notice = st.container()
    with st.sidebar:
        picture, _ = show_picture_controls(STATE, LARGEST_SIZE)
        metrics = _show_metrics(picture)
        count = st.segmented_control(
            "Pairs", COUNTS, key=STATE.key("count"), required=True, help="Further ones are orthogonal to the first."
        )
        steps = st.select_slider(
            "Most steps per pair", STEPS, key=STATE.key("steps"), help="The search ends earlier where it converges."
        )
    if metrics:
        spec = SearchSpec(
            metrics=tuple(metrics),
            search=SearchSettings(steps=steps, count=count or 1),
            picture={name: STATE[name] for name in PICTURE} | {"image": picture.image},
            gray=is_gray(picture.reference),
            notes=picture.notes,
        )
        with contained("these directions"):
            _show(spec, picture)
        show_html(element("p", HINT, class_="mad-hint"))
    else:
        st.info("Choose one metric or several.")
        show_example(STATE)
    keep_address()
    if STATE["problems"]:
        notice.info(" ".join(sentence(one) for one in STATE["problems"]) + " The default is taken.")


def _show_metrics(picture: PictureChoice) -> list[str]:
    """The choice of the metrics that have a second derivative; returns those that can be used."""
    side, missing = min(picture.reference.shape[:2]), _missing()
    chosen = st.multiselect(
        "Metrics",
        _offered(),
        key=STATE.key("metrics"),
        format_func=metric_title,
        max_selections=MOST_METRICS,
        help="One for its eigen-distortions, several for their principal distortions.",
    )
    for name in chosen:
        if problem := metric_problem(name, side, missing[name]):
            st.warning(problem, icon=":material/info:")
            return []
    return list(chosen)


def _offered() -> list[str]:
    """The metrics that have a second derivative, whether they are available or not."""
    return [name for name in METRICS if name in _missing() and name not in REFUSED]


@st.cache_data(show_spinner=False, ttl=60)
def _missing() -> dict[str, str | None]:
    """Why each metric with a gradient is not available, None if it is."""
    return {one.spec.name: one.reason for one in describe_metrics()}


def _show(spec: SearchSpec, picture: PictureChoice) -> None:
    """What was found of this picture and these metrics, or how far the search is, or the way to begin it."""
    folder = search_folder(runs_root(), spec, picture.reference)
    running = _searches().is_running(folder)  # first: of one that has ended, all is told
    progress = read_progress(folder)
    if running:
        with st.container(horizontal=True, vertical_alignment="center"):
            if _searches().asked_by(folder) == visitor() or is_host():
                st.button(
                    "Stop",
                    key=STATE.key("stop"),
                    icon=":material/stop:",
                    on_click=_searches().stop,
                    args=(folder,),
                    help="Ends the search after its step; what is found until then is shown.",
                )
        st.fragment(_await, run_every=POLL_SECONDS)(folder, spec)
    elif not (progress and progress.record) or was_stopped(folder / progress.record):
        _show_start(folder, spec, picture, progress)
    found = progress.record if progress and not running else None
    if found:
        show_result(STATE, folder / found)
    show_folded_commands(STATE, lambda: (command_of(spec), python_of(spec)))
    if not found:
        show_example(STATE)


def _show_start(folder: Path, spec: SearchSpec, picture: PictureChoice, progress: SearchProgress | None) -> None:
    """The button that begins the search, and why an earlier one had no result."""
    if progress and not progress.record:
        st.warning(sentence(progress.problem or "the search was broken off: begin it again"), icon=":material/info:")
    names = " and ".join(plain(metric_title(name)) for name in spec.metrics)
    if st.button(
        f"Search the directions of {names}",
        key=STATE.key("start"),
        type="primary",
        icon=":material/play_arrow:",
        help="Takes seconds for SSIM and minutes for LASI and LPIPS. You may leave the page.",
    ):
        try:
            _searches().start(folder, spec, picture.reference, visitor())
        except (RecordError, OSError) as error:
            st.warning(sentence(str(error)), icon=":material/info:")
        else:
            st.rerun()


def _await(folder: Path, spec: SearchSpec) -> None:
    """Draw how far the search is; draw the page anew once it has ended."""
    if not _searches().is_running(folder):
        st.rerun()
    at = read_progress(folder) or SearchProgress()
    steps, count = spec.search.steps, spec.search.count
    if at.step == 0:
        st.progress(0.0, text="Loading the metrics and differentiating them twice …")
        return
    pair = f"pair {at.pair + 1} of {count}, " if count > 1 else ""
    left = f", at most {duration(at.seconds_left)} left" if at.seconds_left is not None else ""
    st.progress(min(1.0, (at.pair + at.step / steps) / count), text=f"Searching: {pair}step {at.step} of {steps}{left}")
