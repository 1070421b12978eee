"""Whether a run is finished, can be continued, or neither."""

import enum

from mad_app.competition.settings import Reason
from mad_app.records.checkpoints import is_resumable
from mad_app.records.run import Run, Summary
from mad_app.records.schema import UNFINISHED


class State(enum.Enum):
    """Where a run stands."""

    FINISHED = "finished"
    """Its competition came to its end."""
    RESUMABLE = "resumable"
    """It was stopped or killed, or goes on now, and has a checkpoint to continue from."""
    LOST = "lost"
    """It was stopped or killed, and its checkpoint is missing: it cannot be continued."""


def state_of(run: Run | Summary) -> State:
    """The state of a run that lies in a folder."""
    if run.folder is not None and is_resumable(run.folder):
        return State.RESUMABLE
    ended_early = any(image.outcome in (UNFINISHED, Reason.STOPPED.value) for image in run.results)
    return State.LOST if ended_early else State.FINISHED


def why_not_resumable(run: Run | Summary) -> str:
    """Why a run cannot be continued, in a sentence; empty if it can."""
    state = state_of(run)
    if state is State.RESUMABLE:
        return ""
    if state is State.FINISHED:
        return f"{run.folder} is finished: there is nothing to resume"
    return f"{run.folder} is unfinished and cannot be continued, because its checkpoint.npz is missing: run it again"
