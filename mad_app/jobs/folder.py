"""One job, one folder: what a worker is asked for, and what it reports while it runs.

    job.json         the request, and the run to continue, if it is one (plain JSON)
    reference.npz    the picture itself, exact: `reference` (H, W, 3)
    reference.png, start.png
    status.json      phase, steps, speed, the values of both metrics so far; renewed several times a second
    0.jpg … 3.jpg    the four images as they are now, in the order of CORNERS, for display
    heartbeat        touched while a queue or a worker attends to the job
    stop             its presence asks the worker to stop
    pause            its presence asks the worker to wait after the current step
    one_step         its presence lets a worker that waits make one step, and then wait again
    slow             its presence asks the worker to rest after each step
    explained.json   the arrows of the method at the step at which the worker waits (`explained`)
    no_room          its presence means that the worker waits until the disk has room
    log.txt          what the worker printed

Every file is replaced atomically, so a page that reads while the worker writes gets the old or the new version.
"""

import contextlib
import enum
import json
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mad_app.images import ImageArray, save_png
from mad_app.records import RecordError, Source, Trace
from mad_app.records.schema import SOURCES
from mad_app.records.storage import read_arrays, read_json, refusals, stamp, write_arrays
from mad_app.request import Request, request_from

HEARTBEAT_SECONDS = 0.5
SILENT_SECONDS = 12.0
"""No process attends to a job whose heartbeat is older; loading frameworks can delay a heartbeat by seconds."""

SPEC_FILE, EARLIER_SPEC_FILE = "job.json", "order.json"


class Phase(enum.Enum):
    """Where a job is; the value is shown on the page."""

    WAITING = "Waiting for its turn"
    STARTING = "Starting"
    LOADING = "Loading the metrics"
    COMPILING = "Compiling the first step"
    RUNNING = "Running"
    PAUSED = "Paused"
    NO_ROOM = "Waiting for room on the disk"
    RESTORING = "Returning to the level"
    VALUES = "Rounding the images to 8 bits and measuring all metrics"
    MAPS = "Computing the maps"
    DONE = "Finished"
    STOPPED = "Stopped"
    FAILED = "Failed"
    DIED = "Ended unexpectedly"
    INTERRUPTED = "Interrupted when the program was closed"
    MEASURING = RESTORING  # its name in the files of earlier versions

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self in (Phase.DONE, Phase.STOPPED, Phase.FAILED, Phase.DIED, Phase.INTERRUPTED)

    @property
    def has_result(self) -> bool:
        """Whether it has not ended, but its record has the pictures and their values already."""
        return self in (Phase.VALUES, Phase.MAPS)

    @property
    def early(self) -> bool:
        """Whether no step has been made that a worker could lose."""
        return self in (Phase.WAITING, Phase.STARTING, Phase.LOADING, Phase.COMPILING)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What is asked of a worker.

    Attributes:
        request: the competition.
        run: id of a record to continue; None for a new one.
        visitor: name of the visitor who asks; empty for nobody in particular.
        source: where the picture comes from; None for what the request itself says.
        notes: what was done to the values and the size of the picture as it was read, each a clause.
        expected: about how many seconds it takes, by earlier runs; None while nothing is known of its metrics.
    """

    request: Request
    run: str | None = None
    visitor: str = ""
    source: Source | None = None
    notes: tuple[str, ...] = ()
    expected: float | None = None


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a job reports.

    Attributes:
        phase: where it is.
        step: steps done.
        speed: recent steps per second; None while unknown.
        seconds_left: to the end of the steps at this speed; None while unknown.
        restoration_step: steps of the return to the level; None before it.
        departure: how far the worst image was then from its level, relative to it; None before.
        run: id of its record, once there is one.
        message: why it ended, where the phase alone does not say it.
        trace: the values of both metrics so far.
    """

    phase: Phase
    step: int = 0
    speed: float | None = None
    seconds_left: float | None = None
    restoration_step: int | None = None
    departure: float | None = None
    run: str | None = None
    message: str | None = None
    trace: Trace = field(default_factory=Trace)


