"""The guided tour by keyboard alone: on and back, left and taken up again, the rules of axe at its last stop."""

import re

from playwright.sync_api import Page, expect

from mad_app.lessons import LESSONS
from mad_app.lessons.tour import TOUR

from .conftest import OpenPage, await_rest, broken_rules


def at(page: Page, stop: int) -> None:
    """Wait until a stop is shown."""
    lesson = TOUR[stop - 1].lesson
    expect(page).to_have_url(re.compile(rf"[?&]tour={stop}(&|$)"))
    expect(page.get_by_role("progressbar", name=f"Stop {stop} of {len(TOUR)}")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        [LESSONS[lesson].title if lesson else re.compile("finish")]
    )
    await_rest(page)


def test_the_tour_by_keyboard_alone(open_page: OpenPage, address: str) -> None:
    page = open_page("lessons?size=64", await_="h1")
    start = page.get_by_role("button", name="Start the tour")
    await_rest(page)
    start.press("Enter")
    at(page, 1)
    page.keyboard.press("n")
    at(page, 2)
    page.keyboard.press("b")
    at(page, 1)
    page.reload()
    at(page, 1)
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_be_visible()
    page.keyboard.press("p")
    expect(sidebar).to_be_hidden()
    expect(page.locator(".st-key-lessons-tour-next")).to_be_visible()
    page.keyboard.press("p")
    page.get_by_role("button", name="Leave the tour").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(["Lessons"])
    expect(sidebar).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/lessons?tour={len(TOUR)}")
    page.locator(".viewer").wait_for()
    at(page, len(TOUR))
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert broken_rules(page) == []
    page.keyboard.press("b")
    at(page, len(TOUR) - 1)
