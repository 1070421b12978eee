"""Pictures that visitors upload, kept so that an address can name them.

    .uploads/<hash of the visitor>/<hash of the content>         the file as it came
    .uploads/<hash of the visitor>/<hash of the content>.name    what the visitor calls it

A visitor sees only the own ones. The oldest go first where there are too many, or where they take too much room.
"""

import contextlib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from mad_app.jobs.owners import visitor_hash
from mad_app.records import RecordError
from mad_app.records.storage import refusals, staged_file

UPLOADS = ".uploads"
MOST_FILES = 20
"""Of a visitor."""

MOST_BYTES = 2 * 2**30
"""Of all visitors together."""

_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Upload:
    """A file that a visitor gave.

    Attributes:
        name: what the visitor calls it.
        content: its bytes.
    """

    name: str
    content: bytes

    @property
    def id(self) -> str:
        """A hash of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]


def keep_upload(root: Path, visitor: str, upload: Upload) -> str:
    """Keep a file; returns its id.

    Raises:
        RecordError: the disk refuses it.
    """
    folder = root / UPLOADS / visitor_hash(visitor)
    path = folder / upload.id
    with refusals(f"{upload.name} could not be kept"):
        folder.mkdir(parents=True, exist_ok=True)
        with staged_file(path) as staged:
            staged.write_bytes(upload.content)
        path.with_suffix(".name").write_text(upload.name, encoding="utf-8", errors="replace")
    _make_room(root, folder, path)
    return upload.id


def has_upload(root: Path, visitor: str, upload_id: str) -> bool:
    """Whether the visitor gave a file of that id, which may come from outside."""
    return bool(_ID.fullmatch(upload_id)) and (root / UPLOADS / visitor_hash(visitor) / upload_id).is_file()


def load_upload(root: Path, visitor: str, upload_id: str) -> Upload:
    """A file that was kept.

    Raises:
        RecordError: it is not there any longer.
    """
    if not has_upload(root, visitor, upload_id):
        raise RecordError("this picture is no longer kept: upload it again")
    path = root / UPLOADS / visitor_hash(visitor) / upload_id
    with refusals("this picture could not be read"):
        content = path.read_bytes()
    name = "picture"
    with contextlib.suppress(OSError, ValueError):
        name = path.with_suffix(".name").read_text(encoding="utf-8") or name
    return Upload(name, content)


def _make_room(root: Path, folder: Path, newest: Path) -> None:
    """Remove the oldest files but the newest one where there are too many."""
    with contextlib.suppress(OSError):
        own = _oldest_first(folder)
        for path in own[: max(len(own) - MOST_FILES, 0)]:
            _remove(path, newest)
        kept = _oldest_first(root / UPLOADS)
        total = sum(path.stat().st_size for path in kept)
        for path in kept:
            if total <= MOST_BYTES:
                break
            total -= path.stat().st_size
            _remove(path, newest)


def _oldest_first(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if _ID.fullmatch(path.name) and path.is_file()]
    return sorted(files, key=lambda path: path.stat().st_mtime)


def _remove(path: Path, newest: Path) -> None:
    if path != newest:
        path.unlink(missing_ok=True)
        path.with_suffix(".name").unlink(missing_ok=True)
