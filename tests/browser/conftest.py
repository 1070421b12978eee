"""A real server and a real browser; a test that fails leaves a picture of its page."""

import contextlib
import functools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    LocatorAssertions,
    Page,
    expect,
    sync_playwright,
)

from mad_app.jobs.folder import JobFolder
from mad_app.jobs.queue import JOBS

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,PaintHolding,"
    "ThirdPartyStoragePartitioning,OptimizationHints,NetworkTimeServiceQuerying,PreconnectToSearch,"  # by Playwright
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup",  # pages that the browser loads for itself beside each of a test
]
PATIENCE = 180.0
START = "from mad_app.cli.app import open_app; open_app({options})"

AT_REST = """call => {
  const app = document.querySelector("[data-testid=stApp]");
  const moves = one => one.playState === "running" && one.effect.getComputedTiming().endTime < Infinity;
  const inside = part => part.shadowRoot ? [part, ...all(part.shadowRoot)] : [part];
  const all = root => [...root.querySelectorAll("*")].flatMap(inside);
  const look = () => {
    if (app?.dataset.testScriptState !== "notRunning" || document.getAnimations().some(moves)) return null;
    if (app.querySelector("[data-testid*=Skeleton]")) return null; // in the place of what the browser still loads
    if (!getComputedStyle(app).getPropertyValue("--mad-A") || !window.madPresent) return null;
    const parts = all(app).filter(part => part.matches("h1, button, summary, canvas, img, svg"));
    if (parts.some(part => part.complete === false)) return null;
    return parts.map(part => Object.values(part.getBoundingClientRect().toJSON())).join(";");
  };
  const now = look(), before = window.lastLook;
  if (now === null || before?.call !== call || before.seen !== now) {
    window.lastLook = {call, seen: now, at: performance.now()};
    return false;
  }
  return performance.now() - before.at >= 150;
}"""
"""Whether a page is drawn: no drawing goes on, its styles, keys and images are there, and for a while nothing moved.

It is no async function: Playwright takes the promise of one for an answer, which ends the wait.
"""

IN_THE_MIDDLE = """async part => {
  for (let before = ""; ;) {
    part.scrollIntoView({block: "center", behavior: "instant"});
    const box = part.getBoundingClientRect(), now = JSON.stringify(box);
    if (now === before) return box.toJSON();
    before = now;
    await new Promise(resolve => setTimeout(resolve, 150));
  }
}"""
"""Where a part is, scrolled to the middle of the window, once it stays there."""

Box = dict[Literal["x", "y", "width", "height"], float]
ACTIONS = ("bounding_box", "check", "click", "dispatch_event", "drag_to", "evaluate", "fill", "focus", "get_attribute")
ACTIONS += (
    "hover",
    "inner_text",
    "input_value",
    "is_visible",
    "press",
    "set_input_files",
    "tap",
    "text_content",
    "wait_for",
)


def _until_one_stands(look: Callable[..., Any]) -> Callable[..., Any]:
    """Let Playwright look again while a locator finds two elements, where it would fail at once.

    The elements of an earlier drawing stay for a moment beside those of the next. Two that stay fail after PATIENCE.
    """

    @functools.wraps(look)
    def again(*arguments: Any, **options: Any) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return look(*arguments, **options)
            except (AssertionError, Error) as error:
                if "strict mode violation" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    return again


for _name in ACTIONS:
    setattr(Locator, _name, _until_one_stands(getattr(Locator, _name)))
for _name in [name for name in vars(LocatorAssertions) if name.startswith(("to_", "not_to_"))]:
    setattr(LocatorAssertions, _name, _until_one_stands(getattr(LocatorAssertions, _name)))

OF_COLORS = ("color-contrast", "link-in-text-block")
"""The rules of axe that look at colors: what is left to see in dark of a page that has been seen in light."""

OpenPage = Callable[..., Page]
Seen = TypeVar("Seen")
Scheme = Literal["dark", "light"]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's folder of runs."""
    return tmp_path_factory.mktemp("server") / "runs"


@pytest.fixture(scope="session")
def address(runs: Path) -> Iterator[str]:
    """The address of a server that is started somewhere else than in the checkout."""
    with serving(runs) as port:
        yield f"http://localhost:{port}"


@contextlib.contextmanager
def serving(runs: Path, *options: str, path: str = "") -> Iterator[int]:
    """A server on a folder of runs, whose workers prepare nothing that no test asks for; gives its port.

    Args:
        runs: the folder.
        *options: of the command `app`.
        path: under which it answers, such as "/mad".
    """
    port = _free_port()
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    arguments = ["--server.port", str(port), "--server.headless", "true", *options]
    server = subprocess.Popen(
        [sys.executable, "-c", START.format(options=arguments)],
        cwd=runs.parent,
        env={**os.environ, "MAD_APP_RUNS": str(runs), "MAD_APP_PREPARE": "off", "PYTHONPATH": paths},
        start_new_session=True,
    )
    try:
        _await_health(f"http://localhost:{port}{path}/_stcore/health", server)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS, timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    """A context whose cache keeps the program of Streamlit's page: a page opens in half the time of a new context's."""
    return browser.new_context()


