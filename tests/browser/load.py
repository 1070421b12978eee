"""Many visitors at once: `python tests/browser/load.py [--visitors 10] [--seconds 120]`, on Linux.

Each visitor speaks with a real server as a browser does, over its websocket: opens the page with settings that nobody
else has, starts a run, lets the page draw itself anew as often as it asks for, moves a control every two seconds, and
starts another run when one is over; the first visitor stops its runs. When the time is up the queue is left to empty.
Reported are memory, errors, how soon the page answers a control and Stop, and whether each run was done as asked.
"""

import argparse
import asyncio
import base64
import contextlib
import io
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[2]
STEPS, LONG = 60, 2000
"""Of a run that goes to its end, and of one that is stopped."""

ORIGINAL = re.compile(r'class="mad-originals"><figure[^>]*><figcaption>[^<]*</figcaption><img src="data:[^,]*,([^"]*)"')
"""The picture of a run's original in a page, in its own pixels."""

SECONDS_BETWEEN_MOVES = 2.0
PATIENCE_SECONDS = 60.0
DRAIN_SECONDS = 900.0
OVER = ("DONE", "STOPPED", "FAILED", "DIED", "INTERRUPTED")


@dataclass
class Memory:
    """The largest resident memory seen, in MB."""

    server: float = 0.0
    worker: float = 0.0
    workers: int = 0


@dataclass
class Drawn:
    """What an answer draws: label to id of its buttons, and the fragments that it wants drawn again, with intervals."""

    buttons: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, float] = field(default_factory=dict)

    def clear(self) -> None:
        """At the beginning of an answer."""
        self.buttons.clear()
        self.fragments.clear()


