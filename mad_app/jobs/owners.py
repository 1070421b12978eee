"""Who made a run.

    .owners/<id of the run>    in the folder of the runs: a hash of the name of the visitor who made or imported it

A run without such a file, as one of the command line, belongs to whoever started the server.
"""

import contextlib
import hashlib
from pathlib import Path

OWNERS = ".owners"


def visitor_hash(visitor: str) -> str:
    """What files and folders carry in place of a visitor's name, which the visitor's browser alone shall know."""
    return hashlib.sha256(visitor.encode()).hexdigest()[:32]


def give_to(root: Path, run_id: str, visitor: str) -> None:
    """Let a run belong to a visitor; raises OSError where the disk refuses it."""
    path = root / OWNERS / run_id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(visitor_hash(visitor), encoding="utf-8")


def belongs_to(root: Path, run_id: str, visitor: str) -> bool:
    """Whether this visitor made the run; a run of a series belongs to who made the series."""
    name = run_id.partition("/")[0]
    if not visitor or not name or name.startswith("."):
        return False
    try:
        return (root / OWNERS / name).read_text(encoding="utf-8") == visitor_hash(visitor)
    except (OSError, ValueError):
        return False


def forget_owner(root: Path, run_id: str) -> None:
    """Remove what says who made a run that is gone; what the disk refuses is left."""
    with contextlib.suppress(OSError, ValueError):
        (root / OWNERS / run_id).unlink(missing_ok=True)
