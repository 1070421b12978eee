"""Back, Forward and reload: the address leads to what was shown, as on any site."""

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from mad_app.images import BUNDLED
from mad_app.records import save_run
from tests.mad_app.figures.sheet_runs import make_sheet_run

from .conftest import OpenPage, await_rest, button, until

CHOSEN = "a copy of {} distorted"


def option(page: Page, name: str) -> Locator:
    """The radio button of a bundled picture."""
    return page.locator(".st-key-compete-bundled").get_by_role("radio", name=BUNDLED[name].title, exact=True)


def pick(page: Page, name: str) -> None:
    option(page, name).check(force=True)
    expect(page.get_by_text(CHOSEN.format(BUNDLED[name].title))).to_be_visible()


def requests_of_a_drawing(page: Page) -> list[ClientState]:
    """What the browser asks the server for, from the next time that the page is loaded, as it comes."""
    asked: list[ClientState] = []

    def note(content: bytes | str) -> None:
        message = BackMsg.FromString(content if isinstance(content, bytes) else content.encode())
        if message.HasField("rerun_script"):
            asked.append(message.rerun_script)

    page.on("websocket", lambda socket: socket.on("framesent", note))
    return asked


def test_back_and_forward_lead_through_pictures(open_page: OpenPage) -> None:
    page = open_page("?size=64&first=ssim&second=mse")
    first = page.url
    pick(page, "coffee")
    pick(page, "rocket")
    page.go_back()
    expect(page.get_by_text(CHOSEN.format(BUNDLED["coffee"].title))).to_be_visible()
    expect(page).to_have_url(re.compile("image=coffee"))
    page.go_back()
    expect(page.get_by_text(CHOSEN.format("Chelsea the cat"))).to_be_visible()
    expect(page).to_have_url(first)
    page.go_forward()
    page.go_forward()
    expect(page.get_by_text(CHOSEN.format(BUNDLED["rocket"].title))).to_be_visible()
    expect(option(page, "rocket")).to_be_checked()
    framed = "i => getComputedStyle(i.closest('[role=radiogroup] > *')).outlineStyle"
    until(lambda: option(page, "coffee").evaluate(framed), lambda style: style == "none")
    until(lambda: option(page, "rocket").evaluate(framed), lambda style: style in ("solid", "dashed"))  # dashed by keys

    pick(page, "retina")
    for between in range(0, 600, 60):
        page.go_back()
        page.go_back()
        page.wait_for_timeout(between)
        page.go_forward()
        page.go_forward()
    expect(page.get_by_text(CHOSEN.format(BUNDLED["retina"].title))).to_be_visible()
    expect(option(page, "retina")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_pictures_are_one_stop_of_the_tab_key_and_the_arrows_lead_through_them(open_page: OpenPage) -> None:
    page = open_page("?size=64&first=ssim&second=mse")
    names = list(BUNDLED)
    await_rest(page)
    option(page, names[0]).press("ArrowRight")
    expect(option(page, names[1])).to_be_checked()
    expect(page.get_by_text(CHOSEN.format(BUNDLED[names[1]].title))).to_be_visible()
    await_rest(page)
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.closest('[class*=-bundled]') !== null")
    assert not focused


def test_the_first_page_is_left_by_one_press(open_page: OpenPage) -> None:
    page = open_page("")
    await_rest(page)
    assert "?" not in page.url
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_back_leads_from_page_to_page(open_page: OpenPage, runs: Path) -> None:
    folder = save_run(make_sheet_run(), runs)
    page = open_page(f"?run={folder.name}")
    page.get_by_role("link", name=re.compile("Gallery")).first.click()
    expect(page.locator("h1")).to_have_text([re.compile("Gallery")])
    page.locator(f"[class*='st-key-gallery-open-{folder.name}'] button").first.click()
    expect(page.locator("h1")).to_have_text([re.compile("LASI against")])
    page.go_back()
    expect(page.locator("h1")).to_have_text([re.compile("Gallery")])
    page.go_back()
    expect(page.locator("h1")).to_have_text([re.compile("LASI against")])
    expect(page).to_have_url(re.compile(f"run={folder.name}$"))


def test_the_address_of_a_run_is_that_of_its_record(open_page: OpenPage) -> None:
    page = open_page("?image=coffee&size=64&first=ssim&second=mse&others=none&steps=100000", own=True)
    asked = requests_of_a_drawing(page)
    page.reload()
    button(page, "Start the competition")
    expect(page).to_have_url(re.compile(r"\?run=[^&]+$"))
    address = page.url
    button(page, "Pause")
    expect(page.get_by_text("Paused at step")).to_be_visible()
    assert len(asked) > 2
    assert not any(one.is_history_navigation for one in asked)  # else a click at that moment would be dropped
    assert page.url == address
    page.get_by_role("link", name=re.compile("Gallery")).first.click()
    expect(page.locator("h1")).to_have_text([re.compile("Gallery")])
    page.get_by_role("link", name=re.compile("Compete")).first.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page).to_have_url(address)
    option(page, "rocket").check(force=True)
    expect(page.get_by_text("keeps the settings that it was started with")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("keeps the settings that it was started with")).to_have_count(0)
    button(page, "Stop")
    expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
    expect(page).to_have_url(address)


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
