"""How soon the page moves: `python tests/browser/latency.py [--runs 5] [--real-time] [SCENARIO …]`.

A real server and one real browser. Each scenario is measured some times, and its row is printed at once: the medians in
seconds from the click on Start, when the page had asked for the run, when the worker took the job, had loaded the
metrics, and had made the first step; when the page showed a picture that moved; when the last step was done; when the
page showed the result's pictures and sentence, also from the last step on (shown); when all was measured; for Stop,
from the click to the result. A * follows a time above its target. On a machine that does something else, --real-time
measures as if it did not, where the system allows that.
"""

import argparse
import contextlib
import itertools
import json
import math
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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
START = "from mad_app.cli.app import open_app; open_app(['--server.port', '{port}', '--server.headless', 'true'])"
PATIENCE = 300.0

SMALL = "?image=coffee&size={size}&first=ssim&second=mse&steps=100&seed={seed}"
DEFAULT = "?image=cat&size={size}&first=lasi&second=lpips-alex&steps=30&seed={seed}"
LONG = DEFAULT.replace("steps=30", "steps=3000")
EVENTS = ("heading", "submitted", "taken", "loaded", "first step", "moves", "last step", "result", "shown", "measured")
EVENTS += ("stopped",)

OBSERVE = """() => {
  const shown = () => [...document.querySelectorAll('.mad-four-up .mad-corner img')].map(image => image.src);
  const example = new Set(shown()), seen = window.seen = {};
  const look = () => {
    const four = shown(), text = document.querySelector('[data-testid=stMain]').innerText;
    const ours = four.length === 4 && !four.some(source => example.has(source));
    const sentence = /differ equally from the original/.test(text) && !/Step \\d+ of/.test(text);
    if (ours && four[0] !== four[1]) seen.moves ??= Date.now();
    if (ours && four[0] !== four[1] && sentence) seen.result ??= Date.now();
    requestAnimationFrame(look);
  };
  look();
}"""


@dataclass
class Server:
    """A server with a folder of runs and a cache of its own."""

    runs: Path
    address: str

    def job(self, known: set[Path]) -> Path | None:
        """The folder of a job that is not among those."""
        return next(iter(set(self.jobs()) - known), None)

    def jobs(self) -> list[Path]:
        return list((self.runs / ".jobs").glob("[0-9a-f]*"))


@dataclass
class Watch:
    """When a job's status says what, in milliseconds since 1970."""

    times: dict[str, float] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def follow(self, server: Server, known: set[Path]) -> None:
        while not self.ended.wait(0.005):
            folder = server.job(known)
            with contextlib.suppress(OSError, ValueError):
                if folder is not None:
                    self._note(json.loads((folder / "status.json").read_text()))

    def _note(self, status: dict[str, object]) -> None:
        phase, now = status["phase"], time.time() * 1000
        self.times.setdefault("submitted", now)
        if phase not in ("WAITING", "STARTING"):
            self.times.setdefault("taken", now)
        if phase not in ("WAITING", "STARTING", "LOADING"):
            self.times.setdefault("loaded", now)
        if status["step"]:
            self.times.setdefault("first step", now)
        if phase not in ("WAITING", "STARTING", "LOADING", "COMPILING", "RUNNING"):
            self.times.setdefault("last step", now)
        if phase in ("DONE", "STOPPED", "FAILED", "DIED"):
            self.times.setdefault("measured", now)


@contextlib.contextmanager
def serve(folder: Path, cache: Path) -> Iterator[Server]:
    """A server that has just begun to answer."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MAD_APP_RUNS": str(folder), "MAD_APP_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", START.format(port=port)]
    process = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5).close()
                break
            time.sleep(0.05)
        yield Server(folder, f"http://localhost:{port}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def open_page(browser: Browser, server: Server, query: str) -> tuple[Page, float]:
    """The page once it can be used, and the seconds to its heading."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE * 1000)
    began = time.monotonic()
    page.goto(f"{server.address}/{query}", wait_until="commit")
    page.wait_for_selector("h1")
    heading = time.monotonic() - began
    page.wait_for_selector(".mad-four-up, .viewer")
    return page, heading


def measure_run(browser: Browser, server: Server, query: str, *, stop: bool = False) -> dict[str, float]:
    """Start a run, and stop it once it moves or let it end: seconds from the click to each event."""
    page, _ = open_page(browser, server, query)
    page.evaluate(OBSERVE)
    watch = Watch()
    threading.Thread(target=watch.follow, args=(server, set(server.jobs())), daemon=True).start()
    began = time.time() * 1000
    page.get_by_role("button", name=re.compile("^Start the competition")).click()
    stopped = 0.0
    if stop:
        page.wait_for_function("seen.moves")
        page.wait_for_timeout(1000)
        stopped = time.time() * 1000
        page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_function("seen.result")
    until = time.monotonic() + PATIENCE
    while "measured" not in watch.times and time.monotonic() < until:
        time.sleep(0.02)
    watch.ended.set()
    seen = {**watch.times, **page.evaluate("seen")}
    page.close()
    found = {name: (when - began) / 1000 for name, when in seen.items()}
    found["shown"] = found["result"] - found["last step"]
    return {**found, "stopped": (seen["result"] - stopped) / 1000} if stop else found