@pytest.fixture(scope="session")
def tabs() -> list[Page]:
    """The tab that the last test left, if any; the app opens in it in a third of the time of a new one."""
    return []


@pytest.fixture
def open_page(
    address: str,
    browser: Browser,
    context: BrowserContext,
    request: pytest.FixtureRequest,
    runs: Path,
    tabs: list[Page],
) -> Iterator[OpenPage]:
    """Opens the app as a new visitor, at a path and the parameters of a URL; `await_` is what it then waits for,
    `script` what the browser does before.

    A test's first page is in a tab that other tests used before and will use, unless it asks for its `own`, as one that
    listens to it must; each further one has a context of its own. Runs that go on when the test ends, such as since it
    failed, are stopped: the next test's need not wait for them.
    """
    pages: list[Page] = []
    to_keep: list[Page] = []

    def open_page(
        query: str = "",
        width: int = 1280,
        height: int = 800,
        await_: str = ".mad-four-up, .viewer",
        scheme: Scheme | None = None,
        script: str = "",
        own: bool = False,
    ) -> Page:
        own = own or bool(script)
        if pages:
            page = browser.new_page()
        else:
            page = tabs.pop() if tabs and not own else context.new_page()
            to_keep.extend([] if own else [page])
        patient(page)
        if not pages:
            _forget(page, address)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme or "null")
        if script:
            page.add_init_script(script)
        pages.append(page)
        page.goto(f"{address}/{query}")
        page.wait_for_selector(await_)
        return page

    before = request.session.testsfailed
    yield open_page
    failed = request.session.testsfailed > before
    for i, page in enumerate(pages):
        if failed:
            name = re.sub(r"\W+", "-", request.node.name)
            page.screenshot(path=f"{os.environ.get('SCREENSHOTS', '/tmp')}/{name}-{i}.png")
        if page in to_keep and not failed:
            page.goto("about:blank")
            tabs.append(page)
        else:
            page.close()
    _stop_all(runs)


def _forget(page: Page, address: str) -> None:
    """Let a tab forget what it and the browser kept of earlier visitors."""
    page.goto(f"{address}/_stcore/health")
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.context.clear_cookies()
    page.goto("about:blank")
    device = page.context.new_cdp_session(page)
    device.send("Page.resetNavigationHistory")
    device.detach()
    page.mouse.move(0, 0)


def patient(page: Page) -> Page:
    """The page, which waits as long for all that it does as `expect` waits for what it shows."""
    page.set_default_timeout(PATIENCE * 1000)
    return page


def until(look: Callable[[], Seen], holds: Callable[[Seen], object] = bool) -> Seen:
    """Look until what is seen holds, and give it: what a page shows may come later than what the test waited for."""
    end = time.monotonic() + PATIENCE
    while not holds(seen := look()):
        assert time.monotonic() < end, f"still seen: {seen!r:.1000}"
        time.sleep(0.05)
    return seen


def await_rest(page: Page) -> None:
    """Wait until a page is drawn and nothing on it moves; what the test has just done must show before that."""
    page.wait_for_function(AT_REST, arg=time.monotonic(), polling=50)


def settled(part: Locator) -> Box:
    """Where a part of a page at rest is, in the middle of the window."""
    await_rest(part.page)
    box: Box = part.evaluate(IN_THE_MIDDLE)
    return box


def button(page: Page, name: str) -> None:
    """Press the button of exactly this name."""
    page.get_by_role("button", name=name, exact=True).click()


def download(page: Page, name: str, path: Path) -> Path:
    """Save what the button of exactly this name gives, on a page that is not drawn again for an answer to come.

    Each drawing gives the button another file, and a click that comes between asks in vain for that of the last one.
    """
    await_rest(page)
    expect(page.get_by_text("Measuring the start …")).to_have_count(0)
    await_rest(page)
    with page.expect_download() as given:
        button(page, name)
    given.value.save_as(path)
    return path


def go(page: Page, query: str) -> None:
    """Lead an open page to other parameters, as Back and Forward do: what the browser has loaded stays."""
    page.evaluate("query => { history.pushState({}, '', query); dispatchEvent(new PopStateEvent('popstate')) }", query)


def broken_rules(page: Page, without: str = "", rules: tuple[str, ...] = ()) -> list[str]:
    """What breaks the rules of axe, or these rules alone, on a page at rest, but for the parts of a selector."""
    await_rest(page)
    parts = {"exclude": [[without]]} if without else None
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in Axe().run(page, parts, options).response["violations"]
        for node in violation["nodes"]
    ]


def _free_port() -> int:
    """A port that nobody uses, none of those that the system gives to connections and to who asks for any."""
    while True:
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("localhost", port := random.randrange(10_000, 30_000)))
            return port


def _stop_all(runs: Path) -> None:
    jobs = [JobFolder(path) for path in (runs / JOBS).glob("*")]
    going_on = [job for job in jobs if not job.status().phase.over]
    for job in going_on:
        job.ask_to_stop()
    until = time.monotonic() + PATIENCE
    while any(not job.status().phase.over for job in going_on) and time.monotonic() < until:
        time.sleep(0.1)


def _await_health(url: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.2)
