"""A series: competitions that differ in one setting, in a folder of their own.

    series.json      schema, kind, created, varied, requests (plain JSON): what was asked, written once; each request
                     is its id and its settings
    <run's id>/      the runs, as in `run_folder`; those that are missing or not finished are still to be run

A run belongs to the request whose id it has. Schema 1 had the settings alone, from which the ids are computed. A run
that is missing, lost or damaged costs the others nothing: `members_of` says what became of each request.
"""

import datetime
import itertools
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mad_app.errors import ArgumentError
from mad_app.records.files import RUN_FILE, folder_at
from mad_app.records.kinds import Flat, in_utc
from mad_app.records.run import Run, Summary
from mad_app.records.run_folder import find_run, list_runs, load_record, load_summary
from mad_app.records.schema import LONGEST_TEXT, SERIES, SERIES_SCHEMA, check_types_of_settings
from mad_app.records.state import State, state_of
from mad_app.records.storage import (
    RecordError,
    list_names,
    read_json,
    refusals,
    staged_folder,
    sync_folder,
    write_json,
)
from mad_app.records.text import readable
from mad_app.records.upgrade import id_of, upgrade_settings
from mad_app.request import request_id

SERIES_FILE = "series.json"
MAX_BYTES = 64 * 2**20
"""Largest series.json."""

Settings = Mapping[str, str | float | bool | None]

