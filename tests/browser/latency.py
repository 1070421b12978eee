"""How soon the page moves: `python tests/browser/latency.py [--runs 5] [SCENARIO …]`.

A real server and one real browser. Each scenario is measured some times; printed are the medians, in seconds from the
click on Start, as a table: when the page had asked for the run, when the worker took the job, had loaded the metrics,
and had made the first step; when the page showed a picture that moved; when the last step was done; when the page
showed the result's pictures and sentence; when all was measured. For Stop: from the click to the result.
"""

import argparse
import contextlib
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
START = "from mad_app.cli.app import open_app; open_app(['--server.port', '{port}', '--server.headless', 'true'])"
PATIENCE = 300.0

SMALL = "?image=coffee&size={size}&first=ssim&second=mse&steps=100&seed={seed}"
DEFAULT = "?image=cat&size={size}&first=lasi&second=lpips-alex&steps=300&seed={seed}"
EVENTS = ("submitted", "taken", "loaded", "first step", "moves", "last step", "result", "measured", "stopped")

OBSERVE = """() => {
  const shown = () => [...document.querySelectorAll('.mad-four-up .mad-corner img')].map(image => image.src);
  const example = new Set(shown()), seen = window.seen = {};
  const look = () => {
    const four = shown(), text = document.querySelector('[data-testid=stMain]').innerText;
    const ours = four.length === 4 && !four.some(source => example.has(source));
    const sentence = /differ equally from the original/.test(text) && !/Step \\d+ of|Stopping/.test(text);
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
    return {**found, "stopped": (seen["result"] - stopped) / 1000} if stop else found


def warm(browser: Browser, folder: Path, query: str, runs: int, *, new_sizes: bool = False, stop: bool = False) -> list:
    """On a server that has run the same before, or the same metrics at other sizes."""
    found = []
    with serve(folder, folder / "cache") as server:
        size = 64 if "ssim" in query else 128
        measure_run(browser, server, DEFAULT.format(size=128, seed=0), stop=True)
        measure_run(browser, server, query.format(size=size, seed=0), stop=stop)
        for number in range(1, runs + 1):
            side = size + 2 * number if new_sizes else size
            found.append(measure_run(browser, server, query.format(size=side, seed=number), stop=stop))
    return found


def cold(browser: Browser, folder: Path, query: str, runs: int, *, filled: bool) -> list:
    """On servers that have just been started, with what was compiled before or without."""
    found = []
    size = 64 if "ssim" in query else 128
    for number in range(-1 if filled else 0, runs):
        cache = folder / ("cache" if filled else f"cache-{number}")
        with serve(folder, cache) as server:
            times = measure_run(browser, server, query.format(size=size, seed=number + 1))
        found += [times] if number >= 0 else []
    return found


def headings(browser: Browser, folder: Path, runs: int) -> list:
    """To the first heading, on a warm server."""
    with serve(folder, folder / "cache") as server:
        open_page(browser, server, "")[0].close()
        times = []
        for _ in range(runs):
            page, seconds = open_page(browser, server, "")
            times.append({"heading": seconds})
            page.close()
    return times


Scenario = Callable[[Browser, Path, int], list]
SCENARIOS: dict[str, Scenario] = {
    "heading": headings,
    "small": lambda browser, folder, runs: warm(browser, folder, SMALL, runs),
    "default": lambda browser, folder, runs: warm(browser, folder, DEFAULT, runs),
    "small-new-size": lambda browser, folder, runs: warm(browser, folder, SMALL, runs, new_sizes=True),
    "default-new-size": lambda browser, folder, runs: warm(browser, folder, DEFAULT, runs, new_sizes=True, stop=True),
    "default-stop": lambda browser, folder, runs: warm(browser, folder, DEFAULT, runs, stop=True),
    "small-cold": lambda browser, folder, runs: cold(browser, folder, SMALL, runs, filled=True),
    "small-first-ever": lambda browser, folder, runs: cold(browser, folder, SMALL, runs, filled=False),
}
"""What is measured; a size that is new has not been used on that server before."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    events = ("heading", *EVENTS)
    print(f"{'':18}" + "".join(f"{name:>11}" for name in events))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        for name in options.scenarios or SCENARIOS:
            with tempfile.TemporaryDirectory() as folder:
                found = SCENARIOS[name](browser, Path(folder), options.runs)
            medians = {
                event: statistics.median(of) for event in events if (of := [x[event] for x in found if event in x])
            }
            print(
                f"{name:18}" + "".join(f"{medians[e]:11.2f}" if e in medians else f"{'':11}" for e in events),
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
