import re
import time
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from .conftest import PATIENCE, OpenPage

QUICK = "?image=coffee&size=64&first=ssim&second=mse"
FOUR = ".mad-stage .mad-corner img"


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def wait_for_step(page: Page, least: int) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = re.search(r"Step (\d+) of", page.inner_text("[data-testid=stMain]"))
        if found and int(found[1]) >= least:
            return int(found[1])
        page.wait_for_timeout(50)
    raise AssertionError(page.inner_text("[data-testid=stMain]"))


def sources(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(FOUR, "images => images.map(image => image.src)")
    return found


def test_a_competition_is_started_watched_and_taken_away(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(f"{QUICK}&steps=100")
    button(page, "Start the competition")
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible(timeout=PATIENCE * 1000)
    expect(page.get_by_text("finds these two equally far").first).to_be_visible()
    expect(page.locator(FOUR)).to_have_count(4)  # those of the run that went on have left
    assert len(set(sources(page))) == 4
    shown = page.eval_on_selector_all(FOUR, "images => images.map(image => [image.naturalWidth, image.clientWidth])")
    assert all(natural == 64 and client % 64 == 0 and client >= 128 for natural, client in shown)
    for name, kind in {"Figure as PDF": "pdf", "Record as ZIP": "zip"}.items():
        with page.expect_download() as download:
            button(page, name)
        download.value.save_as(tmp_path / f"taken.{kind}")
    content = (tmp_path / "taken.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    with zipfile.ZipFile(tmp_path / "taken.zip") as archive:
        assert archive.testzip() is None
        assert {"run.json", "images.npz", "reference.png"} <= {name.split("/")[1] for name in archive.namelist()}


def test_the_page_moves_twice_a_second_survives_a_reload_and_stops(open_page: OpenPage) -> None:
    page = open_page(f"{QUICK}&steps=2000")
    button(page, "Start the competition")
    wait_for_step(page, 5)
    seen, began = set(), time.monotonic()
    while time.monotonic() - began < 3:
        seen.add(tuple(sources(page)))
        page.wait_for_timeout(50)
    assert len(seen) >= 6
    step = wait_for_step(page, 5)
    page.reload()
    assert wait_for_step(page, 5) >= step
    began = time.monotonic()
    button(page, "Stop")
    expect(page.get_by_role("button", name=re.compile("Stopping|Go on"))).to_be_visible()
    assert time.monotonic() - began < 2
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE * 1000)
    assert len(set(sources(page))) == 4
    button(page, "Go on")
    wait_for_step(page, step)
    button(page, "Stop")
    expect(page.get_by_text("Stopped at step")).to_be_visible(timeout=PATIENCE * 1000)


def test_a_bad_upload_is_refused_in_a_sentence(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(QUICK)
    bad = tmp_path / "<img src=x onerror=alert(1)>.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    button(page, "Upload")
    page.set_input_files("input[type=file]", bad)
    refusal = page.get_by_text("is not a picture of a known kind")
    expect(refusal).to_be_visible()
    assert "<img src=x onerror=alert(1)>.png" in refusal.inner_text()
    assert "Traceback" not in page.inner_text("body")
    expect(page.get_by_role("button", name="Start the competition")).to_be_enabled()


def test_nothing_is_cut_off_on_a_telephone(open_page: OpenPage) -> None:
    page = open_page(QUICK, width=390, height=844)
    expect(page.get_by_role("button", name="Start the competition")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    widths = page.eval_on_selector_all(FOUR, "images => images.map(image => image.getBoundingClientRect().right)")
    assert all(0 < right <= 390 for right in widths)
