"""Back, Forward and reload: the address leads to what was shown, as on any site."""

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from mad_app.records import save_run
from tests.mad_app.figures.sheet_runs import make_sheet_run

from .conftest import OpenPage

CHOSEN = "a copy of {} distorted"


def pick(page: Page, name: str, title: str) -> None:
    page.locator(f".st-key-compete-pick-{name} button").first.click()
    expect(page.get_by_text(CHOSEN.format(title))).to_be_visible()


def title_of(page: Page, name: str) -> str:
    pick_button = page.locator(f".st-key-compete-pick-{name} button").first
    return str(pick_button.inner_text()).removesuffix(" (chosen)")


def test_back_and_forward_lead_through_pictures(open_page: OpenPage) -> None:
    page = open_page("?size=64&first=ssim&second=mse")
    titles = {name: title_of(page, name) for name in ("coffee", "rocket")}
    first = page.url
    pick(page, "coffee", titles["coffee"])
    pick(page, "rocket", titles["rocket"])
    page.go_back()
    expect(page.get_by_text(CHOSEN.format(titles["coffee"]))).to_be_visible()
    expect(page).to_have_url(re.compile("image=coffee"))
    page.go_back()
    expect(page.get_by_text(CHOSEN.format("Chelsea the cat"))).to_be_visible()
    assert page.url == first
    page.go_forward()
    page.go_forward()
    expect(page.get_by_text(CHOSEN.format(titles["rocket"]))).to_be_visible()
    outline = page.locator(".st-key-compete-pick-rocket button").first.evaluate("b => getComputedStyle(b).outlineStyle")
    assert outline == "solid"


def test_the_first_page_is_left_by_one_press(open_page: OpenPage) -> None:
    page = open_page("")
    page.wait_for_timeout(1500)
    assert "?" not in page.url
    page.go_back()
    assert page.url == "about:blank"


def test_back_leads_from_page_to_page(open_page: OpenPage, runs: Path) -> None:
    folder = save_run(make_sheet_run(), runs)
    page = open_page(f"?run={folder.name}")
    page.get_by_role("link", name=re.compile("Gallery")).first.click()
    expect(page.locator("h1")).to_contain_text("Gallery")
    page.locator(f"[class*='st-key-gallery-open-{folder.name}'] button").first.click()
    expect(page.locator("h1")).to_contain_text("LASI against")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("Gallery")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("LASI against")
    expect(page).to_have_url(re.compile(f"run={folder.name}$"))


def test_the_address_of_a_run_is_that_of_its_record(open_page: OpenPage) -> None:
    page = open_page("?image=coffee&size=64&first=ssim&second=mse&others=none&steps=5000")
    page.get_by_role("button", name="Start the competition", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?run=[^&]+$"))
    address = page.url
    page.get_by_role("link", name=re.compile("Gallery")).first.click()
    expect(page.locator("h1")).to_contain_text("Gallery")
    page.get_by_role("link", name=re.compile("Compete")).first.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page).to_have_url(address)
    page.locator(".st-key-compete-pick-rocket button").first.click()
    expect(page.get_by_text("keeps the settings that it was started with")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("keeps the settings that it was started with")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    assert page.url == address


def test_a_reload_keeps_an_uploaded_picture(open_page: OpenPage, tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    page = open_page("?size=64&first=ssim&second=mse")
    page.get_by_role("button", name="Upload").click()
    page.set_input_files("[class*='st-key-compete-file'] input[type=file]", path)
    expect(page.get_by_text(CHOSEN.format("mine.png"))).to_be_visible()
    page.wait_for_url(re.compile("image=upload"))
    page.reload()
    expect(page.get_by_text(CHOSEN.format("mine.png"))).to_be_visible()
