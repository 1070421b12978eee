"""Worker processes as the server sees them: started, asked, ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from mad_app.jobs.environment import server_environment
from mad_app.jobs.folder import JobFolder

PREPARE = "MAD_APP_PREPARE"
"""Environment variable that is `off` where workers shall prepare nothing, such as for lack of memory."""

Answer = dict[str, Any]


class Worker(Protocol):
    """What the queue needs to know of whoever computes a job."""

    def poll(self) -> int | None:
        """None while it computes; then 0, or the exit status of a process that died, negative for a signal."""

    def end(self) -> None:
        """End it at once, with all that it started, unless it has finished its job."""


StartWorker = Callable[[JobFolder], Worker]


class ProcessEnded(RuntimeError):
    """A worker process ended before it answered.

    Attributes:
        code: its exit status, negative for a signal.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the worker process ended ({describe_exit(code)})")
        self.code = code


def is_prepared_for() -> bool:
    """Whether workers of the page prepare themselves for what was not yet asked: unless $MAD_APP_PREPARE is `off`."""
    return os.environ.get(PREPARE) != "off"


class WorkerProcess:
    """A process that takes one request after the other (`serve`). It ends when its standard input is closed.

    Attributes:
        process: the process itself.
        runs: how many jobs it was given.

    Args:
        prepares: whether it prepares itself for the page's first competition while nothing is asked.
    """

    def __init__(self, *, prepares: bool = True) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mad_app.jobs.serve", *(["prepare"] if prepares else [])],
            env={**server_environment(), "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.runs = 0
        self._lock = threading.Lock()
        self._asked: Future[Answer] | None = None
        self._waiting: deque[tuple[Future[Answer], bytes]] = deque()
        threading.Thread(target=self._read, daemon=True).start()

    def run(self, folder: JobFolder) -> Future[Answer]:
        """Run a job; answered when it has ended."""
        self.runs += 1
        return self.ask({"run": str(folder.path.resolve())})

    def ask(self, request: Mapping[str, Any]) -> Future[Answer]:
        """Ask for something, after what was asked for before; the answer fails with ProcessEnded.

        It can be canceled while the process answers others.
        """
        answer: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((answer, json.dumps(request).encode() + b"\n"))
            self._pass_on()
        if self.process.poll() is not None:
            self._give_up()
        return answer

    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self.process.poll() is None

    def close(self) -> None:
        """Let it end by itself once it has nothing left to do."""
        with contextlib.suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()

    def end(self) -> None:
        """End it at once, with all that it started, and wait until it has ended."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                if os.name == "posix":
                    os.killpg(self.process.pid, signal.SIGKILL)
                else:
                    self.process.kill()
        self.process.wait()
        self.close()

    def _pass_on(self) -> None:
        """Give the process what was asked for next, if it has answered all before; under the lock."""
        while self._asked is None and self._waiting:
            answer, line = self._waiting.popleft()
            if answer.set_running_or_notify_cancel():
                self._asked = answer
                with contextlib.suppress(OSError, ValueError):  # it has ended, as the reader will notice
                    assert self.process.stdin
                    self.process.stdin.write(line)
                    self.process.stdin.flush()

    def _read(self) -> None:
        """Hand out the answers as they come."""
        assert self.process.stdout
        with self.process.stdout as lines, contextlib.suppress(ValueError, OSError):
            for line in lines:
                content = json.loads(line)
                with self._lock:
                    answer, self._asked = self._asked, None
                    self._pass_on()
                assert answer
                answer.set_result(content)
        self.process.wait()
        self._give_up()

    def _give_up(self) -> None:
        """Report that what was asked for will have no answer."""
        with self._lock:
            asked = [self._asked] if self._asked else []
            unanswered = asked + [answer for answer, _ in self._waiting if answer.set_running_or_notify_cancel()]
            self._asked = None
            self._waiting.clear()
        for answer in unanswered:
            answer.set_exception(ProcessEnded(self.process.wait()))


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
