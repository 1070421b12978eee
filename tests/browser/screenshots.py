"""Take the README's pictures of the page: `python tests/browser/screenshots.py [FOLDER]`, by default assets/figures.

Runs a real server and a real Chromium: before a run, while it goes on, after it, looked at closely, and on a narrow
dark screen.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
ASKED = "?image=cat&size=96&first=lasi&second=lpips-alex&steps=200"
MINUTES = 60_000
SAVED = (
    "coffee --size 96 --first lpips-alex --second mdsi --distortion contrast",
    "cat --size 96 --first lasi --second mse",
    "rocket --size 64 --first mse --second gmsd --distortion jpeg",
    "astronaut --size 64 --first ssim --second lpips-alex --distortion blur",
    "coffee --size 64 --first ssim --second mse",
)
"""Runs with which the gallery begins, as `compete` takes them."""

LOOKS = (("", 1280, 800, "light"), ("_dark", 1280, 800, "dark"), ("_narrow", 390, 844, "dark"))
"""Ending of a picture's name, width and height of the screen, and scheme of colours."""


def main(folder: Path) -> None:
    """Write page.png (a run going on), page_before, _after and _narrow, viewer, and three of each other page."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as runs:
        for words in SAVED:
            compete = [sys.executable, "-m", "mad_app", "compete", *words.split(), "--steps", "100", "--out", runs]
            subprocess.run(compete, cwd=ROOT, check=True)
        command = [sys.executable, "-m", "mad_app", "app", "--server.port", str(port), "--server.headless", "true"]
        environment = {**os.environ, "MAD_APP_RUNS": runs}
        server = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        try:
            _photograph(f"http://localhost:{port}", folder)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _photograph(address: str, folder: Path) -> None:
    while not _answers(f"{address}/_stcore/health"):
        time.sleep(0.3)
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(5 * MINUTES)
        page.goto(f"{address}/{ASKED}")
        _shoot(page, folder / "page_before.png")
        page.get_by_role("button", name="Start the competition", exact=True).click()
        page.get_by_text(re.compile(r"Step [6-9]\d of")).wait_for()
        page.screenshot(path=folder / "page.png")
        page.get_by_role("button", name="Record as ZIP").wait_for()
        _shoot(page, folder / "page_after.png")
        _look_closer(page)
        page.screenshot(path=folder / "viewer.png")
        narrow = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        narrow.goto(page.url)
        _shoot(narrow, folder / "page_narrow.png")
        for look in LOOKS:
            _photograph_page(browser, look, f"{address}/gallery", ".mad-card", folder / "gallery")
            _photograph_page(browser, look, f"{address}/figure?theme={look[3]}", ".mad-paper img", folder / "figure")
        browser.close()


def _photograph_page(browser: Browser, look: tuple[str, int, int, str], url: str, shown: str, stem: Path) -> None:
    ending, width, height, scheme = look
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(MINUTES)
    page.goto(url)
    _shoot(page, stem.with_name(f"{stem.name}{ending}.png"), shown)
    page.close()


def _shoot(page: Page, path: Path, shown: str = ".mad-stage") -> None:
    page.wait_for_selector(shown)
    page.wait_for_timeout(3000)
    page.screenshot(path=path)


def _look_closer(page: Page) -> None:
    """The viewer on the way, LASI's map beside the images' numbers."""
    page.locator(".viewer").wait_for(state="visible")
    page.locator("[data-set=frame]").fill("6")
    page.get_by_role("tab", name="Look closer").evaluate("tab => tab.scrollIntoView()")
    page.wait_for_timeout(3000)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "assets" / "figures")
