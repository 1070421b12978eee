"""Files and folders that are whole or absent, and readers that check everything.

Writing goes to a hidden name beside the target, is synced, and is renamed: a crash at any moment leaves the old or the
new version, never a part of one. Reading executes nothing. What is damaged, and what the disk refuses, is a
`RecordError`.
"""

import contextlib
import errno
import json
import math
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

PARTIAL = ".partial"
"""In the hidden name under which a folder or file is written."""

PLAIN_KINDS = "biufcSU"
"""Kinds of NumPy arrays that need no pickling: numbers and text."""

_JSON_NAMES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk, or of a user's share of it, that is full."""


class RecordError(ValueError):
    """A record that cannot be read or written; the message is one sentence that names the file and the fault."""


class DiskFullError(RecordError):
    """A record cannot be written now, because there is no room on the disk."""


@contextlib.contextmanager
def refusals(what_failed: str) -> Iterator[None]:
    """Turn an OSError of the block into a RecordError about `what_failed`, a full disk into a DiskFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFullError(f"there is no room on the disk: {what_failed}") from error
        raise RecordError(f"{what_failed}: {error.strerror or error}") from error


@contextlib.contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside `folder` that the block fills and renames; gone after it, whatever happens."""
    partial = folder.with_name(f".{folder.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """A hidden file beside `path` that the block writes and that then takes its place; gone if the block fails."""
    partial = path.with_name(f".{path.stem}{PARTIAL}{path.suffix}")
    try:
        yield partial
        sync_file(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def list_names(root: Path) -> list[str]:
    """Names of what is in a folder and not hidden; none where there is no such folder."""
    return [entry.name for entry in root.iterdir() if not entry.name.startswith(".")] if root.is_dir() else []


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written or replaced: inode, time and size; None if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def sync_file(path: Path) -> None:
    """Wait until the file's content is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in the folder are on the disk, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write strict, indented JSON; NumPy numbers become plain ones, numbers that are not finite become null."""
    try:
        text = json.dumps(_plain(document), indent=2, allow_nan=False)
    except TypeError as error:
        raise RecordError(f"{_final_name(path)} cannot be written: {error}") from error
    path.write_text(text + "\n", encoding="utf-8")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an NPZ file; raises RecordError where an array would have to be pickled."""
    for name, array in arrays.items():
        if array.dtype.kind not in PLAIN_KINDS:
            raise RecordError(f"{_final_name(path)} cannot be written: {name} holds {array.dtype}, not numbers or text")
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; NaN and Infinity, which are no JSON, are refused."""
    try:
        document = json.loads(path.read_bytes(), parse_constant=_refuse_constant, parse_float=_finite)
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not whole, valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise RecordError(f"{path} holds no JSON object")
    return document


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Read all arrays of an NPZ file, among which `names` must be; nothing is unpickled."""
    if not path.is_file():
        raise RecordError(f"{path} is missing")
    try:
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("it is cut short or of another kind")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f"{path} is not a whole NPZ file of plain arrays: {error}") from error
    for name in names:
        if not isinstance(arrays.get(name), np.ndarray):
            raise RecordError(f"{path} lacks the array {name!r}")
    return arrays


def take(
    document: dict[str, Any], keys: Mapping[str, tuple[type, ...]], where: str, ignored: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the expected keys out of a JSON object.

    Args:
        document: the object.
        keys: name of each key that must be there, to the types it may have.
        where: file and place, which opens the message.
        ignored: further keys that are dropped.

    Returns:
        The expected keys with their values, and all others with theirs.
    """
    for name, types in keys.items():
        if name not in document:
            raise RecordError(f"{where} lacks {name!r}")
        if not isinstance(document[name], types):
            expected = " or ".join(_JSON_NAMES[kind] for kind in types if not (kind is int and float in types))
            raise RecordError(f"{where} has {name} {document[name]!r:.60}, expected {expected}")
    others = {name: value for name, value in document.items() if name not in keys and name not in ignored}
    return {name: document[name] for name in keys}, others


def _final_name(path: Path) -> str:
    """The name that a file will have when it is whole (`staged_file`)."""
    return path.name.removeprefix(".").replace(PARTIAL, "")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no finite number")
