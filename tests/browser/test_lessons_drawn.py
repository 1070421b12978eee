"""Lessons in which something is drawn: a place on a plane, and strokes of a brush, by mouse and by keyboard."""

import re

from playwright.sync_api import expect

from .conftest import OpenPage, button, settled
from .test_lessons import parameter


def test_a_place_of_the_plane_is_chosen_by_a_click_and_by_arrow_keys(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=level-sets", await_=".image-plane svg path.level")
    values = page.locator(".image-plane figcaption")
    expect(values).not_to_be_empty()
    box = settled(page.locator(".image-plane svg"))
    before = values.inner_text()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    expect(values).not_to_have_text(before)
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    expect(page).to_have_url(re.compile(r"[?&]u=0\.7[45]\d*&v=0\.7[45]"))
    chosen = page.url
    page.keyboard.press("Shift+ArrowLeft")
    expect(page).to_have_url(re.compile(r"[?&]u=0\.6[45]"))
    page.go_back()
    expect(page).to_have_url(chosen)


def test_strokes_are_painted_undone_and_made_by_keys(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=by-hand&size=64&hide=prediction", await_=".brush canvas")
    canvas, said = page.locator(".brush canvas"), page.locator(".brush output")
    box = settled(canvas)
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"[?&]strokes=p2\.60\.2\d\d\.\d+\.[\d.]+7\d\d\.\d+(&|$)"))
    first = re.findall(r"strokes=([^&]+)", page.url)[0]
    expect(said).to_have_text("1 stroke")
    page.get_by_role("radio", name="Blur").click()
    expect(page.get_by_role("radio", name="Blur")).to_be_checked()
    canvas.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    expect(page).to_have_url(re.compile(rf"strokes={re.escape(first)}_b5\.60\."))
    expect(said).to_have_text("2 strokes")
    button(page, "Undo")
    parameter(page, "strokes", first)
    button(page, "Redo")
    expect(page).to_have_url(re.compile(rf"strokes={re.escape(first)}_b5"))
    expect(page.get_by_role("button", name="Let the engine try")).to_be_enabled()
    button(page, "Clear")
    expect(page).not_to_have_url(re.compile("strokes="))
