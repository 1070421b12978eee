"""Lessons by touch on a phone: a pixel that is tapped, a start that is dragged, a stroke that is painted."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import patient, settled

Place = tuple[float, float]


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a phone, which keeps the program of Streamlit's page from test to test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield patient(context.new_page())
    context.close()


def touch(part: Locator, *places: Place) -> None:
    """Put a finger on a part, given as fractions of its width and height, move it to further places, and lift it."""
    box = settled(part)
    points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
    finger = part.page.context.new_cdp_session(part.page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_tap_chooses_a_pixel_in_every_view_of_lasi(phone: Page, address: str) -> None:
    phone.goto(f"{address}/lessons?lesson=lasi&size=64&hide=prediction")
    touch(phone.locator(".picker .whole"), (20.5 / 64, 10.5 / 64))
    expect(phone).to_have_url(re.compile(r"row=10&column=20(&|$)"))
    phone.get_by_role("radio", name="Two pictures").tap()
    said = phone.locator(".linked output")
    expect(said).to_have_text(re.compile("Row 10, column 20: .*difference of the weights"))
    touch(phone.locator(".linked .frame").last, (40.5 / 64, 50.5 / 64))
    expect(phone).to_have_url(re.compile(r"row=50&column=40&"))
    expect(said).to_have_text(re.compile("Row 50, column 40: "))


def test_a_finger_drags_the_start_of_two_pixels(phone: Page, address: str) -> None:
    phone.goto(f"{address}/lessons?lesson=mad")
    expect(phone.locator(".plane svg path.level").first).to_be_visible()
    touch(phone.locator(".plane .start"), (0.5, 0.5), (-1.5, 0.5), (-3.0, 0.5), (-4.0, 1.0))
    expect(phone).to_have_url(re.compile("[?&]x=0"))


def test_a_finger_chooses_a_place_of_a_plane_and_paints(phone: Page, address: str) -> None:
    phone.goto(f"{address}/lessons?lesson=level-sets")
    expect(phone.locator(".image-plane svg path.level").first).to_be_visible()
    touch(phone.locator(".image-plane svg"), (0.5, 0.5), (0.6, 0.4), (0.75, 0.25))
    expect(phone).to_have_url(re.compile(r"[?&]u=0\.7[345]\d*&v=0\.7[456]"))
    phone.goto(f"{address}/lessons?lesson=by-hand&size=64&hide=prediction")
    touch(phone.locator(".brush canvas"), (0.25, 0.25), (0.4, 0.5), (0.6, 0.6), (0.75, 0.75))
    expect(phone).to_have_url(re.compile(r"[?&]strokes=p2\.60\.2\d\d\.2\d\d\.[\d.]+7\d\d\.7\d\d(&|$)"))
