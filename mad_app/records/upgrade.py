"""Documents of earlier schemas as today's: the one place that knows how records used to be written.

Schema 1 had neither `final_8bit` nor 8-bit images chosen at the level, and no crop. Schemas 1 and 2 gave the reason why
an image's optimization ended as a sentence, spelled `optimised` and `grey`, kept the solver's constants among the
settings, and did not name the source of the reference. Up to schema 3 a picture was cut to a square, by default the
largest one in the middle, and `gray` was false unless it was given.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mad_app.competition.settings import Reason, SolverOptions
from mad_app.images import BUNDLED
from mad_app.records.schema import SCHEMA, UNFINISHED
from mad_app.request import REQUEST_SETTINGS, of_schema_3, request_id

OUTCOMES: Mapping[str, str] = {
    "converged: no step leads further": Reason.CONVERGED.value,
    "stuck: what could still move is pressed against black and white": Reason.AT_BOUNDS.value,
    "got stuck: what could still move is pressed against black and white": Reason.AT_BOUNDS.value,
    "got stuck: what could still move is pressed against black, white or the largest change": Reason.AT_BOUNDS.value,
    "used its whole budget of steps": Reason.BUDGET.value,
    "used its whole budget of seconds": Reason.SECONDS.value,
    "stopped by the user": Reason.STOPPED.value,
    "was stopped by the user": Reason.STOPPED.value,
    "a metric or its gradient was no longer a finite number": Reason.NOT_FINITE.value,
    "met a metric or a gradient that was no finite number": Reason.NOT_FINITE.value,
    "ended early, because a metric failed on another of the four images": Reason.ABORTED.value,
    "the fixed metric could not be brought back to its level": Reason.INFEASIBLE.value,
    "could not be brought back to the level of its fixed metric": Reason.INFEASIBLE.value,
    "not finished: it can be resumed from its checkpoint": UNFINISHED,
    "is not finished: it can be resumed from its checkpoint": UNFINISHED,
}
"""Every sentence that records of schemas 1 and 2 have for an outcome, to its code."""

_SOLVER = {item.name for item in fields(SolverOptions)} | {"step_size", "level_tolerance"}


def upgrade(document: Mapping[str, Any], size: tuple[int, int] | None) -> dict[str, Any]:
    """A run.json of an earlier schema as one of today's; what is damaged is left for the reader to refuse.

    Args:
        document: as it was read.
        size: width and height of the reference in pixels, if known.
    """
    known = document.get("settings")
    if document.get("schema") == 3:
        return {**document, "settings": of_schema_3(known) if isinstance(known, dict) else known, "schema": SCHEMA}
    settings = upgrade_settings(known) if isinstance(known, dict) else known
    images = document.get("images")
    images = [_corner(image) for image in images] if isinstance(images, list) else images
    new: dict[str, Any] = {"solver": {}, "request": "", "others": _others(images), "images": images}
    if isinstance(settings, dict):
        new["solver"] = {name: value for name, value in settings.items() if name in _SOLVER}
        new["settings"] = {name: value for name, value in settings.items() if name not in _SOLVER}
        new["request"] = id_of(settings)
        new["reference"] = origin_from(settings, size)
    return {"reference": origin_from({}, size), **document, **new, "schema": SCHEMA}


def upgrade_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of schema 1 or 2 under today's names; what is no setting is kept."""
    names = {alias: name for name, declared in REQUEST_SETTINGS.items() for alias in declared.aliases}
    return of_schema_3({names.get(name, name): value for name, value in settings.items()})


def id_of(settings: Mapping[str, Any]) -> str:
    """The id of the request that a record's settings make; empty where they make none."""
    try:
        return request_id(settings)
    except (TypeError, ValueError, OverflowError):
        return ""


def origin_from(settings: Mapping[str, Any], size: tuple[int, int] | None) -> dict[str, Any]:
    """Where a reference came from, as its settings and its size in pixels (width, height) show."""
    image, side = settings.get("image"), settings.get("size")
    name = image if isinstance(image, str) and image else None
    source = "array" if name is None else "file"
    if name in BUNDLED:
        source = "bundled" if size is None or size == (side, side) else "array"
    width, height = size or (None, None)
    return {"source": source, "name": name, "width": width, "height": height, "sha256": None}


def png_size(path: Path) -> tuple[int, int] | None:
    """Width and height that the header of a PNG file gives; None where it cannot be read."""
    if not path.is_file():  # opening a pipe would wait for ever
        return None
    try:
        with path.open("rb") as file:
            head = file.read(24)
    except OSError:
        return None
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _corner(image: object) -> object:
    if not isinstance(image, dict):
        return image
    new: dict[str, Any] = {"final_8bit": None, **image}
    if "optimised" in new:
        new["optimized"] = new.pop("optimised")
    if isinstance(new.get("outcome"), str):
        new["outcome"] = OUTCOMES.get(new["outcome"], new["outcome"])
    return new


def _others(images: object) -> list[str]:
    """The metrics that were measured at the end beside the two that compete."""
    first = images[0] if isinstance(images, list) and images else None
    final = first.get("final") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(final, dict) or first.get("outcome") == UNFINISHED:
        return []
    return [name for name in final if name not in (first.get("optimized"), first.get("fixed"))]
