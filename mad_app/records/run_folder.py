"""One run, one folder: written whole or not at all, readable without this program.

    run.json         schema, id, created, settings, seed, versions, device, weights, seconds, images (plain JSON)
    reference.png, start.png, 1_lasi_max.png …   the pictures in 8 bits
    images.npz       reference, start (H, W, 3) and images (4, H, W, 3): exact float32, sRGB in [0, 1]; images_8bit, the
                     four as in the PNG files; and mask (H, W), true where they might change, if there was one
    history.npz      step (T,), first, second, drift (T, 4)
    keyframes.npz    step (K,), images (K, 4, H, W, 3): some of the images on the way, in 8 bits (`keyframes`)
    maps.npz         what both metrics see where; added last (`maps`)
    checkpoint.npz   in a run that can be resumed: the engine's last step and the history up to it

Position i of everything with four entries belongs to `CORNERS[i]`. A number that is not finite is null in run.json.
Schema 1 had neither images_8bit, mask nor final_8bit: its pictures are the images rounded to the nearest 8 bits.
Nothing is pickled. A folder is written under a hidden name, synced, and renamed, so what bears a run's name is whole.
"""

import contextlib
import datetime
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.images import check_image, from_uint8, save_png
from mad_app.records.checkpoints import (
    CHECKPOINT_FILE,
    Checkpoint,
    check_four,
    check_history,
    checkpoint_arrays,
    history_arrays,
    history_from,
)
from mad_app.records.keyframes import (
    KEYFRAMES_FILE,
    check_keyframes,
    keyframe_arrays,
    keyframes_from,
)
from mad_app.records.run import SCHEMA, CornerResult, Run, Summary
from mad_app.records.storage import (
    RecordError,
    exchange,
    identity,
    list_names,
    read_arrays,
    read_json,
    read_steadily,
    refusals,
    staged_folder,
    sync_file,
    sync_folder,
    take,
    write_arrays,
    write_json,
)

