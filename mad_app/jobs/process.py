"""Worker processes: one for each job that runs."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from mad_app.jobs.environment import server_environment
from mad_app.jobs.folder import JobFolder, Phase


class Worker(Protocol):
    """What the queue needs to know of whoever computes a job."""

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it computes."""

    def end(self) -> None:
        """End it at once, with all that it started, and wait until it has ended."""


StartWorker = Callable[[JobFolder], Worker]


class WorkerProcess:
    """A process of its own. Its standard input, which nobody writes to, is closed when this process ends."""

    def __init__(self, folder: JobFolder) -> None:
        with (folder.path / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mad_app.jobs.worker", str(folder.path.resolve())],
                env={**server_environment(), "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """As in `Worker`."""
        return self.process.poll()

    def end(self) -> None:
        """As in `Worker`."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if os.name == "posix":
                    os.killpg(self.process.pid, signal.SIGKILL)
                else:
                    self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()


def start_worker(folder: JobFolder) -> Worker:
    """Start the process of a job."""
    folder.write_status(replace(folder.status(), phase=Phase.STARTING))
    return WorkerProcess(folder)


def describe_exit(code: int) -> str:
    """Why a process ended, from its exit status.

    Example:
        >>> describe_exit(1), describe_exit(-9)
        ('exit status 1', 'SIGKILL; often the machine has run out of memory')
    """
    if code >= 0:
        return f"exit status {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"{name}; often the machine has run out of memory" if name == "SIGKILL" else name
