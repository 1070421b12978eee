"""How much of a busy machine's time a worker process takes.

A run gives way to the page, and what is prepared while nobody waits gives way to everything. On Linux each thread has
a priority of its own, and only a privileged process may raise one again.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

RUNNING, WARMING = 5, 15
"""Nice values of a run and of what is prepared for one."""


def yield_to_the_page() -> None:
    """Take the priority of a run, to be called once when a worker process begins."""
    if hasattr(os, "nice"):
        os.nice(RUNNING)


@contextlib.contextmanager
def low_priority() -> Iterator[None]:
    """Inside this context the process has the priority of what is prepared, where it can have its own again."""
    if not _may_be_raised():
        yield
        return
    _set_priority(WARMING)
    try:
        yield
    finally:
        _set_priority(RUNNING)


def _may_be_raised() -> bool:
    """Whether a priority that was lowered can be raised again; tried by one step, which harms little."""
    if not hasattr(os, "setpriority"):
        return False
    with contextlib.suppress(OSError):
        now = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, now + 1)
        os.setpriority(os.PRIO_PROCESS, 0, now)
        return True
    return False


def _set_priority(nice: int) -> None:
    """Of all threads, as those that are started have the priority of the one that starts them."""
    tasks = Path("/proc/self/task")
    for task in list(tasks.iterdir()) if tasks.is_dir() else []:
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, int(task.name), nice)