_NUMBER = (int, float)
_NUMBER_OR_NULL = (int, float, type(None))
_RUN_KEYS: dict[str, tuple[type, ...]] = {
    "created": (str,),
    "settings": (dict,),
    "seed": (int,),
    "versions": (dict,),
    "device": (str,),
    "weights": (dict,),
    "seconds": _NUMBER,
    "images": (list,),
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


def save_run(run: Run, root: str | Path, *, checkpoint: Checkpoint | None = None) -> Path:
    """Write a run as a new folder under `root`, whole or not at all.

    Args:
        run: what to save; its `folder` and the results' `file` are ignored, `created` is now unless given.
        root: folder of the runs, made if missing.
        checkpoint: given for a run that shall be resumed later.

    Returns:
        The new folder, such as `2026-11-23_154210_lasi-vs-lpips-alex_astronaut_3f9a`.

    Raises:
        RecordError: the run is not a valid record, or the disk refused it; nothing is left behind.
    """
    root = Path(root)
    run = replace(run, created=run.created or _now())
    _check(run, "the run cannot be saved")
    with refusals(f"the run could not be saved in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        while (folder := root / _new_id(run)).exists():
            pass
        with staged_folder(folder) as staged:
            _write(staged, run, folder.name, checkpoint)
            staged.rename(folder)
        sync_folder(root)
    return folder


def replace_run(run: Run, folder: str | Path, *, checkpoint: Checkpoint | None = None) -> None:
    """Put a newer version of a run in the place of the one in `folder`, whose date and further keys it keeps.

    At every moment, and after a crash at any moment, `load_run(folder)` gives either the old or the new version.

    Raises:
        RecordError: as in `save_run`, or `folder` holds no valid run; the old version stays.
    """
    folder = Path(folder)
    old = load_summary(folder)
    run = replace(run, created=old.created, extra={**old.extra, **run.extra})
    _check(run, "the run cannot be saved")
    with refusals(f"the run {folder} could not be replaced"), staged_folder(folder) as staged:
        _write(staged, run, folder.name, checkpoint)
        exchange(staged, folder)


def load_run(folder: str | Path) -> Run:
    """Read a run; nothing in it is executed.

    Raises:
        RecordError: a file is missing, damaged, of a newer format, or does not fit the others.
    """
    return read_steadily(Path(folder), _load)


def load_summary(folder: str | Path) -> Summary:
    """Read run.json alone; raises as `load_run` does."""
    values = read_steadily(Path(folder), _read_document)
    shown = {item.name: values[item.name] for item in fields(Summary) if item.name in values}
    return Summary(folder=Path(folder), **shown)


def list_runs(root: str | Path) -> list[Summary]:
    """All runs under `root`, newest first; what is no readable run is left out (`load_run` says why)."""
    found = []
    with refusals(f"the runs in {root} could not be listed"):
        for name in list_names(Path(root)):
            with contextlib.suppress(RecordError):
                found.append(load_summary(find_run(root, name)))
    return sorted(found, key=lambda summary: (summary.created, summary.id), reverse=True)


def find_run(root: str | Path, run_id: str) -> Path:
    """The folder of a run, given its id; safe for ids that come from outside, such as from a URL.

    Raises:
        RecordError: the id is no plain folder name, leads out of `root`, or there is no such folder.
    """
    root = Path(root)
    plain = re.fullmatch(r"[^./\\:\x00-\x1f][^/\\:\x00-\x1f]*", run_id)
    with refusals(f"{run_id!r} is not the id of a run"):
        if plain and identity(root / run_id) and (root / run_id).resolve().parent == root.resolve():
            return root / run_id
    raise RecordError(f"there is no run {run_id!r} in {root}")


def _write(folder: Path, run: Run, run_id: str, checkpoint: Checkpoint | None) -> None:
    results = tuple(replace(result, file=_file_name(i, result)) for i, result in enumerate(run.images, start=1))
    shown = [from_uint8(levels) for levels in run.pictures]
    pictures = {"reference.png": run.reference, "start.png": run.start}
    pictures.update((result.file, image) for result, image in zip(results, shown, strict=True))
    for name, image in pictures.items():
        save_png(folder / name, image)
    arrays = {"reference": run.reference, "start": run.start, "images": run.finals, "images_8bit": run.pictures}
    write_arrays(folder / "images.npz", arrays if run.mask is None else {**arrays, "mask": run.mask})
    write_arrays(folder / "history.npz", history_arrays(run.history))
    if len(run.keyframes.step):
        write_arrays(folder / KEYFRAMES_FILE, keyframe_arrays(run.keyframes))
    if checkpoint:
        write_arrays(folder / CHECKPOINT_FILE, checkpoint_arrays(checkpoint))
    known = {name: getattr(run, name) for name in _RUN_KEYS if name != "images"}
    images = [{**{name: getattr(result, name) for name in _CORNER_KEYS}, **result.extra} for result in results]
    document = {"schema": SCHEMA, "id": run_id, **known, "images": images}
    write_json(folder / "run.json", document | dict(run.extra) | document)
    for file in folder.iterdir():
        sync_file(file)
    sync_folder(folder)


def _load(folder: Path) -> Run:
    values = _read_document(folder)
    images = read_arrays(folder / "images.npz", ("reference", "start", "images"))
    history, keyframes = folder / "history.npz", folder / KEYFRAMES_FILE
    run = Run(
        **values,
        folder=folder,
        reference=images["reference"],
        start=images["start"],
        finals=images["images"],
        finals_8bit=images.get("images_8bit"),
        mask=images.get("mask"),
        history=history_from(read_arrays(history, ()), str(history)),
    )
    _check_pictures(run, str(folder / "images.npz"))
    kept = read_arrays(keyframes, ("step", "images")) if keyframes.is_file() else {}
    return replace(run, keyframes=keyframes_from(kept, run.reference.shape, str(keyframes)))


def _read_document(folder: Path) -> dict[str, Any]:
    """The fields of a Run that run.json holds."""
    path = folder / "run.json"
    document = read_json(path)
    schema = document.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise RecordError(f"{path} has schema {schema!r}, expected {SCHEMA}: it is not a record of a run")
    if schema > SCHEMA:
        raise RecordError(f"{path} has schema {schema}, newer than this program reads ({SCHEMA}); update it")
    values, extra = take(document, _RUN_KEYS, str(path), ("schema", "id"))
    values["images"] = tuple(
        _read_corner(corner, schema, f"{path}: images[{i}]") for i, corner in enumerate(values["images"])
    )
    _check_texts(values["created"], values["settings"], values["images"], str(path))
    return {**values, "schema": schema, "extra": extra}


def _read_corner(document: object, schema: int, where: str) -> CornerResult:
    if not isinstance(document, dict):
        raise RecordError(f"{where} is no object")
    if schema == 1:
        document = {"final_8bit": None, **document}
    values, extra = take(document, _CORNER_KEYS, where)
    if not re.fullmatch(r"[\w-][\w.-]*\.png", values["file"]):
        raise RecordError(f"{where} has file {values['file']!r}, expected the plain name of a PNG")
    return CornerResult(**values, extra=extra)


def _check(run: Run, where: str) -> None:
    """Refuse what would not be read back."""
    _check_texts(run.created, run.settings, run.images, where)
    _check_pictures(run, where)
    check_history(run.history, where)
    check_keyframes(run.keyframes, run.reference.shape, where)


def _check_texts(created: str, settings: Mapping[str, Any], images: tuple[CornerResult, ...], where: str) -> None:
    """Refuse a date that is none, settings that are not flat, and results in another order than CORNERS."""
    try:
        datetime.datetime.fromisoformat(created)
    except ValueError as error:
        raise RecordError(f"{where}: created is {created!r}, expected a date and time in ISO 8601") from error
    for name, value in settings.items():
        if not isinstance(value, str | int | float | np.generic | None):
            raise RecordError(f"{where}: the setting {name} is {value!r}, expected a number, text, true, false or null")
    found = [(result.optimized, result.fixed, result.direction) for result in images]
    first, second = found[0][:2] if found else ("first", "second")
    names = {"first": first, "second": second}
    wanted = [(names[corner.optimized], names[corner.fixed], corner.direction) for corner in CORNERS]
    if found != wanted:
        raise RecordError(f"{where}: images are {found} (optimized, fixed, direction), expected {wanted}")


def _check_pictures(run: Run, where: str) -> None:
    check_four(run.finals, where)
    for name, image in (("reference", run.reference), ("start", run.start)):
        try:
            check_image(image, name)
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from error
        if image.shape != run.finals.shape[1:]:
            raise RecordError(f"{where}: {name} has shape {image.shape}, but the images {run.finals.shape[1:]}")
    _check_form(run.finals_8bit, "uint8", run.finals.shape, f"{where}: images_8bit")
    _check_form(run.mask, "bool", run.finals.shape[1:3], f"{where}: mask")


def _check_form(array: np.ndarray | None, kind: str, shape: tuple[int, ...], what: str) -> None:
    if array is not None and (str(array.dtype) != kind or array.shape != shape):
        raise RecordError(f"{what} is {array.dtype} {array.shape}, expected {kind} {shape}")


def _new_id(run: Run) -> str:
    """Sortable, readable, unique: time, metrics, picture, chance."""
    time = datetime.datetime.fromisoformat(run.created).strftime("%Y-%m-%d_%H%M%S")
    metrics = f"{_plain_name(run.images[0].optimized)}-vs-{_plain_name(run.images[0].fixed)}"
    picture = _plain_name(Path(str(run.settings.get("image") or "image")).stem)
    return f"{time}_{metrics}_{picture}_{secrets.token_hex(2)}"


def _file_name(position: int, result: CornerResult) -> str:
    return f"{position}_{_plain_name(result.optimized)}_{result.direction}.png"


def _plain_name(name: str) -> str:
    """A name of letters, digits, `-` and `_` that any file system takes, at most 32 characters."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", ascii_name).strip("-")[:32] or "unnamed"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
