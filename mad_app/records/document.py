"""run.json as values, checked against the declaration (`schema`): a fault is a `RecordError` in one sentence."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mad_app.records.files import RUN_FILE, files_in
from mad_app.records.kinds import in_utc
from mad_app.records.run import CornerResult, Origin, Run
from mad_app.records.schema import CORNER, ORIGIN, RUN, SCHEMA, check_run
from mad_app.records.storage import RecordError, read_json
from mad_app.records.text import readable
from mad_app.records.upgrade import png_size, upgrade

FIELDS: Mapping[str, str] = {"request": "request_id", "reference": "origin", "images": "results"}
"""Key of run.json to the field of a `Run` that holds it, where their names differ."""


def document_of(run: Run, run_id: str, results: tuple[CornerResult, ...], files: Mapping[str, str]) -> dict[str, Any]:
    """The run.json of a run; further keys cannot take the place of its own."""
    known: dict[str, Any] = {"schema": SCHEMA, "id": run_id}
    known |= {key: getattr(run, FIELDS.get(key, key)) for key in RUN.keys}
    known["reference"] = asdict(run.origin) if run.origin else None
    known["files"] = dict(files)
    known["images"] = [{**{key: getattr(one, key) for key in CORNER.keys}, **one.extra} for one in results]
    return known | {name: value for name, value in run.extra.items() if name not in known}


def read_document(folder: Path) -> dict[str, Any]:
    """The fields of a `Run` that the run.json in a folder holds, whatever its schema.

    Raises:
        RecordError: it is missing, damaged or of a newer schema.
    """
    path = folder / RUN_FILE
    if not path.exists() and (inner := next(folder.glob(f"*/{RUN_FILE}"), None)):
        raise RecordError(f"{folder} is no run but a folder of runs: name one of them, such as {inner.parent}")
    document = read_json(path)
    schema = document.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise RecordError(f"{path} has schema {schema!r:.60}, expected {SCHEMA}: it is not a record of a run")
    if schema > SCHEMA:
        raise RecordError(f"{path} has schema {schema}, but this program reads up to {SCHEMA}: update the program")
    files = files_in(document, str(path))
    if schema < SCHEMA:
        document = upgrade(document, png_size(folder / files["reference"]))
    document = with_readable_names(document)
    check_run(document, str(path))
    values = {FIELDS.get(key, key): document[key] for key in RUN.keys}
    values["created"] = in_utc(document["created"])
    origin = document["reference"]
    values["origin"] = Origin(**{key: origin[key] for key in ORIGIN.keys}, notes=tuple(origin.get("notes", ())))
    values["results"] = tuple(_corner(one, f"{path}: images[{i}]") for i, one in enumerate(document["images"]))
    values["others"] = tuple(document["others"])
    known = {*RUN.keys, "schema", "id", "files"}
    extra = {name: value for name, value in document.items() if name not in known}
    return {**values, "schema": schema, "files": files, "extra": extra}


def with_readable_names(document: dict[str, Any]) -> dict[str, Any]:
    """A run.json in which the names of files can be shown, as those of files are not that are not UTF-8."""
    settings, reference = document.get("settings"), document.get("reference")
    new = dict(document)
    if isinstance(settings, Mapping):
        new["settings"] = {
            name: readable(value) if isinstance(value, str) else value for name, value in settings.items()
        }
    if isinstance(reference, Mapping) and isinstance(reference.get("name"), str):
        new["reference"] = {**reference, "name": readable(reference["name"])}
    return new


def _corner(document: Mapping[str, Any], where: str) -> CornerResult:
    if not document["file"]:
        raise RecordError(f"{where} has file '', expected the plain name of a PNG")
    values = {name: document[name] for name in CORNER.keys}
    return CornerResult(**values, extra={name: value for name, value in document.items() if name not in values})
