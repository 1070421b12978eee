"""A web page in one file, opened from the disk without a network: true to the record to the last bit, and harmless."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mad_app.figures.web_page.page import run_page, series_page, shelf_page
from mad_app.records import SHELF_RUNS, Label, Run, Series, load_record, save_label, shelf_root
from tests.mad_app.figures.test_series_figures import make_series
from tests.mad_app.figures.test_web_page import EVIL, make_evil_run

from .conftest import patient, until
from .test_viewer import pixels, ports


class OpenFile:
    """Opens pages from the disk in a browser that is offline; what goes wrong in them is kept."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.problems: list[str] = []
        self.contexts: list[BrowserContext] = []

    def __call__(self, content: bytes, width: int = 1280, motion: str = "no-preference") -> Page:
        path = self.folder / "page.html"
        path.write_bytes(content)
        context = self.browser.new_context(
            offline=True,
            viewport={"width": width, "height": 800},
            reduced_motion=motion,  # type: ignore[arg-type]
        )
        self.contexts.append(context)
        page = patient(context.new_page())
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.problems.append(message.text))
        page.on(
            "request", lambda request: request.url.startswith(("file:", "data:")) or self.problems.append(request.url)
        )
        page.goto(path.as_uri())
        page.locator(".viewer").wait_for(state="visible")
        return page

    def check(self, url: str) -> None:
        if not url.startswith(("file:", "data:")):
            self.problems.append(url)


@pytest.fixture
def open_file(browser: Browser, tmp_path: Path) -> Iterator[OpenFile]:
    opens = OpenFile(browser, tmp_path)
    yield opens
    for context in opens.contexts:
        context.close()
    assert opens.problems == []


@pytest.fixture(scope="module")
def run() -> Run:
    return load_record(shelf_root() / "border")


def await_pixels(page: Page, expected: np.ndarray) -> None:
    """Until the four canvases are these images, RGB, of shape (4, height, width, 3)."""

    def differing() -> int:
        shown = [image.split(",") for image in pixels(page)]
        sizes = [[int(height), int(width)] for width, height, *_ in shown]
        if sizes != [list(expected.shape[1:3])] * 4:
            return expected.size
        levels = np.array([values[2:] for values in shown], np.uint8).reshape(*expected.shape[:3], 4)[..., :3]
        return int(np.count_nonzero(levels != expected))

    until(differing, lambda count: count == 0)


def test_start_and_end_are_those_of_the_record_to_the_last_bit(open_file: OpenFile, run: Run) -> None:
    page = open_file(run_page(run))
    await_pixels(page, run.images_8bit)
    page.locator("[data-set=frame]").fill("0")
    expect(page.locator("[data-show=step]")).to_have_text("Step 0 of 200, the start")
    await_pixels(page, np.stack([np.rint(255 * run.start)] * 4).astype(np.uint8))


def test_divider_flicker_maps_and_steps_work(open_file: OpenFile, run: Run) -> None:
    page = open_file(run_page(run))
    first, second = ports(page)
    first.press("ArrowLeft")
    expect(second).to_have_attribute("aria-valuenow", "48")
    page.locator("[data-set=view]").select_option("map1")
    expect(page.locator(".legend")).to_contain_text("1 − SSIM")
    page.locator("[data-do=back]").click()
    expect(page.locator("[data-show=step]")).not_to_contain_text("the end")
    page.locator("[data-do=next]").click()
    expect(page.locator("[data-show=step]")).to_contain_text("the end")
    first.press(" ")
    for state in ("hidden", "visible"):
        expect(page.locator("canvas.left").first).to_have_css("visibility", state)


@pytest.mark.parametrize("speed", ["4", "0.25"])
def test_it_plays_to_the_end_and_pauses(open_file: OpenFile, run: Run, speed: str) -> None:
    page = open_file(run_page(run))
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # so that the start is seen however late it is looked for
    port = ports(page)[0]
    if speed == "4":
        page.locator("[data-set=speed]").select_option(speed)
    else:
        port.press("s")
        expect(page.locator("[data-set=speed]")).to_have_value(speed)
    port.press("k")
    expect(page.locator("[data-show=step]")).to_have_text("Step 0 of 200, the start")
    page.clock.resume()
    if speed == "4":
        expect(page.locator("[data-show=step]")).to_contain_text("the end")
        expect(page.get_by_role("button", name="Play")).to_be_visible()
    else:
        port.press("k")
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        shown = page.locator("[data-show=step]").inner_text()
        page.clock.run_for(3000)
        expect(page.locator("[data-show=step]")).to_have_text(shown)


def make_different_series() -> Series:
    """Two runs with other images each."""
    series = make_series("second_level", [0.1, 0.2])
    first, second = series.runs
    return replace(series, runs=(first, replace(second, images_8bit=255 - second.images_8bit)))


def test_a_series_shows_one_run_at_a_time(open_file: OpenFile) -> None:
    series = make_different_series()
    page = open_file(series_page(series))
    await_pixels(page, series.runs[0].images_8bit)
    page.get_by_role("button", name="MSE 0.200").click()
    expect(page.get_by_role("button", name="MSE 0.200")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".trajectory")).to_contain_text("0.200")
    await_pixels(page, series.runs[1].images_8bit)
    expect(page.locator("section:visible")).to_have_count(1)


def test_a_run_that_is_drawn_while_its_pictures_are_decoded_shows_no_others(open_file: OpenFile) -> None:
    series = make_different_series()
    page = open_file(series_page(series))
    await_pixels(page, series.runs[0].images_8bit)
    page.evaluate(
        """() => {
            document.querySelector("[data-show-run='1']").click();
            window.dispatchEvent(new Event("resize"));
        }"""
    )
    await_pixels(page, series.runs[1].images_8bit)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_shelf_fits_and_each_run_says_what_to_see(open_file: OpenFile, width: int) -> None:
    page = open_file(shelf_page(), width=width)
    for name in SHELF_RUNS:
        page.locator(f"[data-show-run='{SHELF_RUNS.index(name)}']").click()
        expect(page.locator(".notes:visible")).to_have_count(1)
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")


def test_no_text_of_a_record_becomes_a_script(open_file: OpenFile, tmp_path: Path) -> None:
    run = make_evil_run(tmp_path)
    save_label(run.folder or tmp_path, Label(EVIL[:110], EVIL))
    page = open_file(run_page(run))
    page.wait_for_function("document.readyState === 'complete' && [...document.images].every(image => image.complete)")
    expect(page).to_have_title(EVIL[:110])
    assert page.locator("main img").count() == 0
    expect(page.locator(".notes")).to_contain_text(EVIL)
