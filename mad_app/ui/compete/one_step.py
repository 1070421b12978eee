"""One step, slowly: the arrows of the method, at the step at which a run is paused, and along a finished run."""

import streamlit as st

from mad_app.competition.settings import CORNERS
from mad_app.figures.text import LETTERS, image_title
from mad_app.figures.web_page.step_arrows import step_arrows_html
from mad_app.jobs.explained import explainable_steps
from mad_app.jobs.folder import Job, Phase
from mad_app.jobs.queue import JobQueue
from mad_app.metrics import LISTED_METRICS
from mad_app.records import Run
from mad_app.ui.compete.answers import POLL_SECONDS, ask_once, when_answered
from mad_app.ui.components.containment import contained
from mad_app.ui.components.html import sentence, show_html
from mad_app.ui.session import PageState

TITLE = "One step, slowly"
STATE = PageState("compete")


def show_paused_step(queue: JobQueue, job: Job) -> None:
    """Draw the arrows at the step at which a run is paused, below its images; they follow each single step."""
    request = job.spec.request
    names = (request.first, request.second)
    st.header(TITLE)
    corner = _corner_picker(names)
    st.fragment(_draw_paused, run_every=POLL_SECONDS)(queue, job.id, corner, names)


def show_step_of_run(run: Run) -> None:
    """Draw the arrows at a chosen step of a finished run, where they are asked for."""
    names = (run.results[0].optimized, run.results[0].fixed)
    if run.folder is None or not all(name.partition(":")[0] in LISTED_METRICS for name in names):
        return  # a record from elsewhere does not choose what is imported here
    box = st.expander(TITLE, key=STATE.key("one-step"), icon=":material/footprint:", on_change="rerun")
    if not box.open:
        return
    with box:
        corner = _corner_picker(names)
        steps = explainable_steps(run)
        step = st.select_slider("Step", steps, key=STATE.key("explained-step")) if len(steps) > 1 else steps[0]
        folder = str(run.folder.resolve())
        answer = ask_once("explained", (folder, step), lambda: {"explain": folder, "step": step})
        if answer is None:
            st.caption("All workers are busy. Choose a step again when a run has ended.")
            return
        explained = when_answered(answer, "Computing the arrows …")
        if explained is None:
            return
        if "problem" in explained:
            st.caption(sentence(explained["problem"]))
        else:
            show_html(step_arrows_html(explained, corner, names))


def _corner_picker(names: tuple[str, str]) -> int:
    """Which of the four images."""
    titles = [image_title(i, names[0] if corner.optimized == "first" else names[1]) for i, corner in enumerate(CORNERS)]
    chosen = st.segmented_control(
        "Image",
        range(len(CORNERS)),
        format_func=lambda i: LETTERS[i],
        default=0,
        required=True,
        key=STATE.key("explained-image"),
        help=" · ".join(titles),
    )
    return int(chosen or 0)


def _draw_paused(queue: JobQueue, job_id: str, corner: int, names: tuple[str, str]) -> None:
    with contained("the arrows"):
        job = queue.look(job_id)
        explained = job.folder.explained()
        if explained is None or (explained["step"] != job.status.step and job.status.phase is Phase.PAUSED):
            st.caption("Computing the arrows …")
        else:
            show_html(step_arrows_html(explained, corner, names))
