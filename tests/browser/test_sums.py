"""A sum of metrics is typed into the control of a metric, stays there, and competes."""

import re

from playwright.sync_api import expect

from .conftest import OpenPage


def test_a_sum_is_typed_and_competes(open_page: OpenPage) -> None:
    page = open_page("?image=coffee&size=64&first=ssim&second=mse&others=none&steps=20")
    first = page.get_by_role("combobox", name=re.compile("First metric"))
    first.fill("2*ssim + gmsd")
    first.press("Enter")
    expect(page.get_by_text("The sum GMSD + 2 (1 − SSIM)", exact=False)).to_be_visible()
    expect(page).to_have_url(re.compile("first=gmsd%2B2%2Assim&"))
    page.reload()
    expect(first).to_have_value("gmsd+2*ssim")
    page.get_by_role("button", name="Start the competition").click()
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    expect(page.get_by_text("For GMSD + 2 (1 − SSIM), A differs").first).to_be_visible()
