"""Which files make up a record: run.json names them, so that replacing run.json replaces them all at once.

A finished record has plain names, such as `images.npz`. While a newer version is written beside an older one, or while
a run is unfinished, a name carries a number, such as `images.v1.npz`. A file of a record that run.json does not name
was left behind by a crash: readers ignore it, and the next replacement deletes it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mad_app.records.storage import RecordError, read_json

RUN_FILE = "run.json"
CHECKPOINT_FILE = "checkpoint.npz"

DEFAULT_FILES: Mapping[str, str] = {
    "reference": "reference.png",
    "start": "start.png",
    "images": "images.npz",
    "history": "history.npz",
    "keyframes": "keyframes.npz",
    "maps": "maps.npz",
    "checkpoint": CHECKPOINT_FILE,
}
"""Role of a file to its plain name; the names of the four pictures are those of their results."""

_REQUIRED = ("reference", "start", "images", "history")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,150}\.(png|npz)")
_OF_A_RECORD = re.compile(
    r"(?:reference|start|[1-4]_[\w-]+_(?:max|min))(?:\.v\d+)?\.png"
    r"|(?:images|history|keyframes|maps|checkpoint)(?:\.v\d+)?\.npz"
    r"|\..+\.partial\.\w+"
)


def files_in(document: Mapping[str, Any], where: str) -> dict[str, str]:
    """Role to name of the files that a run.json names; the plain names where it names none.

    Raises:
        RecordError: a name is not the plain name of a PNG or NPZ file; `where` opens the message.
    """
    named = document.get("files")
    if named is None:
        return dict(DEFAULT_FILES)
    if not isinstance(named, dict):
        raise RecordError(f"{where} has files {named!r:.60}, expected an object")
    for role, name in named.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise RecordError(f"{where} has the file {name!r:.60} for {role}, expected the plain name of a PNG or NPZ")
        if role in DEFAULT_FILES and not name.endswith(DEFAULT_FILES[role][-4:]):
            raise RecordError(f"{where} has the file {name!r:.60} for {role}, which is of another kind")
    if len(set(named.values())) != len(named):
        raise RecordError(f"{where} names one file twice")
    required = {role: DEFAULT_FILES[role] for role in _REQUIRED}
    return required | {role: name for role, name in named.items() if role in DEFAULT_FILES}


def folder_at(path: str | Path) -> Path:
    """A folder under its own name, also where it is given as "." or "" or ends in "..".

    Example:
        >>> folder_at("runs/a"), folder_at(".") == Path.cwd()
        (PosixPath('runs/a'), True)
    """
    folder = Path(path)
    return folder if folder.name not in ("", "..") else folder.resolve()


def files_of(document: Mapping[str, Any], where: str) -> list[str]:
    """Names of all files that a run.json of any schema names; raises as `files_in`."""
    pictures = document.get("images")
    named = [RUN_FILE, *files_in(document, where).values()]
    if isinstance(pictures, list):
        named += [image["file"] for image in pictures if isinstance(image, dict) and isinstance(image.get("file"), str)]
    return named


def path_of(folder: Path, role: str) -> Path | None:
    """Where the record in a folder keeps the file of a role, whether or not it is there yet.

    Returns:
        None where run.json names none; the plain name where run.json cannot be read.
    """
    try:
        named = files_in(read_json(folder / RUN_FILE), str(folder / RUN_FILE))
    except RecordError:
        named = dict(DEFAULT_FILES)
    return folder / named[role] if role in named else None


def free_name(folder: Path, plain: str, *, numbered: bool) -> str:
    """A name that no file in the folder has: the plain one if it may be, else with the lowest number.

    Example:
        >>> free_name(Path("/nowhere"), "images.npz", numbered=True)
        'images.v1.npz'
    """
    stem, dot, suffix = plain.rpartition(".")
    version, name = 0, plain
    while (numbered and version == 0) or (folder / name).exists():
        version += 1
        name = f"{stem}.v{version}{dot}{suffix}"
    return name


def leftovers(folder: Path, document: Mapping[str, Any]) -> list[Path]:
    """Files of a record in the folder that its run.json does not name."""
    named = files_of(document, str(folder / RUN_FILE))
    return sorted(path for path in folder.iterdir() if path.name not in named and _OF_A_RECORD.fullmatch(path.name))
