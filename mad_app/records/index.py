"""What lies in a folder of runs, without reading every record each time.

    .index.sqlite    in the folder of the runs: of each run what a list shows, with the inode, time and size of its
                     run.json and label; a copy that may be deleted at any time

A run is read anew when those of its run.json or label change, or when its checkpoint comes or goes. In a folder of
many runs, those that are finished are looked at every few seconds, all others and all labels each time. A row that is
damaged is made anew, as is a whole index, and where none can be written there is none: the answer is the same, only
slower. What cannot be read, for whatever reason, is a fault of its own and hides nothing else.
"""

import contextlib
import json
import math
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mad_app.records.entries import Entries, Entry, SeriesEntry, read_row, shown
from mad_app.records.files import CHECKPOINT_FILE, RUN_FILE
from mad_app.records.labels import LABELS
from mad_app.records.schema import SCHEMA
from mad_app.records.series import SERIES_FILE
from mad_app.records.state import State
from mad_app.records.storage import refusals
from mad_app.records.text import encodable, readable

__all__ = ["INDEX_FILE", "Entries", "Entry", "Index", "SeriesEntry"]

INDEX_FILE = ".index.sqlite"
VERSION = 100 * SCHEMA + 4
"""Of the index's rows; one of another version is made anew."""

MANY, REST_SECONDS = 5000, 10.0
"""Of how many runs on, and for how long, those that are finished are taken for unchanged."""

WAIT_SECONDS = 1.0
"""How long to wait for another process that writes the index."""

Stamp = tuple[int, ...]
"""Inode, time and size of one or more files."""

STAMP_OF_RUN = 4
"""Numbers of a run's stamp, without its label's."""


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
        self._settled: dict[str, Stamp] = {}
        self._looked = -math.inf
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
                stamps = self._look()
            if stamps != self._stamps:
                self._update(stamps)
            if not self._settled and len(stamps) >= MANY:
                finished = (entry.folder.name for entry in self._entries.runs if entry.state is State.FINISHED)
                self._settled = {name: stamps[name][:STAMP_OF_RUN] for name in finished}
            return self._entries

    def _look(self) -> dict[str, Stamp]:
        """The stamps of all folders; those of settled runs as they were, unless that is long ago."""
        now = time.monotonic()
        if now - self._looked >= REST_SECONDS:
            self._looked, self._settled = now, {}
        return _stamps_in(self._root, self._settled)

    def _update(self, stamps: dict[str, Stamp]) -> None:
        """Read what is new or has changed, and forget what is gone."""
        known = self._stamps or {}
        changed = [name for name, stamp in stamps.items() if known.get(name) != stamp]
        gone = known.keys() - stamps.keys()
        for name in gone:
            del self._rows[name]
            del self._found[name]
        for name in changed:
            self._rows[name] = read_row(self._root, name)
            self._found[name] = shown(self._root, name, self._rows[name])
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
                rows = database.execute("SELECT row, sum FROM runs").fetchall()
        except sqlite3.OperationalError:  # locked by another process, or read-only and of another version
            return
        except (sqlite3.DatabaseError, ValueError):
            self._discard(path)
            return
        whole = [text for text, total in rows if isinstance(text, str) and zlib.crc32(text.encode()) == total]
        for name, stamp, row in json.loads(f"[{','.join(whole)}]"):  # at once, which is quicker
            self._stamps[name], self._rows[name] = tuple(stamp), row
        self._found = {name: shown(self._root, name, row) for name, row in self._rows.items()}
        self._entries = _sorted(self._found)

    def _save(self, changed: Iterable[str], gone: Iterable[str]) -> None:
        """Write the changes to the index on disk; where that cannot be done, the index is that of this object alone."""
        if not self._on_disk or not self._root.is_dir() or self._stamps is None:
            return
        stamps, rows, path = self._stamps, self._rows, self._root / INDEX_FILE
        texts = {name: json.dumps([name, stamps[name], rows[name]]) for name in changed if encodable(name) == name}
        written = [(name, text, zlib.crc32(text.encode())) for name, text in texts.items()]
        try:
            with contextlib.closing(_open(path)) as database, database:
                database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", written)
                database.executemany(
                    "DELETE FROM runs WHERE name = ?", [(name,) for name in gone if encodable(name) == name]
                )
        except (sqlite3.OperationalError, UnicodeError):  # locked by another process, read-only, no room; no text
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
        database.execute("PRAGMA synchronous = OFF")  # what a power cut damages is made anew
        if database.execute("PRAGMA user_version").fetchone() != (VERSION,):
            with database:
                database.execute("DROP TABLE IF EXISTS runs")
                database.execute("CREATE TABLE runs (name TEXT PRIMARY KEY, row TEXT, sum INTEGER)")
                database.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _stamps_in(root: Path, settled: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """Name of each folder that may be a run or a series, to its stamp, which changes when it has to be read anew.

    Args:
        root: the folder of the runs.
        settled: stamps, without those of labels, that are taken for unchanged.
    """
    if not root.is_dir():
        return {}
    labels = _stamps_of_labels(root / LABELS)
    stamps = {}
    with os.scandir(root) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                found = settled.get(entry.name) or _stamp_of_run(entry.path) or _stamp_of_series(entry.path)
                stamps[entry.name] = found and found + labels.get(entry.name, ())
    return stamps


def _stamps_of_labels(folder: Path) -> dict[str, Stamp]:
    """Id of each run that has a label, to the label's stamp."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return {entry.name.removesuffix(".json"): _stamp(entry.path) for entry in entries}
    return {}


def _stamp_of_run(path: str) -> Stamp:
    """That of run.json, and whether there is a checkpoint; empty if it is no run."""
    run = _stamp(f"{path}/{RUN_FILE}")
    return run and (*run, int(bool(_stamp(f"{path}/{CHECKPOINT_FILE}"))))


def _stamp_of_series(path: str) -> Stamp:
    """That of series.json and of all runs in the folder; empty if it is no series."""
    series, runs = _stamp(f"{path}/{SERIES_FILE}"), list[Stamp]()
    if not series:
        return ()
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        runs = sorted(_stamp_of_run(entry.path) or (entry.inode(),) for entry in folders)
    return sum(runs, series)


def _stamp(path: str) -> Stamp:
    try:
        found = os.stat(path)  # noqa: PTH116, a Path takes as long as the call
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _sorted(found: Mapping[str, Entry | SeriesEntry | str]) -> Entries:
    newest: Callable[[Any], tuple[str, str]] = lambda entry: (entry.created, entry.folder.name)  # noqa: E731
    runs = sorted((entry for entry in found.values() if isinstance(entry, Entry)), key=newest, reverse=True)
    series = sorted((entry for entry in found.values() if isinstance(entry, SeriesEntry)), key=newest, reverse=True)
    faults = {readable(name): fault for name, fault in sorted(found.items()) if isinstance(fault, str)}
    return Entries(tuple(runs), tuple(series), faults)
