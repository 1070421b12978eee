"""The record of principal distortions: a folder that `json` and `numpy` read.

`distortions.json` has the settings, versions, device, sensitivities and how the search ended; `distortions.npz` the
reference and the changes in float32; the reference and the shown images are PNG. Schema 1 held one pair. The folder is
named for what was asked, so that asking again replaces it.
"""

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.directions.findings import CHANGE, Findings, MetricSensitivity
from mad_app.images import save_png
from mad_app.records.storage import (
    RecordError,
    plain,
    read_arrays,
    read_json,
    refusals,
    staged_file,
    write_arrays,
    write_json,
)

SCHEMA = 2
EARLIER = 1
DOCUMENT, ARRAYS = "distortions.json", "distortions.npz"
LONGEST_NAME = 60


def save_record(found: Findings, root: str | Path) -> Path:
    """Write a record into its folder in `root`; each file is whole or absent, and the JSON comes last.

    Raises:
        RecordError: the disk refuses it.
    """
    document = document_of(found)
    folder = Path(root) / _name(found)
    with refusals(f"{folder} could not be saved"):
        folder.mkdir(parents=True, exist_ok=True)
        for i, image in enumerate((found.reference, *found.images)):
            name = f"{i}.png" if i else "reference.png"
            with staged_file(folder / name) as partial:
                save_png(partial, image)
        with staged_file(folder / ARRAYS) as partial:
            write_arrays(partial, {"reference": found.reference, "directions": found.directions})
        with staged_file(folder / DOCUMENT) as partial:
            write_json(partial, document)
    return folder


def read_record(folder: str | Path) -> dict[str, Any]:
    """The fields of `Findings` that a record holds.

    Raises:
        RecordError: it is missing, damaged or of a newer schema.
    """
    path = Path(folder) / DOCUMENT
    document = read_json(path)
    if document.get("schema") not in (EARLIER, SCHEMA):
        raise RecordError(f"{path} has schema {document.get('schema')!r:.60}, expected {SCHEMA}")
    arrays = read_arrays(Path(folder) / ARRAYS, ["reference", "directions"])
    reference, directions = arrays["reference"], arrays["directions"]
    if reference.ndim != 3 or directions.shape[1:] != reference.shape or not len(directions) or len(directions) % 2:
        raise RecordError(f"{Path(folder) / ARRAYS} holds arrays {reference.shape} and {directions.shape}")
    try:
        return _fields(document, reference, directions)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path} lacks or garbles a value: {error}") from error


def document_of(found: Findings) -> dict[str, Any]:
    """The content of the JSON file."""
    return {
        "schema": SCHEMA,
        "settings": dict(found.settings),
        "change_shown": CHANGE,
        "metrics": [
            {**asdict(one), "form_of": one.form_of, "thresholds": one.thresholds} for one in found.metrics
        ],
        "deviations": found.deviations,
        "residuals": found.residuals,
        "steps": found.steps,
        "outcome": found.outcome,
        "notes": found.notes,
        "versions": dict(found.versions),
        "device": found.device,
        "seconds": found.seconds,
    }  # fmt: skip


def _fields(document: dict[str, Any], reference: np.ndarray, directions: np.ndarray) -> dict[str, Any]:
    return {
        "reference": reference,
        "directions": directions,
        "metrics": tuple(
            MetricSensitivity(
                name=str(one["name"]),
                kind="squares" if one["kind"] == "squares" else "distance",
                mean_eigenvalue=float(one["mean_eigenvalue"]),
                sensitivities=_numbers(one["sensitivities"], len(directions)),
                values=_numbers(one["values"], len(directions)),
                weights=one["weights"],
            )
            for one in document["metrics"]
        ),
        "settings": dict(document["settings"]),
        "deviations": _numbers(
            [document["deviation"]] if document["schema"] == EARLIER else document["deviations"], len(directions) // 2
        ),
        "residuals": _numbers(document["residuals"], len(directions)),
        "steps": int(document["steps"]),
        "outcome": document["outcome"],
        "notes": tuple(document["notes"]),
        "versions": dict(document["versions"]),
        "device": str(document["device"]),
        "seconds": float(document["seconds"]),
    }


def _numbers(values: list[float | None], count: int) -> tuple[float, ...]:
    """As many numbers as there should be; those that are not finite are null in JSON."""
    numbers = tuple(float("nan") if value is None else float(value) for value in values)
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers in the place of {count}")
    return numbers


def _name(found: Findings) -> str:
    """The picture, the metrics, and eight letters that equal settings and pictures share."""
    content = json.dumps(plain(dict(found.settings)), sort_keys=True).encode() + found.reference.tobytes()
    words = [Path(str(found.settings.get("image") or "picture")).stem, *(one.name for one in found.metrics)]
    readable = re.sub(r"[^\w.-]+", "-", "_".join(words))[:LONGEST_NAME].strip("-._")
    return f"{readable}_{hashlib.sha256(content).hexdigest()[:8]}"
