"""The lessons on texture and on LASI and LPIPS together: numbers by direct calls, and runs on one's own picture."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.figures import number
from mad_app.images import bundled_path, load_image
from mad_app.lessons import LESSONS, together
from mad_app.lessons.texture import curves
from mad_app.lessons.together import drive_apart, stored_runs
from mad_app.ui.lessons import live_runs
from mad_app.ui.lessons import together as shown
from mad_app.ui.lessons.texture import describe_flips
from mad_app.ui.lessons.together import describe_failure
from tests.mad_app.ui.conftest import OpenPage, html_of, parameter


def texts_of(page: AppTest) -> str:
    return " ".join(element.value for element in page.markdown)


def test_the_distances_of_both_copies_are_those_of_the_metric(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="texture", size="64", hide="prediction", sigma="4", second="shift")
    found = curves(load_image(bundled_path("cat"), size=64), "blur", "shift")
    assert all(number(value) in html_of(page) for value in found.at(4.0))
    assert describe_flips(found) in texts_of(page)
    page.select_slider(key="lessons-texture-sigma").set_value(16.0).run()
    assert parameter(page, "sigma") == "16"
    assert all(number(value) in html_of(page) for value in found.at(16.0))


def test_wrong_values_of_an_address_open_the_default_and_are_named(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="together", alpha="3", judge="psnr")
    assert "Alpha must be one of" in page.info[0].value
    assert page.select_slider(key="lessons-together-alpha").value == 2.0
    assert page.selectbox(key="lessons-together-judge").value == "ssim"


def test_the_failure_is_that_of_the_stored_runs(open_page: OpenPage) -> None:
    page = open_page("lessons", lesson="together", source="bricks", judge="mse")
    runs = {run.fixed: run for run in stored_runs("bricks", "mse")}
    assert f"LASI fixed: Highest MSE: {number(runs['lasi'].values[0]['mse'])}" in html_of(page)
    assert "LASI + 2 LPIPS fixed" not in html_of(page)
    asked = LESSONS["together"].prediction
    page.radio(key="lessons-together-prediction").set_value(asked.answers[asked.right]).run()
    both = runs["lasi+2*lpips-alex"]
    assert describe_failure([runs["lasi"], runs["lpips-alex"]], both) in texts_of(page)
    page.select_slider(key="lessons-together-alpha").set_value(8.0).run()
    assert number(runs["lasi+8*lpips-alex"].values[0]["mse"]) in html_of(page)


def test_own_runs_are_started_one_after_the_other_and_give_the_numbers_of_the_call(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "fixed_metrics", lambda _judge, _alphas: ["mse", "gmsd+mse"])
    monkeypatch.setattr(shown, "PARTS", ("mse",))
    monkeypatch.setattr(shown, "sum_of_both", lambda _alpha: "gmsd+mse")
    monkeypatch.setattr(together, "JUDGES", ("ssim", "mse"))
    for module in (live_runs, together):
        monkeypatch.setattr(module, "SIZE", 32)
    monkeypatch.setattr(live_runs, "LIVE_STEPS", 3)
    page = open_page("lessons", lesson="together", source="own", size="64", hide="prediction")
    assert not page.get("vega_lite_chart")
    page.button(key="lessons-live-start").click().run()
    until = time.monotonic() + 120
    while "With the sum" not in texts_of(page) and time.monotonic() < until:
        time.sleep(0.1)
        page.run()
    reference = load_image(bundled_path("cat"), size=64)
    alone, both = (drive_apart(reference, "ssim", fixed, steps=3) for fixed in ("mse", "gmsd+mse"))
    assert describe_failure([alone], both) in texts_of(page)
    assert not [button for button in page.button if button.key in ("lessons-live-start", "lessons-live-stop")]
