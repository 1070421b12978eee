"""What a list shows of a run or of a series, as an index keeps it: rows of plain JSON, and their values."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mad_app.records.files import RUN_FILE
from mad_app.records.labels import Label, load_label
from mad_app.records.ratio import most_separated_pair, pair_ratio
from mad_app.records.run import Summary, without_folders
from mad_app.records.run_folder import find_run, load_summary
from mad_app.records.series import SERIES_FILE, faults_in, load_plan, members_of
from mad_app.records.state import State, state_of
from mad_app.records.storage import RecordError
from mad_app.records.text import readable


@dataclass(frozen=True)
class Entry:
    """A run as a list shows it.

    Attributes:
        folder: where it lies.
        created: when it was first saved, ISO 8601 in UTC.
        settings: of its request; of files the names alone.
        first: name of the first metric.
        second: name of the second metric.
        width: of its pictures, in pixels; None where an older record does not have it.
        height: likewise.
        label: its name and notes.
        pair: the most separated pair, 0 or 1.
        ratio: of that pair; None if it is not known.
        state: whether it is finished, can be continued, or neither.
        request_id: of its request, which equal requests share.
    """

    folder: Path
    created: str
    settings: Mapping[str, Any]
    first: str
    second: str
    width: int | None
    height: int | None
    label: Label
    pair: int
    ratio: float | None
    state: State
    request_id: str

    @property
    def unfinished(self) -> bool:
        """Whether its competition did not come to its end."""
        return self.state is not State.FINISHED

    @property
    def resumable(self) -> bool:
        """Whether it can be continued from a checkpoint."""
        return self.state is State.RESUMABLE

    @property
    def id(self) -> str:
        """The folder's name, which `find_run` understands."""
        return self.folder.name

    @property
    def metrics(self) -> tuple[str, str]:
        """Names of the two metrics."""
        return self.first, self.second

    @functools.cached_property
    def image(self) -> str:
        """Name of the picture; empty for one that was given as an array."""
        return str(self.settings.get("image") or "")

    @functools.cached_property
    def summary(self) -> Summary:
        """All of run.json, read when it is first asked for; raises RecordError where it cannot be read any longer."""
        return load_summary(self.folder)


@dataclass(frozen=True)
class SeriesEntry:
    """A series as a list shows it. Its folder is itself a folder of runs.

    Attributes:
        folder: where it lies.
        kind: "level_sweep", "repeated_seeds" or the name of a preset.
        created: when it was begun, ISO 8601 in UTC.
        varied: the setting in which its runs differ.
        settings: of its first request; of files the names alone.
        label: its name and notes.
        runs: the ids of its runs, in the order of their requests; None for one that is missing.
        missing: why runs are not finished, a sentence each, by the value of the varied setting.
        faults: name of a folder in it that is no readable run, to why, in a sentence.
    """

    folder: Path
    kind: str
    created: str
    varied: str
    settings: Mapping[str, Any]
    label: Label
    runs: tuple[str | None, ...]
    missing: tuple[tuple[Any, str], ...]
    faults: Mapping[str, str]

    @property
    def id(self) -> str:
        """The folder's name, which `find_run` understands."""
        return self.folder.name

    @property
    def count(self) -> int:
        """How many runs it shall have."""
        return len(self.runs)

    @property
    def finished(self) -> int:
        """How many of them are finished."""
        return self.count - len(self.missing)


@dataclass(frozen=True, eq=False)
class Entries:
    """What lies in a folder of runs.

    Attributes:
        runs: those that can be read, newest first.
        series: likewise.
        faults: name of a folder to why it cannot be read, in a sentence.
    """

    runs: tuple[Entry, ...]
    series: tuple[SeriesEntry, ...]
    faults: Mapping[str, str]


def read_row(root: Path, name: str) -> dict[str, Any]:
    """A folder as a row of the index: of a run, of a series, or a fault."""
    if readable(name) != name:
        return {"fault": f"{readable(name)} is no readable record: the name of its folder cannot be shown, rename it"}
    try:
        folder = find_run(root, name)
        if (folder / SERIES_FILE).is_file() and not (folder / RUN_FILE).is_file():
            return {"series": _read_series(folder)}
        return {"run": _read_run(folder)}
    except RecordError as error:
        return {"fault": f"{name} is no readable record: {error}"}
    except (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError) as error:
        return {"fault": f"{name} is no readable record: {type(error).__name__}: {error}"}  # and hides no other


def _read_run(folder: Path) -> list[Any]:
    """The attributes of an `Entry` after its folder, as JSON has them."""
    summary = load_summary(folder)
    pair = most_separated_pair(summary.results)
    ratio = pair_ratio(summary.results, pair)
    origin = summary.origin
    return [
        summary.created,
        without_folders(summary.settings),
        summary.results[0].optimized,
        summary.results[0].fixed,
        origin.width if origin else None,
        origin.height if origin else None,
        _read_label(folder),
        pair,
        "infinite" if ratio == math.inf else ratio,
        state_of(summary).value,
        summary.request_id,
    ]


def _read_series(folder: Path) -> list[Any]:
    """The attributes of a `SeriesEntry` after its folder, as JSON has them."""
    plan = load_plan(folder)
    members = members_of(folder, plan)
    return [
        plan.kind,
        plan.created,
        plan.varied,
        without_folders(plan.runs[0].settings),
        _read_label(folder),
        [member.summary.id if member.summary else None for member in members],
        [[member.planned.settings.get(plan.varied), member.fault] for member in members if member.fault],
        faults_in(folder),
    ]


def _read_label(folder: Path) -> list[str]:
    """Name and notes of a run or series; where they cannot be read, the notes say so."""
    try:
        label = load_label(folder)
    except RecordError as error:
        label = Label(notes=f"(Its name and notes cannot be read: {error})"[:1000])
    return [label.name, label.notes]


def shown(root: Path, name: str, row: Mapping[str, Any]) -> Entry | SeriesEntry | str:
    """A row of the index as a run, a series or a fault."""
    if "fault" in row:
        return str(row["fault"])
    if "series" in row:
        kind, created, varied, settings, label, runs, missing, faults = row["series"]
        reasons = tuple((value, reason) for value, reason in missing)
        return SeriesEntry(root / name, kind, created, varied, settings, _label(*label), tuple(runs), reasons, faults)
    created, settings, first, second, width, height, label, pair, ratio, state, request_id = row["run"]
    ratio = math.inf if ratio == "infinite" else ratio
    return Entry(
        root / name,
        created,
        settings,
        first,
        second,
        width,
        height,
        _label(*label),
        pair,
        ratio,
        State(state),
        request_id,
    )


_NO_LABEL = Label()


def _label(name: str, notes: str) -> Label:
    return Label(name, notes) if name or notes else _NO_LABEL
