"""One run, one folder: written whole or not at all, readable without this program.

    run.json         schema, id, request, created, settings, reference, solver, seed, versions, device, weights,
                     seconds, others, files, images (plain JSON)
    reference.png, start.png, 1_lasi_max.png …   the 8-bit images
    images.npz       reference, start (H, W, 3) and images (4, H, W, 3): exact float32, sRGB in [0, 1]; images_8bit, the
                     four as in the PNG files; and mask (H, W), true where they might change, if there was one
    history.npz      step (T,), first, second, drift (T, 4)
    keyframes.npz    step (K,), images (K, 4, H, W, 3): some of the images on the way, in 8 bits (`keyframes`)
    maps.npz         each pixel's contribution to both metrics; added last (`maps`)
    checkpoint.npz   in a run that can be resumed: the engine's last step and the history up to it

Position i of everything with four entries belongs to `CORNERS[i]`. A number that is not finite is null in run.json.
Nothing is pickled. A new folder is written under a hidden name, synced, and renamed. A newer version of a run is
written under new names beside the older one; then run.json, which names the files (`files`), is replaced.
"""

import contextlib
import datetime
import filecmp
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mad_app.images import from_uint8, nearest_8bit, save_png
from mad_app.records.arrays import check_arrays, read_declared
from mad_app.records.checkpoints import Checkpoint, save_checkpoint
from mad_app.records.document import document_of, read_document
from mad_app.records.files import CHECKPOINT_FILE, DEFAULT_FILES, RUN_FILE, folder_at, free_name, leftovers
from mad_app.records.history import history_arrays, history_from
from mad_app.records.keyframes import Keyframes, keyframe_arrays, keyframes_from
from mad_app.records.run import CornerResult, Origin, Run, Summary
from mad_app.records.schema import HISTORY, IMAGES, KEYFRAMES, check_run
from mad_app.records.storage import (
    RecordError,
    list_names,
    plain,
    read_json,
    refusals,
    staged_file,
    staged_folder,
    stamp,
    sync_file,
    sync_folder,
    write_arrays,
    write_json,
)
from mad_app.records.text import encodable, readable
from mad_app.records.upgrade import id_of, origin_from

Value = TypeVar("Value")


