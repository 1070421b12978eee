"""The loop of a campaign, with threads of this process and with executors that fail."""

import importlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mad_app.campaigns import Executor, Outcomes, Standing, execute, survey
from mad_app.campaigns.outcomes import FOLDER
from mad_app.campaigns.status import known_campaigns
from mad_app.campaigns.work import work
from mad_app.records import State, list_runs, run_lock, state_of
from mad_app.records.lock import LockedError
from mad_app.request import settings_for_record
from mad_app.runs import run_competition
from tests.mad_app.campaigns.examples import requests_in, small

loop = importlib.import_module("mad_app.campaigns.execute")


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


class Counted:
    """Passes calls on, and counts them; the calls with some numbers fail instead, each with its error."""

    def __init__(self, errors: dict[int, Exception] | None = None) -> None:
        self.calls, self._errors = 0, errors or {}

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        self.calls += 1
        future: Future[Any] = Future()
        if self.calls in self._errors:
            future.set_exception(self._errors[self.calls])
        else:
            future.set_result(function(*arguments))
        return future


def test_every_request_is_run_once_and_what_is_done_is_skipped(tmp_path: Path, threads: Executor) -> None:
    campaign, standings = small(), list[Standing]()
    run_competition(next(iter(campaign.requests.values())), tmp_path)
    found = execute(campaign, tmp_path, threads, on_progress=standings.append)
    assert requests_in(tmp_path) == sorted(campaign.requests) == sorted(found.done)
    assert (standings[0].done, standings[-1].done, standings[-1].left) == (1, 3, 0)
    again = Counted()
    execute(campaign, tmp_path, again)
    assert again.calls == 0


def test_a_run_that_fails_is_kept_with_its_reason_and_tried_again_when_asked(tmp_path: Path) -> None:
    campaign = small("second_level = [0.01, 1000]")
    found = execute(campaign, tmp_path, Counted())
    ((failed, reason),) = found.failed.items()
    assert campaign.requests[failed].second_level == 1000
    assert "level" in reason
    assert len(found.done) == 1
    for retry, calls in ((False, 0), (True, 1)):
        executor = Counted()
        assert execute(campaign, tmp_path, executor, retry_failed=retry).failed == found.failed
        assert executor.calls == calls


def test_a_campaign_that_was_stopped_goes_on_from_checkpoints(tmp_path: Path, threads: Executor) -> None:
    asked = iter([False, True])
    stopped = execute(small(), tmp_path, threads, at_once=1, should_stop=lambda: next(asked, True))
    assert stopped.left
    assert not list((tmp_path / FOLDER).glob("stop-*"))
    begun = len(list_runs(tmp_path))
    assert begun <= 1
    assert len(execute(small(), tmp_path, threads).done) == 3
    assert len(list_runs(tmp_path)) == 3


def test_an_unfinished_run_is_resumed_in_its_folder(tmp_path: Path) -> None:
    campaign = small("seed = 7")
    folder = run_competition(campaign.requests[next(iter(campaign.requests))], tmp_path, should_stop=lambda: True)
    assert len(survey(campaign, tmp_path).resumable) == 1
    execute(campaign, tmp_path, Counted())
    (summary,) = list_runs(tmp_path)
    assert summary.folder == folder
    assert state_of(summary) is State.FINISHED


def test_only_what_was_run_from_its_start_says_how_long_a_run_takes(tmp_path: Path) -> None:
    campaign = small("seed = [1, 2]")
    first, second = campaign.requests.values()
    execute(small("seed = 1"), tmp_path, Counted())
    assert len(Outcomes(tmp_path).measured("seconds")) == 1
    resumed = run_competition(second, tmp_path, should_stop=lambda: True)
    for request, known in ((first, None), (second, resumed.name)):  # the first is done, as a worker that finds it notes
        outcome = work(settings_for_record(request), str(tmp_path), known, str(Path.cwd()), str(tmp_path / "stop"))
        assert (outcome["state"], "seconds" in outcome, outcome["bytes"] > 0) == ("done", False, True)


def test_runs_whose_worker_broke_the_executor_are_done_again_one_by_one(tmp_path: Path) -> None:
    executor = Counted(dict.fromkeys((1, 2, 4, 6, 7), BrokenExecutor("gone")))  # 4, 6 and 7 are the first, alone
    found = execute(small(), tmp_path, executor)
    assert (len(found.done), list(found.failed)) == (2, [next(iter(small().requests))])
    assert executor.calls == 7


def test_a_run_that_the_executor_lost_is_tried_three_times(tmp_path: Path) -> None:
    campaign = small("seed = 0")
    assert len(execute(campaign, tmp_path / "twice", Counted(dict.fromkeys((1, 2), RuntimeError("gone")))).done) == 1
    (reason,) = execute(
        campaign, tmp_path / "thrice", Counted(dict.fromkeys((1, 2, 3), RuntimeError("gone")))
    ).failed.values()
    assert reason == "its worker was lost 3 times: RuntimeError: gone"


def test_a_full_disk_pauses_the_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([0, 0])
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_TRIES", 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free, 2**40)))
    standings = list[Standing]()
    assert len(execute(small("seed = 0"), tmp_path, Counted(), on_progress=standings.append).done) == 1
    assert [standing.waiting_for_room for standing in standings] == [True, True, False]


def test_a_run_that_is_run_elsewhere_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = small("seed = 0")
    (identity,) = campaign.requests
    claim = tmp_path / FOLDER / "claims" / identity
    claim.mkdir(parents=True)
    monkeypatch.setattr(loop, "SECONDS_BETWEEN_TRIES", 0.0)
    held = run_lock(claim)
    held.__enter__()
    standings = list[Standing]()

    def follow(standing: Standing) -> None:
        standings.append(standing)
        if len(standings) == 3:
            held.__exit__(None, None, None)

    assert len(execute(campaign, tmp_path, Counted(), on_progress=follow).done) == 1
    assert len(standings) > 3


def test_one_command_at_a_time_runs_a_campaign_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    with run_lock(tmp_path / FOLDER), pytest.raises(LockedError):
        execute(small(), tmp_path, Counted())


def test_a_damaged_line_of_the_outcomes_hides_no_other(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path)
    outcomes.add("a", {}, {"state": "failed", "reason": "why"})
    with (tmp_path / FOLDER / "outcomes.jsonl").open("a") as file:
        file.write('\n{"id": "b", "sta')
    Outcomes(tmp_path).add("c", {}, {"state": "failed", "reason": "too"})
    assert Outcomes(tmp_path).failures() == {"a": "why", "c": "too"}


def test_a_folder_knows_its_campaigns_and_how_far_they_are(tmp_path: Path, threads: Executor) -> None:
    campaign = small("second_level = [0.01, 1000]")
    execute(campaign, tmp_path, threads)
    (known,) = known_campaigns(tmp_path)
    assert (known.id, known.text()) == (campaign.id, campaign.text)
    assert (known.status.done, known.status.failed, known.status.handed_out) == (1, 1, ())
    assert not known.running
    assert small("second_level = [1000, 0.01]").id == campaign.id != small("seed = 0").id


def test_what_another_process_adds_to_the_outcomes_is_read(tmp_path: Path) -> None:
    reader, writer = Outcomes(tmp_path), Outcomes(tmp_path)
    for name in ("a", "b"):
        writer.add(name, {}, {"state": "failed", "reason": name})
        reader.refresh()
    assert reader.failures() == {"a": "a", "b": "b"}
