"""What lies in a folder of runs, without reading every record each time.

    .index.sqlite    in the folder of the runs: of each run what a list shows, with the inode, time and size of its
                     run.json and label; a copy that may be deleted at any time

A run is read anew when those of its run.json or label change. An index that is damaged is made anew, and where none can
be written there is none: the answer is the same, only slower.
"""

import contextlib
import functools
import json
import math
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mad_app.records.checkpoints import is_resumable
from mad_app.records.files import RUN_FILE
from mad_app.records.labels import LABELS, Label, load_label
from mad_app.records.ratio import most_separated_pair, pair_ratio
from mad_app.records.run import SCHEMA, Summary, without_folders
from mad_app.records.run_folder import find_run, load_summary
from mad_app.records.series import SERIES_FILE, load_plan, runs_of
from mad_app.records.storage import RecordError, refusals

INDEX_FILE = ".index.sqlite"
VERSION = 100 * SCHEMA + 1
"""Of the index's rows; one of another version is made anew."""

WAIT_SECONDS = 1.0
"""How long to wait for another process that writes the index."""

Stamp = tuple[int, ...]
"""Inode, time and size of one or more files."""


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
        unfinished: whether it can be resumed from a checkpoint.
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
    unfinished: bool

    @property
    def id(self) -> str:
        """The folder's name, which `find_run` understands."""
        return self.folder.name

    @property
    def metrics(self) -> tuple[str, str]:
        """Names of the two metrics."""
        return self.first, self.second

    @property
    def image(self) -> str:
        """Name of the picture; empty for one that was given as an array."""
        return str(self.settings.get("image") or "")

    @functools.cached_property
    def summary(self) -> Summary:
        """All of run.json, read when it is first asked for; raises RecordError where it cannot be read any longer."""
        return load_summary(self.folder)


@dataclass(frozen=True)
class SeriesEntry:
    """A series as a list shows it.

    Attributes:
        folder: where it lies.
        kind: "level_sweep", "repeated_seeds" or the name of a preset.
        created: when it was begun, ISO 8601 in UTC.
        varied: the setting in which its runs differ.
        count: how many runs it shall have.
        finished: how many of them are finished.
    """

    folder: Path
    kind: str
    created: str
    varied: str
    count: int
    finished: int


@dataclass(frozen=True)
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


