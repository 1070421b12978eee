"""A step, slowly: single steps of a paused run, slow motion, and the arrows of the method."""

import re

from playwright.sync_api import Page, expect

from .conftest import OpenPage

QUICK = "?image=coffee&size=64&first=ssim&second=mse&others=none&steps=3000"
PAUSED = re.compile(r"Paused at step (\d+) of")


def paused_step(page: Page) -> int:
    text = page.get_by_text(PAUSED).first.text_content() or ""
    found = PAUSED.search(text)
    assert found
    return int(found[1])


def test_a_run_is_paused_stepped_slowed_down_and_explained(open_page: OpenPage) -> None:
    page = open_page(QUICK, height=720)
    page.evaluate(NOTE_PLACES)
    button(page, "Start the competition")
    button(page, "Slow motion")
    expect(page.get_by_text(re.compile(r"of 3000 · slow motion"))).to_be_visible()
    expect(page.get_by_role("button", name="Full speed", exact=True)).to_be_visible()
    button(page, "Pause")
    expect(page.get_by_text(PAUSED)).to_be_visible()
    before = paused_step(page)
    page.get_by_role("button", name="One step", exact=True).click()
    expect(page.get_by_text(f"Paused at step {before + 1} of")).to_be_visible()
    arrows = page.get_by_role("img", name="the three arrows at image A")
    expect(arrows).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844 if width < 500 else 720})
        for name in ("Resume", "One step", "Full speed", "Stop"):
            box = page.get_by_role("button", name=name, exact=True).bounding_box()
            assert box
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped at step")).to_be_visible()
    page.get_by_text("One step, slowly").click()
    expect(page.get_by_role("img", name="the three arrows at image A")).to_be_visible()
    page.get_by_role("radio", name="C", exact=True).click()
    expect(page.get_by_role("img", name="the three arrows at image C")).to_be_visible()
