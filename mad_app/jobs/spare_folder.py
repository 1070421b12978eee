"""Where a run goes that the disk refuses: a folder that lasts as long as the program, in memory where there is some."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
"""Files in memory, as Linux has them."""

SpareFolder = tempfile.TemporaryDirectory[str]


def make_spare_folder(root: Path) -> SpareFolder | None:
    """An empty folder, on another device than `root` if possible; None where nothing can be written."""
    device = _device(root)
    with contextlib.suppress(OSError):
        usable = [place for place in (Path(tempfile.gettempdir()), MEMORY) if os.access(place, os.W_OK)]
        if not usable:
            return None
        place = max(usable, key=lambda place: (_device(place) != device, shutil.disk_usage(place).free))
        return tempfile.TemporaryDirectory(prefix="mad_app-", dir=place, ignore_cleanup_errors=True)
    return None


def is_refusal(error: BaseException) -> bool:
    """Whether it is the disk that refuses: full, read-only, or something is in the way."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno is not None


def _device(path: Path) -> int:
    """The device of a path, or of the first folder above it that there is."""
    return next(place.stat().st_dev for place in (path, *path.absolute().parents) if place.exists())
