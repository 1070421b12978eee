"""One process at a time computes a run.

    .lock            in the folder of a run, while it is computed: the process and its machine (plain JSON)

Where the system can lock files, the lock ends with the process that holds it, however it ends. Where it cannot, a lock
of a process that is no longer alive on this machine is taken over.
"""

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mad_app.records.storage import RecordError, refusals

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = ".lock"


class LockedError(RecordError):
    """A run is being computed elsewhere."""


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of the run in a folder while the block computes it.

    Raises:
        LockedError: another process, or another part of this one, computes it.
        RecordError: the disk refused the lock.
    """
    path = folder / LOCK_FILE
    with refusals(f"{folder} could not be locked"):
        descriptor = _acquire(path)
    try:
        yield
    finally:
        if fcntl is None:  # Windows deletes no open file
            os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
        if fcntl is not None:
            os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Whether a run is being computed."""
    if not (folder / LOCK_FILE).is_file():
        return False
    try:
        with run_lock(folder):
            return False
    except RecordError:
        return (folder / LOCK_FILE).is_file()


def can_lock(folder: Path) -> bool:
    """Whether the file system of a folder, which must exist, can lock files; False where it cannot be written."""
    if fcntl is None:
        return False
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _acquire(path: Path) -> int:
    """An open lock file that is this process's; closing it ends the lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(descriptor, path):
                raise LockedError(f"{path.parent} is being run by {_holder(path)}: wait for it, or stop it first")
            if _is_at(descriptor, path):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its former holder deleted it in between


def _lock(descriptor: int, path: Path) -> bool:
    """Whether the lock could be had."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system that cannot lock
            return not _is_alive(_content(path))
        return True
    return not _is_alive(_content(path))


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that has this name now."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _content(path: Path) -> dict[str, Any]:
    """What a lock file says; nothing where it cannot be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else {}
    return {}


def _is_alive(holder: dict[str, Any]) -> bool:
    """Whether the process of a lock file may still run; on another machine it may."""
    pid, host = holder.get("pid"), holder.get("host")
    if not isinstance(pid, int) or pid <= 0:
        return False
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _holder(path: Path) -> str:
    holder = _content(path)
    if not isinstance(holder.get("pid"), int):
        return "another process"
    here = "" if holder.get("host") == socket.gethostname() else f" on {str(holder.get('host'))[:100]}"
    return f"process {holder['pid']}{here}"
