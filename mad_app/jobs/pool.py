"""The server's worker processes: each takes one job after the other, and a spare one is ready before it is needed.

A process that has finished a job waits for the next one, with all that it has imported, loaded and compiled. One that
was ended, died, has grown or has run many jobs is replaced.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from mad_app.jobs.capacity import available_memory
from mad_app.jobs.folder import JobFolder, Phase
from mad_app.jobs.process import Answer, ProcessEnded, WorkerProcess

MOST_BYTES = 4 * 2**30
"""Memory above which a process that has finished a job is replaced; LASI and LPIPS take 1 GB at 256 pixels."""

SPARE_BYTES = 3 * 2**30
"""Memory to be available for a spare process beside one that is lent: both together grow by less."""

MOST_RUNS = 200
"""How many jobs a process runs, as compiled programs of every size and pair of metrics pile up in it."""


class WorkerPool:
    """Worker processes. Safe to use from many threads.

    Args:
        at_once: how many jobs run at a time; while fewer do, a spare is kept ready, beside one that is lent only
            where there is memory for both.
        launch: starts a process.
    """

    def __init__(self, at_once: int = 1, *, launch: Callable[[], WorkerProcess] = WorkerProcess) -> None:
        self._at_once, self._launch = at_once, launch
        self._lock = threading.RLock()
        self._idle: list[WorkerProcess] = []
        self._running: set[WorkerProcess] = set()
        self._lent: set[WorkerProcess] = set()
        self._closed = False

    def warm_up(self) -> None:
        """Have a process ready for the next job, unless all that may run at a time do."""
        with self._lock:
            self._idle = [process for process in self._idle if process.is_alive()]
            is_free = len(self._running) < self._at_once and not self._closed
            if not self._idle and is_free and (not self._lent or available_memory() >= SPARE_BYTES):
                self._idle.append(self._launch())

    def start(self, folder: JobFolder) -> "PooledWorker":
        """Let a process run a job; raises OSError where none can be started."""
        folder.write_status(replace(folder.status(), phase=Phase.STARTING))
        return PooledWorker(self, self._take(self._running), folder)

    def lend(self, request: Mapping[str, Any]) -> Future[Answer]:
        """Ask a process for something that takes long; no job is given to it until it has answered.

        Raises:
            OSError: none can be started.
        """
        process = self._take(self._lent)
        answer = process.ask(request)

        def take_back(done: Future[Answer]) -> None:
            self.take_back(process, None if done.exception() else done.result()["memory"])

        answer.add_done_callback(take_back)
        return answer

    def _take(self, among: set[WorkerProcess]) -> WorkerProcess:
        """A process that is ready, or a new one, put among others, while a spare one prepares itself."""
        with self._lock:
            ready = [process for process in self._idle if process.is_alive()]
            process = ready[0] if ready else self._launch()
            self._idle = ready[1:]
            among.add(process)
            self.warm_up()
        return process

    def ask(self, request: Mapping[str, Any]) -> Future[Answer] | None:
        """Ask a process that runs no job for something; None where each runs one."""
        with self._lock:
            self.warm_up()
            return self._idle[0].ask(request) if self._idle else None

    def take_back(self, process: WorkerProcess, memory: int | None) -> None:
        """Keep a process that has finished its job for the next one, or replace it.

        Args:
            process: that ran a job.
            memory: bytes that it takes; None if it did not finish, and shall be ended at once.
        """
        with self._lock:
            self._running.discard(process)
            self._lent.discard(process)
            if memory is None:
                process.end()
            elif self._closed or memory > MOST_BYTES or process.runs >= MOST_RUNS or len(self._idle) >= self._at_once:
                process.close()
            else:
                self._idle.append(process)
            self.warm_up()

    def close(self) -> None:
        """End the processes that wait; those that run a job are ended by whoever waits for it."""
        with self._lock:
            self._closed = True
            for process in self._idle:
                process.end()
            self._idle.clear()


class PooledWorker:
    """The `Worker` of one job: a process of the pool, which takes it back at the end.

    Attributes:
        process: the process.
    """

    def __init__(self, pool: WorkerPool, process: WorkerProcess, folder: JobFolder) -> None:
        self.process = process
        self._pool, self._answer, self._ended = pool, process.run(folder), False

    def poll(self) -> int | None:
        """As in `Worker`."""
        if not self._answer.done():
            return None
        error = self._answer.exception()
        return error.code if isinstance(error, ProcessEnded) else 0

    def end(self) -> None:
        """As in `Worker`."""
        if self._ended:
            return
        self._ended = True
        finished = self._answer.done() and not self._answer.exception()
        self._pool.take_back(self.process, self._answer.result()["memory"] if finished else None)
