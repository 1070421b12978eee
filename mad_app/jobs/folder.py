"""One job, one folder: what is asked of a worker, and what it tells while it runs.

    order.json       the request, and the run to go on with, if it is one (plain JSON)
    reference.npz    the picture itself, exact: `reference` (H, W, 3)
    reference.png, start.png
    status.json      phase, steps, speed, the way of both metrics; renewed several times a second by the worker
    0.jpg … 3.jpg    the four images as they are now, in the order of CORNERS, for looking at
    sheet.png        at the end: the MAD sheet
    heartbeat        touched while somebody sees to the job
    stop             its presence asks the worker to stop
    pause            its presence asks the worker to wait after the present step
    log.txt          what the worker printed

Every file is replaced in one stroke, so a page that reads while the worker writes sees the old or the new.
"""

import enum
import json
import shutil
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from mad_app.images import ImageArray, save_png
from mad_app.records import RecordError, is_resumable
from mad_app.records.storage import read_arrays, read_json, refusals, staged_folder, write_arrays
from mad_app.records.trace import Trace
from mad_app.runs import Request

HEARTBEAT_SECONDS = 0.5
SILENT_SECONDS = 12.0
"""A job whose heartbeat is older is nobody's; while frameworks load, a worker's heart may not beat for seconds."""


class Phase(enum.Enum):
    """Where a job is; the value is what a person reads."""

    WAITING = "Waiting for its turn"
    STARTING = "Starting"
    LOADING = "Loading the metrics"
    COMPILING = "Compiling the first step"
    RUNNING = "Running"
    PAUSED = "Paused"
    MEASURING = "Asking all metrics about the four images"
    DONE = "Finished"
    STOPPED = "Stopped"
    FAILED = "Not possible"
    DIED = "Ended unexpectedly"
    INTERRUPTED = "Interrupted when the program was closed"

    @property
    def over(self) -> bool:
        """Whether no worker is at it any more."""
        return self in (Phase.DONE, Phase.STOPPED, Phase.FAILED, Phase.DIED, Phase.INTERRUPTED)

    @property
    def early(self) -> bool:
        """Whether there is nothing yet that a worker could lose."""
        return self in (Phase.WAITING, Phase.STARTING, Phase.LOADING, Phase.COMPILING)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What is asked of a worker.

    Attributes:
        request: the competition.
        run: id of a record to go on with; None for a new one.
        visitor: name of who asks (`visitor`), empty where nobody is to find it again by it.
    """

    request: Request
    run: str | None = None
    visitor: str = ""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a job fares.

    Attributes:
        phase: where it is.
        step: steps done.
        speed: steps a second of late; None while it is not known.
        seconds_left: to the end at this speed; None while it is not known.
        run: id of its record, once there is one.
        message: why it ended, where that needs saying.
        refused: why it is not in the folder of the runs, if the disk refused it there (`spare_folder`).
        trace: the way of both metrics.
    """

    phase: Phase
    step: int = 0
    speed: float | None = None
    seconds_left: float | None = None
    run: str | None = None
    message: str | None = None
    refused: str | None = None
    trace: Trace = field(default_factory=Trace)


