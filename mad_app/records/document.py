"""run.json as values, checked: what is missing, of another type or out of place is a `RecordError` in one sentence."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.records.files import RUN_FILE, files_in
from mad_app.records.run import OUTCOMES, SCHEMA, SOURCES, CornerResult, Origin, Run
from mad_app.records.storage import RecordError, read_json, take
from mad_app.records.upgrade import png_size, upgrade

_TEXT_OR_NULL = (str, type(None))
_NUMBER = (int, float)
_NUMBER_OR_NULL = (int, float, type(None))
_RUN_KEYS: dict[str, tuple[type, ...]] = {
    "request": (str,),
    "created": (str,),
    "settings": (dict,),
    "reference": (dict,),
    "solver": (dict,),
    "seed": (int,),
    "versions": (dict,),
    "device": (str,),
    "weights": (dict,),
    "seconds": _NUMBER,
    "others": (list,),
    "images": (list,),
}
_ORIGIN_KEYS: dict[str, tuple[type, ...]] = {
    "source": (str,),
    "name": _TEXT_OR_NULL,
    "width": (int, type(None)),
    "height": (int, type(None)),
    "sha256": _TEXT_OR_NULL,
}
_CORNER_KEYS: dict[str, tuple[type, ...]] = {
    "optimized": (str,),
    "fixed": (str,),
    "direction": (str,),
    "level": _NUMBER_OR_NULL,
    "start": (dict,),
    "final": (dict,),
    "final_8bit": (dict, type(None)),
    "drift": _NUMBER_OR_NULL,
    "drift_8bit": _NUMBER_OR_NULL,
    "outcome": (str,),
    "file": (str,),
}
_PICTURE = re.compile(r"[\w-][\w.-]*\.png")


def document_of(run: Run, run_id: str, images: tuple[CornerResult, ...], files: Mapping[str, str]) -> dict[str, Any]:
    """The run.json of a run; further keys cannot take the place of its own."""
    known: dict[str, Any] = {"schema": SCHEMA, "id": run_id}
    known |= {name: getattr(run, name) for name in _RUN_KEYS if name not in ("reference", "images")}
    known["reference"] = asdict(run.origin) if run.origin else None
    known["files"] = dict(files)
    known["images"] = [{**{name: getattr(image, name) for name in _CORNER_KEYS}, **image.extra} for image in images]
    return known | {name: value for name, value in run.extra.items() if name not in known}


def read_document(folder: Path) -> dict[str, Any]:
    """The fields of a `Run` that the run.json in a folder holds, whatever its schema.

    Raises:
        RecordError: it is missing, damaged or of a newer schema.
    """
    path = folder / RUN_FILE
    document = read_json(path)
    schema = document.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise RecordError(f"{path} has schema {schema!r}, expected {SCHEMA}: it is not a record of a run")
    if schema > SCHEMA:
        raise RecordError(f"{path} has schema {schema}, but this program reads up to {SCHEMA}: update the program")
    files = files_in(document, str(path))
    if schema < SCHEMA:
        document = upgrade(document, png_size(folder / files["reference"]))
    values, extra = take(document, _RUN_KEYS, str(path), ("schema", "id", "files"))
    values["origin"] = _origin(values.pop("reference"), f"{path}: reference")
    values["images"] = tuple(_corner(image, f"{path}: images[{i}]") for i, image in enumerate(values["images"]))
    values["others"] = tuple(map(str, values["others"]))
    check_values(values["created"], values["settings"], values["images"], str(path))
    return {**values, "schema": schema, "files": files, "extra": extra}


def check_values(created: str, settings: Mapping[str, Any], images: tuple[CornerResult, ...], where: str) -> None:
    """Refuse a date that is none, settings that are not flat, unknown outcomes, and another order than CORNERS."""
    try:
        datetime.datetime.fromisoformat(created)
    except ValueError as error:
        raise RecordError(f"{where}: created is {created!r}, expected a date and time in ISO 8601") from error
    for name, value in settings.items():
        if not isinstance(value, str | int | float | np.generic | None):
            raise RecordError(f"{where}: the setting {name} is {value!r}, expected a number, text, true, false or null")
    found = [(image.optimized, image.fixed, image.direction) for image in images]
    first, second = found[0][:2] if found else ("first", "second")
    names = {"first": first, "second": second}
    expected = [(names[corner.optimized], names[corner.fixed], corner.direction) for corner in CORNERS]
    if found != expected:
        raise RecordError(f"{where}: images are {found} (optimized, fixed, direction), expected {expected}")
    for image in images:
        if image.outcome not in OUTCOMES:
            raise RecordError(
                f"{where}: outcome is {image.outcome!r:.60}, expected one of {', '.join(sorted(OUTCOMES))}"
            )


def _origin(document: dict[str, Any], where: str) -> Origin:
    values, _ = take(document, _ORIGIN_KEYS, where)
    if values["source"] not in SOURCES:
        raise RecordError(f"{where} has source {values['source']!r:.60}, expected one of {', '.join(SOURCES)}")
    return Origin(**values)


def _corner(document: object, where: str) -> CornerResult:
    if not isinstance(document, dict):
        raise RecordError(f"{where} is no object")
    values, extra = take(document, _CORNER_KEYS, where)
    if not _PICTURE.fullmatch(values["file"]):
        raise RecordError(f"{where} has file {values['file']!r}, expected the plain name of a PNG")
    return CornerResult(**values, extra=extra)
