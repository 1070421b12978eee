"""A competition in progress: its images, how far it is, and buttons that pause, slow down and stop it."""

from dataclasses import dataclass

import streamlit as st

from mad_app.competition.settings import MAX_DRIFT
from mad_app.figures import contest_title, drift_magnitude, restoration_text, running_drift_sentence
from mad_app.jobs.folder import Job, JobFolder, Phase, Status
from mad_app.jobs.queue import PAUSE_SECONDS, JobQueue
from mad_app.ui.compete.my_runs import place_in_queue
from mad_app.ui.compete.one_step import show_paused_step
from mad_app.ui.components.containment import contained
from mad_app.ui.components.duration import duration
from mad_app.ui.components.four_up import four_up_html, four_up_of_job
from mad_app.ui.components.html import show_html, unbroken
from mad_app.ui.components.patience import wait_until
from mad_app.ui.session import PageState, may_control

POLL_SECONDS = 0.25
STOPPING_POLL_SECONDS = 0.1
WAITING_POLL_SECONDS = 1.5
"""How often a run is looked at that waits behind others, of which there may be many."""

NEWS_SECONDS = 1.5
"""How long a look at a run that computes waits for something new to draw; a drawing takes time from the run."""

STATE = PageState("compete")


@dataclass(frozen=True)
class Surroundings:
    """What the page shows of a run beside its progress and its images.

    Attributes:
        pause: seconds between two looks at the run.
        saved: whether the address can name its record; its first step is drawn before that.
        stopping: whether it has been asked to stop.
        pausing: whether it has been asked to pause.
        slow: whether it has been asked to rest after each step; None once no step is left.
        buttons: the phase, as far as the buttons depend on it; once it has been asked to stop, they do not.
    """

    pause: float
    saved: bool
    stopping: bool
    pausing: bool
    slow: bool | None
    buttons: Phase | None

    @classmethod
    def of(cls, job: Job) -> "Surroundings":
        """What is to be shown of a job now."""
        phase, folder = job.status.phase, job.folder
        stopping, waiting = folder.is_asked_to_stop(), phase is Phase.WAITING and bool(job.ahead)
        return cls(
            pause=STOPPING_POLL_SECONDS if stopping else WAITING_POLL_SECONDS if waiting else POLL_SECONDS,
            saved=job.status.run is not None and job.status.step > 0,
            stopping=stopping,
            pausing=folder.is_asked_to_pause() and not phase.early,
            slow=None if phase is Phase.RESTORING else folder.is_slow(),
            buttons=phase if phase in (Phase.RUNNING, Phase.PAUSED) and not stopping else None,
        )


def show_live(queue: JobQueue, job: Job) -> None:
    """Draw a run that has not ended.

    Progress and images are drawn anew several times a second, less often while it waits. The buttons are drawn with
    the page: a click on what is being drawn anew can be lost.
    """
    request, around = job.spec.request, Surroundings.of(job)
    heading, buttons = st.columns([3, 2], vertical_alignment="center")
    heading.title(unbroken(contest_title(request.first, request.second)))
    if may_control(job):
        with buttons.container(horizontal=True, key=STATE.key("live-buttons")):
            _pause_button(queue, job, around)
            _one_step_button(queue, job, around)
            _slow_button(queue, job, around)
            _stop_button(queue, job, around)
    else:
        buttons.caption("Only who started this run can pause, slow down or stop it.")
    st.fragment(_draw, run_every=around.pause)(queue, job, around, [])
    if around.buttons is Phase.PAUSED:
        show_paused_step(queue, job)


def progress_text(job: Job, stopping: bool) -> str:
    """Where a job is, in a line."""
    status, steps = job.status, job.spec.request.steps
    if status.phase is Phase.WAITING:
        return place_in_queue(job)
    if status.phase is Phase.PAUSED and not stopping:
        minutes = round(PAUSE_SECONDS / 60)
        return f"Paused at step {status.step} of {steps}. After {minutes} minutes it stops; you can continue it later."
    if status.phase is not Phase.RUNNING:
        return "Stopping …" if stopping and status.phase.early else describe_phase(status)
    slow = ["slow motion"] if job.folder.is_slow() else []
    parts = [f"Step {status.step} of {steps}", *slow, *_speed(status), *_drift(status)]
    return ("Stopping … " if stopping else "") + " · ".join(parts)