class Bench:
    """A browser, and a warm server that all scenarios share that need one.

    Args:
        browser: the browser.
        folder: for runs and caches, of this measurement alone.
        servers: closes the warm server at the end.
    """

    def __init__(self, browser: Browser, folder: Path, servers: contextlib.ExitStack) -> None:
        self.browser, self.folder, self.servers = browser, folder, servers
        self.server: Server | None = None
        self.ready: set[str] = set()
        self.sizes = itertools.count(1)
        self.seeds = itertools.count(1)

    def warm_server(self) -> Server:
        """The same every time; it has opened the page and prepared a worker."""
        if self.server is None:
            self.server = self.servers.enter_context(serve(self.folder, self.folder / "cache"))
            page, _ = open_page(self.browser, self.server, "")
            page.wait_for_selector("text=The start:")  # which the worker has measured
            page.close()
        return self.server

    def heading(self, _: "Scenario") -> dict[str, float]:
        """To the first heading."""
        page, seconds = open_page(self.browser, self.warm_server(), "")
        page.close()
        return {"heading": seconds}

    def warm(self, scenario: "Scenario", *, new_size: bool = False) -> dict[str, float]:
        """On a server that has run the same before, or the same metrics at other sizes."""
        server, size = self.warm_server(), scenario.size
        if scenario.metrics not in self.ready:
            self._run(server, scenario, size)
            self.ready.add(scenario.metrics)
        return self._run(server, scenario, size + 2 * next(self.sizes) if new_size else size)

    def new_size(self, scenario: "Scenario") -> dict[str, float]:
        """One that has not been used on that server."""
        return self.warm(scenario, new_size=True)

    def cold(self, scenario: "Scenario") -> dict[str, float]:
        """On a server that has just been started, with what was compiled before."""
        cache = self.folder / "cache"
        if scenario.metrics not in self.ready:
            with serve(self.folder, cache) as server:
                self._run(server, scenario, scenario.size)
            self.ready.add(scenario.metrics)
        self.servers.close()
        self.server = None
        with serve(self.folder, cache) as server:
            return self._run(server, scenario, scenario.size)

    def first_ever(self, scenario: "Scenario") -> dict[str, float]:
        """On a server that has just been started, with nothing compiled before."""
        self.servers.close()
        self.server = None
        with serve(self.folder, self.folder / f"cache-{next(self.seeds)}") as server:
            return self._run(server, scenario, scenario.size)

    def _run(self, server: Server, scenario: "Scenario", size: int) -> dict[str, float]:
        query = scenario.query.format(size=size, seed=next(self.seeds))
        return measure_run(self.browser, server, query, stop=scenario.query is LONG)


@dataclass(frozen=True)
class Scenario:
    """What is measured.

    Attributes:
        measure: measures it once.
        query: of the page; LONG is stopped.
        targets: event to seconds within which it should be.
    """

    measure: Callable[[Bench, "Scenario"], dict[str, float]]
    query: str = ""
    targets: Mapping[str, float] = field(default_factory=dict)

    @property
    def metrics(self) -> str:
        """What a server has to have run to be warm."""
        return "small" if self.query is SMALL else "default"

    @property
    def size(self) -> int:
        """In pixels."""
        return 64 if self.query is SMALL else 128


SCENARIOS = {
    "heading": Scenario(Bench.heading, targets={"heading": 1}),
    "small": Scenario(Bench.warm, SMALL, {"moves": 1.5, "result": 4, "shown": 0.5}),
    "default": Scenario(Bench.warm, DEFAULT, {"moves": 1.5, "shown": 0.5}),
    "default-stop": Scenario(Bench.warm, LONG, {"stopped": 1}),
    "small-new-size": Scenario(Bench.new_size, SMALL, {"moves": 5}),
    "default-new-size": Scenario(Bench.new_size, LONG, {"moves": 5}),
    "small-cold": Scenario(Bench.cold, SMALL, {"moves": 6}),
    "default-cold": Scenario(Bench.cold, LONG, {"moves": 6}),
    "small-first-ever": Scenario(Bench.first_ever, SMALL, {"moves": 9}),
    "default-first-ever": Scenario(Bench.first_ever, LONG, {"moves": 9}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--real-time", action="store_true", help="run server and browser before all other processes")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    if options.real_time:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        print("with real-time priority, as if the machine did nothing else")
    print(f"{'':18}" + "".join(f"{name:>11}" for name in EVENTS), flush=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, contextlib.ExitStack() as servers:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        bench = Bench(browser, Path(folder), servers)
        for name in options.scenarios or SCENARIOS:
            scenario = SCENARIOS[name]
            found = [scenario.measure(bench, scenario) for _ in range(options.runs)]
            print(row(name, found, scenario.targets), flush=True)
        browser.close()


def row(name: str, found: list[dict[str, float]], targets: Mapping[str, float]) -> str:
    """The medians of a scenario."""
    cells = []
    for event in EVENTS:
        times = [times[event] for times in found if event in times]
        median = statistics.median(times) if times else None
        missed = median is not None and median > targets.get(event, math.inf)
        cells.append("" if median is None else f"{median:.2f}{'*' if missed else ' '}")
    return f"{name:18}" + "".join(f"{cell:>11}" for cell in cells).rstrip()


if __name__ == "__main__":
    main()
