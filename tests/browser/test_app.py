"""The app in a real browser: a run from Start to its result, two visitors at once, a phone, the shelf."""

import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from mad_app.records import SHELF_RUNS, load_label, shelf_root

from .conftest import OpenPage, Scheme, await_rest, button, download, patient, until
from .uploads import UPLOADS

QUICK = "?image=coffee&size=64&first=ssim&second=mse&others=none"
FOUR = ".mad-four-up .mad-corner img"


COUNT_HEADINGS = """() => {
  window.mostHeadings = 0;
  const count = () => {
    const contests = [...document.querySelectorAll("h1")].filter(heading => heading.innerText.includes("against"));
    mostHeadings = Math.max(mostHeadings, contests.length);
  };
  new MutationObserver(count).observe(document.body, {subtree: true, childList: true});
}"""
"""Notes how many headings of a run the page has at most, also for a moment while it is drawn anew."""


def wait_for_step(page: Page, least: int) -> int:
    def step() -> int:
        found = re.search(r"Step (\d+) of", page.inner_text("[data-testid=stMain]"))
        return int(found[1]) if found else -1

    return until(step, lambda step: step >= least)


def sources(page: Page) -> list[str]:
    """Of the four images, once each of them is another."""
    look = partial(page.eval_on_selector_all, FOUR, "images => images.map(image => image.src)")
    found: list[str] = until(look, lambda found: len(set(found)) == len(found) == 4)
    return found


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 720, "light"), (800, 900, "light"), (390, 844, "dark")])
def test_the_first_heading_comes_with_the_html_in_its_place(
    open_page: OpenPage, browser: Browser, address: str, width: int, height: int, scheme: Scheme
) -> None:
    where = """heading => {
      const box = heading.getBoundingClientRect(), style = getComputedStyle(heading);
      return [box.x, box.y, heading.innerText, style.fontSize, style.fontWeight, style.fontFamily, style.color];
    }"""
    bare = patient(browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme))
    bare.add_init_script("window.setTimeout = () => 0")  # else the heading leaves before a slow browser is asked for it
    bare.route("**/static/js/**", lambda route: route.abort())
    bare.goto(address)
    first = bare.eval_on_selector("#mad-first h1", where)
    bare.close()
    page = open_page("", width, height, await_="#root h1", scheme=scheme)
    until(partial(page.eval_on_selector, "#root h1", where), first.__eq__)
    assert page.locator("#mad-first").count() == 0


