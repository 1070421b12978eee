"""Name and notes that people give a run, beside the record, which stays as it was.

.labels/<id>.json    in the folder of the runs: schema, name, notes (plain JSON)
"""

import unicodedata
from dataclasses import asdict, dataclass
from pathlib import Path

from mad_app.records.storage import RecordError, read_json, refusals, staged_file, write_json

LABELS = ".labels"
SCHEMA = 1
LONGEST_NAME = 120
LONGEST_NOTES = 10_000


@dataclass(frozen=True)
class Label:
    """Name and notes of a run; both may be empty, and are shown as they are.

    Attributes:
        name: one line of at most LONGEST_NAME characters.
        notes: at most LONGEST_NOTES characters.

    Raises:
        RecordError: a text is too long.
    """

    name: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", " ".join(_printable(self.name).split()))
        object.__setattr__(self, "notes", _printable(self.notes).strip())
        for what, longest in (("name", LONGEST_NAME), ("notes", LONGEST_NOTES)):
            length = len(getattr(self, what))
            if length > longest:
                raise RecordError(f"{what} may have {longest} characters, got {length}")


def load_label(folder: Path) -> Label:
    """The label of the run in a folder, an empty one if it has none; raises RecordError where it cannot be read."""
    path = label_path(folder)
    return read_label(path) if path.is_file() else Label()


def save_label(folder: Path, label: Label) -> None:
    """Give the run in a folder a label, in one stroke; raises RecordError where the disk refuses it."""
    path = label_path(folder)
    with refusals(f"name and notes of {folder.name} could not be saved"):
        if label == Label():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True)
        with staged_file(path) as partial:
            write_json(partial, {"schema": SCHEMA, **asdict(label)})


def read_label(path: Path) -> Label:
    """The label in a file; raises RecordError where it cannot be read."""
    document = read_json(path)
    if document.get("schema") != SCHEMA:
        raise RecordError(f"{path} has schema {document.get('schema')!r}, expected {SCHEMA}")
    for name in ("name", "notes"):
        if not isinstance(document.get(name), str):
            raise RecordError(f"{path}: {name} is {document.get(name)!r:.60}, expected text")
    return Label(name=document["name"], notes=document["notes"])


def label_path(folder: Path) -> Path:
    """Where the label of the run in a folder is kept, if it has one."""
    return folder.parent / LABELS / f"{folder.name}.json"


def _printable(text: str) -> str:
    """Without control characters and halves of surrogate pairs, which no file can hold; lines stay lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
