"""The runs that come with the program: one of the chosen picture plays, and each can be opened but not changed."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.records import SHELF_RUNS, load_label, load_summary, shelf_root
from tests.mad_app.ui.conftest import OpenPage, downloads_of, html_of, parameter, shown_by_viewer


def example(page: AppTest) -> dict[str, Any]:
    """What the viewer of the page shows."""
    return shown_by_viewer(page)


def words_of(page: AppTest) -> str:
    """What the page says, without Markdown's escapes."""
    return html_of(page).replace("\\", "")


def test_the_example_is_of_the_chosen_picture_and_plays(open_page: OpenPage) -> None:
    page = open_page()
    assert example(page)["id"].startswith("lasi-lpips ")
    assert example(page)["plays"]
    page.radio(key="compete-thumbnails-0").set_value("coffee").run()
    assert example(page)["id"].startswith("border ")
    assert "There is no example of your picture" not in words_of(page)
    page.radio(key="compete-thumbnails-0").set_value("galaxies").run()
    assert example(page)["id"].startswith("lasi-lpips ")
    assert "There is no example of your picture; this one is of Chelsea the cat." in words_of(page)


def test_each_has_a_card_that_says_what_to_see(open_page: OpenPage) -> None:
    page = open_page()
    assert "Download all as web page" in downloads_of(page)
    for name in SHELF_RUNS:
        label = load_label(shelf_root() / name)
        assert label.notes in html_of(page)
        assert page.button(key=f"compete-open-{name}").label == label.name


@pytest.mark.parametrize("name", ["lasi-lpips", "gray", "masked"])
def test_one_is_opened_at_once_with_its_settings_and_cannot_be_changed(open_page: OpenPage, name: str) -> None:
    page = open_page()
    page.button(key=f"compete-open-{name}").click().run()
    assert parameter(page, "run") == f"shelf/{name}"
    assert [tab.label for tab in page.tabs][:2] == ["Look closer", "Figure"]
    assert page.title[0].value == load_label(shelf_root() / name).name
    assert example(page)["id"].startswith(f"{name} ")
    assert not example(page)["plays"]
    settings = load_summary(shelf_root() / name).settings
    assert page.selectbox(key="compete-first").value == settings["first"]
    assert page.selectbox(key="compete-distortion").value == settings["distortion"]
    assert "Download as web page" in downloads_of(page)
    keys = [str(button.key) for button in page.button]
    assert not [key for key in keys if "delete" in key or "resume" in key]


def test_an_address_opens_it_and_no_other_folder_of_the_program(open_page: OpenPage) -> None:
    assert open_page(run="shelf/veil").tabs
    for wrong in ("shelf", "shelf/nothing", "shelf/../images", "shelf/veil/x"):
        page = open_page(run=wrong)
        assert not page.tabs
        assert "No such run" in page.info[0].value
