"""Files and folders that are whole or absent, and readers that trust nothing.

Writing goes to a hidden name beside the target, is synced, and is renamed: a crash at any moment leaves the old or the
new, never half. Reading executes nothing. What the disk refuses and what is damaged is a `RecordError`.
"""

import contextlib
import json
import math
import os
import re
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Value = TypeVar("Value")

PARTIAL = ".partial"
"""Ending of the hidden name under which a folder is written."""

ASIDE = ".replaced"
"""Ending of the hidden name under which a folder waits, for a moment, while its newer version takes its place."""

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

PATIENCE_SECONDS = 0.2
"""How long an empty place is taken for an exchange under way, before it is taken for one cut short by a crash."""

ATTEMPTS = 5
"""How often a replacement is tried when readers, out of patience, put the old one back."""


class RecordError(ValueError):
    """A record that cannot be read or written; the message is one sentence that names the file and the fault."""


@contextlib.contextmanager
def refusals(what_failed: str) -> Iterator[None]:
    """Turn an OSError of the block into a RecordError that begins with `what_failed`."""
    try:
        yield
    except OSError as error:
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
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        sync_file(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def exchange(staged: Path, folder: Path) -> None:
    """Let two folders change places.

    A folder cannot be renamed onto a full one, so the old one steps aside first. Who finds its place empty for longer
    than an exchange takes puts the old one back (`identity`); so a crash between the two renames costs nothing.
    """
    aside = _aside(folder)
    for attempt in range(ATTEMPTS):
        if identity(folder) is not None:
            shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        try:
            staged.rename(folder)
            break
        except OSError:
            with contextlib.suppress(OSError):
                aside.rename(folder)
            if attempt == ATTEMPTS - 1:
                raise
    aside.rename(staged)
    sync_folder(folder.parent)


def read_steadily(folder: Path, read: Callable[[Path], Value]) -> Value:
    """Read a folder so that all comes from one version of it, though it be replaced meanwhile.

    Raises:
        RecordError: what `read` raises twice on the same version.
    """
    failed_on: int | None = -1
    while True:
        seen = identity(folder)
        try:
            value = read(folder)
        except RecordError:
            if seen == failed_on:
                raise
            failed_on = seen
        else:
            if identity(folder) == seen:
                return value


def identity(folder: Path) -> int | None:
    """A number that changes when the folder is replaced, None if there is none; undoes an exchange cut short."""
    aside, patience, absences = _aside(folder), time.monotonic() + PATIENCE_SECONDS, 0
    while absences < 2:  # one absence may be an exchange that ended between the two looks
        try:
            found = folder.stat()
            return found.st_ino if stat.S_ISDIR(found.st_mode) else None
        except FileNotFoundError:
            absences += not aside.is_dir()
        if time.monotonic() > patience:
            with contextlib.suppress(OSError):
                aside.rename(folder)
        time.sleep(PATIENCE_SECONDS / 100)
    return None


def list_names(root: Path) -> set[str]:
    """Names of what is not hidden in `root`, and of what is just being written or replaced."""
    hidden = re.compile(rf"\.(.+)({re.escape(ASIDE)}|{re.escape(PARTIAL)})")
    entries = [entry.name for entry in root.iterdir()] if root.is_dir() else []
    staged = {match[1] for name in entries if (match := hidden.fullmatch(name))}
    return staged | {name for name in entries if not name.startswith(".")}


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
        raise RecordError(f"{path.name} cannot be written: {error}") from error
    path.write_text(text + "\n", encoding="utf-8")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an NPZ file; raises RecordError where an array would have to be pickled."""
    for name, array in arrays.items():
        if array.dtype.kind not in PLAIN_KINDS:
            raise RecordError(f"{path.name} cannot be written: {name} holds {array.dtype}, not numbers or text")
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


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}{ASIDE}")


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
