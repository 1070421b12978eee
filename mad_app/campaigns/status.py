"""The campaigns that a folder of runs knows, and how far each one is, for whoever looks on from another process.

    .campaign/campaigns/<id>/    in the folder of the runs
        campaign.toml            the file
        status.json              its name, when it came, how far it is; rewritten while it runs (plain JSON)
        .lock                    while it runs (`records.lock`)
        stop                     asks whoever runs it to stop

The id is a hash of the campaign's requests: the same competitions are the same campaign, whatever their file is called.
"""

import contextlib
import datetime
import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from mad_app.campaigns.outcomes import FOLDER
from mad_app.campaigns.spec import Campaign
from mad_app.records import RecordError, run_lock
from mad_app.records.lock import is_locked
from mad_app.records.storage import read_json, refusals, staged_file, write_json

CAMPAIGNS = "campaigns"
FILE, STATUS, STOP = "campaign.toml", "status.json", "stop"

SECONDS_BETWEEN_WRITES = 1.0
"""How often the status of a campaign that runs is written."""

_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a campaign was when that was last written.

    Attributes:
        name: of its file.
        created: when the folder first knew it, ISO 8601 in UTC.
        runs: how many it has.
        done: how many of them are done.
        failed: how many failed.
        seconds_left: as in `Standing`; None while that is not known, and while it does not run.
        waiting_for_room: whether the disk is full.
        handed_out: ids of the requests that the executor has; those that a worker has begun are locked (`at_work`).
        problems: why it could not be started, in sentences.
    """

    name: str = ""
    created: str = ""
    runs: int = 0
    done: int = 0
    failed: int = 0
    seconds_left: float | None = None
    waiting_for_room: bool = False
    handed_out: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """A campaign that a folder of runs knows.

    Attributes:
        id: by which `find_campaign` finds it.
        folder: its own.
        status: how far it is.
        running: whether a process runs it now.
    """

    id: str
    folder: Path
    status: Status
    running: bool

    @property
    def stopping(self) -> bool:
        """Whether it runs, and has been asked to stop."""
        return self.running and (self.folder / STOP).exists()

    def text(self) -> str:
        """Its file; raises RecordError where that cannot be read."""
        try:
            with refusals("the campaign's file could not be read"):
                return (self.folder / FILE).read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise RecordError("the campaign's file is damaged: it is not UTF-8 text") from error

    def write(self, status: Status) -> None:
        """Keep another status; raises RecordError where the disk refuses it."""
        _write(self.folder, status)


def keep_campaign(root: Path, campaign: Campaign) -> Known:
    """Let a folder of runs know a campaign.

    Args:
        root: the folder of the runs.
        campaign: one that was read from a file.

    Raises:
        RecordError: the disk refuses it.
    """
    folder = root / FOLDER / CAMPAIGNS / campaign.id
    with refusals("the campaign could not be kept"):
        folder.mkdir(parents=True, exist_ok=True)
        with staged_file(folder / FILE) as partial:
            partial.write_text(campaign.text, encoding="utf-8")
    status = _read(folder)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    created = status.created or now
    _write(folder, replace(status, name=campaign.name, created=created, runs=len(campaign.requests), problems=()))
    return _known(folder)


def find_campaign(root: Path, identity: str) -> Known | None:
    """The campaign of an id, which may come from outside; None where there is none."""
    folder = root / FOLDER / CAMPAIGNS / identity
    return _known(folder) if _ID.fullmatch(identity) and (folder / FILE).is_file() else None


def known_campaigns(root: Path) -> list[Known]:
    """All campaigns that a folder knows, the newest first."""
    with contextlib.suppress(OSError):
        names = [path.name for path in (root / FOLDER / CAMPAIGNS).iterdir()]
        found = [known for name in names if (known := find_campaign(root, name))]
        return sorted(found, key=lambda known: (known.status.created, known.id), reverse=True)
    return []


def ask_to_stop(known: Known) -> None:
    """Ask whoever runs a campaign to stop; raises RecordError where the disk refuses it."""
    with refusals("the campaign could not be asked to stop"):
        (known.folder / STOP).touch()


def at_work(root: Path, handed_out: Iterable[str]) -> set[str]:
    """Those of the requests that were handed out that a worker computes now."""
    claims = root / FOLDER / "claims"
    return {identity for identity in handed_out if (claims / identity / ".lock").is_file()}


class Reporter:
    """Reports how far a campaign is to those who look on, and hears whether they ask for a stop; used while it runs.

    What the disk refuses is left out. Of a campaign that was not read from a file nothing is reported.

    Raises:
        RecordError: the disk refuses the campaign's file; LockedError: the campaign is run by another process.
    """

    def __init__(self, root: Path, campaign: Campaign) -> None:
        self._known = keep_campaign(root, campaign) if campaign.text else None
        self._status, self._at = self._known.status if self._known else Status(), 0.0
        self._locks = contextlib.ExitStack()

    def __enter__(self) -> "Reporter":
        if self._known:
            self._locks.enter_context(run_lock(self._known.folder))
            with contextlib.suppress(OSError):
                (self._known.folder / STOP).unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.report(at_once=True, handed_out=(), seconds_left=None, waiting_for_room=False)
        self._locks.close()

    def should_stop(self) -> bool:
        """Whether somebody asked for a stop."""
        return self._known is not None and (self._known.folder / STOP).exists()

    def report(self, *, at_once: bool = False, **values: Any) -> None:
        """Write values of the status, if the last time was long enough ago."""
        self._status = replace(self._status, **values)
        if self._known and (at_once or time.monotonic() - self._at > SECONDS_BETWEEN_WRITES):
            self._at = time.monotonic()
            with contextlib.suppress(OSError):
                partial = self._known.folder / f".{STATUS}"
                partial.write_text(json.dumps(asdict(self._status)), encoding="utf-8")  # unsynced: it is soon replaced
                partial.replace(self._known.folder / STATUS)


def _known(folder: Path) -> Known:
    return Known(folder.name, folder, _read(folder), is_locked(folder))


def _read(folder: Path) -> Status:
    """The status of a campaign; what cannot be read of it, or is of another type, has its default."""
    with contextlib.suppress(OSError, ValueError):
        values = read_json(folder / STATUS)
        read = {item.name: _as_declared(values.get(item.name), item.default) for item in fields(Status)}
        return Status(**{"name": folder.name} | {name: value for name, value in read.items() if value is not None})
    return Status(name=folder.name)


def _as_declared(value: Any, default: Any) -> Any:
    """A value of the JSON file as the field has it; None where it is no such value."""
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else None
    if default is None:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if type(value) is type(default) else None


def _write(folder: Path, status: Status) -> None:
    with refusals("the campaign's status could not be written"), staged_file(folder / STATUS) as partial:
        write_json(partial, asdict(status))
