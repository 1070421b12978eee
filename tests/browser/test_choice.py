"""Answers of the server that come late do not undo what was chosen meanwhile: the components' scripts by themselves."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from mad_app.images.encode import Picture
from mad_app.ui.components import choice

PICTURE = Picture.png(np.full((32, 32, 3), 0.5, np.float32)).uri()
PIXEL = {"row": 8, "column": 8, "height": 32, "width": 32}
PLANE = {"curves": [], "ways": []}
COMPONENTS = {
    "pixel_picker": (
        '<div class="picker"></div>',
        {**PIXEL, "uri": PICTURE, "channel": 0, "reach": 3, "cells": []},
        ".whole",
        "row 8, column 10 is",
    ),
    "linked_pictures": (
        '<div class="linked"><div class="row"></div><output></output></div>',
        {**PIXEL, "pictures": [{"uri": PICTURE, "title": "", "name": "", "values": "", "signed": False}]},
        ".frame",
        "row 8, column 10 is",
    ),
    "plane": (
        None,
        {**PLANE, "reference": [0, 0], "start": [0.5, 0.5], "axes": ["", ""]},
        ".start",
        "left pixel 0.54,",
    ),
    "image_plane": (
        None,
        {
            **PLANE,
            "pictures": [PICTURE] * 3,
            "mixture": [[1, 0, 0], [0, 1, 0]],
            "values": [],
            "marks": [],
            "at": [0.5] * 2,
        },
        ".place",
        "Place 0.54 from the left",
    ),
}
DRAW = """async ([script, html, data]) => {
    document.body.innerHTML = html;
    const { default: draw } = await import("data:text/javascript;base64," + script);
    window.sent = [];
    window.answer = (heard) => draw({
        parentElement: document.body, data: { ...data, heard }, setStateValue: (name, value) => sent.push(value),
    });
    answer(0);
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_late_answer_does_not_undo_the_choice_after_it(page: Page, name: str) -> None:
    html, data, place, moved = COMPONENTS[name]
    draw(page, name, html, data)
    chosen = page.locator(place)
    chosen.and_(page.locator("[aria-label*='Arrow keys move']")).focus()
    for number in (1, 2):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"sent.length === {number}")
    assert [one["number"] for one in page.evaluate("sent")] == [1, 2]
    page.evaluate("answer(1)")
    label = chosen.get_attribute("aria-label")
    assert label is not None
    assert moved in label
    page.evaluate("answer(2)")  # which says another place than was asked for
    page.wait_for_function("([place, label]) => document.querySelector(place).ariaLabel !== label", arg=[place, label])


def draw(page: Page, name: str, html: str | None, data: dict[str, Any]) -> None:
    """Draw a component without Streamlit; `sent` is what it sends, and `answer` gives it what Python says."""
    files = Path(choice.__file__).parent
    script = (files / "choice.js").read_text() + (files / f"{name}.js").read_text()
    body = (files / f"{name}.html").read_text() if html is None else html
    page.evaluate(DRAW, [b64encode(script.encode()).decode(), body, data])
