"""A step, slowly: single steps of a paused run, slow motion, and the arrows of the method."""

import re

from playwright.sync_api import Page, expect

from .conftest import OpenPage, button

QUICK = "?image=coffee&size=64&first=ssim&second=mse&others=none&steps=100000"
PAUSED = re.compile(r"Paused at step (\d+) of")


NOTE_PLACES = """() => {
  window.placesOfSlow = new Set();
  const look = () => {
    const slow = document.querySelector(".st-key-compete-slow button");
    if (slow) placesOfSlow.add(Math.round(slow.getBoundingClientRect().x));
    requestAnimationFrame(look);
  };
  look();
}"""
"""Notes where a button lies since it is there: one that moves under the pointer misses its click."""

FITS = """() => document.documentElement.scrollWidth <= innerWidth
  && [...document.querySelectorAll(".st-key-compete-live-buttons button")].map(button => button.getBoundingClientRect())
    .filter(box => box.width >= 30 && box.left >= 0 && box.right <= innerWidth).length === 4"""


def paused_step(page: Page) -> int:
    text = page.get_by_text(PAUSED).text_content() or ""
    found = PAUSED.search(text)
    assert found
    return int(found[1])


def test_a_run_is_paused_stepped_slowed_down_and_explained(open_page: OpenPage) -> None:
    page = open_page(QUICK, height=720)
    page.evaluate(NOTE_PLACES)
    button(page, "Start the competition")
    button(page, "Slow motion")
    expect(page.get_by_text(re.compile(r"of 100000 · slow motion"))).to_be_visible()
    expect(page.get_by_role("button", name="Full speed", exact=True)).to_be_visible()
    button(page, "Pause")
    expect(page.get_by_text(PAUSED)).to_be_visible()
    before = paused_step(page)
    button(page, "One step")
    expect(page.get_by_text(f"Paused at step {before + 1} of")).to_be_visible()
    arrows = page.get_by_role("img", name="the three arrows at image A")
    expect(arrows).to_be_visible()
    assert len(page.evaluate("[...placesOfSlow]")) == 1
    for width, height in ((390, 844), (1280, 720)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"innerWidth === {width} && ({FITS})()")
    button(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible()
    expect(arrows).to_have_count(0)  # those of the paused run have left
    page.locator(".st-key-compete-one-step summary").click()
    expect(page.get_by_role("img", name="the three arrows at image A")).to_be_visible()
    page.get_by_role("radio", name="C", exact=True).click()
    expect(page.get_by_role("img", name="the three arrows at image C")).to_be_visible()