def test_a_competition_is_started_watched_and_downloaded(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(f"{QUICK}&steps=100")
    button(page, "Start the competition")
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    expect(page.get_by_text("differ equally from the original").first).to_be_visible()
    sources(page)
    widths = "images => images.every(image => image.naturalWidth === 6 * 64 && image.clientWidth >= 128)"
    until(lambda: page.eval_on_selector_all(FOUR, widths))  # each pixel a square of pixels
    for name, kind in {"Figure as PDF": "pdf", "Record as ZIP": "zip"}.items():
        download(page, name, tmp_path / f"taken.{kind}")
    content = (tmp_path / "taken.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    with zipfile.ZipFile(tmp_path / "taken.zip") as archive:
        assert archive.testzip() is None
        assert {"run.json", "images.npz", "reference.png"} <= {name.split("/")[1] for name in archive.namelist()}


def test_the_page_moves_survives_a_reload_and_stops(open_page: OpenPage) -> None:
    page = open_page(f"{QUICK}&steps=100000")
    page.evaluate(COUNT_HEADINGS)
    button(page, "Start the competition")
    wait_for_step(page, 5)
    shown = partial(page.eval_on_selector_all, FOUR, "images => images.map(image => image.src).join()")
    seen: set[str] = set()
    until(lambda: seen.add(shown()) or len(seen), lambda count: count >= 5)
    expect(page).to_have_url(re.compile("run="))
    step = wait_for_step(page, 5)
    assert page.evaluate("mostHeadings") == 1
    page.reload()
    assert wait_for_step(page, 5) >= step
    button(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible()
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    sources(page)
    page.get_by_role("button", name=re.compile("Continue from step")).click()
    expect(page.get_by_text("Stopped at step")).to_have_count(0)
    wait_for_step(page, step)
    button(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible()


CORNERS = """async image => {
  if (!await image.decode().then(() => true, () => false)) return [];
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight), context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
  return [at(2, 2), at(canvas.width - 3, canvas.height - 3)];
}"""
"""Colors near the upper left and the lower right corner of an image of the page; none while it changes."""


def wait_for_corners(picture: Locator, expected: tuple[tuple[int, ...], ...]) -> None:
    """Until they are of these colors, but for what JPEG does to them."""
    close = partial(np.allclose, expected, rtol=0, atol=8)
    until(lambda: picture.evaluate(CORNERS) or [[-1] * 3] * 2, close)


def test_every_upload_is_taken_or_refused_in_one_sentence(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(QUICK, own=True)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("button", name="Upload").click()
    start = page.get_by_role("button", name="Start the competition")
    for name, case in UPLOADS.items():
        file = tmp_path / name
        file.write_bytes(case.content())
        page.set_input_files(".st-key-compete-file input", file)
        if case.refusal:
            refusal = page.locator("[data-testid=stAlertContentError]")
            sentence = re.compile(rf"{re.escape(name)} [^.]*{case.refusal}[^.]*\.", re.IGNORECASE)
            expect(refusal.locator("p")).to_have_text(sentence)
        elif case.advice:
            expect(page.get_by_test_id("stMain").get_by_text(case.advice)).to_be_visible()
            expect(start).to_be_disabled()
            text, behind = start.evaluate(
                "e => [getComputedStyle(e).color, getComputedStyle(document.querySelector('.stApp')).backgroundColor]"
            )
            assert text != behind, "what is disabled can be read"
            continue
        else:
            expect(page.get_by_text(f"Your picture {name}")).to_be_visible()
            expect(page.locator("[data-testid=stAlert]")).to_have_count(0)
            expect(page.locator(".mad-two img")).to_have_count(2)
            wait_for_corners(page.locator(".mad-two img").first, case.corners)
        assert "Traceback" not in page.inner_text("body")
        expect(start).to_be_enabled()
    assert asked == []


def test_two_visitors_at_once_see_each_their_own(open_page: OpenPage) -> None:
    first = open_page("?image=coffee&size=16&first=ssim&second=mse&steps=100000&others=none")
    second = open_page("?image=cat&size=24&first=gmsd&second=mse&steps=100000&others=none")
    assert first.context is not second.context
    for page in (first, second):
        button(page, "Start the competition")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(second.get_by_text("Waiting for its turn")).to_be_visible()
    wait_for_step(first, 5)
    expect(first.locator("h1")).to_have_text(["1 − SSIM against MSE"])
    expect(second.locator("h1")).to_have_text(["GMSD against MSE"])
    button(first, "Stop")
    expect(first.get_by_text("Stopped at step")).to_be_visible()
    wait_for_step(second, 5)
    button(second, "Stop")
    expect(second.get_by_text("Stopped at step")).to_be_visible()
    for page, side in ((first, 16), (second, 24)):
        expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
        original = page.locator(".mad-originals img").first
        until(partial(original.evaluate, "image => image.naturalWidth"), side.__eq__)
    assert not set(sources(first)) & set(sources(second))
    expect(first.locator("h1")).to_have_text(["1 − SSIM against MSE"])


def test_the_example_plays_unless_motion_is_unwanted_and_a_run_of_the_shelf_is_given_away(
    open_page: OpenPage, browser: Browser, context: BrowserContext, address: str, tmp_path: Path
) -> None:
    page = open_page(script=NOTE_STEPS)
    expect(page.locator(".divider").first).to_be_visible()
    expect(page.locator("[data-show=step]")).to_contain_text("the end")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert page.evaluate("stepsShown.size") > 2
    assert_nothing_is_cut_off(page)
    calm = patient(context.new_page())
    calm.emulate_media(reduced_motion="reduce")
    calm.add_init_script(NOTE_STEPS)
    calm.goto(address)
    calm.locator(".viewer").wait_for(state="visible")
    await_rest(calm)
    expect(calm.locator("[data-show=step]")).to_contain_text("the end")
    expect(calm.get_by_role("button", name="Play")).to_be_visible()
    assert calm.evaluate("stepsShown.size") == 1
    calm.close()
    page.set_viewport_size({"width": 1280, "height": 800})
    button(page, load_label(shelf_root() / SHELF_RUNS[0]).name)
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    given = download(page, "Download as web page", tmp_path / "given.html")
    away = patient(browser.new_context(offline=True).new_page())
    away.goto(given.as_uri())
    away.locator(".viewer").wait_for(state="visible")
    assert away.title() == page.locator("h1").inner_text()
    away.context.close()


NOTE_STEPS = """window.stepsShown = new Set();
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { // in which a component is drawn
  const root = attach.call(this, options);
  new MutationObserver(() => {
    const step = root.querySelector("[data-show=step]")?.textContent;
    if (step) stepsShown.add(step);
  }).observe(root, {subtree: true, childList: true, characterData: true});
  return root;
};"""
"""Notes which steps the example shows."""


def assert_nothing_is_cut_off(page: Page) -> None:
    """On a telephone."""
    page.set_viewport_size({"width": 390, "height": 844})
    await_rest(page)
    start = page.get_by_role("button", name="Start the competition")
    until(partial(start.evaluate, "button => button.getBoundingClientRect().bottom <= 844"))
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    fit = """all => all.map(part => part.getBoundingClientRect())
      .filter(box => box.left >= 0 && box.width > 100 && box.right <= 390).length"""
    for shown, count in ((".port", 2), (".mad-card img", 4 * len(SHELF_RUNS))):
        expect(page.locator(shown)).to_have_count(count)
        until(partial(page.locator(shown).evaluate_all, fit), count.__eq__)
