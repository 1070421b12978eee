"""A series: competitions that differ in one setting, in a folder of their own.

    series.json      schema, kind, created, varied, requests (plain JSON): what was asked, written once
    <run's id>/      the runs, as in `run_folder`; those that are not there yet, or not finished, are still to be run

A run belongs to the request whose settings it has.
"""

import datetime
import itertools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.records.checkpoints import is_resumable
from mad_app.records.run import Run, Summary
from mad_app.records.run_folder import list_runs, load_run
from mad_app.records.storage import RecordError, read_json, refusals, staged_folder, sync_folder, take, write_json

SERIES_FILE = "series.json"
SERIES_SCHEMA = 1

Settings = Mapping[str, str | float | bool | None]

_KEYS: dict[str, tuple[type, ...]] = {"kind": (str,), "created": (str,), "varied": (str,), "requests": (list,)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A series and those of its runs that are finished.

    Attributes:
        kind: what it is: "ladder", "seeds" or the name of a preset.
        varied: the setting in which its competitions differ.
        created: when it was begun, ISO 8601 in UTC.
        requests: the settings asked of each competition, in their order.
        runs: the finished ones, in the order of their requests.
        folder: where it lies.
    """

    kind: str
    varied: str
    created: str
    requests: tuple[Settings, ...]
    runs: tuple[Run, ...]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How much the pictures of a series differ in one of their places.

    Attributes:
        rms: root of the mean squared difference of two of them, the mean over all pairs; in pixel values.
        lowest: of what was driven, the smallest value at the end; None if nothing was, or could be, measured.
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
    pictures = [run.pictures[position].astype(np.float64) / 255 for run in series.runs]
    said = [run.images[position].seen.get(run.images[position].optimized) for run in series.runs]
    values = [value for value in said if value is not None]
    return Spread(rms=_mean_rms(pictures), lowest=min(values, default=None), highest=max(values, default=None))


def save_series(kind: str, varied: str, requests: Sequence[Settings], root: str | Path) -> Path:
    """Begin a series: make its folder under `root`, whole or not at all; returns it.

    Raises:
        RecordError: the disk refused it.
    """
    root, now = Path(root), datetime.datetime.now(datetime.UTC)
    folder = root / f"{now.strftime('%Y-%m-%d_%H%M%S')}_{kind}_{secrets.token_hex(2)}"
    created = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"kind": kind, "created": created, "varied": varied, "requests": list(requests)}
    with refusals(f"the series could not be saved in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        with staged_folder(folder) as staged:
            write_json(staged / SERIES_FILE, {"schema": SERIES_SCHEMA, **document})
            staged.rename(folder)
        sync_folder(root)
    return folder


def load_series(folder: str | Path) -> Series:
    """Read a series and its finished runs.

    Raises:
        RecordError: it is missing or damaged, or none of its runs is finished.
    """
    folder = Path(folder)
    document = _read(folder)
    found = runs_of(folder, document["requests"])
    runs = tuple(load_run(run.folder) for run in found if run is not None and not is_resumable(run.folder))
    if not runs:
        raise RecordError(f"{folder} has no finished run yet: go on with it first")
    return Series(**document | {"requests": tuple(document["requests"])}, runs=runs, folder=folder)


def requests_of(folder: str | Path) -> list[Settings]:
    """What was asked of each competition of a series; raises RecordError as `load_series` does."""
    return list(_read(Path(folder))["requests"])


def runs_of(folder: str | Path, requests: Sequence[Settings]) -> list[Summary | None]:
    """The run that answers each request, finished or not; None where there is none yet."""
    runs = list_runs(folder)
    return [
        next((run for run in runs if all(run.settings.get(name) == value for name, value in request.items())), None)
        for request in requests
    ]


def is_series(folder: str | Path) -> bool:
    """Whether a folder holds a series."""
    return (Path(folder) / SERIES_FILE).is_file()


def _mean_rms(pictures: Sequence[np.ndarray]) -> float:
    pairs = [np.sqrt(np.mean((a - b) ** 2)) for a, b in itertools.combinations(pictures, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def _read(folder: Path) -> dict[str, Any]:
    path = folder / SERIES_FILE
    document = read_json(path)
    if document.get("schema") != SERIES_SCHEMA:
        raise RecordError(f"{path} has schema {document.get('schema')!r}, expected {SERIES_SCHEMA}: update the program")
    values, _ = take(document, _KEYS, str(path))
    if not all(isinstance(request, dict) for request in values["requests"]):
        raise RecordError(f"{path}: requests are not all objects")
    return values
