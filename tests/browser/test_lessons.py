"""Lessons in a real browser: a pixel by mouse and keys, a start that is dragged, a teacher's link, the rules of axe."""

import re

from playwright.sync_api import Page, expect

from mad_app.lessons import LESSONS

from .conftest import OpenPage, await_rest, broken_rules, button, go, settled, until


def parameter(page: Page, name: str, value: str) -> None:
    """Wait until the address has a parameter."""
    expect(page).to_have_url(re.compile(rf"[?&]{name}={re.escape(value)}(&|$)"))


def test_a_pixel_is_chosen_by_a_click_and_by_arrow_keys(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=lasi&size=64", await_=".picker .whole")
    picture = page.locator(".picker .whole")
    expect(picture).to_have_attribute("aria-label", re.compile("row 30, column 30"))
    expect(page.locator(".mad-numbers b").first).to_be_visible()
    width = settled(picture)["width"]  # what is drawn later narrows it
    picture.click(position={"x": width * 20.5 / 64, "y": width * 10.5 / 64})
    parameter(page, "row", "10")
    parameter(page, "column", "20")
    before = page.locator(".mad-numbers b").first.inner_text()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    parameter(page, "row", "19")
    parameter(page, "column", "22")
    expect(page.locator(".mad-numbers b").first).not_to_have_text(before)
    page.keyboard.press("ArrowDown")
    parameter(page, "row", "20")
    page.go_back()
    parameter(page, "row", "19")
    expect(picture).to_have_attribute("aria-label", re.compile("row 19, column 22"))
    picture.press("ArrowDown")  # the same pixel once more
    parameter(page, "row", "20")


def test_the_start_is_dragged_and_the_points_step(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=mad", await_=".plane svg path.level")
    handle, said = page.locator(".plane .start"), page.locator(".plane output")
    box = settled(handle)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] - 20, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("[?&]x=0"))
    expect(said).to_have_text(re.compile(r"Step (\d+) of \1"))
    button(page, "From the start")
    expect(said).to_have_text(re.compile("Step 0 of"))
    button(page, "One step")
    expect(said).to_have_text(re.compile("Step 1 of"))
    handle.focus()
    before = page.url
    page.keyboard.press("ArrowRight")
    page.locator(".plane .again").dispatch_event("click")  # before the answer comes
    expect(page).not_to_have_url(before)
    await_rest(page)
    expect(said).to_have_text(re.compile("Step 0 of"))


def test_the_answer_of_a_prediction_is_large_in_a_presentation(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=mad&present=1", 1920, 1080, await_=".plane svg path.level")
    asked = LESSONS["mad"].prediction
    page.get_by_text(asked.answers[asked.right], exact=True).click()
    answer = page.get_by_text(f"Right. {asked.answers[asked.right]}")
    expect(answer).to_be_visible()
    until(lambda: answer.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"), lambda size: size >= 18)
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()


def test_a_teachers_link_opens_the_lesson_as_it_was_and_hides_what_it_names(open_page: OpenPage, address: str) -> None:
    page = open_page("lessons?lesson=lasi&size=64&n=7&channel=2&hide=n,picture", await_=".picker .whole")
    expect(page.get_by_text("Neighbors N", exact=True).last).to_be_hidden()
    expect(page.locator(".st-key-lessons-bundled")).to_be_hidden()
    expect(page.get_by_text("Channel", exact=True)).to_be_visible()
    expect(page.locator(".picker .near")).to_have_attribute("aria-label", re.compile("7 values"))
    page.goto(f"{address}/lessons?lesson=lasi&n=99")
    expect(page.get_by_text("N must be at least 1 and at most 50, got 99.")).to_be_visible()


VIEWS = ("", "?lesson=lasi&view=copy&size=64", *(f"?lesson={name}&size=64" for name in LESSONS))


def test_no_rule_is_broken_and_a_phone_cuts_nothing(open_page: OpenPage) -> None:
    page = open_page("lessons", 390, 844, await_="h1")
    found = {}
    for view in VIEWS:
        if view:
            go(page, view)
        name = view[len("?lesson=") :].partition("&")[0]
        expect(page.get_by_role("heading", level=1)).to_have_text([LESSONS[name].title if name else "Lessons"])
        found[view] = broken_rules(page)
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert found == {view: [] for view in VIEWS}
