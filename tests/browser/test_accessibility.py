"""No page breaks a rule of axe, in light and in dark; and what a keyboard alone can do."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mad_app.records import save_run
from tests.mad_app.figures.sheet_runs import make_sheet_run

from .conftest import OF_COLORS, OpenPage, Scheme, await_rest, broken_rules, until

COLOR_SCHEME = "(app => app && getComputedStyle(app).colorScheme)(document.querySelector('.stApp'))"
"""Of the page: "light" or "dark"."""


@pytest.fixture
def run(runs: Path) -> Iterator[Path]:
    """A record, which is gone afterwards, so that the gallery of other tests keeps on one page."""
    folder = save_run(make_sheet_run(), runs)
    yield folder
    shutil.rmtree(folder)


def assert_no_rule_is_broken(page: Page) -> None:
    """In dark and in light."""
    schemes: dict[Scheme, tuple[str, ...]] = {"dark": OF_COLORS, "light": ()}
    for scheme, rules in schemes.items():
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"{COLOR_SCHEME} === '{scheme}'")
        assert broken_rules(page, rules=rules) == [], scheme


def test_a_result_fits_every_screen_is_presented_by_a_key_and_breaks_no_rule(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}", 1280, 720)
    assert_no_rule_is_broken(page)
    lowest = "Math.max(...[...document.querySelectorAll('.mad-corner')].map(e => e.getBoundingClientRect().bottom))"
    expect(page.locator(".mad-corner")).to_have_count(4)
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"innerHeight === {height} && {lowest} <= {height}")
    sidebar, heading = page.locator("[data-testid=stSidebar]"), page.locator(".mad-pair .mad-heading").first
    expect(sidebar).to_be_visible()
    page.keyboard.press("p")
    expect(sidebar).to_be_hidden()
    until(lambda: heading.evaluate("e => parseFloat(getComputedStyle(e).fontSize)"), lambda size: size >= 18)
    expect(page).to_have_url(re.compile("present=1"))
    page.reload()
    expect(heading).to_be_visible()
    expect(sidebar).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 720})
    assert_no_rule_is_broken(page)
    page.keyboard.press("Escape")
    expect(sidebar).to_be_visible()
    expect(page).not_to_have_url(re.compile("present"))


def test_a_key_a_button_and_the_address_choose_light_or_dark(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}&present=1")
    heading = page.locator(".mad-pair .mad-heading").first
    expect(heading).to_be_visible()
    page.wait_for_function(f"{COLOR_SCHEME} === 'light'")
    page.get_by_role("button", name="Light / dark").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")
    expect(heading).to_be_visible()
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()  # it is still a presentation
    expect(page).to_have_url(re.compile("colors=dark"))
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gallery").first.click()
    expect(page.locator("h1")).to_have_text([re.compile("Gallery")])
    page.reload()
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")
    page.goto(page.url.split("?")[0] + "?colors=light")
    page.wait_for_function(f"window.madPresent && {COLOR_SCHEME} === 'light'")
    page.keyboard.press("d")
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")


def test_a_phone_shows_a_pair_and_its_menu_leads_to_pages_that_break_no_rule(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}", 390, 844)
    await_rest(page)
    lefts = "all => all.map(e => e.getBoundingClientRect().left)"
    until(lambda: page.locator(".mad-pair").evaluate_all(lefts), lambda x: len(x) == 2 and x[0] < 30 and x[1] > 330)
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".st-key-session-menu").get_by_role("link", name="Gallery").click()
    expect(page.locator("h1")).to_have_text([re.compile("Gallery")])
    page.set_viewport_size({"width": 1280, "height": 720})
    expect(page.locator(".mad-card").first).to_be_visible()
    assert_no_rule_is_broken(page)
    page.get_by_role("link", name="Figure").first.click()
    page.wait_for_selector(".mad-paper img")
    assert_no_rule_is_broken(page)


def test_every_size_can_be_read_and_start_is_within_ten_stops_of_the_tab_key(open_page: OpenPage) -> None:
    page = open_page("?size=64&first=ssim&second=mse", 1280, 720, ".mad-how")
    assert_no_rule_is_broken(page)
    sizes = page.locator(".st-key-compete-size").get_by_role("radio")
    whole = "button => [button, ...button.querySelectorAll('*')].every(e => e.scrollWidth <= e.clientWidth + 1)"
    assert [size for size in sizes.all() if not size.evaluate(whole)] == []
    assert sizes.count() > 5
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText"))
        if "Start the competition" in reached[-1]:
            return
    pytest.fail(f"ten stops lead to {reached}")