_KINDS = {"ladder": "level_sweep", "seeds": "repeated_seeds"}
"""Kinds of schema 1 to today's names."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One competition of a series.

    Attributes:
        request_id: of its request (`mad_app.request.request_id`).
        settings: of its request.
    """

    request_id: str
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a series asks.

    Attributes:
        kind: "level_sweep", "repeated_seeds" or the name of a preset.
        created: when the series was begun, ISO 8601 in UTC.
        varied: the setting in which its competitions differ.
        runs: its competitions in their order.
    """

    kind: str
    created: str
    varied: str
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True, kw_only=True)
class Member:
    """What became of one competition of a series.

    Attributes:
        planned: what was asked.
        summary: of its run; None where none can be read.
        state: of its run; None where none can be read, or its files are missing or damaged.
        fault: why it is not among the finished runs, a sentence; empty if it is.
    """

    planned: PlannedRun
    summary: Summary | None
    state: State | None
    fault: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A series and those of its runs that are finished.

    Attributes:
        kind: "level_sweep", "repeated_seeds" or the name of a preset.
        varied: the setting in which its competitions differ.
        created: when it was begun, ISO 8601 in UTC.
        requests: the settings asked of each competition, in their order.
        runs: the finished ones, in the order of their requests.
        folder: where it lies.
        missing: the other competitions, each with the reason.
        faults: name of a folder in it that is no readable run, to why, in a sentence.
    """

    kind: str
    varied: str
    created: str
    requests: tuple[Settings, ...]
    runs: tuple[Run, ...]
    folder: Path
    missing: tuple[Member, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def incomplete(self) -> str:
        """What is missing and how to compute it, in a sentence; empty where nothing is."""
        if not self.missing:
            return ""
        values = ", ".join(f"{self.varied} {member.planned.settings.get(self.varied)}" for member in self.missing)
        count = f"{len(self.missing)} of {len(self.requests)} runs"
        return f"{count} {'is' if len(self.missing) == 1 else 'are'} missing ({values}); to compute: {self.remedy}"

    @property
    def remedy(self) -> str:
        """The command that computes what is missing, or says why it cannot."""
        return shlex.join(["python", "-m", "mad_app", "resume", str(self.folder)])


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How much the pictures of a series differ at one position of CORNERS.

    Attributes:
        rms: root of the mean squared difference of two of them, the mean over all pairs; in pixel values.
        lowest: the smallest final value of the optimized metric; None if none was measured.
        highest: likewise the largest.
    """

    rms: float
    lowest: float | None
    highest: float | None


def spread_of_starts(series: Series) -> Spread:
    """How much the starts of a series differ."""
    return Spread(rms=_mean_rms([run.start for run in series.runs]), lowest=None, highest=None)


def spread_of(series: Series, position: int) -> Spread:
    """How much the pictures at one position of CORNERS differ, as they are saved."""
    pictures = [run.images_8bit[position].astype(np.float64) / 255 for run in series.runs]
    finals = [run.results[position].reported.get(run.results[position].optimized) for run in series.runs]
    values = [value for value in finals if value is not None]
    return Spread(rms=_mean_rms(pictures), lowest=min(values, default=None), highest=max(values, default=None))


def save_series(kind: str, varied: str, requests: Sequence[Settings], root: str | Path) -> Path:
    """Begin a series: make its folder under `root`, whole or not at all; returns it.

    Raises:
        ArgumentError: a request is out of range, or names a file whose name cannot be written down, such as one that is
            not UTF-8; RecordError: the disk refused it.
    """
    for settings in requests:
        _check_texts(settings)
    root, now = folder_at(root), datetime.datetime.now(datetime.UTC)
    folder = root / f"{now.strftime('%Y-%m-%d_%H%M%S')}_{kind}_{secrets.token_hex(2)}"
    created = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    planned = [{"id": request_id(settings), "settings": settings} for settings in requests]
    document = {"schema": SERIES_SCHEMA, "kind": kind, "created": created, "varied": varied, "requests": planned}
    with refusals(f"the series could not be saved in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        with staged_folder(folder) as staged:
            write_json(staged / SERIES_FILE, document)
            staged.rename(folder)
        sync_folder(root)
    return folder


def load_series(folder: str | Path) -> Series:
    """Read a series and its finished runs.

    Raises:
        RecordError: it is missing or damaged, or none of its runs is finished.
    """
    folder = folder_at(folder)
    plan = load_plan(folder)
    members = members_of(folder, plan)
    runs, missing = list[Run](), list[Member]()
    for member in members:
        try:
            if member.state is State.FINISHED and member.summary is not None:
                runs.append(load_record(member.summary.folder))
            else:
                missing.append(member)
        except RecordError as error:
            missing.append(replace(member, state=None, fault=str(error)))
    if not runs:
        raise RecordError(f"{folder} has no finished run yet: resume it first")
    return Series(
        kind=plan.kind,
        varied=plan.varied,
        created=plan.created,
        requests=tuple(planned.settings for planned in plan.runs),
        runs=tuple(runs),
        folder=folder,
        missing=tuple(missing),
        faults=faults_in(folder),
    )


def load_plan(folder: str | Path) -> Plan:
    """What a series asks, of any schema; raises RecordError as `load_series` does."""
    path = folder_at(folder) / SERIES_FILE
    document = read_json(path, most=MAX_BYTES)
    schema = document.get("schema")
    if isinstance(schema, bool) or schema not in range(1, SERIES_SCHEMA + 1):
        raise RecordError(
            f"{path} has schema {schema!r:.60}, but this program reads up to {SERIES_SCHEMA}: update the program"
        )
    if schema == 1 and isinstance(document.get("requests"), list):
        document = {**document, "requests": [_upgraded(request) for request in document["requests"]]}
    SERIES.check(document, str(path))
    for request in document["requests"]:
        check_types_of_settings(request["settings"], str(path))
    kind, runs = (
        document["kind"],
        [PlannedRun(request_id=one["id"], settings=one["settings"]) for one in document["requests"]],
    )
    created, varied = in_utc(document["created"]), document["varied"]
    return Plan(kind=_KINDS.get(kind, kind), created=created, varied=varied, runs=tuple(runs))


def members_of(folder: str | Path, plan: Plan) -> list[Member]:
    """What became of each request of a plan; of several runs of one request the best, and of those the newest.

    The pictures are not read: that a file of a run is there does not mean that it is whole (`load_series`).
    """
    folder = folder_at(folder)
    found = dict[str, Member]()
    for summary in reversed(list_runs(folder)):
        member = _member(PlannedRun(request_id=summary.request_id, settings=summary.settings), summary)
        if summary.request_id and _rank(member) >= _rank(found.get(summary.request_id)):
            found[summary.request_id] = member
    return [
        replace(found[planned.request_id], planned=planned) if planned.request_id in found else _member(planned, None)
        for planned in plan.runs
    ]


def runs_of(folder: str | Path, plan: Plan) -> list[Summary | None]:
    """The run that answers each request of a plan, finished or not; None where none can be read."""
    return [member.summary for member in members_of(folder, plan)]


def faults_in(folder: str | Path) -> dict[str, str]:
    """Name of each folder in a series that is no readable run, to why, in a sentence."""
    folder, faults = folder_at(folder), dict[str, str]()
    with refusals(f"the runs in {folder} could not be listed"):
        names = [name for name in list_names(folder) if (folder / name).is_dir()]
    for name in sorted(names):
        try:
            load_summary(find_run(folder, name))
        except RecordError as error:
            faults[readable(name)] = str(error)
    return faults


def is_series(folder: str | Path) -> bool:
    """Whether a folder holds a series."""
    return (Path(folder) / SERIES_FILE).is_file()


def holds_records(folder: str | Path) -> bool:
    """Whether a folder is no record itself, but records lie in it, at any depth."""
    folder = Path(folder)
    if (folder / RUN_FILE).exists() or is_series(folder):
        return False
    return any(True for name in (RUN_FILE, SERIES_FILE) for _ in folder.rglob(name))


def _mean_rms(pictures: Sequence[np.ndarray]) -> float:
    pairs = [np.sqrt(np.mean((a - b) ** 2)) for a, b in itertools.combinations(pictures, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def _member(planned: PlannedRun, summary: Summary | None) -> Member:
    if summary is None:
        return Member(planned=planned, summary=None, state=None, fault="it has not been run, or its record is missing")
    lacking = [
        summary.files[role] for role in ("images", "history") if not (summary.folder / summary.files[role]).is_file()
    ]
    if lacking:
        return Member(planned=planned, summary=summary, state=None, fault=f"{summary.id} lacks {lacking[0]}")
    state = state_of(summary)
    if state is State.FINISHED:
        return Member(planned=planned, summary=summary, state=state)
    fault = f"{summary.id} is not finished"
    if state is State.LOST:
        fault += ", and its checkpoint.npz is missing"
    return Member(planned=planned, summary=summary, state=state, fault=fault)


_RANKS = {None: 1, State.LOST: 1, State.RESUMABLE: 2, State.FINISHED: 3}


def _rank(member: Member | None) -> int:
    """How much is left of a member."""
    return 0 if member is None else _RANKS[member.state]


def _upgraded(request: object) -> object:
    """A request of schema 1 as one of today's."""
    if not isinstance(request, dict):
        return request
    settings = upgrade_settings(request)
    return {"id": id_of(settings), "settings": settings}


def _check_texts(settings: Settings) -> None:
    """Refuse what series.json cannot hold."""
    for name, value in settings.items():
        try:
            Flat(longest=LONGEST_TEXT).check(value, name)
        except RecordError as error:
            raise ArgumentError(name, "holds characters that no record can hold: rename the file") from error
