"""The loop of a campaign: hand runs to an executor, keep what becomes of them, and stop and go on at any time.

An executor is any object with `submit(function, *arguments)` whose answer has `done()` and `result()`: those of
`concurrent.futures`, Dask's `client.get_executor()`, executorlib's, submitit's, and the adapters in this package. What
is done is found in the folder, so a campaign that is started again goes on where it was. One command at a time
runs campaigns in a folder.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from mad_app.campaigns.outcomes import DONE, FAILED, FOLDER, Outcomes
from mad_app.campaigns.spec import Campaign
from mad_app.campaigns.status import Reporter
from mad_app.campaigns.survey import Survey, survey
from mad_app.campaigns.work import BUSY, NO_ROOM, work
from mad_app.errors import ArgumentError
from mad_app.records import DiskFullError, run_lock
from mad_app.records.storage import refusals
from mad_app.request import settings_for_record

MOST_TRIES = 3
"""How often a run is handed out whose worker is lost."""

LEAST_ROOM = 64 * 2**20
"""Bytes that are left on the disk: with fewer nothing is started."""

SECONDS_BETWEEN_LOOKS = 0.02
SECONDS_BETWEEN_TRIES = 5.0
"""How long to wait for room on the disk, or for a run that is being run elsewhere, before it is tried again."""


class Answer(Protocol):
    """What an executor's `submit` returns."""

    def done(self) -> bool:
        """Whether it has come."""

    def result(self) -> Any:
        """The function's answer, or its error."""


