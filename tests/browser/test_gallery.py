"""The gallery and the page of figures in a real browser: nothing is lost, nothing bad comes in, files are whole."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mad_app.records import Label, save_label, save_run
from mad_app.records.archive import zip_run
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.record_examples import contents

from .conftest import OpenPage, await_rest, button, download, go, until

HTML = "<img src=x onerror=alert(1)>"
CARD = ".mad-card"
SHEET = ".mad-paper img"


@pytest.fixture
def run(runs: Path) -> Iterator[Path]:
    """A run in the server's folder, alone with its label in this test."""
    folder = save_run(make_sheet_run(), runs)
    save_label(folder, Label(f"{HTML} {folder.name[-4:]}", "notes"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def assert_nothing_is_cut_off(page: Page, images: str) -> None:
    """On a telephone; `images` are those that are seen at once."""
    page.set_viewport_size({"width": 390, "height": 844})
    await_rest(page)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    rights = "images => images.map(image => image.getBoundingClientRect().right)"
    until(
        lambda: page.eval_on_selector_all(images, rights),
        lambda rights: rights and all(0 < right <= 390 for right in rights),
    )


def test_a_run_is_deleted_and_comes_back_as_it_was(open_page: OpenPage, run: Path) -> None:
    before = contents(run)
    page = open_page("gallery", await_=CARD, own=True)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    await_rest(page)
    cards = page.locator(CARD).count()
    page.locator(f"[class*='st-key-gallery-more-{run.name}'] button").first.click()
    button(page, "Delete")
    expect(page.get_by_text("has been deleted")).to_be_visible()
    expect(page.locator(CARD)).to_have_count(cards - 1)
    assert not run.exists()
    button(page, "Undo")
    expect(page.get_by_text("has been restored")).to_be_visible()
    expect(page.locator(CARD)).to_have_count(cards)
    assert contents(run) == before
    expect(page.locator(CARD, has_text=HTML)).to_have_count(1)
    assert asked == []
    assert_nothing_is_cut_off(page, f"{CARD} img")


def test_only_a_good_file_comes_in(open_page: OpenPage, runs: Path, run: Path, tmp_path: Path) -> None:
    content = zip_run(run)
    shutil.rmtree(run)
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as file:
        file.writestr(f"{run.name}/../../evil.png", b"evil")
    (tmp_path / "half.zip").write_bytes(content[: len(content) // 2])
    (tmp_path / "whole.zip").write_bytes(content)
    page = open_page("gallery", await_="h1")
    for name, sentence in {
        "evil.zip": "no record has|has no place in a record",
        "half.zip": "not a whole ZIP file|cut short",
        "whole.zip": f"{run.name} has been imported",
    }.items():
        page.get_by_role("button", name=re.compile("Import run")).click()
        page.set_input_files("input[type=file]", tmp_path / name)
        expect(page.get_by_text(re.compile(sentence))).to_be_visible()
        assert "Traceback" not in page.inner_text("body")
        page.reload()
        page.wait_for_selector("h1")
    assert (run / "run.json").is_file()
    assert list(runs.parent.rglob("evil*")) == []


def test_a_figure_is_shown_and_downloaded_as_a_whole_pdf(open_page: OpenPage, run: Path, tmp_path: Path) -> None:
    page = open_page(f"figure?run={run.name}&width=single&show=pairs,jury", await_=SHEET)
    path = download(page, "Download PDF", tmp_path / "figure.pdf")
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
    start = int(content.rsplit(b"startxref", 1)[1].split()[0])
    assert content[start:].startswith(b"xref")
    expect(page.locator("[data-testid=stCode]").first).to_contain_text("--show pairs,others --width single")
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True, text=True).stdout
        assert "LASI against" in text
        assert "Other metrics" in text
    assert_nothing_is_cut_off(page, SHEET)
    go(page, f"?run={run.name}&file=webp")
    expect(page.locator(SHEET)).to_have_attribute("src", re.compile("^data:image/webp"))
    until(lambda: page.locator(SHEET).evaluate("image => image.naturalWidth"), lambda width: width > 700)


def test_two_runs_are_compared_and_one_opens_on_compete(open_page: OpenPage, runs: Path, run: Path) -> None:
    other = save_run(make_sheet_run(first="ssim"), runs)
    page = open_page(f"gallery?compare={run.name}&compare={other.name}", await_=".mad-comparison")
    lefts = "cells => cells.map(cell => cell.getBoundingClientRect().left)"
    until(
        lambda: page.eval_on_selector_all(".mad-row:nth-child(2) section", lefts),
        lambda lefts: len(lefts) > 1 and lefts[0] < lefts[1],
    )
    button(page, "All runs")
    page.locator(CARD).first.wait_for()
    await_rest(page)
    page.locator(f"[class*='st-key-gallery-open-{run.name}'] button").first.click()
    page.wait_for_selector(".mad-four-up")
    expect(page).to_have_url(re.compile(r"\?run="))
    shutil.rmtree(other)


def test_chosen_cards_become_one_figure_whose_address_keeps_them(open_page: OpenPage, runs: Path, run: Path) -> None:
    other = save_run(make_sheet_run(first="ssim"), runs)
    page = open_page("gallery", await_=CARD)
    for folder in (run, other):
        place = page.locator(f"[class*='st-key-gallery-select-{folder.name}']").first
        await_rest(page)
        place.locator("label").click()
        expect(place.get_by_role("checkbox")).to_be_checked()
    button(page, "Figure of 2 runs")
    page.wait_for_selector(SHEET)
    expect(page).to_have_url(re.compile(f"run={run.name}&run={other.name}"))
    page.reload()
    page.wait_for_selector(SHEET)
    command = page.locator("[data-testid=stCode]").first
    expect(command).to_contain_text(f"{run.name} runs/{other.name} --width double")
    shutil.rmtree(other)
