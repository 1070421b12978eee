"""The crop control: a frame that is dragged on the picture, with mouse, touch and keys; the rules of axe."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from .conftest import OF_COLORS, OpenPage, Scheme, await_rest, broken_rules, button, patient, settled

QUERY = "?first=ssim&second=mse&size=64"


def open_crop(page: Page) -> None:
    await_rest(page)
    page.locator("summary", has_text="Crop").click()
    expect(page.locator(".crop .stage")).to_be_visible()


def drag(page: Page, name: str, x: float, y: float) -> None:
    """Drag the middle of a part of the control to a place, given as a fraction of the picture."""
    area, part = settled(page.locator(".stage")), page.locator(name).bounding_box()
    assert part is not None
    page.mouse.move(part["x"] + part["width"] / 2, part["y"] + part["height"] / 2)
    page.mouse.down()
    page.mouse.move(area["x"] + x * area["width"], area["y"] + y * area["height"], steps=4)
    page.mouse.up()


def box_of(page: Page) -> list[int]:
    """Left, upper, right and lower border in pixels, as the control says them."""
    text = page.locator(".crop .told output").inner_text()
    width, height, left, top = [*map(int, re.findall(r"\d+", text)), 0, 0][:4]
    return [left, top, left + width, top + height]


def test_the_frame_is_dragged_shaped_and_moved_by_keys(open_page: OpenPage) -> None:
    page = open_page(QUERY, await_=".mad-intro")
    open_crop(page)
    expect(page.locator(".crop .told output")).to_contain_text("All of it, 300 × 300 pixels")
    drag(page, ".handle.se", 0.6, 0.4)
    expect(page.locator(".crop .told output")).not_to_contain_text("All of it")
    page.wait_for_url(re.compile("width=.*height="))
    left, top, right, bottom = box_of(page)
    assert (left, top) == (0, 0)
    assert right / 300 == pytest.approx(0.6, abs=0.06)
    assert bottom / 300 == pytest.approx(0.4, abs=0.06)
    drag(page, ".frame", 0.5, 0.5)
    page.wait_for_url(re.compile("left=.*top="))
    moved = box_of(page)
    assert (moved[2] - moved[0], moved[3] - moved[1]) == (right, bottom)
    button(page, "Square")
    expect(page.get_by_role("button", name="Square")).to_have_attribute("aria-pressed", "true")
    square = box_of(page)
    assert square[2] - square[0] == square[3] - square[1]

    page.locator(".frame").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    by_keys = box_of(page)
    assert by_keys == [square[0] - 6, square[1] - 6, square[2] - 6, square[3] - 6]
    page.keyboard.press("Shift+ArrowDown")
    assert box_of(page) == [by_keys[0], by_keys[1], by_keys[2] + 6, by_keys[3] + 6]
    page.get_by_role("button", name="Upper left corner").focus()
    page.keyboard.press("ArrowRight")
    assert box_of(page) == [by_keys[0] + 6, by_keys[1] + 6, by_keys[2] + 6, by_keys[3] + 6]
    schemes: dict[Scheme, tuple[str, ...]] = {"light": (), "dark": OF_COLORS}
    for scheme, rules in schemes.items():
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
        assert broken_rules(page, rules=rules) == [], scheme
    button(page, "Whole picture")
    expect(page.locator(".crop .told output")).to_contain_text("All of it")
    page.wait_for_url(lambda url: "width" not in url)


def test_a_finger_resizes_the_frame_on_a_phone(address: str, browser: Browser, tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (80, 240, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "wide.png")
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = patient(context.new_page())
    try:
        page.goto(f"{address}/{QUERY}")
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("button", name="Upload").click()
        page.set_input_files("[class*='st-key-compete-file'] input[type=file]", tmp_path / "wide.png")
        expect(page.get_by_text("Your picture wide.png")).to_be_visible()
        page.keyboard.press("Escape")
        open_crop(page)
        expect(page.locator(".crop .told output")).to_contain_text("All of it, 240 × 80 pixels")
        area, part = settled(page.locator(".stage")), page.locator(".handle.se").bounding_box()
        assert part is not None
        touches = context.new_cdp_session(page)
        begin = {"x": part["x"] + 14, "y": part["y"] + 14}
        end = {"x": area["x"] + area["width"] / 2, "y": area["y"] + area["height"] * 0.75}
        for kind, points in (("touchStart", [begin]), ("touchMove", [end]), ("touchEnd", [])):
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_url(re.compile("width=0"))
        _, _, right, bottom = box_of(page)
        assert right / 240 == pytest.approx(0.5, abs=0.06)
        assert bottom <= 80
    finally:
        context.close()
