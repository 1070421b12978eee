"""The page of campaigns: adding one, its mistakes, its matrix and runs, and who may start and stop it."""

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.campaigns import Campaign, execute, read_campaign
from mad_app.campaigns.outcomes import FOLDER
from mad_app.campaigns.status import Reporter, find_campaign, keep_campaign
from mad_app.figures import metric_title
from mad_app.records import run_lock, save_run
from mad_app.ui.campaigns.page import SHIPPED
from tests.mad_app.campaigns.examples import TEXT, small
from tests.mad_app.record_examples import make_checkpoint, make_result, make_run
from tests.mad_app.ui.conftest import OpenPage, downloads_of, html_of, parameter

VARIED = "image = ['cat', 'coffee']\nsecond_level = [0.01, 1000]"


@pytest.fixture
def half_done(tmp_path: Path) -> Campaign:
    """A campaign of which two runs are done and two failed."""
    campaign = small(VARIED)
    with ThreadPoolExecutor(1) as executor:
        execute(campaign, tmp_path, executor)
    return campaign


def errors_of(page: AppTest) -> str:
    return "".join(element.value for element in page.error)


def test_every_mistake_is_named_and_a_campaign_without_one_is_opened_at_its_address(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page("campaigns")
    page.text_area(key="campaigns-text").set_value("sead = 1\nsize = 7\nimage = 'no.png'").run()
    page.button(key="campaigns-check").click().run()
    assert "2 mistakes" in errors_of(page)
    assert "did you mean seed" in errors_of(page)
    page.text_area(key="campaigns-text").set_value("image = ['no.png', 'nor.png']\npairs = [['a', 'mse']]").run()
    page.button(key="campaigns-check").click().run()
    assert "3 mistakes" in errors_of(page)
    assert str(tmp_path) not in errors_of(page)
    campaign = small(VARIED)
    page.text_area(key="campaigns-text").set_value(TEXT + VARIED).run()
    page.button(key="campaigns-check").click().run()
    assert parameter(page, "campaign") == campaign.id
    assert "4 waiting" in html_of(page)
    assert "Not started" in html_of(page)
    assert not page.button(key="campaigns-start").disabled


def test_cells_open_their_runs_and_failures_say_why(open_page: OpenPage, tmp_path: Path, half_done: Campaign) -> None:
    page = open_page("campaigns", campaign=half_done.id)
    shown = html_of(page)
    assert "2 done" in shown
    assert "2 failed" in shown
    runs = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    linked = re.findall(r'href="compete\?run=([^"]+)"', shown)
    assert len(linked) == 4  # in the matrix and in the table
    assert set(linked) == runs
    assert 'title="Second_level 1000 cannot be reached from the start' in shown
    assert str(tmp_path) not in shown
    assert "campaigns-start" not in {button.key for button in page.button}
    assert not page.button(key="campaigns-retry").disabled
    assert {"File", "Table (CSV)", "Tournament (PDF)"} <= set(downloads_of(page))
    page.button(key="campaigns-all").click().run()
    assert "4 runs, ended" in html_of(page)
    page.button(key=f"campaigns-open-{half_done.id}").click().run()
    assert parameter(page, "campaign") == half_done.id


def test_what_another_process_runs_is_shown_and_stopped(open_page: OpenPage, tmp_path: Path) -> None:
    campaign = small()
    identity = next(iter(campaign.requests))
    claim = tmp_path / FOLDER / "claims" / identity
    claim.mkdir(parents=True)
    with Reporter(tmp_path, campaign) as reporter, run_lock(tmp_path / FOLDER), run_lock(claim):
        reporter.report(handed_out=tuple(campaign.requests), seconds_left=200.0)
        page = open_page("campaigns", campaign=campaign.id)
        assert "Running, about 3 min left" in html_of(page)
        assert "1 running" in html_of(page)
        assert not reporter.should_stop()
        page.button(key="campaigns-stop").click().run()
        assert reporter.should_stop()
        assert "Stopping" in html_of(page)
        assert "You may leave this page" not in html_of(page)
        other = keep_campaign(tmp_path, small("seed = 9"))
        assert open_page("campaigns", campaign=other.id).button(key="campaigns-start").disabled
    page.run()
    assert "Not started" in html_of(page)


def test_what_was_begun_is_stopped_and_what_is_not_given_is_said_in_words(open_page: OpenPage, tmp_path: Path) -> None:
    campaign = small("gray = [true, false]\nsecond_level = 0.01")
    begun = tuple(dataclasses.replace(make_result(i), outcome="unfinished") for i in range(4))
    save_run(make_run(results=begun, request_id=next(iter(campaign.requests))), tmp_path, checkpoint=make_checkpoint())
    keep_campaign(tmp_path, campaign)
    page = open_page("campaigns", campaign=campaign.id)
    assert "Stopped" in html_of(page)
    assert page.button(key="campaigns-start").label == "Continue"
    assert "<td>yes</td>" in html_of(page)
    assert "<td>no</td>" in html_of(page)


def test_downloads_have_the_runs_of_their_time(open_page: OpenPage, tmp_path: Path) -> None:
    campaign = small()
    keep_campaign(tmp_path, campaign)
    page = open_page("campaigns", campaign=campaign.id)
    assert _has_tournament(page) is False
    with ThreadPoolExecutor(1) as executor:
        execute(campaign, tmp_path, executor)
    page.run()
    assert _has_tournament(page)


def _has_tournament(page: AppTest) -> bool:
    """Whether its button can be clicked."""
    return any(one.proto.label == "Tournament (PDF)" and not one.proto.disabled for one in page.get("download_button"))


def test_a_visitor_looks_on(open_page: OpenPage, half_done: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mad_app.ui.session.is_own_machine", lambda *_: False)
    page = open_page("campaigns", campaign=half_done.id)
    assert page.button(key="campaigns-retry").disabled
    page.button(key="campaigns-all").click().run()
    assert not page.text_area


def test_an_address_of_none_says_so(open_page: OpenPage) -> None:
    page = open_page("campaigns", campaign="0" * 12)
    assert "No such campaign" in "".join(element.value for element in page.info)
    assert find_campaign(Path("/"), "../..") is None


def test_a_tournament_comes_with_the_program(open_page: OpenPage) -> None:
    page = open_page("campaigns")
    assert "Which metric fails most?" in "".join(box.label for box in page.expander)
    content = (SHIPPED / "tournament.html").read_text(encoding="utf-8")
    campaign, mistakes = read_campaign((SHIPPED / "tournament.toml").read_text(encoding="utf-8"))
    assert not mistakes
    assert campaign is not None
    metrics = {name for request in campaign.requests.values() for name in (request.first, request.second)}
    assert [name for name in metrics if metric_title(name) not in content] == []
    assert len((SHIPPED / "tournament.html").read_bytes()) <= 6_600_000
