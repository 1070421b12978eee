"""Campaigns that the server runs in a process of their own: what is wrong with one is kept where the page finds it."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mad_app.campaigns import read_campaign
from mad_app.campaigns.status import find_campaign, keep_campaign
from mad_app.jobs import campaigns
from mad_app.jobs.campaigns import CampaignProcesses, run_known
from mad_app.records import RecordError
from tests.mad_app.campaigns.examples import TEXT, small


def test_a_campaign_runs_unless_something_is_wrong_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "LocalProcesses", ThreadPoolExecutor)
    right = keep_campaign(tmp_path, small("seed = 0"))
    wrong = keep_campaign(tmp_path, read_campaign(f"{TEXT}image = 'no.png'")[0])
    for known in (right, wrong):
        run_known(tmp_path, known.id, 1, retry_failed=False, ended=threading.Event())
    found = {known.id: find_campaign(tmp_path, known.id) for known in (right, wrong)}
    assert found[right.id].status.done == 1  # type: ignore[union-attr]
    (problem,) = found[wrong.id].status.problems  # type: ignore[union-attr]
    assert "no.png" in problem


def test_one_campaign_of_a_server_runs_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Alive:
        poll: Callable[[], int | None] = staticmethod(lambda: None)

    monkeypatch.setattr(campaigns.subprocess, "Popen", lambda *_, **__: Alive())
    known, processes = keep_campaign(tmp_path, small()), CampaignProcesses()
    processes.start(tmp_path, known, workers=1, retry_failed=False)
    assert processes.is_alive(known.id)
    with pytest.raises(RecordError, match="runs already"):
        processes.start(tmp_path, known, workers=1, retry_failed=True)


def test_the_end_of_the_standard_input_ends_a_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    source, end = os.pipe()
    monkeypatch.setattr(campaigns, "STANDARD_INPUT", source)
    os.close(end)
    ended = threading.Event()
    campaigns._await_end(ended)
    os.close(source)
    assert ended.is_set()
