"""Searches of principal distortions that the page asks for: each in a worker process, which reports through a folder.

    runs/.directions/<id>/
        search.json      what is asked: metrics, settings, the picture's (plain JSON)
        reference.npz    the picture itself, exact: `reference` (H, W, 3)
        progress.json    pair, step, seconds left at most; then the record's folder, or why there is none
        stop             its presence asks the worker to stop after its step; what was found until then is kept
        <name>/          the record (`directions.record`)

The id is made from all that is asked and the picture, so that equal searches are done once for all visitors.
"""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from mad_app.directions.compute import Picture, search_distortions
from mad_app.directions.search import Pair, SearchSettings
from mad_app.images import ImageArray
from mad_app.jobs.pool import WorkerPool
from mad_app.jobs.process import Answer
from mad_app.metrics import get_metric
from mad_app.records import RecordError
from mad_app.records.storage import read_arrays, read_json, staged_file, write_arrays, write_json

FOLDER = ".directions"
SPEC, PICTURE, PROGRESS, STOP = "search.json", "reference.npz", "progress.json", "stop"

SECONDS_BETWEEN_REPORTS = 0.7
KEEP_SECONDS = 30 * 24 * 3600.0
"""How long what was found is kept; then it is searched again by whoever asks."""


@dataclass(frozen=True, kw_only=True)
class SearchSpec:
    """What is asked.

    Attributes:
        metrics: their names.
        search: settings of the search.
        picture: settings that describe the picture.
        gray: whether changes are gray.
        notes: what was done to the picture as it was read.
    """

    metrics: tuple[str, ...]
    search: SearchSettings
    picture: Mapping[str, Any] = field(default_factory=dict)
    gray: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SearchProgress:
    """How far a search is.

    Attributes:
        pair: which is searched, from 0.
        step: steps of this pair.
        seconds_left: at most; None while unknown.
        record: name of the record's folder, once it has ended with one.
        problem: why it ended without one.
    """

    pair: int = 0
    step: int = 0
    seconds_left: float | None = None
    record: str | None = None
    problem: str | None = None


def search_folder(root: Path, spec: SearchSpec, reference: ImageArray) -> Path:
    """The folder of a search in a folder of runs, whether it is there or not."""
    text = json.dumps([spec.metrics, asdict(spec.search), spec.gray, reference.shape])
    return root / FOLDER / hashlib.sha256(text.encode() + reference.tobytes()).hexdigest()[:16]


def read_progress(folder: Path) -> SearchProgress | None:
    """How far a search is; None where it was never begun, or its folder cannot be read."""
    try:
        return SearchProgress(**read_json(folder / PROGRESS))
    except (RecordError, TypeError):
        return None


class Searches:
    """The searches of a server, one at a time.

    Args:
        pool: whose processes do them.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool, self._lock = pool, Lock()
        self._folder: Path | None = None
        self._visitor = ""
        self._answer: Future[Answer] | None = None

    def start(self, folder: Path, spec: SearchSpec, reference: ImageArray, visitor: str) -> None:
        """Begin a search in its folder.

        Raises:
            RecordError: another one goes on; OSError: the disk refuses the folder, or no process could be started.
        """
        with self._lock:
            if self._answer is not None and not self._answer.done():
                raise RecordError("another search goes on here: try again once it has ended")
            _remove_old(folder.parent)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STOP).unlink(missing_ok=True)
            with staged_file(folder / PICTURE) as partial:
                write_arrays(partial, {"reference": reference})
            with staged_file(folder / SPEC) as partial:
                write_json(partial, asdict(spec))
            _report(folder, SearchProgress())
            self._answer = self._pool.lend({"directions": str(folder.resolve())})
            self._folder, self._visitor = folder, visitor

    def is_running(self, folder: Path) -> bool:
        """Whether this search goes on."""
        return self._folder == folder and self._answer is not None and not self._answer.done()

    def asked_by(self, folder: Path) -> str:
        """The visitor who began it; empty if this server did not."""
        return self._visitor if self._folder == folder else ""

    def stop(self, folder: Path) -> None:
        """Ask it to stop after its step."""
        with contextlib.suppress(OSError):
            (folder / STOP).touch()


def search_in(folder: Path) -> None:
    """Do the search of a folder, in a worker; what goes wrong is reported in a sentence."""
    try:
        spec, reference = _read_spec(folder), read_arrays(folder / PICTURE, ["reference"])["reference"]
        picture = Picture(image=reference, gray=spec.gray, settings=dict(spec.picture), notes=spec.notes)
        metrics = [get_metric(name) for name in spec.metrics]
        found = search_distortions(
            picture, metrics, spec.search, on_step=_Reports(folder, spec.search), should_stop=(folder / STOP).exists
        )
        _report(folder, SearchProgress(record=found.save(folder).name))
    except (ValueError, OSError, RuntimeError, MemoryError) as error:
        with contextlib.suppress(OSError, RecordError):
            _report(folder, SearchProgress(problem=str(error) or type(error).__name__))


class _Reports:
    """Reports steps, not more often than a page can use them."""

    def __init__(self, folder: Path, settings: SearchSettings) -> None:
        self._folder, self._settings = folder, settings
        self._began, self._last, self._made = 0.0, 0.0, 0

    def __call__(self, pair: Pair) -> None:
        now = time.monotonic()
        self._began = self._began or now
        self._made += 1
        if now - self._last < SECONDS_BETWEEN_REPORTS:
            return
        self._last = now
        steps, pairs = self._settings.steps, self._settings.count
        left = steps - pair.step + steps * (pairs - 1 - pair.number)
        seconds = (now - self._began) / (self._made - 1) * left if self._made > 1 else None
        _report(self._folder, SearchProgress(pair=pair.number, step=pair.step, seconds_left=seconds))


def _report(folder: Path, progress: SearchProgress) -> None:
    with staged_file(folder / PROGRESS) as partial:
        write_json(partial, asdict(progress))


def _remove_old(root: Path) -> None:
    """Remove the folders of searches that ended long ago."""
    for progress in root.glob(f"*/{PROGRESS}"):
        with contextlib.suppress(OSError):
            if time.time() - progress.stat().st_mtime > KEEP_SECONDS:
                shutil.rmtree(progress.parent, ignore_errors=True)


def _read_spec(folder: Path) -> SearchSpec:
    asked = read_json(folder / SPEC)
    return SearchSpec(
        metrics=tuple(asked["metrics"]),
        search=SearchSettings(**asked["search"]),
        picture=asked["picture"],
        gray=bool(asked["gray"]),
        notes=tuple(asked["notes"]),
    )
