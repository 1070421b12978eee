"""Lessons in a real browser: a pixel by mouse and keys, a start that is dragged, a teacher's link, the rules of axe."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mad_app.lessons import LESSONS

from .conftest import OpenPage


def parameter(page: Page, name: str, value: str) -> None:
    """Wait until the address has a parameter."""
    expect(page).to_have_url(re.compile(rf"[?&]{name}={re.escape(value)}(&|$)"))


def await_drawn(page: Page) -> None:
    """Wait until the page is complete and keeps its size."""
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)
    page.wait_for_function(
        """() => {
          const sizes = [...document.querySelectorAll("canvas, svg")].map(one => one.getBoundingClientRect().width);
          const same = String(sizes) === window.lastSizes;
          window.lastSizes = String(sizes);
          return same;
        }""",
        polling=500,
    )


def test_a_pixel_is_chosen_by_a_click_and_by_arrow_keys(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=lasi&size=64", await_=".picker .whole")
    picture = page.locator(".picker .whole")
    expect(picture).to_have_attribute("aria-label", re.compile("row 30, column 30"))
    expect(page.locator(".mad-numbers b").first).to_be_visible()
    await_drawn(page)  # what is drawn later narrows the picture
    box = picture.bounding_box()
    assert box
    picture.click(position={"x": box["width"] * 20.5 / 64, "y": box["width"] * 10.5 / 64})
    parameter(page, "row", "10")
    parameter(page, "column", "20")
    before = page.locator(".mad-numbers b").first.inner_text()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    parameter(page, "row", "19")
    parameter(page, "column", "22")
    expect(page.locator(".mad-numbers b").first).not_to_have_text(before)
    page.go_back()
    parameter(page, "row", "10")
    expect(picture).to_have_attribute("aria-label", re.compile("row 10, column 20"))


def test_the_start_is_dragged_and_the_points_step(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=mad", await_=".plane svg path.level")
    await_drawn(page)
    handle, said = page.locator(".plane .start"), page.locator(".plane output")
    box = handle.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] - 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("[?&]x=0"))
    expect(said).to_have_text(re.compile(r"Step (\d+) of \1"))
    page.get_by_role("button", name="From the start").click()
    page.get_by_role("button", name="One step").click()
    expect(said).to_have_text(re.compile("Step 1 of"))
    handle.focus()
    before = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(before)


def test_a_teachers_link_opens_the_lesson_as_it_was_and_hides_what_it_names(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=lasi&size=64&n=7&channel=2&hide=n,picture", await_=".picker .whole")
    expect(page.get_by_text("Neighbors N", exact=True).last).to_be_hidden()
    expect(page.locator(".st-key-lessons-bundled")).to_be_hidden()
    expect(page.get_by_text("Channel", exact=True)).to_be_visible()
    expect(page.locator(".picker .near")).to_have_attribute("aria-label", re.compile("7 values"))
    wrong = open_page("lessons?lesson=lasi&n=99", await_=".picker .whole")
    expect(wrong.get_by_text("N must be at least 1 and at most 50, got 99.")).to_be_visible()


VIEWS = ("lessons", "lessons?lesson=lasi&view=copy&size=64")


@pytest.mark.parametrize("path", [*VIEWS, *(f"lessons?lesson={name}&size=64" for name in LESSONS)])
def test_no_rule_is_broken_and_a_phone_cuts_nothing(open_page: OpenPage, path: str) -> None:
    page = open_page(path, 390, 844, await_="h1")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    page.wait_for_timeout(1500)  # charts fade in
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for violation in Axe().run(page).response["violations"]
        for node in violation["nodes"]
    ]
    assert found == []