def save_run(
    run: Run,
    root: str | Path,
    *,
    checkpoint: Checkpoint | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write a run as a new folder under `root`, whole or not at all.

    Args:
        run: what to save; its `folder`, `files` and the results' `file` are ignored, `created` is now unless given.
        root: folder of the runs, made if missing.
        checkpoint: given for a run that shall be resumed later.
        announce: called with the name of the folder just before that is there.

    Returns:
        The new folder, such as `2026-11-23_154210_lasi-vs-lpips-alex_astronaut_3f9a`.

    Raises:
        RecordError: the run is not a valid record, or the disk refused it; nothing is left behind.
    """
    root = folder_at(root)
    run = _completed(replace(run, created=run.created or _now()))
    with refusals(f"the run could not be saved in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        while (folder := root / _new_id(run)).exists():
            pass
        with staged_folder(folder) as staged:
            _write(staged, run, folder.name, checkpoint)
            announce(folder.name)
            staged.rename(folder)
        sync_folder(root)
    return folder


def replace_run(run: Run, folder: str | Path, *, checkpoint: Checkpoint | None = None) -> None:
    """Put a newer version of a run in the place of the one in `folder`, whose date and further keys it keeps.

    At every moment, and after a crash at any moment, `load_record(folder)` gives either the old or the new version.

    Raises:
        RecordError: as in `save_run`, or `folder` holds no valid run; the old version stays.
    """
    folder = folder_at(folder)
    old = load_summary(folder)
    run = _completed(replace(run, created=old.created, extra={**old.extra, **run.extra}))
    with refusals(f"the run {folder} could not be replaced"):
        _delete_leftovers(folder)
        try:
            _write(folder, run, folder.name, checkpoint)
        finally:
            with contextlib.suppress(OSError):  # what is left is ignored
                _delete_leftovers(folder)


def load_record(folder: str | Path) -> Run:
    """Read a run; nothing in it is executed.

    Keyframes that are damaged are left out, and `faults` says so. Files and arrays that no record has are not read.

    Raises:
        RecordError: a file is missing, damaged, of a newer format, or does not fit the others.
    """
    return _read_one_version(folder_at(folder), _load)


def load_summary(folder: str | Path) -> Summary:
    """Read run.json alone; raises as `load_record` does."""
    folder = folder_at(folder)
    values = read_document(folder)
    return Summary(folder=folder, **{item.name: values[item.name] for item in fields(Summary) if item.name != "folder"})


def list_runs(root: str | Path) -> list[Summary]:
    """All runs under `root`, newest first; what is no readable run is left out (`load_record` says why)."""
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
    is_plain = re.fullmatch(r"[^./\\:\x00-\x1f][^/\\:\x00-\x1f]*", run_id) and encodable(run_id) == run_id
    with refusals(f"{run_id!r} is not the id of a run"):
        if is_plain and (root / run_id).is_dir() and (root / run_id).resolve().parent == root.resolve():
            return root / run_id
    raise RecordError(f"there is no run {run_id!r} in {root}")


def _completed(run: Run) -> Run:
    """The run with what follows from its settings, and names that can be shown, checked."""
    where = "the run cannot be saved"
    _check_arrays(run, where)
    height, width = run.reference.shape[:2]
    settings = {name: readable(value) if isinstance(value, str) else value for name, value in run.settings.items()}
    origin = run.origin or Origin(**origin_from(settings, (width, height)))
    origin = replace(origin, name=origin.name and readable(origin.name))
    run = replace(run, settings=settings, origin=origin, request_id=run.request_id or id_of(run.settings))
    unnamed = tuple(replace(result, file="") for result in run.results)
    check_run(plain(document_of(run, "", unnamed, {})), where)
    return run


def _write(folder: Path, run: Run, run_id: str, checkpoint: Checkpoint | None) -> None:
    """Write a version of a run beside the one that the folder may hold, and then its run.json."""
    numbered = checkpoint is not None
    files = {role: free_name(folder, DEFAULT_FILES[role], numbered=numbered) for role in ("images", "history", "maps")}
    arrays = {"reference": run.reference, "start": run.start, "images": run.finals, "images_8bit": run.images_8bit}
    write_arrays(folder / files["images"], arrays if run.mask is None else {**arrays, "mask": run.mask})
    write_arrays(folder / files["history"], history_arrays(run.history))
    for role, image in (("reference", run.reference), ("start", run.start)):
        files[role] = _write_unless_there(folder, DEFAULT_FILES[role], image)
    if len(run.keyframes.step):
        files["keyframes"] = free_name(folder, DEFAULT_FILES["keyframes"], numbered=numbered)
        write_arrays(folder / files["keyframes"], keyframe_arrays(run.keyframes))
    results = tuple(
        replace(result, file=free_name(folder, _file_name(i, result), numbered=numbered))
        for i, result in enumerate(run.results, start=1)
    )
    for result, image in zip(results, run.images_8bit, strict=True):
        save_png(folder / result.file, from_uint8(image))
    for name in (*files.values(), *(result.file for result in results)):
        if name != files["maps"]:
            sync_file(folder / name)
    if checkpoint:  # one is valid beside either version, so that it keeps its name
        files["checkpoint"] = CHECKPOINT_FILE
        save_checkpoint(folder, checkpoint)
    sync_folder(folder)
    with staged_file(folder / RUN_FILE) as partial:
        write_json(partial, document_of(run, run_id, results, files))


def _write_unless_there(folder: Path, plain: str, image: np.ndarray) -> str:
    """Write a picture that rarely changes from version to version; returns the name of the file that holds it."""
    name = free_name(folder, plain, numbered=False)
    save_png(folder / name, image)
    if name != plain and filecmp.cmp(folder / name, folder / plain, shallow=False):
        (folder / name).unlink()
        return plain
    return name


def _delete_leftovers(folder: Path) -> None:
    """Delete the files of versions that are no longer, or never were, the run's."""
    with contextlib.suppress(RecordError):
        for path in leftovers(folder, read_json(folder / RUN_FILE)):
            path.unlink(missing_ok=True)


def _read_one_version(folder: Path, read: Callable[[Path], Value]) -> Value:
    """Read a folder so that all comes from one version of it, though it be replaced meanwhile.

    Raises:
        RecordError: what `read` raises although run.json stays as it is.
    """
    while True:
        seen = stamp(folder / RUN_FILE)
        try:
            value = read(folder)
        except RecordError:
            if stamp(folder / RUN_FILE) == seen:
                raise
        else:
            if stamp(folder / RUN_FILE) == seen:
                return value


def _load(folder: Path) -> Run:
    values = read_document(folder)
    files: dict[str, str] = values["files"]
    images, sizes = read_declared(folder / files["images"], IMAGES)
    history, _ = read_declared(folder / files["history"], HISTORY)
    keyframes, faults = _keyframes(folder, files, {side: sizes[side] for side in ("H", "W")})
    return Run(
        **values,
        folder=folder,
        reference=images["reference"],
        start=images["start"],
        finals=images["images"],
        images_8bit=images["images_8bit"] if "images_8bit" in images else nearest_8bit(images["images"]),
        mask=images.get("mask"),
        history=history_from(history),
        keyframes=keyframes,
        faults=faults,
    )


def _keyframes(folder: Path, files: Mapping[str, str], sizes: Mapping[str, int]) -> tuple[Keyframes, tuple[str, ...]]:
    """The keyframes of a run, and what is wrong with them, in sentences: all else can be shown without them."""
    path = folder / files.get("keyframes", DEFAULT_FILES["keyframes"])
    if "keyframes" not in files or not path.is_file():
        return Keyframes.empty(), ()
    try:
        return keyframes_from(read_declared(path, KEYFRAMES, sizes=sizes)[0]), ()
    except RecordError as error:
        return Keyframes.empty(), (f"the pictures on the way cannot be shown: {error}",)


def _check_arrays(run: Run, where: str) -> None:
    arrays = {
        "images": run.finals,
        "reference": run.reference,
        "start": run.start,
        "images_8bit": run.images_8bit,
        "mask": run.mask,
    }
    sizes = check_arrays(arrays, IMAGES, where)
    check_arrays(history_arrays(run.history), HISTORY, f"{where}: the history")
    known = {side: sizes[side] for side in ("H", "W")}
    check_arrays(keyframe_arrays(run.keyframes), KEYFRAMES, f"{where}: the keyframes", known)


def _new_id(run: Run) -> str:
    """Sortable, readable, unique: time, metrics, picture, chance."""
    time = datetime.datetime.fromisoformat(run.created).strftime("%Y-%m-%d_%H%M%S")
    metrics = f"{_plain_name(run.results[0].optimized)}-vs-{_plain_name(run.results[0].fixed)}"
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
