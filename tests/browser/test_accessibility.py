"""No page breaks a rule of axe, in light and in dark; and what a keyboard alone can do."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mad_app.records import save_run
from tests.mad_app.figures.sheet_runs import make_sheet_run

from .conftest import OpenPage, Scheme

PAGES = {
    "invitation": ("", ".mad-how"),
    "result": ("?run={run}", ".mad-four-up"),
    "presentation": ("?run={run}&present=1", ".mad-four-up"),
    "gallery": ("gallery", ".mad-card"),
    "figure": ("figure?run={run}", ".mad-paper img"),
    "directions": ("directions", ".mad-paper img"),
}


COLOR_SCHEME = "(app => app && getComputedStyle(app).colorScheme)(document.querySelector('.stApp'))"
"""Of the page: "light" or "dark"."""


@pytest.fixture
def run(runs: Path) -> Iterator[Path]:
    """A record, which is gone afterwards, so that the gallery of other tests keeps on one page."""
    folder = save_run(make_sheet_run(), runs)
    yield folder
    shutil.rmtree(folder)


def await_styles(page: Page) -> None:
    page.wait_for_function("getComputedStyle(document.querySelector('.mad-four-up, .mad-intro')).display === 'grid'")


@pytest.mark.parametrize("name", PAGES)
def test_no_rule_is_broken(name: str, open_page: OpenPage, run: Path) -> None:
    query, await_ = PAGES[name]
    page = open_page(query.format(run=run.name), 1280, 720, await_, "light")
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"{COLOR_SCHEME} === '{scheme}'")
        expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0)
        found = [
            f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for violation in Axe().run(page).response["violations"]
            for node in violation["nodes"]
        ]
        assert found == [], scheme


def test_a_key_and_the_address_lead_into_the_presentation_and_out_of_it(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}", 1920, 1080)
    sidebar, heading = page.locator("[data-testid=stSidebar]"), page.locator(".mad-pair .mad-heading").first
    expect(sidebar).to_be_visible()
    page.wait_for_function("() => Boolean(window.madPresent)")
    page.keyboard.press("p")
    expect(sidebar).to_be_hidden()
    assert heading.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 18
    assert "present=1" in page.url
    page.reload()
    expect(heading).to_be_visible()
    expect(sidebar).to_be_hidden()
    page.keyboard.press("Escape")
    expect(sidebar).to_be_visible()
    assert "present" not in page.url


def test_a_key_a_button_and_the_address_choose_light_or_dark(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}&present=1")
    heading = page.locator(".mad-pair .mad-heading").first
    expect(heading).to_be_visible()
    assert page.evaluate(COLOR_SCHEME) == "light"
    page.get_by_role("button", name="Light / dark").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")
    expect(heading).to_be_visible()
    expect(page.locator("[data-testid=stSidebar]")).to_be_hidden()  # it is still a presentation
    assert "colors=dark" in page.url
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gallery").first.click()
    page.reload()
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")
    page.goto(page.url.split("?")[0] + "?colors=light")
    page.wait_for_function(f"window.madPresent && {COLOR_SCHEME} === 'light'")
    page.keyboard.press("d")
    page.wait_for_function(f"{COLOR_SCHEME} === 'dark'")


def test_all_four_images_and_their_values_are_on_one_screen(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}", 1280, 720)
    await_styles(page)
    lowest = "Math.max(...[...document.querySelectorAll('.mad-corner')].map(e => e.getBoundingClientRect().bottom))"
    expect(page.locator(".mad-corner")).to_have_count(4)
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"innerHeight === {height} && {lowest} <= {height}")


def test_a_phone_shows_a_pair_at_a_time_and_the_menu(open_page: OpenPage, run: Path) -> None:
    page = open_page(f"?run={run.name}", 390, 844)
    await_styles(page)
    lefts = page.locator(".mad-pair").evaluate_all("all => all.map(e => e.getBoundingClientRect().left)")
    assert lefts[0] < 30
    assert lefts[1] > 330
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".st-key-session-menu").get_by_role("link", name="Gallery").click()
    expect(page.locator("h1")).to_contain_text("Gallery")


def test_every_size_can_be_read_and_start_is_within_ten_stops_of_the_tab_key(open_page: OpenPage) -> None:
    page = open_page("?size=64&first=ssim&second=mse")
    sizes = page.locator(".st-key-compete-size").get_by_role("radio")
    whole = "button => [button, ...button.querySelectorAll('*')].every(e => e.scrollWidth <= e.clientWidth + 1)"
    assert [size for size in sizes.all() if not size.evaluate(whole)] == []
    assert sizes.count() > 5
    await_styles(page)
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText"))
        if "Start the competition" in reached[-1]:
            return
    pytest.fail(f"ten stops lead to {reached}")
