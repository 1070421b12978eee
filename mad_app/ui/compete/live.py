"""A competition in progress: its images, how far it is, and buttons that pause, slow down and stop it."""

from dataclasses import dataclass

import streamlit as st

from mad_app.competition.settings import MAX_DRIFT
from mad_app.figures import contest_title, drift_magnitude, restoration_text, running_drift_sentence
from mad_app.jobs.folder import Job, JobFolder, Phase, Status
from mad_app.jobs.queue import PAUSE_SECONDS, JobQueue
from mad_app.records import RecordError, find_run, load_record
from mad_app.ui.compete.my_runs import place_in_queue
from mad_app.ui.compete.one_step import show_paused_step
from mad_app.ui.components.containment import contained
from mad_app.ui.components.duration import duration
from mad_app.ui.components.four_up import FourUp, four_up_html, four_up_of_job, four_up_of_run
from mad_app.ui.components.html import show_html, unbroken
from mad_app.ui.components.patience import wait_until
from mad_app.ui.session import PageState, may_control

POLL_SECONDS = 0.1
WAITING_POLL_SECONDS = 1.5
"""How often a run is looked at that waits behind others, of which there may be many."""

NEWS_SECONDS = 1.5
"""How long a look at a run that computes waits for something new to draw; a drawing takes time from the run."""

LONG_RETURN = 8
"""Steps of a return to the level from which on the page shows it: it is mostly over sooner, and a drawing takes time
from it."""

STATE = PageState("compete")


@dataclass(frozen=True)
class Surroundings:
    """What the page shows of a run beside its progress and its images.

    Attributes:
        pause: seconds between two looks at the run.
        saved: whether the address can name its record; its first step is drawn before that.
        stopping: whether it has been asked to stop.
        pausing: whether it has been asked to pause.
        slow: whether it has been asked to rest after each step; None once it is to stop, or no step is left.
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
        if _returns_briefly(job.status):
            phase = Phase.RUNNING
        ending = stopping or phase is Phase.RESTORING
        return cls(
            pause=WAITING_POLL_SECONDS if waiting else POLL_SECONDS,
            saved=job.status.run is not None and job.status.step > 0,
            stopping=stopping,
            pausing=folder.is_asked_to_pause() and not phase.early,
            slow=None if ending else folder.is_slow(),
            buttons=phase if phase in (Phase.RUNNING, Phase.PAUSED) and not ending else None,
        )


@dataclass
class Drawn:
    """What was drawn last of a run.

    Attributes:
        news: as they were; None before the first drawing.
        result: whether it was the result.
    """

    news: tuple[object, ...] | None = None
    result: bool = False


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
    st.fragment(draw_progress, run_every=around.pause)(queue, job, around, Drawn())
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


def draw_progress(queue: JobQueue, known: Job, around: Surroundings, drawn: Drawn) -> None:
    """Draw its progress and its images; where something around them is to change, draw the whole page.

    Its result is drawn here first: the whole page takes longer.

    Args:
        queue: the server's queue.
        known: the run as the page knew it when it was drawn.
        around: what the page shows around it.
        drawn: what was drawn last.
    """
    with contained("this run"):
        if drawn.result:
            st.rerun()
        if drawn.news:
            wait_until(lambda: has_news(known.folder, drawn.news), NEWS_SECONDS)
        drawn.news = _news(known.folder)
        job = queue.look(known.id)
        status = job.status
        result = _result(queue, job)
        if result is None and (status.phase.over or status.phase.has_result):
            st.rerun()
        st.progress(min(status.step / job.spec.request.steps, 1.0), text=progress_text(job, around.stopping))
        if shown := result or four_up_of_job(job):
            show_html(four_up_html(shown))
        drawn.result = result is not None
        if not drawn.result and around != Surroundings.of(job):
            st.rerun()


def _result(queue: JobQueue, job: Job) -> FourUp | None:
    """The result of a run that still measures; None where there is none, or its record cannot be read."""
    if not job.status.phase.has_result or job.status.run is None:
        return None
    try:
        return four_up_of_run(load_record(find_run(queue.root, job.status.run)))
    except RecordError:  # which the whole page says
        return None


def _news(folder: JobFolder) -> tuple[object, ...]:
    """What changes when a run reports something, or is asked for something."""
    asked = folder.is_asked_to_stop(), folder.is_asked_to_pause(), folder.is_slow()
    return folder.last_report(), *asked


def has_news(folder: JobFolder, drawn: tuple[object, ...] | None) -> bool:
    """Whether there is something to draw that was not drawn."""
    return _news(folder) != drawn and not _returns_briefly(folder.status())


def _returns_briefly(status: Status) -> bool:
    """Whether the images return to their level, and did not need many steps for it so far."""
    return status.phase is Phase.RESTORING and (status.restoration_step or 0) < LONG_RETURN


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
