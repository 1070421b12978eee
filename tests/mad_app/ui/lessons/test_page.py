"""The page of lessons: the list, every lesson, its address, and what an address hides."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mad_app.distortions import DISTORTIONS, distort
from mad_app.figures import number as number_text
from mad_app.images import bundled_path, load_image
from mad_app.lessons import LESSONS
from mad_app.lessons.level_sets import distortions_plane, plane_values
from mad_app.lessons.neighborhood import look_at
from mad_app.lessons.regressions import embedding_distances, finding_of, survey
from mad_app.lessons.tour import TOUR, minutes_left
from mad_app.ui.components.charts import NEUTRAL
from mad_app.ui.lessons import page as page_of_lessons
from tests.mad_app.ui.conftest import OpenPage, html_of, parameter


def predict(page: AppTest, lesson: str) -> None:
    asked = LESSONS[lesson].prediction
    page.radio(key=f"lessons-{lesson}-prediction").set_value(asked.answers[asked.right]).run()


def test_the_list_leads_to_every_lesson_which_asks_before_it_explains(open_page: OpenPage) -> None:
    page = open_page("lessons", size="32")
    assert page.title[0].value == "Lessons"
    for name, lesson in LESSONS.items():
        assert lesson.title in [heading.value for heading in page.header]
        page.button(key=f"lessons-open-{name}").click().run()
        assert page.title[0].value == lesson.title
        assert parameter(page, "lesson") == name
        assert "What you should see" not in [heading.value for heading in page.header]
        predict(page, name)
        assert not page.exception
        assert "What you should see" in [heading.value for heading in page.header]
        assert not page.error
        page.button(key="lessons-all").click().run()


def test_a_click_counts_that_comes_before_the_page_is_complete(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as incomplete:
        incomplete.setattr(page_of_lessons, "keep_address", st.stop)
        page = open_page("lessons", size="64")
    page.button(key="lessons-tour-start").click().run()
    assert page.title[0].value == LESSONS["mad"].title


def test_the_numbers_are_those_of_the_documented_call(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="lasi", size="64", row="20", column="31", channel="0", n="7")
    image = load_image(bundled_path("cat"), size=64)
    look = look_at(image, row=20, column=31, channel=0, neighborhood_size=7)
    for shown in (f"{look.predicted:.3f}", f"{look.true:.3f}", f"{look.loss:.3g}"):
        assert f">{shown}<" in html_of(page)
    assert "row=20, column=31, channel=0, neighborhood_size=7" in python_of(page)
    page.slider(key="lessons-lasi-n").set_value(12).run()
    assert parameter(page, "n") == "12"
    assert f">{look_at(image, row=20, column=31, channel=0, neighborhood_size=12).loss:.3g}<" in html_of(page)


def test_whole_pictures_show_what_the_documented_calls_give(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="lasi", size="16", view="picture", hide="prediction", n="20")
    image = load_image(bundled_path("cat"), size=16)
    found = survey(image)
    await_text(page, f">{found.losses[19]:.4g}<")
    await_text(page, f"least at N = {finding_of(found).best}")
    page.segmented_control(key="lessons-lasi-view").set_value("copy").run()
    page.selectbox(key="lessons-lasi-copy").set_value("noise").run()
    noisy = distort(image, "noise", strength=DISTORTIONS["noise"].default, seed=0)
    await_text(page, f">{number_text(float(embedding_distances(image, noisy)[19].mean()))}<")
    assert "embedding_distances(reference, copy, ridge=1)[20 - 1]" in python_of(page)


def await_text(page: AppTest, text: str) -> None:
    """Let the page be drawn until it has a text that is computed beside it."""
    for _ in range(200):
        if text in html_of(page) + "".join(one.value for one in page.markdown):
            return
        time.sleep(0.1)
        page.run()
    raise AssertionError(f"{text} is never shown")


def test_an_address_with_wrong_numbers_opens_at_the_default_and_says_so(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="lasi", n="99", row="x", size="7", image="nope")
    said = page.info[0].value
    assert all(part in said for part in ("N must be at least 1", "Row must be", "Size", "default"))
    assert page.slider(key="lessons-lasi-n").value == 10
    page.slider(key="lessons-lasi-n").set_value(12).run()
    assert not page.info
    assert open_page("lessons", lesson="nope").info[0].value.startswith("There is no lesson")


def test_what_an_address_hides_keeps_its_value(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="lasi", n="5", hide="n,prediction")
    page.segmented_control(key="lessons-lasi-channel").set_value(2).run()
    assert parameter(page, "hide") == "n,prediction"
    assert "channel=2, neighborhood_size=5" in python_of(page)
    assert not any("Link for a class" in expander.label for expander in page.expander)


def test_a_plane_of_two_distortions_is_measured_beside_the_page(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="level-sets", plane="distortions", size="32", up="blur", u="0.3", v="0.6")
    for _ in range(200):
        if ">MSE<" in html_of(page) and not any("parts of" in caption.value for caption in page.caption):
            break
        time.sleep(0.1)
        page.run()
    plane = distortions_plane(load_image(bundled_path("cat"), size=32), "noise", "blur")
    assert f">{number_text(float(plane_values(plane, 'mse', [(0.3, 0.6)])[0]))} = " in html_of(page)
    page.selectbox(key="lessons-level-sets-up").set_value("noise").run()
    assert "on a line" in page.warning[0].value


def python_of(page: AppTest) -> str:
    (code,) = [code.value for code in page.code if code.language == "python"]
    return str(code)


def test_the_tour_leads_through_its_stops_is_left_and_taken_up_again(open_page: OpenPage) -> None:
    page = open_page("lessons", size="64")
    page.button(key="lessons-tour-start").click().run()
    for number, stop in enumerate(TOUR, start=1):
        assert parameter(page, "tour") == str(number)
        assert page.title[0].value == (LESSONS[stop.lesson].title if stop.lesson else "A finished competition")
        assert f"{minutes_left(number)} to the end" in html_of(page)
        assert not page.error
        if number == 3:
            page.button(key="lessons-tour-leave").click().run()
            assert "tour" not in page.query_params
            assert "3 of 5" in page.button(key="lessons-tour-start").label
            page.button(key="lessons-tour-start").click().run()
        page.button(key="lessons-tour-next").click().run()
    assert page.title[0].value == "Lessons"
    assert page.button(key="lessons-tour-start").label.startswith("Start the tour")


def test_an_address_opens_the_tour_at_its_stop(open_page: OpenPage) -> None:
    page = open_page("lessons", tour="4", size="64")
    assert page.title[0].value == LESSONS["lpips"].title
    page.button(key="lessons-tour-back").click().run()
    assert parameter(page, "lesson") == "lasi"
    assert "stops" in open_page("lessons", tour="9").info[0].value


def marks_of(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The marks of a chart and of its layers."""
    if "mark" in spec:
        yield spec["mark"]
    for layer in spec.get("layer", []):
        yield from marks_of(layer)


@pytest.mark.parametrize("name", ["lasi", "numbers"])
def test_lines_and_words_in_charts_are_not_black_on_a_dark_page(open_page: OpenPage, name: str) -> None:
    page = open_page("lessons", lesson=name, size="32", hide="prediction")
    specs = [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]
    marks = [mark for spec in specs for mark in marks_of(spec) if mark["type"] in ("rule", "text")]
    assert marks
    assert all(mark.get("color") == NEUTRAL for mark in marks)