class JobFolder:
    """The files of a job."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def root(self) -> Path:
        """The folder of the runs that it belongs to."""
        return self.path.parent.parent

    def create(self, spec: JobSpec, reference: ImageArray, start: ImageArray) -> None:
        """Make the folder.

        Raises:
            RecordError: the disk refuses it.
        """
        with refusals(f"the job could not be put into {self.path.parent}"):
            self.path.mkdir(parents=True)
            write_arrays(self.path / "reference.npz", {"reference": reference})
            save_png(self.path / "reference.png", reference)
            save_png(self.path / "start.png", start)
            self.write_spec(spec)
            self.write_status(Status(phase=Phase.WAITING, run=spec.run))
            self.beat()

    def spec(self) -> JobSpec:
        """What is asked for; raises RecordError if it cannot be read."""
        path = self.spec_path()
        document = read_json(path)
        try:
            source = document.get("source")
            return JobSpec(
                request=request_from(document["request"]),
                run=document["run"],
                visitor=document.get("visitor", ""),
                source=source if source in SOURCES else None,
                notes=tuple(document.get("notes", ())),
                expected=document.get("expected"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{path} does not describe a job: {error}") from error

    def spec_path(self) -> Path:
        """The file of what is asked for; earlier versions of the program gave it another name."""
        earlier = self.path / EARLIER_SPEC_FILE
        return earlier if earlier.is_file() and not (self.path / SPEC_FILE).is_file() else self.path / SPEC_FILE

    def write_spec(self, spec: JobSpec) -> None:
        """Write what is asked for."""
        self._write_json(SPEC_FILE, asdict(spec))

    def reference(self) -> ImageArray:
        """The picture that was given; raises RecordError if it cannot be read."""
        return read_arrays(self.path / "reference.npz", ("reference",))["reference"]

    def status(self) -> Status:
        """What it reported last, also if an earlier version of the program wrote it.

        Raises:
            RecordError: it cannot be read.
        """
        document = read_json(self.path / "status.json")
        try:
            rows = document.get("trace", document.get("trail", {}))
            trace = Trace(**{name: _tuples(values) for name, values in rows.items()})
            known = {item.name: document[item.name] for item in fields(Status) if item.name in document}
            return Status(**known | {"phase": Phase[document["phase"]], "trace": trace})
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{self.path / 'status.json'} is no status: {error}") from error

    def last_report(self) -> object:
        """What changes with every report; equal as long as there is no other."""
        return stamp(self.path / "status.json")

    def write_status(self, status: Status) -> None:
        """Report."""
        document = {item.name: getattr(status, item.name) for item in fields(status)}
        self._write_json("status.json", document | {"phase": status.phase.name, "trace": asdict(status.trace)})

    def picture(self, name: str) -> bytes | None:
        """The content of a picture file, None while there is none."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Replace a file atomically."""
        partial = self.path / f".{name}.partial"
        partial.write_bytes(content)
        partial.replace(self.path / name)

    def ask_to_stop(self) -> None:
        """Ask the worker to stop."""
        self._mark("stop", True)

    def is_asked_to_stop(self) -> bool:
        """Whether it has been asked."""
        return (self.path / "stop").exists()

    def clear_stop(self) -> None:
        """Let it run again."""
        self._mark("stop", False)

    def ask_to_pause(self) -> None:
        """Ask the worker to wait."""
        self._mark("pause", True)

    def is_asked_to_pause(self) -> bool:
        """Whether it has been asked."""
        return (self.path / "pause").exists()

    def clear_pause(self) -> None:
        """Let it continue."""
        self._mark("pause", False)

    def ask_for_one_step(self) -> None:
        """Let a worker that waits make one step."""
        self._mark("one_step", True)

    def is_asked_for_one_step(self) -> bool:
        """Whether it has been asked."""
        return (self.path / "one_step").exists()

    def clear_one_step(self) -> None:
        """The step is begun, or nobody waits for it any longer."""
        self._mark("one_step", False)

    def set_slow(self, slow: bool) -> None:
        """Ask the worker to rest after each step, or not to."""
        self._mark("slow", slow)

    def is_slow(self) -> bool:
        """Whether the worker is asked to rest after each step."""
        return (self.path / "slow").exists()

    def write_explained(self, explained: dict[str, Any]) -> None:
        """Report the arrows of the method."""
        self._write_json("explained.json", explained)

    def explained(self) -> dict[str, Any] | None:
        """The arrows of the method as they were reported last, None while there are none."""
        try:
            return read_json(self.path / "explained.json")
        except RecordError:
            return None

    def mark_no_room(self, lacking: bool) -> None:
        """Report whether the worker waits for room: an empty file, which needs none. What the disk refuses is left."""
        with contextlib.suppress(OSError):
            self._mark("no_room", lacking)

    def has_no_room(self) -> bool:
        """Whether the worker waits for room on the disk."""
        return (self.path / "no_room").exists()

    def beat(self) -> None:
        """Report that a process attends to the job."""
        (self.path / "heartbeat").touch()

    def last_beat(self) -> object:
        """What changes whenever a process reports that it attends to the job."""
        return stamp(self.path / "heartbeat")

    def is_silent(self) -> bool:
        """Whether no process has attended to it for SILENT_SECONDS."""
        try:
            return time.time() - (self.path / "heartbeat").stat().st_mtime > SILENT_SECONDS
        except OSError:
            return True

    def _mark(self, name: str, present: bool) -> None:
        """Make an empty file, whose presence says something, or take it away."""
        if present:
            (self.path / name).touch()
        else:
            (self.path / name).unlink(missing_ok=True)

    def _write_json(self, name: str, document: dict[str, Any]) -> None:
        self.write(name, json.dumps(document, allow_nan=False, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Job:
    """A job as a page shows it.

    Attributes:
        id: its name, also in an address.
        folder: its files.
        spec: what was asked for.
        status: what it reports.
        ahead: number of jobs before it in the queue; 0 for the next one and for one that does not wait.
        wait: about how many seconds it will still wait; None while that is not known, and where it does not wait.
    """

    id: str
    folder: JobFolder
    spec: JobSpec
    status: Status
    ahead: int = 0
    wait: float | None = None


def _tuples(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(tuple(row) if isinstance(row, list) else row for row in rows)
