"""Waiting for room on a full disk."""

import time
from collections.abc import Callable

from mad_app.records.storage import NO_ROOM, DiskFullError

SECONDS_BETWEEN_TRIES = 1.0


def when_there_is_room(write: Callable[[], object], gives_up: Callable[[], bool]) -> None:
    """Write something as soon as the disk has room for it.

    Args:
        write: tries to.
        gives_up: asked each time there is no room; true to wait no longer.

    Raises:
        OSError, RecordError: what `write` raises for another reason, or when nobody waits any longer.
    """
    while True:
        try:
            write()
        except (OSError, DiskFullError) as error:
            if not is_no_room(error) or gives_up():
                raise
            time.sleep(SECONDS_BETWEEN_TRIES)
        else:
            return


def is_no_room(error: BaseException) -> bool:
    """Whether an error, or its cause, is a disk without room."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(error, DiskFullError) or (isinstance(cause, OSError) and cause.errno in NO_ROOM)