@dataclass
class Visitor:
    """One session.

    Attributes:
        number: among all; size and seed of its pictures come from it.
        runs: folder of the runs on the server's disk.
        connection: to the server.
        query: parameters of the page's URL.
        path: of the page, such as "lessons".
        page: hash of the page's script.
        fragments: those that ask to be drawn again, each with its interval.
        buttons: label to id of those on the page.
        drawn: by the answer that is coming in.
        strength: id of the control that is moved.
        cached: messages that the server may refer to.
        answers: seconds from a control's move to the end of the page's answer, while a run went on or waited.
        stops: seconds from a click on Stop to the page's saying so.
        jobs: started so far.
        faults: what went wrong.
    """

    number: int
    runs: Path
    connection: ClientConnection
    query: str = ""
    path: str = ""
    page: str = ""
    fragments: dict[str, float] = field(default_factory=dict)
    buttons: dict[str, str] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)
    strength: str = ""
    cached: dict[str, ForwardMsg] = field(default_factory=dict)
    answers: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return 16 + self.number

    async def visit(self, until: float) -> None:
        """Behave as a visitor until that time."""
        steps = LONG if self.number == 0 else STEPS
        self.query = f"image=coffee&size={self.size}&first=ssim&second=mse&steps={steps}&seed={self.number}&others=none"
        await self.ask()
        moved, strength = time.monotonic(), 0.1
        while time.monotonic() < until:
            if self.status().get("phase") in (None, *OVER):
                await self.start()
            if self.number == 0 and "Stop" in self.buttons and self.status().get("step", 0) > 3:
                await self.stop()
            await asyncio.sleep(min(self.fragments.values(), default=1.0))
            for fragment in list(self.fragments):
                await self.ask(fragment=fragment)
            if time.monotonic() - moved > SECONDS_BETWEEN_MOVES:
                strength = round(0.05 + (strength * 100 + 7) % 40 / 100, 2)
                widget = WidgetState(id=self.strength)
                widget.double_array_value.data.append(strength)
                self.answers.append(await self.ask(widget))
                moved = time.monotonic()

    async def start(self) -> None:
        """Start a run, the first or another one."""
        await self.ask()
        label = next(label for label in self.buttons if label.startswith(("Start", "Run", "Repeat")))
        await self.ask(WidgetState(id=self.buttons[label], trigger_value=True))
        job = parse_qs(self.query).get("job", [""])[0]
        if not job or job in self.jobs:
            self.faults.append(f"visitor {self.number}: {label!r} started nothing")
        self.jobs.append(job)

    async def stop(self) -> None:
        """Stop a run that goes on."""
        (fragment, *_) = self.fragments
        self.stops.append(await self.ask(WidgetState(id=self.buttons["Stop"], trigger_value=True), fragment=fragment))
        if "Stopping…" not in self.buttons and not any(label.startswith("Continue") for label in self.buttons):
            self.faults.append(f"visitor {self.number}: Stop was not answered")

    def status(self) -> dict[str, Any]:
        """Of the last job, from the server's disk."""
        return status_of(self.runs, self.jobs[-1]) if self.jobs else {}

    async def ask(self, widget: WidgetState | None = None, fragment: str = "") -> float:
        """Let the page, or a fragment, be drawn; returns how many seconds that took."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.fragment_id = self.query, self.page, fragment
        if self.path:
            state.page_script_hash, state.page_name = "", self.path
        state.is_auto_rerun = bool(fragment and widget is None)
        if widget:
            state.widget_states.widgets.append(widget)
        began = time.monotonic()
        await self.connection.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._take(await self.connection.recv()):
                pass
        return time.monotonic() - began

    def _take(self, content: str | bytes) -> bool:
        """Take in a message; whether it ends an answer."""
        message = ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            message = self.cached[message.ref_hash]
            kind = message.WhichOneof("type")
        elif message.metadata.cacheable:
            self.cached[message.hash] = message
        if kind == "new_session":
            self.page = message.new_session.page_script_hash
            self.drawn.clear()
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.drawn.fragments[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "delta":
            self._see(message.delta.new_element)
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self.buttons, self.fragments = dict(self.drawn.buttons), dict(self.drawn.fragments)
            return True
        elif kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            self.buttons |= self.drawn.buttons
            return True
        return False

    def _see(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "button":
            self.drawn.buttons[element.button.label] = element.button.id
        elif kind == "slider" and element.slider.label.startswith("Strength"):
            self.strength = element.slider.id
        elif kind == "exception" or (kind == "alert" and element.alert.format == element.alert.ERROR):
            self.faults.append(f"visitor {self.number}: {str(element)[:300]}")
        elif kind == "markdown" and self.jobs:
            for encoded in ORIGINAL.findall(element.markdown.body):
                size = Image.open(io.BytesIO(base64.b64decode(encoded))).width
                if size != self.size:
                    self.faults.append(f"visitor {self.number} of size {self.size} saw a picture of size {size}")


def main() -> None:
    """Start a server, let the visitors in, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120.0)
    chosen = parser.parse_args()
    with serve() as server:
        memory, ended = Memory(), threading.Event()
        threading.Thread(target=watch_memory, args=(server.pid, server.runs, memory, ended), daemon=True).start()
        visitors = asyncio.run(let_in(chosen.visitors, chosen.seconds, server))
        drained = drain(server.runs, [job for visitor in visitors for job in visitor.jobs])
        ended.set()
        report(visitors, memory, drained, server.tracebacks())


@dataclass(frozen=True)
class Server:
    """A server of the page, as visitors and the system see it.

    Attributes:
        port: where it answers.
        pid: of its process.
        folder: of its files.
    """

    port: int
    pid: int
    folder: Path

    @property
    def runs(self) -> Path:
        """The folder of its runs."""
        return self.folder / "runs"

    def tracebacks(self) -> int:
        """How many stand in its log."""
        return (self.folder / "server.log").read_text().count("Traceback")


@contextlib.contextmanager
def serve() -> Iterator[Server]:
    """A server in a folder of its own, once it answers; it ends with the context."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mad_app", "app", "--server.port", str(port), "--server.headless", "true"]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "server.log").open("wb") as log:
        environment = {**os.environ, "MAD_APP_RUNS": str(Path(folder) / "runs")}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _await_answer(port)
            yield Server(port, process.pid, Path(folder))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _await_answer(port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5).close()
            return
        if time.monotonic() > until:
            raise TimeoutError("the server does not answer")
        time.sleep(0.3)


@contextlib.asynccontextmanager
async def connected(count: int, server: Server) -> AsyncIterator[list[ClientConnection]]:
    """So many connections to a server, each as a browser's."""
    url = f"ws://localhost:{server.port}/_stcore/stream"
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(connect(url, subprotocols=["streamlit"], max_size=None, ping_interval=None))
            for _ in range(count)
        ]