class Executor(Protocol):
    """Whoever calls functions elsewhere."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Answer:
        """Call a function some time."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a campaign is.

    Attributes:
        runs: how many it has.
        done: how many are done.
        failed: how many failed.
        seconds_left: at the speed since the first run ended, which compiled; None while that is not known.
        waiting_for_room: the disk is full; it goes on when there is room.
    """

    runs: int
    done: int
    failed: int
    seconds_left: float | None = None
    waiting_for_room: bool = False

    @property
    def left(self) -> int:
        """How many are neither done nor failed."""
        return self.runs - self.done - self.failed


def execute(
    campaign: Campaign,
    root: str | Path,
    executor: Executor,
    *,
    at_once: int = 16,
    retry_failed: bool = False,
    on_progress: Callable[[Standing], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Survey:
    """Run what a campaign lacks.

    A run that fails is recorded with its reason, and the others go on. A run whose worker is lost is done again, from
    its checkpoint if it has one; where a worker's end breaks the executor, those that were at work are done again one
    by one, so that one that always kills its worker is found. While the disk is full, nothing is started.

    Args:
        campaign: the competitions.
        root: folder of the runs, made if missing; every worker must reach it under this path.
        executor: see above; it is not closed.
        at_once: how many runs to hand out before the first of them is done.
        retry_failed: whether runs that failed earlier are tried again.
        on_progress: called as the campaign goes on.
        should_stop: asked often; then the runs at work stop after their step, with a checkpoint.

    Returns:
        What the folder has of the campaign in the end.

    Raises:
        ArgumentError: the campaign is none.
        RecordError: another command runs a campaign in the folder, or the disk refused it.
    """
    if not isinstance(campaign, Campaign):
        raise ArgumentError("campaign", f"must be what read_campaign returns first, got {campaign!r:.60}")
    root = Path(root).absolute()
    with refusals(f"{root} could not be made"):
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
    with run_lock(root / FOLDER):
        for old in (root / FOLDER).glob("stop-*"):
            old.unlink()
        with Reporter(root, campaign) as reporter:
            loop = _Loop(campaign, root, executor, at_once, retry_failed, on_progress, reporter)
            loop.run(lambda: should_stop() or reporter.should_stop())
    return survey(campaign, root)


class _Loop:
    def __init__(
        self,
        campaign: Campaign,
        root: Path,
        executor: Executor,
        at_once: int,
        retry_failed: bool,
        on_progress: Callable[[Standing], None],
        reporter: Reporter,
    ) -> None:
        self._campaign, self._root, self._executor, self._at_once = campaign, root, executor, at_once
        self._on_progress, self._reporter, self._outcomes = on_progress, reporter, Outcomes(root)
        found = survey(campaign, root)
        retried = tuple(found.failed) if retry_failed else ()
        self._resumable = found.resumable
        self._done, self._failed = len(found.done), len(found.failed) - len(retried)
        self._waiting, self._alone = deque([*found.left, *retried]), deque[str]()
        self._flying: dict[str, Answer] = {}
        self._tries, self._paused_until, self._no_room = Counter[str](), 0.0, False
        self._stop, self._ends = root / FOLDER / f"stop-{secrets.token_hex(4)}", list[float]()

    def run(self, should_stop: Callable[[], bool]) -> None:
        """Until nothing is left, or all that is at work has stopped."""
        self._report()
        while self._waiting or self._alone or self._flying:
            if should_stop() and not self._stop.exists():
                with refusals("the campaign's workers could not be asked to stop"):
                    self._stop.touch()
            if self._stop.exists():
                self._waiting.clear()
                self._alone.clear()
            elif time.monotonic() >= self._paused_until:
                self._hand_out()
            for identity in [name for name, answer in self._flying.items() if answer.done()]:
                self._take(identity, self._flying.pop(identity))
            self._on_progress(self._report())
            if self._waiting or self._alone or self._flying:
                time.sleep(SECONDS_BETWEEN_LOOKS)
        with contextlib.suppress(FileNotFoundError):
            self._stop.unlink()

    def _report(self) -> Standing:
        standing = self._standing()
        self._reporter.report(handed_out=tuple(self._flying), **asdict(standing))
        return standing

    def _hand_out(self) -> None:
        """Give the executor as many runs as it may have, while the disk has room."""
        if shutil.disk_usage(self._root).free < LEAST_ROOM:
            self._wait(no_room=True)
            return
        while self._alone and not self._flying:
            self._submit(self._alone[0])
        while self._waiting and not self._alone and len(self._flying) < self._at_once:
            self._submit(self._waiting.popleft())

    def _submit(self, identity: str) -> None:
        begun = self._resumable.get(identity)
        self._flying[identity] = self._executor.submit(
            work,
            settings_for_record(self._campaign.requests[identity]),
            str(self._root),
            begun.name if begun else None,
            os.getcwd(),  # noqa: PTH109, a plain string
            str(self._stop),
        )

    def _take(self, identity: str, answer: Answer) -> None:
        """Take an answer into account."""
        alone = identity in self._alone
        if alone:
            self._alone.remove(identity)
        try:
            outcome = answer.result()
        except BrokenExecutor as error:  # whichever run it was that ended a worker: it is known when it is alone
            self._retry_lost(identity, error, self._alone, counts=alone)
        except Exception as error:  # the executor lost it
            self._retry_lost(identity, error, self._waiting, counts=True)
        else:
            self._take_outcome(identity, outcome)

    def _retry_lost(self, identity: str, error: Exception, waiting: deque[str], *, counts: bool) -> None:
        """Try a run again whose worker was lost, unless that has happened too often."""
        self._tries[identity] += counts
        if self._tries[identity] < MOST_TRIES:
            waiting.append(identity)
        else:
            reason = " ".join(f"its worker was lost {MOST_TRIES} times: {type(error).__name__}: {error}".split())
            self._keep(identity, {"state": FAILED, "reason": reason[:1000]})

    def _take_outcome(self, identity: str, outcome: dict[str, Any]) -> None:
        """Take the outcome of a run into account."""
        state = outcome["state"]
        if state in (DONE, FAILED):
            self._keep(identity, outcome)
            self._no_room = False
        elif state in (NO_ROOM, BUSY):
            self._waiting.append(identity)
            if state == NO_ROOM or not self._flying:
                self._wait(no_room=state == NO_ROOM)

    def _wait(self, *, no_room: bool) -> None:
        self._no_room, self._paused_until = no_room, time.monotonic() + SECONDS_BETWEEN_TRIES

    def _keep(self, identity: str, outcome: dict[str, Any]) -> None:
        """Record the end of a run; of a run that is done its folder says so anyway."""
        self._ends.append(time.monotonic())
        self._done += outcome["state"] == DONE
        self._failed += outcome["state"] == FAILED
        with contextlib.suppress(DiskFullError):
            self._outcomes.add(identity, settings_for_record(self._campaign.requests[identity]), outcome)

    def _standing(self) -> Standing:
        left = len(self._campaign.requests) - self._done - self._failed
        rate = (len(self._ends) - 1) / (time.monotonic() - self._ends[0]) if len(self._ends) > 1 else None
        return Standing(
            runs=len(self._campaign.requests),
            done=self._done,
            failed=self._failed,
            seconds_left=left / rate if rate else None,
            waiting_for_room=self._no_room,
        )
