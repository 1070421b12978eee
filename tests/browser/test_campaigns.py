"""The page of campaigns: one is written, started and seen to its end, and its matrix opens a run."""

import os
import re

from playwright.sync_api import Page, expect

from .conftest import OF_COLORS, OpenPage, Scheme, broken_rules, button, settled

TEXT = """
size = 16
steps = 3
others = "none"
pairs = [["ssim", "mse"]]
image = ["cat", "coffee"]
strength = [0.05, 0.1]
seed = [0, 1]
"""

NOT_OURS = "[data-testid=stFileUploaderDropzone]"
"""Streamlit's place to drop files, whose role contradicts its label; the button inside does the same."""


def keep(page: Page, name: str) -> None:
    """A picture of the whole page, for whoever asks for pictures."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/campaigns-{name}.png", full_page=True)


def test_a_campaign_is_written_run_and_opens_its_runs(open_page: OpenPage) -> None:
    page = open_page("campaigns", 1280, 720, ".st-key-campaigns-text textarea", "light")
    keep(page, "new")
    assert broken_rules(page, NOT_OURS) == []
    page.get_by_label("Or write it here").fill(TEXT)
    page.get_by_label("Or write it here").press("Control+Enter")
    button(page, "Check")
    expect(page.get_by_text("Not started")).to_be_visible()
    button(page, "Start")
    expect(page.get_by_text("Complete.")).to_be_visible()
    expect(page.locator(".mad-legend")).to_contain_text("8 done")
    cells = page.locator(".mad-matrix td.mad-done > a b")
    expect(cells).to_have_text([re.compile(r"\d")] * 4)  # two pictures and two strengths
    schemes: dict[Scheme, tuple[str, ...]] = {"light": (), "dark": OF_COLORS}
    for scheme, rules in schemes.items():
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")
        keep(page, scheme)
        assert broken_rules(page, NOT_OURS, rules) == [], scheme
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    keep(page, "narrow")
    settled(cells.first)
    with page.expect_popup() as opened:
        cells.first.click()
    expect(opened.value.locator(".mad-four-up")).to_be_visible()
    expect(opened.value).to_have_url(re.compile("run="))
    opened.value.close()
