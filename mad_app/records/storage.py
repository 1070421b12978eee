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

from mad_app.records.text import encodable, readable

PARTIAL = ".partial"
"""In the hidden name under which a folder or file is written."""

PLAIN_KINDS = "biufcSU"
"""Kinds of NumPy arrays that need no pickling: numbers and text."""

MAX_JSON_BYTES = 4 * 2**20
"""Largest JSON file of a record that is read."""
MAX_DEPTH = 50
"""How deep its lists and objects may be nested."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk, or of a user's share of it, that is full."""


class RecordError(ValueError):
    """A record that cannot be read or written; the message is one printable sentence that names file and fault."""

    def __init__(self, message: str) -> None:
        super().__init__(readable(" ".join(message.splitlines())))


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
    except (OSError, ValueError):  # a name with a null character
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def stamps_in(folder: Path | None) -> tuple[tuple[str, object], ...]:
    """The name and the stamp of each file in a folder: what changes when any of them is replaced; none without one."""
    if folder is not None:
        with contextlib.suppress(OSError, ValueError), os.scandir(folder) as entries:
            return tuple(sorted((entry.name, stamp(Path(entry.path))) for entry in entries if entry.is_file()))
    return ()


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


def plain(value: Any) -> Any:
    """A value as JSON has it: NumPy's numbers as plain ones, and null where a number is not finite."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write strict, indented JSON; NumPy numbers become plain ones, numbers that are not finite become null."""
    try:
        text = json.dumps(plain(document), indent=2, allow_nan=False)
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


def read_json(path: Path, *, most: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a JSON object of at most `most` bytes; NaN and Infinity, which are no JSON, are refused.

    A half of a surrogate pair, which no page can show, is read as a replacement character.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # opening a pipe would wait for ever
            raise RecordError(f"{path} cannot be read: it is a pipe or a device")
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise RecordError(f"{path} has more than {most >> 20} MB, which no record has")
        document = json.loads(content, parse_constant=_refuse_constant, parse_float=_finite)
        if b"\\ud" in content.lower():
            document = _encodable(document)
        _check_depth(document, path)
    except FileNotFoundError as error:
        raise RecordError(f"{path} is missing") from error
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from error
    except RecordError:
        raise
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


def _final_name(path: Path) -> str:
    """The name that a file will have when it is whole (`staged_file`)."""
    return path.name.removeprefix(".").replace(PARTIAL, "")


def _encodable(value: Any) -> Any:
    """A JSON value whose texts can be encoded."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {encodable(name): _encodable(item) for name, item in value.items()}
    return value


def _check_depth(document: Any, path: Path) -> None:
    """Refuse what is nested too deep to be written again."""
    layer = [document]
    for _ in range(MAX_DEPTH):
        layer = [
            item
            for value in layer
            if isinstance(value, list | dict)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not layer:
            return
    raise RecordError(f"{path} is not whole, valid JSON: its values are nested more than {MAX_DEPTH} deep")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no finite number")