class Index:
    """The index of a folder of runs. Safe to use from many threads.

    Args:
        root: the folder of the runs, which need not exist yet.
        on_disk: whether to keep `.index.sqlite`; without it the index lasts as long as this object.
    """

    def __init__(self, root: str | Path, *, on_disk: bool = True) -> None:
        self._root, self._on_disk = Path(root), on_disk
        self._lock = threading.Lock()
        self._stamps: dict[str, Stamp] | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        self._found: dict[str, Entry | SeriesEntry | str] = {}
        self._entries = Entries((), (), {})

    def entries(self) -> Entries:
        """All runs and series in the folder as they are now.

        Raises:
            RecordError: the folder cannot be listed.
        """
        with self._lock:
            if self._stamps is None:
                self._load()
            with refusals(f"the runs in {self._root} could not be listed"):
                stamps = _stamps_in(self._root)
            if stamps != self._stamps:
                self._update(stamps)
            return self._entries

    def _update(self, stamps: dict[str, Stamp]) -> None:
        """Read what is new or has changed, and forget what is gone."""
        known = self._stamps or {}
        changed = [name for name, stamp in stamps.items() if known.get(name) != stamp]
        gone = known.keys() - stamps.keys()
        for name in gone:
            del self._rows[name]
            del self._found[name]
        for name in changed:
            self._rows[name] = _read(self._root, name)
            self._found[name] = _shown(self._root, name, self._rows[name])
        self._stamps = stamps
        self._entries = _sorted(self._found)
        self._save(changed, gone)

    def _load(self) -> None:
        """Take over what the index on disk has, if it can be read."""
        self._stamps, self._rows, self._found = {}, {}, {}
        path = self._root / INDEX_FILE
        if not (self._on_disk and path.is_file()):
            return
        try:
            with contextlib.closing(_open(path)) as database:
                texts = [text for (text,) in database.execute("SELECT row FROM runs")]
            for name, stamp, row in json.loads(f"[{','.join(texts)}]"):  # at once, which is quicker
                self._stamps[name], self._rows[name] = tuple(stamp), row
            self._found = {name: _shown(self._root, name, row) for name, row in self._rows.items()}
        except sqlite3.OperationalError:  # locked by another process, or read-only and of another version
            self._stamps, self._rows, self._found = {}, {}, {}
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError):
            self._stamps, self._rows, self._found = {}, {}, {}
            self._discard(path)
        self._entries = _sorted(self._found)

    def _save(self, changed: Iterable[str], gone: Iterable[str]) -> None:
        """Write the changes to the index on disk; where that cannot be done, the index is that of this object alone."""
        if not self._on_disk or not self._root.is_dir() or self._stamps is None:
            return
        stamps, rows, path = self._stamps, self._rows, self._root / INDEX_FILE
        written = [(name, json.dumps([name, stamps[name], rows[name]])) for name in changed]
        try:
            with contextlib.closing(_open(path)) as database, database:
                database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", written)
                database.executemany("DELETE FROM runs WHERE name = ?", [(name,) for name in gone])
        except sqlite3.OperationalError:  # locked by another process, read-only, or no room
            return
        except sqlite3.DatabaseError:
            self._discard(path)

    @staticmethod
    def _discard(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()


def _open(path: Path) -> sqlite3.Connection:
    """The database, with an empty table where it is new or of another version."""
    database = sqlite3.connect(path, timeout=WAIT_SECONDS)
    try:
        if database.execute("PRAGMA user_version").fetchone() != (VERSION,):
            with database:
                database.execute("DROP TABLE IF EXISTS runs")
                database.execute("CREATE TABLE runs (name TEXT PRIMARY KEY, row TEXT)")
                database.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _stamps_in(root: Path) -> dict[str, Stamp]:
    """Name of each folder that may be a run or a series, to its stamp, which changes when it has to be read anew."""
    if not root.is_dir():
        return {}
    labels = _stamps_of_labels(root / LABELS)
    stamps = {}
    with os.scandir(root) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                run = _stamp(f"{entry.path}/{RUN_FILE}")
                stamps[entry.name] = run + labels.get(entry.name, ()) if run else _stamp_of_series(entry.path)
    return stamps


def _stamps_of_labels(folder: Path) -> dict[str, Stamp]:
    """Id of each run that has a label, to the label's stamp."""
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {entry.name.removesuffix(".json"): _stamp(entry.path) for entry in entries}


def _stamp_of_series(path: str) -> Stamp:
    """That of series.json and of all runs in the folder; empty if it is no series."""
    series = _stamp(f"{path}/{SERIES_FILE}")
    if not series:
        return ()
    with os.scandir(path) as entries:
        runs = sorted(_stamp(f"{entry.path}/{RUN_FILE}") for entry in entries if entry.is_dir(follow_symlinks=False))
    return sum(runs, series)


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116, a Path takes as long as the call
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read(root: Path, name: str) -> dict[str, Any]:
    """A folder as a row of the index: of a run, of a series, or a fault."""
    try:
        folder = find_run(root, name)
        if (folder / SERIES_FILE).is_file() and not (folder / RUN_FILE).is_file():
            return {"series": _read_series(folder)}
        return {"run": _read_run(folder)}
    except RecordError as error:
        return {"fault": f"{name} is no readable record: {error}"}


def _read_run(folder: Path) -> list[Any]:
    """The attributes of an `Entry` after its folder, as JSON has them."""
    summary = load_summary(folder)
    try:
        label = load_label(folder)
    except RecordError as error:
        label = Label(notes=f"(Its name and notes cannot be read: {error})"[:1000])
    pair = most_separated_pair(summary.images)
    ratio = pair_ratio(summary.images, pair)
    origin = summary.origin
    return [
        summary.created,
        without_folders(summary.settings),
        summary.images[0].optimized,
        summary.images[0].fixed,
        origin.width if origin else None,
        origin.height if origin else None,
        [label.name, label.notes],
        pair,
        "infinite" if ratio == math.inf else ratio,
        is_resumable(folder),
    ]


def _read_series(folder: Path) -> list[Any]:
    """The attributes of a `SeriesEntry` after its folder."""
    plan = load_plan(folder)
    finished = sum(run is not None and not is_resumable(run.folder) for run in runs_of(folder, plan))
    return [plan.kind, plan.created, plan.varied, len(plan.runs), finished]


def _shown(root: Path, name: str, row: Mapping[str, Any]) -> Entry | SeriesEntry | str:
    """A row of the index as a run, a series or a fault."""
    if "fault" in row:
        return str(row["fault"])
    if "series" in row:
        return SeriesEntry(root / name, *row["series"])
    created, settings, first, second, width, height, label, pair, ratio, unfinished = row["run"]
    ratio = math.inf if ratio == "infinite" else ratio
    return Entry(root / name, created, settings, first, second, width, height, _label(*label), pair, ratio, unfinished)


_NO_LABEL = Label()


def _label(name: str, notes: str) -> Label:
    return Label(name, notes) if name or notes else _NO_LABEL


def _sorted(found: Mapping[str, Entry | SeriesEntry | str]) -> Entries:
    newest: Callable[[Any], tuple[str, str]] = lambda entry: (entry.created, entry.folder.name)  # noqa: E731
    runs = sorted((entry for entry in found.values() if isinstance(entry, Entry)), key=newest, reverse=True)
    series = sorted((entry for entry in found.values() if isinstance(entry, SeriesEntry)), key=newest, reverse=True)
    faults = {name: fault for name, fault in sorted(found.items()) if isinstance(fault, str)}
    return Entries(tuple(runs), tuple(series), faults)
