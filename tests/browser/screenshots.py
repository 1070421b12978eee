"""Take pictures of the pages: `python tests/browser/screenshots.py [FOLDER]`.

Without FOLDER those of the README are renewed in assets/figures; with it, every page is put there in every look: before
a run, while it goes on, after it, looked at closely, the gallery and the figures; light and dark, wide and narrow. Runs
a real server and a real Chromium.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
NOT_IN_README = ("page_before", "page_after", "details", "gallery", "figure")
ASKED = "?image=cat&size=96&first=lasi&second=lpips-alex&steps=200"
MINUTES = 60_000
COLORS = 256
"""Of a picture in assets/figures, whose file is to be small."""

SAVED = (
    "coffee --size 96 --first lpips-alex --second mdsi --distortion contrast",
    "cat --size 96 --first lasi --second mse",
    "rocket --size 64 --first mse --second gmsd --distortion jpeg",
    "astronaut --size 64 --first ssim --second lpips-alex --distortion blur",
    "coffee --size 64 --first ssim --second mse",
)
"""Runs with which the gallery begins, as `compete` takes them."""


@dataclass(frozen=True)
class Look:
    """A screen: ending of its pictures' names, width and height in pixels, and scheme of colors."""

    ending: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


LOOKS = (
    Look("", 1280, 800, "light"),
    Look("_dark", 1280, 800, "dark"),
    Look("_narrow", 390, 844, "light"),
    Look("_narrow_dark", 390, 844, "dark"),
)


def main(folder: Path | None) -> None:
    """Renew the README's pictures, or take all of them into a folder."""
    looks, target = (LOOKS, folder) if folder else (LOOKS[:1], ROOT / "assets" / "figures")
    target.mkdir(parents=True, exist_ok=True)
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
            _photograph(f"http://localhost:{port}", looks, Path(runs), target)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
    if folder is None:
        for name in NOT_IN_README:
            (target / f"{name}.png").unlink()


def _photograph(address: str, looks: tuple[Look, ...], runs: Path, target: Path) -> None:
    while not _answers(f"{address}/_stcore/health"):
        time.sleep(0.3)
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        _photograph_run(address, looks, browser, target)
        run = next(path.name for path in runs.iterdir() if "lpips-alex-vs-mdsi" in path.name)
        for look in looks:
            page = _open(browser, look, f"{address}/gallery")
            _shoot(page, target / f"gallery{look.ending}.png", ".mad-card")
            page.locator(f"[class*='st-key-gallery-more-{run}'] button:visible").click()
            _shoot(page, target / f"details{look.ending}.png", "[role=dialog]")
            page.goto(f"{address}/figure?theme={look.scheme}")
            _shoot(page, target / f"figure{look.ending}.png", ".mad-paper img")
            page.close()
        browser.close()


def _photograph_run(address: str, looks: tuple[Look, ...], browser: Browser, target: Path) -> None:
    """A run before, while and after it goes on, and looked at closely."""
    pages = {look.ending: _open(browser, look, f"{address}/{ASKED}") for look in looks}
    for ending, page in pages.items():
        _shoot(page, target / f"page_before{ending}.png", ".viewer")
    first = next(iter(pages.values()))
    first.get_by_role("button", name="Start the competition", exact=True).click()
    first.get_by_role("button", name="Stop", exact=True).wait_for()
    for page in list(pages.values())[1:]:
        page.goto(first.url)
    for ending, page in pages.items():
        page.get_by_text(re.compile(r"Step ([4-9]\d|1\d\d) of|Repeat this run")).wait_for()
        _shoot(page, target / f"page{ending}.png", ".mad-four-up", settle=0)
    for ending, page in pages.items():
        page.get_by_role("button", name="Record as ZIP").wait_for()
        _shoot(page, target / f"page_after{ending}.png", ".viewer")
        page.locator("[data-set=frame]").fill("6")
        page.get_by_role("tab", name="Look closer").evaluate("tab => tab.scrollIntoView()")
        _shoot(page, target / f"viewer{ending}.png", ".viewer")
        page.close()


def _open(browser: Browser, look: Look, url: str) -> Page:
    page = browser.new_page(viewport={"width": look.width, "height": look.height}, color_scheme=look.scheme)
    page.set_default_timeout(5 * MINUTES)
    page.goto(url)
    return page


def _shoot(page: Page, path: Path, shown: str, *, settle: float = 3000) -> None:
    """A picture with a palette of its own, which halves its file and can hardly be seen."""
    page.wait_for_selector(shown)
    page.wait_for_timeout(settle)
    page.screenshot(path=path)
    with Image.open(path) as picture:
        colors = picture.convert("RGB")
        small = colors.quantize(palette=colors.quantize(COLORS), dither=Image.Dither.FLOYDSTEINBERG)
    small.save(path, optimize=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
