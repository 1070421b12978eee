"""How much of a busy machine's time a worker process takes.

A run gives way to the page, and what is prepared while nobody waits gives way to everything. On Linux each thread has
a priority of its own, and only a privileged process may raise one again: any other prepares with that of a run.
"""

import contextlib
import functools
import os
from pathlib import Path

RUNNING, PREPARING = 5, 15
"""Nice values of a run and of what is prepared for one."""


def yield_to_the_page() -> None:
    """Take the priority of a run, to be called once when a worker process begins."""
    if hasattr(os, "nice"):
        os.nice(RUNNING)


def set_priority(nice: int) -> None:
    """Take one of the priorities above, where it can be changed again.

    It is that of all threads, as those that are started have the priority of the one that starts them.
    """
    tasks = Path("/proc/self/task")
    if not _may_be_raised() or not tasks.is_dir():
        return
    for task in list(tasks.iterdir()):
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, int(task.name), nice)


@functools.cache
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
