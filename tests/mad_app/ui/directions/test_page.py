"""The page of directions: the example at once, a search from its button to its figure, and what it refuses."""

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.jobs.searches import Searches
from mad_app.ui.directions import page as directions
from mad_app.ui.directions import state
from tests.mad_app.jobs.test_searches import NowPool
from tests.mad_app.ui.conftest import OpenPage, parameter


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    """Searches that are done when they are begun."""
    done = Searches(NowPool())  # type: ignore[arg-type]
    monkeypatch.setattr(directions, "_searches", lambda: done)
    return done


def codes_of(page: AppTest) -> list[str]:
    """The command and the Python, which are unfolded."""
    page.session_state["directions-commands"] = True
    return [code.value for code in page.run().code]


@pytest.mark.usefixtures("searches")
def test_example_opens_at_once_with_its_code(open_page: OpenPage) -> None:
    page = open_page("directions")
    assert not page.exception
    assert [header.value for header in page.header] == ["An example that comes with the program"]
    command, python = codes_of(page)
    assert "python -m mad_app directions cat --metrics lasi,lpips-alex --size 64 --steps 200" in command
    assert "search_distortions(picture, metrics, SearchSettings(steps=200, count=1))" in python


@pytest.mark.usefixtures("searches")
def test_search_shows_what_it_found_in_the_place_of_the_example(open_page: OpenPage) -> None:
    page = open_page("directions")
    page.multiselect(key="directions-metrics").set_value(["ssim", "mse"])
    page.select_slider(key="directions-steps").set_value(50).run()
    page.button(key="directions-start").click().run()
    assert not page.exception
    assert not [header for header in page.header if "example" in header.value]
    assert any("SSIM" in text.value and "sensitivity" in text.value for text in page.markdown)


@pytest.mark.usefixtures("searches")
def test_metric_that_cannot_stand_alone_is_refused_in_a_sentence(open_page: OpenPage) -> None:
    page = open_page("directions")
    page.multiselect(key="directions-metrics").set_value(["mse"]).run()
    page.button(key="directions-start").click().run()
    assert "weighs all small changes alike" in page.warning[0].value


CHOSEN = {"image": "coffee", "size": "96", "metrics": "ssim,mse", "count": "2", "steps": "100"}


@pytest.mark.usefixtures("searches")
def test_address_opens_what_it_names_and_follows_the_controls(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page("directions", **CHOSEN)
    command, _ = codes_of(page)
    assert "directions coffee --metrics ssim,mse --size 96 --steps 100 --count 2" in command
    assert {name: parameter(page, name) for name in page.query_params} == CHOSEN
    page.multiselect(key="directions-metrics").set_value([]).run()
    assert parameter(page, "metrics") == "none"
    page.multiselect(key="directions-metrics").set_value(["lasi", "lpips-alex"])
    page.select_slider(key="directions-steps").set_value(200).run()
    assert set(page.query_params) == {"image", "size", "count"}
    monkeypatch.setattr(state, "came_back", lambda: True)
    for name, value in CHOSEN.items():
        page.query_params[name] = value
    page.run()
    assert codes_of(page)[0] == command


@pytest.mark.usefixtures("searches")
def test_what_an_address_names_in_vain_is_said(open_page: OpenPage) -> None:
    page = open_page("directions", size="2048", metrics="ssim,vif,nothing,<b>", count="-1", steps="1e400")
    for wrong in ("Size (pixels) cannot be", "Metrics vif, nothing, <b> cannot be", "got '-1'", "got '1e400'"):
        assert wrong in page.info[0].value.replace("\\", "")
    assert page.multiselect(key="directions-metrics").value == ["ssim"]
    assert "directions cat --metrics ssim --size 64 --steps 200" in codes_of(page)[0]