def describe_phase(status: Status) -> str:
    """The phase of a job; where the images return to their level, with how far that is."""
    if status.phase is Phase.RESTORING and status.restoration_step is not None and status.departure is not None:
        return f"{status.phase.value}: {restoration_text(status.restoration_step, status.departure)}"
    return f"{status.phase.value} …"


def _draw(queue: JobQueue, known: Job, around: Surroundings, drawn: list[object]) -> None:
    """Draw its progress and its images; where something around them is to change, draw the whole page.

    Args:
        queue: the server's queue.
        known: the run as the page knew it when it was drawn.
        around: what the page shows around it.
        drawn: the news that were drawn last; empty before the first drawing.
    """
    with contained("this run"):
        if drawn:
            wait_until(lambda: _news(known.folder) != drawn[0], NEWS_SECONDS)
        drawn[:] = [_news(known.folder)]
        job = queue.look(known.id)
        status = job.status
        if status.phase.over or status.phase.has_result:
            st.rerun()
        st.progress(min(status.step / job.spec.request.steps, 1.0), text=progress_text(job, around.stopping))
        shown = four_up_of_job(job)
        if shown:
            show_html(four_up_html(shown))
        if around != Surroundings.of(job):
            st.rerun()


def _news(folder: JobFolder) -> tuple[object, ...]:
    """What changes when a run reports something, or is asked for something."""
    asked = folder.is_asked_to_stop(), folder.is_asked_to_pause(), folder.is_slow()
    return folder.last_report(), *asked


def _stop_button(queue: JobQueue, job: Job, around: Surroundings) -> None:
    st.button(
        "Stopping…" if around.stopping else "Stop",
        key=STATE.key("stop"),
        icon=":material/stop:",
        width="stretch",
        disabled=around.stopping,
        on_click=queue.stop,
        args=(job.id,),
        help="What has been computed is kept, and you can continue later.",
    )


def _pause_button(queue: JobQueue, job: Job, around: Surroundings) -> None:
    """Pause a run, or resume one that is paused."""
    if around.buttons is Phase.PAUSED:
        st.button(
            "Resume",
            key=STATE.key("resume"),
            icon=":material/play_arrow:",
            width="stretch",
            disabled=around.stopping,
            on_click=queue.resume,
            args=(job.id,),
            help="Continues at once, or when its turn comes.",
        )
    else:
        st.button(
            "Pausing…" if around.pausing else "Pause",
            key=STATE.key("pause"),
            icon=":material/pause:",
            width="stretch",
            disabled=around.stopping or around.pausing or around.buttons is None,
            on_click=queue.pause,
            args=(job.id,),
            help="Waits after the current step; meanwhile the next run in the queue can start.",
        )


def _one_step_button(queue: JobQueue, job: Job, around: Surroundings) -> None:
    """Make one step of a paused run; its label is seen by those who listen."""
    st.button(
        "One step",
        key=STATE.key("one-step-button"),
        icon=":material/skip_next:",
        disabled=around.stopping or around.buttons is not Phase.PAUSED,
        on_click=queue.one_step,
        args=(job.id,),
        help="One step: makes one step of a paused run, then pauses again.",
    )


def _slow_button(queue: JobQueue, job: Job, around: Surroundings) -> None:
    """Slow motion on or off, each a button of its own, so that a late click never asks for the contrary; its label is
    seen by those who listen."""
    if around.slow:
        label, key, icon, does = "Full speed", "full-speed", "speed", "no rest between steps"
    else:
        label, key, icon, does = "Slow motion", "slow", "slow_motion_video", "rests half a second after each step"
    st.button(
        label,
        key=STATE.key(key),
        icon=f":material/{icon}:",
        disabled=around.stopping or around.slow is None,
        on_click=queue.set_slow,
        args=(job.id, not around.slow),
        help=f"{label}: {does}.",
    )


def _speed(status: Status) -> list[str]:
    if status.speed is None or status.seconds_left is None:
        return []
    return [f"{status.speed:.1f} steps per second", f"{duration(status.seconds_left)} of steps left"]


def _drift(status: Status) -> list[str]:
    """How far the fixed metrics are from their levels, as far as it is known."""
    known = [value for value in status.trace.drift[-1] if value is not None] if status.trace.drift else []
    if not known:
        return []
    largest = max(known, key=abs)
    kept = f"fixed metrics kept to within {drift_magnitude(largest)}"
    return [f"fixed metrics {running_drift_sentence(largest)}" if abs(largest) > MAX_DRIFT else kept]