class JobFolder:
    """The files of a job."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def root(self) -> Path:
        """The folder of the runs that it belongs to."""
        return self.path.parent.parent

    def create(self, order: JobSpec, reference: ImageArray, start: ImageArray, *, refused: str | None = None) -> None:
        """Make the folder; raises RecordError where the disk refuses it."""
        with refusals(f"the job could not be put into {self.path.parent}"):
            self.path.mkdir(parents=True)
            write_arrays(self.path / "reference.npz", {"reference": reference})
            save_png(self.path / "reference.png", reference)
            save_png(self.path / "start.png", start)
            self.write_order(order)
            self.write_status(Status(phase=Phase.WAITING, run=order.run, refused=refused))
            self.beat()

    def move(self, root: Path, refused: str) -> "JobFolder":
        """Copy all that is whole, with the record as far as there is one, to where the disk takes it.

        Args:
            root: of the new place.
            refused: why; kept in the status.

        Returns:
            The folder there, whose order is to go on from the record's checkpoint if it has one.
        """
        there = JobFolder(root / self.path.parent.name / self.path.name)
        run = self.status().run
        record = self.root / run if run else None
        there.path.parent.mkdir(parents=True, exist_ok=True)
        if record and is_resumable(record):
            shutil.copytree(record, root / record.name, ignore=_hidden)
        else:
            run = None
        with staged_folder(there.path) as staged:
            shutil.copytree(self.path, staged, ignore=_hidden, dirs_exist_ok=True)
            moved = JobFolder(staged)
            moved.write_order(replace(self.order(), run=run))
            moved.write_status(replace(self.status(), phase=Phase.STARTING, run=run, refused=refused))
            staged.rename(there.path)
        return there

    def order(self) -> JobSpec:
        """What is asked; raises RecordError where it cannot be read."""
        document = read_json(self.path / "order.json")
        try:
            return JobSpec(
                request=Request(**document["request"]), run=document["run"], visitor=document.get("visitor", "")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{self.path / 'order.json'} is no order: {error}") from error

    def write_order(self, order: JobSpec) -> None:
        """Say what is asked."""
        self._write_json("order.json", asdict(order))

    def reference(self) -> ImageArray:
        """The picture that was given; raises RecordError where it cannot be read."""
        return read_arrays(self.path / "reference.npz", ("reference",))["reference"]

    def status(self) -> Status:
        """How it fares, as far as it is told; raises RecordError where it cannot be read."""
        document = read_json(self.path / "status.json")
        try:
            trace = Trace(**{name: _tuples(rows) for name, rows in document["trace"].items()})
            told = {item.name: document[item.name] for item in fields(Status) if item.name in document}
            return Status(**told | {"phase": Phase[document["phase"]], "trace": trace})
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{self.path / 'status.json'} is no status: {error}") from error

    def write_status(self, status: Status) -> None:
        """Tell how it fares."""
        document = {item.name: getattr(status, item.name) for item in fields(status)}
        self._write_json("status.json", document | {"phase": status.phase.name, "trace": asdict(status.trace)})

    def picture(self, name: str) -> bytes | None:
        """The content of a picture file, None while there is none."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Put a whole file in the place of an older one."""
        partial = self.path / f".{name}.partial"
        partial.write_bytes(content)
        partial.replace(self.path / name)

    def ask_to_stop(self) -> None:
        """Ask the worker to stop."""
        (self.path / "stop").touch()

    def is_asked_to_stop(self) -> bool:
        """Whether it has been asked."""
        return (self.path / "stop").exists()

    def forget_stop(self) -> None:
        """Let it run again."""
        (self.path / "stop").unlink(missing_ok=True)

    def ask_to_pause(self) -> None:
        """Ask the worker to wait."""
        (self.path / "pause").touch()

    def is_asked_to_pause(self) -> bool:
        """Whether it has been asked."""
        return (self.path / "pause").exists()

    def forget_pause(self) -> None:
        """Let it go on."""
        (self.path / "pause").unlink(missing_ok=True)

    def beat(self) -> None:
        """Say that somebody sees to the job."""
        (self.path / "heartbeat").touch()

    def is_silent(self) -> bool:
        """Whether nobody has seen to it for a while."""
        try:
            return time.time() - (self.path / "heartbeat").stat().st_mtime > SILENT_SECONDS
        except OSError:
            return True

    def _write_json(self, name: str, document: dict[str, Any]) -> None:
        self.write(name, json.dumps(document, allow_nan=False, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Job:
    """A job as a page sees it.

    Attributes:
        id: its name, also in a URL.
        folder: its files.
        order: what was asked.
        status: how it fares.
        ahead: how many come before it; 0 for the next one and for one that is no longer waiting.
    """

    id: str
    folder: JobFolder
    order: JobSpec
    status: Status
    ahead: int = 0

    @property
    def root(self) -> Path:
        """The folder of the runs that holds its record."""
        return self.folder.root


_hidden = shutil.ignore_patterns(".*")
"""Files that are just being written."""


def _tuples(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(row) if isinstance(row, list) else row for row in rows)