async def let_in(count: int, seconds: float, server: Server) -> list[Visitor]:
    """All visitors, after their visit."""
    until = time.monotonic() + seconds
    async with connected(count, server) as connections:
        visitors = [Visitor(number, server.runs, one) for number, one in enumerate(connections)]
        ends = await asyncio.gather(*(visitor.visit(until) for visitor in visitors), return_exceptions=True)
        for visitor, end in zip(visitors, ends, strict=True):
            if isinstance(end, BaseException):
                visitor.faults.append(f"visitor {visitor.number} was thrown out: {end!r}")
        return visitors


def drain(runs: Path, jobs: list[str]) -> float:
    """Wait until all jobs are over; returns for how many seconds."""
    began = time.monotonic()
    while any(status_of(runs, job).get("phase") not in OVER for job in jobs):
        if time.monotonic() - began > DRAIN_SECONDS:
            break
        time.sleep(1)
    return time.monotonic() - began


def status_of(runs: Path, job: str) -> dict[str, Any]:
    """What a worker last told of a job, with what its record was asked for; empty if there is none."""
    try:
        status: dict[str, Any] = json.loads((runs / ".jobs" / job / "status.json").read_bytes())
        if status["phase"] in OVER and status["run"]:
            status["settings"] = json.loads((runs / status["run"] / "run.json").read_bytes())["settings"]
        return status
    except (OSError, ValueError):
        return {}


def watch_memory(server: int, runs: Path, memory: Memory, ended: threading.Event) -> None:
    """Look once a second."""
    while not ended.wait(1):
        workers = [resident(pid) for pid in processes(str(runs / ".jobs"))]
        memory.server = max([memory.server, *(resident(pid) for pid in processes("streamlit run", session=server))])
        memory.worker = max([memory.worker, *workers])
        memory.workers = max(memory.workers, len(workers))


def processes(words: str, session: int | None = None) -> list[int]:
    """Those whose command line holds these words."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in command and session in (None, os.getsid(int(path.name))):
                found.append(int(path.name))
    return found


def resident(pid: int) -> float:
    """Resident memory in MB, 0 for a process that has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", (Path("/proc") / str(pid) / "status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1000 if found else 0.0


def report(visitors: list[Visitor], memory: Memory, drained: float, tracebacks: int) -> None:
    """Print what was seen; the exit status is 1 if anything went wrong."""
    faults = [fault for visitor in visitors for fault in visitor.faults]
    phases: dict[str, int] = {}
    for visitor in visitors:
        for job in visitor.jobs:
            status = status_of(visitor.runs, job)
            phases[status.get("phase", "lost")] = phases.get(status.get("phase", "lost"), 0) + 1
            settings = status.get("settings", {})
            asked = (visitor.size, visitor.number)
            if status.get("phase") == "DONE" and (settings.get("size"), settings.get("seed")) != asked:
                faults.append(f"visitor {visitor.number} asked for {asked} and got {settings}")
    answers = sorted(second for visitor in visitors for second in visitor.answers)
    stops = [second for visitor in visitors for second in visitor.stops]
    slow = sum(second > 0.5 for second in answers)
    print(f"visitors            {len(visitors)}")
    print(
        f"memory              server {memory.server:.0f} MB, worker {memory.worker:.0f} MB, {memory.workers} at a time"
    )
    times = f", median {statistics.median(answers):.2f} s, {slow} above 0.5 s" if answers else ""
    most = f", 95 % within {answers[int(0.95 * (len(answers) - 1))]:.2f} s" if answers else ""
    print(f"control to answer   {len(answers)} times{times}{most}")
    print(f"Stop to answer      {', '.join(f'{second:.2f} s' for second in stops) or 'not tried'}")
    print(f"runs                {', '.join(f'{count} {phase}' for phase, count in sorted(phases.items()))}")
    print(f"queue empty after   {drained:.0f} s more")
    print(f"tracebacks          {tracebacks} in the server's log")
    print("\n".join(faults or ["faults              none"]))
    lost = sum(count for phase, count in phases.items() if phase not in ("DONE", "STOPPED"))
    sys.exit(bool(faults or tracebacks or lost))


if __name__ == "__main__":
    main()
