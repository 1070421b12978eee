"""Competitions that a lesson starts on the visitor's picture: one after the other in the server's queue, each shared by
all visitors who ask for the same.
"""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import streamlit as st

from mad_app.figures import metric_title
from mad_app.images import ImageArray, reduce_image
from mad_app.jobs.folder import Job, JobSpec, Phase
from mad_app.jobs.queue import NoSuchJob
from mad_app.lessons.together import LIVE_STEPS, SIZE, Driven, read_run, request_for
from mad_app.metrics import spec_of
from mad_app.metrics.sum_names import parts_of
from mad_app.records import RecordError, find_run, load_record
from mad_app.records.run import content_hash
from mad_app.records.storage import stamps_in
from mad_app.ui.components.expected_time import expected_time
from mad_app.ui.components.form import PictureChoice, metric_problem
from mad_app.ui.components.html import plain, sentence
from mad_app.ui.components.limits import limit_of
from mad_app.ui.lessons.state import STATE
from mad_app.ui.session import may_control, server_queue, visitor

POLL_SECONDS = 0.3
MOST_KNOWN = 1000
"""Runs that are remembered; the earliest are forgotten first, and run again when they are asked for."""

Key: TypeAlias = tuple[str, str, str]
"""A picture's hash, the judge, and the metric that is fixed."""


@st.cache_resource(show_spinner=False)
def _known(_root: str) -> OrderedDict[Key, str]:
    """The jobs of the server by what they compute."""
    return OrderedDict()


def driven_in(root: str | Path, run_id: str) -> Driven:
    """What a run in a folder of runs has found, as its record is now; raises RecordError where it cannot be read."""
    folder = find_run(root, run_id)
    return _driven(str(folder), stamps_in(folder))


@st.cache_resource(show_spinner=False, max_entries=64)
def _driven(folder: str, version: object) -> Driven:
    """What a record says; read again for another version."""
    del version
    return read_run(load_record(folder))


def show_live_runs(picture: PictureChoice, judge: str, fixed: Sequence[str]) -> list[Driven]:
    """Draw how far the runs on a picture are, with a button that starts or stops them.

    Args:
        picture: on which they run, reduced to SIZE pixels.
        judge: name of the metric that is driven apart.
        fixed: names of the metrics that are kept fixed, each in a run of its own.

    Returns:
        The runs that have ended.
    """
    reference = reduce_image(picture.reference, SIZE)
    if problem := _problem(reference, (judge, *fixed)):
        st.warning(problem, icon=":material/info:")
        return []
    keys = [(content_hash(reference), judge, name) for name in fixed]
    ended = [_ended(key) for key in keys]
    done = [run for run in ended if run is not None]
    if len(done) == len(keys):
        return done
    if STATE.get("live") != keys:
        st.button(
            f"Run {len(keys) - len(done)} competitions" if len(keys) - len(done) > 1 else "Run the competition",
            key=STATE.key("live-start"),
            type="primary",
            icon=":material/play_arrow:",
            on_click=_begin,
            args=(keys,),
            help=f"On your picture at {SIZE} pixels, {LIVE_STEPS} steps each: about a minute, more on a busy server.",
        )
        if STATE.get("live-problem"):
            st.warning(STATE["live-problem"], icon=":material/info:")
        return done
    st.button("Stop", key=STATE.key("live-stop"), icon=":material/stop:", on_click=_stop, args=(keys,))
    st.fragment(_advance, run_every=POLL_SECONDS)(keys, reference, len(done))
    return done


def _problem(reference: ImageArray, names: Sequence[str]) -> str | None:
    """Why a metric cannot be used here, in a sentence."""
    parts = dict.fromkeys(part for name in names for _, part in parts_of(name))
    problems = (metric_problem(part, min(reference.shape[:2]), spec_of(part).missing()) for part in parts)
    return next(filter(None, problems), None)


def _job(key: Key) -> Job | None:
    """The job that computes this, or has; None if there is none."""
    queue = server_queue()
    try:
        return queue.look(_known(str(queue.root))[key])
    except (KeyError, NoSuchJob):
        return None


def _has_failed(job: Job) -> bool:
    return job.status.phase.over and job.status.phase is not Phase.DONE


def _ended(key: Key) -> Driven | None:
    """What a run has found, once it has."""
    job = _job(key)
    if job is None or job.status.run is None or job.status.phase not in (Phase.MAPS, Phase.DONE):
        return None
    try:
        return driven_in(server_queue().root, job.status.run)
    except RecordError:  # such as deleted in the gallery
        _known(str(server_queue().root)).pop(key, None)
        return None


def _advance(keys: Sequence[Key], reference: ImageArray, done: int) -> None:
    """Draw the progress of the first run that has not ended, or start it; draw the page anew where one has ended."""
    now = [_ended(key) is not None for key in keys]
    if sum(now) != done:
        st.rerun()
    key = keys[now.index(False)]
    job, title = _job(key), f"Run {done + 1} of {len(keys)}, {plain(metric_title(key[2]))} fixed"
    if job is None:
        st.progress(0.0, text=f"{title}: starting …")
        problem = _start(key, reference)
    elif _has_failed(job):
        problem = sentence(f"the competition ended early: {job.status.message or job.status.phase.value}")
    else:
        st.progress(min(job.status.step / LIVE_STEPS, 1.0), text=f"{title}: {_phase(job)}")
        return
    if problem:
        del STATE["live"]
        STATE["live-problem"] = problem
        st.rerun()


def _phase(job: Job) -> str:
    """Where a job is."""
    status = job.status
    if status.phase is Phase.WAITING and job.ahead:
        return f"{job.ahead} {'run' if job.ahead == 1 else 'runs'} before it"
    if status.phase is Phase.STARTING:
        return "starting; a server that was just started loads its programs first, up to a minute …"
    return f"step {status.step} of {LIVE_STEPS}" if status.phase is Phase.RUNNING else f"{status.phase.value} …"


def _start(key: Key, reference: ImageArray) -> str | None:
    """Put a run into the queue; returns why it cannot be, in a sentence."""
    queue, request = server_queue(), request_for(key[1], key[2], LIVE_STEPS)
    if limit := limit_of(queue, request):
        return limit
    spec = JobSpec(request=request, visitor=visitor(), expected=expected_time(request, reference.shape))
    try:
        job_id = queue.submit(spec, reference)
    except ValueError as error:
        return sentence(f"could not start: {error}")
    known = _known(str(queue.root))
    known[key] = job_id
    while len(known) > MOST_KNOWN:
        known.popitem(last=False)
    return None


def _begin(keys: Sequence[Key]) -> None:
    """Run what has no result yet; what failed or was stopped is run again."""
    STATE.update({"live": list(keys), "live-problem": None})
    for key in keys:
        job = _job(key)
        if job and _has_failed(job):
            _known(str(server_queue().root)).pop(key, None)


def _stop(keys: Sequence[Key]) -> None:
    """Stop the run that goes on, unless another visitor started it, and start no more."""
    STATE.pop("live", None)
    for job in filter(None, map(_job, keys)):
        if not job.status.phase.over and may_control(job):
            server_queue().stop(job.id)
