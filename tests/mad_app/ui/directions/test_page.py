"""The page of directions: the example at once, a search from its button to its figure, and what it refuses."""

import pytest

from mad_app.jobs.searches import Searches
from mad_app.ui.directions import page as directions
from tests.mad_app.jobs.test_searches import NowPool
from tests.mad_app.ui.conftest import OpenPage


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    """Searches that are done when they are begun."""
    done = Searches(NowPool())  # type: ignore[arg-type]
    monkeypatch.setattr(directions, "_searches", lambda: done)
    return done


@pytest.mark.usefixtures("searches")
def test_example_opens_at_once_with_its_code(open_page: OpenPage) -> None:
    page = open_page("directions")
    assert not page.exception
    assert [header.value for header in page.header] == ["An example that comes with the program"]
    assert "python -m mad_app directions cat --metrics lasi,lpips-alex --size 64 --steps 200" in page.code[0].value
    assert "search_distortions(picture, metrics, SearchSettings(steps=200, count=1))" in page.code[1].value


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
