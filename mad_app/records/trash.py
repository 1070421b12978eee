"""Deleting runs so that they can be restored, bit for bit.

    .trash/          in the folder of the runs: itself a folder of runs, with the labels that belong to them

A run moves by renaming; nothing in it is copied or changed but the time of its folder, which shows its age.
"""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from mad_app.records.labels import label_path
from mad_app.records.run_folder import find_run
from mad_app.records.series import holds_records
from mad_app.records.storage import RecordError, list_names, refusals, sync_folder
from mad_app.records.text import readable

TRASH = ".trash"
_UNUSABLE = re.compile(r"[\\:]")
"""What no id of a run may hold."""

KEEP_SECONDS = 30 * 24 * 3600.0
"""How long a deleted run can be restored."""


def delete_run(root: str | Path, run_id: str, *, series: str | None = None) -> None:
    """Move a run or series, with its name and notes, into the trash; it need not be readable.

    Args:
        root: the folder of the runs.
        run_id: of the run or series.
        series: id of the series that holds the run; beside that it is restored.

    Raises:
        RecordError: there is no such run, it is a folder of runs, or the disk refused it; then it is where it was.
    """
    root = Path(root)
    folder, trash = _find(root if series is None else find_run(root, series), run_id), root / TRASH
    run_id = _UNUSABLE.sub("-", readable(run_id))
    if holds_records(folder):
        raise RecordError(f"{run_id} could not be deleted: it is a folder of records")
    with refusals(f"{run_id} could not be deleted"):
        trash.mkdir(exist_ok=True)
        drop_run(trash, run_id)
        os.utime(folder)  # before it lies where old ones are deleted for good
        _move(folder, trash / run_id)


def restore_run(root: str | Path, run_id: str) -> None:
    """Put a deleted run back where it was.

    Raises:
        RecordError: it is not in the trash, its place is taken, or the disk refused it; then it stays in the trash.
    """
    root = Path(root)
    folder = find_run(root / TRASH, run_id)
    if (root / run_id).exists():
        raise RecordError(f"{run_id} could not be restored: there is another run of that id")
    with refusals(f"{run_id} could not be restored"):
        _move(folder, root / run_id)


def deleted_runs(root: str | Path) -> list[str]:
    """The ids of the runs in the trash, the one deleted last first."""
    trash = Path(root) / TRASH
    with refusals(f"the deleted runs in {trash} could not be listed"):
        ages = _ages(trash)
    return [path.name for path in sorted(ages, key=ages.__getitem__)]


def empty_trash(root: str | Path, *, older_than: float = 0.0) -> int:
    """Delete what lies in the trash for longer than some seconds, for good; returns how many runs that were.

    Raises:
        RecordError: the disk refused it.
    """
    trash, dropped = Path(root) / TRASH, 0
    with refusals(f"the trash {trash} could not be emptied"):
        for path, age in _ages(trash).items():
            if age >= older_than:
                drop_run(trash, path.name)
                dropped += 1
    return dropped


def _find(root: Path, run_id: str) -> Path:
    """The folder of a run, or one that is no run because its name cannot be shown, by its name as it is shown."""
    try:
        return find_run(root, run_id)
    except RecordError:
        for name in list_names(root):
            folder = root / name
            if readable(name) == run_id and folder.is_dir() and not folder.is_symlink():
                return folder
        raise


def drop_run(root: Path, run_id: str) -> None:
    """Delete a run and its label, if they are there, for good."""
    folder = root / run_id
    while folder.exists():
        with contextlib.suppress(FileNotFoundError):  # what another process deletes at the same time
            shutil.rmtree(folder)
    label_path(folder).unlink(missing_ok=True)


def _ages(trash: Path) -> dict[Path, float]:
    """The folders of the runs in the trash, and how many seconds ago each was deleted."""
    ages = {}
    for path in trash.iterdir() if trash.is_dir() else ():
        if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):  # restored or deleted for good meanwhile
                ages[path] = time.time() - path.stat().st_mtime
    return ages


def _move(folder: Path, target: Path) -> None:
    """Rename a run and its label, the label first: if either is refused, both stay."""
    source, goal = label_path(folder), label_path(target)
    labeled = source.is_file()
    if labeled:
        goal.parent.mkdir(exist_ok=True)
        source.replace(goal)
    try:
        folder.rename(target)
    except OSError:
        if labeled:
            with contextlib.suppress(OSError):
                goal.replace(source)
        raise
    for parent in (folder.parent, target.parent):
        sync_folder(parent)
