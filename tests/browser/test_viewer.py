"""The viewer of a finished run in a real browser: true pixels, moved by keys, alike in both pairs."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from .conftest import OpenPage, await_rest, patient, settled, until

QUICK = "?image=coffee&size=64&first=ssim&second=mse&steps=50&others=none"

PIXELS = """canvas => {
  const {width, height} = canvas;
  return [width, height, ...canvas.getContext("2d").getImageData(0, 0, width, height).data].join();
}"""
"""All pixels of a canvas, as one text."""

SHOWN = """async image => {
  await image.decode();
  const side = 64, canvas = new OffscreenCanvas(side, side), context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, side, side);
  return [canvas.width, canvas.height, ...context.getImageData(0, 0, canvas.width, canvas.height).data].join();
}"""
"""Likewise of an image of the page, each of whose pixels is a square of equal ones."""


@pytest.fixture(scope="module")
def run(address: str, context: BrowserContext) -> str:
    """Parameters of the address of a run that has ended."""
    page = patient(context.new_page())
    page.goto(f"{address}/{QUICK}")
    page.get_by_role("button", name="Start the competition", exact=True).click()
    page.get_by_role("tab", name="Look closer").wait_for()
    await_rest(page)
    query = page.url.partition("?")[2]
    page.close()
    return f"?{query}"


@pytest.fixture
def open_viewer(open_page: OpenPage, run: str) -> Callable[..., Page]:
    def open_viewer(**options: Any) -> Page:
        page = open_page(run, **options)
        page.get_by_role("tab", name="Look closer").wait_for()
        await_rest(page)  # else a viewer of an earlier drawing can stand beside that of the last one
        page.locator(".viewer").wait_for(state="visible")
        return page

    return open_viewer


def ports(page: Page) -> list[Locator]:
    found = page.locator(".port")
    expect(found).to_have_count(2)
    return [found.nth(0), found.nth(1)]


def pixels(page: Page) -> list[str]:
    """Of the four canvases in the order of the images A to D."""
    return [port.locator(f"canvas.{side}").evaluate(PIXELS) for port in ports(page) for side in ("left", "right")]


def boxes(page: Page) -> list[dict[str, float]]:
    """Where the canvases of both pairs lie in their ports."""
    return [
        port.locator("canvas.left").evaluate("c => ({x: c.offsetLeft, y: c.offsetTop, wide: c.clientWidth})")
        for port in ports(page)
    ]


def are_alike(both: list[dict[str, float]]) -> bool:
    """Whether both pairs show the same detail; each is moved by less than a pixel, onto whole device pixels."""
    return bool(both[0] == pytest.approx(both[1], abs=1))


def test_keys_move_the_divider_and_the_zoom_of_both_pairs(open_viewer: Callable[..., Page]) -> None:
    page = open_viewer()
    first, second = ports(page)
    first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    for port in (first, second):
        expect(port).to_have_attribute("aria-valuenow", "60")
    over = first.locator("canvas.left")
    cut = over.evaluate("c => c.style.clipPath")
    page.keyboard.press("End")
    until(lambda: over.evaluate("c => c.style.clipPath"), lambda now: now != cut)
    fitting = boxes(page)[0]["wide"]
    page.keyboard.press("-")
    until(lambda: boxes(page), lambda both: both[0]["wide"] == fitting - 64)
    for _ in range(9):
        page.keyboard.press("+")
    larger = until(lambda: boxes(page), lambda both: both[0]["wide"] == 8 * 64 and are_alike(both))
    expect(over).to_have_css("image-rendering", "pixelated")
    page.keyboard.press("Shift+ArrowRight")
    moved = until(lambda: boxes(page), lambda both: both[0]["x"] < larger[0]["x"] and are_alike(both))
    page.locator("[data-set=frame]").fill("1")
    expect(page.locator("[data-show=step]")).not_to_contain_text("the end")
    assert boxes(page) == moved  # the same detail of another step
    for _ in range(9):
        first.press("-")
    until(lambda: boxes(page), lambda both: both[0]["wide"] == 64)
    assert_nothing_is_cut_off_and_everything_has_a_name(page)


def assert_nothing_is_cut_off_and_everything_has_a_name(page: Page) -> None:
    """On a screen and on a telephone."""
    rightmost = (
        "Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('.viewer *')].filter("
        "e => e.offsetParent && !e.closest('.port')).map(e => e.getBoundingClientRect().right))"
    )
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"innerWidth === {width} && {rightmost} <= {width}")
    for control in page.locator(".viewer").locator("input, select, button, .port, svg").all():
        named = control.evaluate(
            "c => c.getAttribute('aria-label') || c.title || c.textContent || c.closest('label')?.textContent"
        )
        assert named, control.evaluate("c => c.outerHTML")


def test_the_images_are_those_of_the_record_and_the_scrubber_moves_all(
    open_viewer: Callable[..., Page],
) -> None:
    page = open_viewer()
    shown = page.locator(".mad-four-up .mad-corner img")
    expect(shown).to_have_count(4)
    end = until(lambda: pixels(page), lambda end: end == [shown.nth(i).evaluate(SHOWN) for i in range(4)])
    assert len(set(end)) == 4
    numbers, mark = page.locator(".numbers tbody"), page.locator("[data-image='0']")
    told, place = numbers.inner_text(), mark.get_attribute("transform") or ""
    page.locator("[data-set=frame]").fill("0")
    until(lambda: pixels(page), lambda start: len(set(start)) == 1)  # all four set out from one image
    expect(numbers).not_to_have_text(told, use_inner_text=True)
    expect(mark).not_to_have_attribute("transform", place)
    expect(page.locator("[data-show=step]")).to_have_text("Step 0 of 50, the start")
    ports(page)[0].press(".")
    expect(page.locator("[data-show=step]")).not_to_have_text("Step 0 of 50, the start")
    seen = [pixels(page)]
    for view in ("difference", "map0", "map1"):
        for gain in ("0", "3"):
            page.locator("[data-set=view]").select_option(view)
            page.locator("[data-set=gain]").fill(gain)
            seen.append(until(lambda: pixels(page), lambda now: now not in seen))
    expect(page.locator(".legend")).not_to_contain_text("There is no map")


def test_space_flickers_and_calm_is_kept_where_it_is_wished(
    open_viewer: Callable[..., Page], context: BrowserContext, address: str, run: str
) -> None:
    page = open_viewer()
    port, over = ports(page)[0], page.locator("canvas.left").first
    port.press(" ")
    for state in ("hidden", "visible", "hidden"):
        expect(over).to_have_css("visibility", state)
    port.press("Escape")
    expect(page.locator(".divider").first).to_be_visible()
    calm = patient(context.new_page())
    calm.emulate_media(reduced_motion="reduce")
    calm.goto(f"{address}/{run}")
    calm.locator(".viewer").wait_for(state="visible")
    calm.clock.install()
    port, over = calm.locator(".port").first, calm.locator("canvas.left").first
    port.press(" ")
    expect(calm.locator(".viewer.flickers")).to_be_visible()
    calm.clock.run_for(3000)
    expect(over).to_have_css("visibility", "visible")
    port.press(" ")
    expect(over).to_have_css("visibility", "hidden")
    calm.close()


def test_image_pixels_are_whole_device_pixels(open_viewer: Callable[..., Page]) -> None:
    """Each image pixel is a square of one color, and the zoom is said in pixels of the page and of the device."""
    page = open_viewer(width=1280, height=900, own=True)
    device = page.context.new_cdp_session(page)
    for fine in (1, 1.1, 1.5):
        size = {"width": 1280, "height": 900, "mobile": False}
        device.send("Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": fine})
        page.wait_for_function(f"Math.abs(devicePixelRatio - {fine}) < 0.01")
        port = page.locator(".port").first
        port.press("End")
        settled(port)
        where = "c => Object.values(c.getBoundingClientRect().toJSON()).slice(0, 4).map(v => v * devicePixelRatio)"
        place, screen = None, b""
        while place != (place := port.locator("canvas.left").evaluate(where)):  # until the page lies still
            screen = base64.b64decode(device.send("Page.captureScreenshot")["data"])
        factor = port.locator("canvas.left").evaluate(
            "c => c.getBoundingClientRect().width / c.width * devicePixelRatio"
        )
        assert factor == pytest.approx(round(factor), abs=1e-3)
        said = page.locator("[data-show=zoom]").inner_text()
        assert said == (
            f"{round(factor)}×" if fine == 1 else f"{float(f'{factor / fine:.3g}'):g}× ({round(factor)} device pixels)"
        )
        left, top, wide, high = (round(value) for value in place)
        levels = np.asarray(Image.open(io.BytesIO(screen)).convert("RGB"), np.int16)
        marks = round(40 * fine)  # labels at the top, the handle of the divider at the right, the end of the window
        assert_blocks(levels[top + marks : top + high, left : left + wide - marks][:-2], round(factor))


def assert_blocks(levels: np.ndarray, side: int) -> None:
    """Away from its rim, the picture is of squares with `side` dots: colors change only every so many dots."""
    for axis in (0, 1):
        changes = np.abs(np.diff(levels[side:-side, side:-side], axis=axis)).max(axis=(1 - axis, 2)) > 0
        at = np.flatnonzero(changes)
        assert len(at) > 10
        assert len(set(at % side)) == 1
