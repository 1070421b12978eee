"""The page of directions on a phone, and its address, which Back, Forward and a reload follow."""

import re

from playwright.sync_api import expect

from .conftest import OpenPage, await_rest, broken_rules, until


def test_example_opens_at_once_can_be_moved_sideways_and_breaks_no_rule(open_page: OpenPage) -> None:
    page = open_page("directions", 390, 844, ".mad-paper img")
    until(lambda: page.locator(".mad-paper").evaluate("paper => paper.scrollWidth > paper.clientWidth"))
    page.wait_for_function("document.documentElement.scrollWidth === 390")
    assert broken_rules(page) == []
    colors = page.locator(".mad-colors-button")
    expect(colors).to_be_visible()
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(colors).to_be_hidden()


def test_back_forward_and_a_reload_keep_what_is_chosen(open_page: OpenPage) -> None:
    page = open_page("directions?image=coffee&metrics=ssim,mse&size=2048", await_=".mad-paper img")
    expect(page.get_by_text("Size (pixels) cannot be used here")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?image=coffee&metrics=ssim%2Cmse$"))
    await_rest(page)
    three = page.locator(".st-key-directions-count").get_by_text("3", exact=True)
    three.click()
    expect(page).to_have_url(re.compile("count=3"))
    await_rest(page)
    page.go_back()
    expect(page).to_have_url(re.compile("metrics=ssim%2Cmse$"))
    await_rest(page)
    page.go_forward()
    expect(page).to_have_url(re.compile("count=3"))
    await_rest(page)
    page.reload()
    page.wait_for_selector(".mad-paper img")
    chosen = page.get_by_role("button", name="Search the directions of")
    expect(chosen).to_contain_text("SSIM and MSE")
    expect(page).to_have_url(re.compile("metrics=ssim%2Cmse&count=3$"))
