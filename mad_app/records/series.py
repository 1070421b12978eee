"""A series: competitions that differ in one setting, in a folder of their own.

    series.json      schema, kind, created, varied, requests (plain JSON): what was asked, written once; each request
                     is its id and its settings
    <run's id>/      the runs, as in `run_folder`; those that are missing or not finished are still to be run

A run belongs to the request whose id it has. Schema 1 had the settings alone, from which the ids are computed.
"""

import datetime
import itertools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mad_app.records.checkpoints import is_resumable
from mad_app.records.run import Run, Summary
from mad_app.records.run_folder import list_runs, load_run
from mad_app.records.storage import RecordError, read_json, refusals, staged_folder, sync_folder, take, write_json
from mad_app.records.upgrade import id_of, upgrade_settings
from mad_app.request import request_id

SERIES_FILE = "series.json"
SERIES_SCHEMA = 2

Settings = Mapping[str, str | float | bool | None]

_KEYS: dict[str, tuple[type, ...]] = {"kind": (str,), "created": (str,), "varied": (str,), "requests": (list,)}
_KINDS = {"ladder": "level_sweep", "seeds": "repeated_seeds"}
"""Kinds of schema 1 to today's names."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One competition of a series.

    Attributes:
        id: of its request (`mad_app.request.request_id`).
        settings: of its request.
    """

    id: str
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
    """

    kind: str
    varied: str
    created: str
    requests: tuple[Settings, ...]
    runs: tuple[Run, ...]
    folder: Path


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
    pictures = [run.pictures[position].astype(np.float64) / 255 for run in series.runs]
    finals = [run.images[position].seen.get(run.images[position].optimized) for run in series.runs]
    values = [value for value in finals if value is not None]
    return Spread(rms=_mean_rms(pictures), lowest=min(values, default=None), highest=max(values, default=None))


def save_series(kind: str, varied: str, requests: Sequence[Settings], root: str | Path) -> Path:
    """Begin a series: make its folder under `root`, whole or not at all; returns it.

    Raises:
        ArgumentError: a request is out of range; RecordError: the disk refused it.
    """
    root, now = Path(root), datetime.datetime.now(datetime.UTC)
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
    folder = Path(folder)
    plan = load_plan(folder)
    found = runs_of(folder, plan)
    runs = tuple(load_run(run.folder) for run in found if run is not None and not is_resumable(run.folder))
    if not runs:
        raise RecordError(f"{folder} has no finished run yet: resume it first")
    requests = tuple(planned.settings for planned in plan.runs)
    return Series(kind=plan.kind, varied=plan.varied, created=plan.created, requests=requests, runs=runs, folder=folder)


def load_plan(folder: str | Path) -> Plan:
    """What a series asks, of any schema; raises RecordError as `load_series` does."""
    path = Path(folder) / SERIES_FILE
    document = read_json(path)
    schema = document.get("schema")
    if schema not in (1, SERIES_SCHEMA):
        raise RecordError(
            f"{path} has schema {schema!r}, but this program reads up to {SERIES_SCHEMA}: update the program"
        )
    values, _ = take(document, _KEYS, str(path))
    planned = [_planned(request, schema, f"{path}: requests[{i}]") for i, request in enumerate(values["requests"])]
    kind = _KINDS.get(values["kind"], values["kind"])
    return Plan(kind=kind, created=values["created"], varied=values["varied"], runs=tuple(planned))


def runs_of(folder: str | Path, plan: Plan) -> list[Summary | None]:
    """The run that answers each request of a plan, finished or not; None where there is none yet."""
    runs = {run.request: run for run in reversed(list_runs(folder)) if run.request}  # of equal ones the newest
    return [runs.get(planned.id) for planned in plan.runs]


def is_series(folder: str | Path) -> bool:
    """Whether a folder holds a series."""
    return (Path(folder) / SERIES_FILE).is_file()


def _mean_rms(pictures: Sequence[np.ndarray]) -> float:
    pairs = [np.sqrt(np.mean((a - b) ** 2)) for a, b in itertools.combinations(pictures, 2)]
    return float(np.mean(pairs)) if pairs else 0.0


def _planned(request: object, schema: int, where: str) -> PlannedRun:
    if not isinstance(request, dict):
        raise RecordError(f"{where} is no object")
    if schema == 1:
        settings = upgrade_settings(request)
        return PlannedRun(id=id_of(settings), settings=settings)
    values, _ = take(request, {"id": (str,), "settings": (dict,)}, where)
    return PlannedRun(**values)
