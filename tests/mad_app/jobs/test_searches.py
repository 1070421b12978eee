"""Searches of principal distortions in their folders."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mad_app import load_distortions
from mad_app.directions import SearchSettings
from mad_app.jobs.searches import KEEP_SECONDS, Searches, SearchSpec, read_progress, search_folder, search_in
from mad_app.records import RecordError

REFERENCE = np.random.default_rng(0).uniform(0.2, 0.8, (16, 16, 3)).astype(np.float32)
SPEC = SearchSpec(metrics=("ssim", "mse"), search=SearchSettings(steps=3, count=2), picture={"image": "own.png"})


class NowPool:
    """Does what it is asked for at once, in this process."""

    def lend(self, request: Mapping[str, Any]) -> Future[dict[str, Any]]:
        search_in(Path(request["directions"]))
        answer: Future[dict[str, Any]] = Future()
        answer.set_result({"memory": 0})
        return answer


class BusyPool:
    """Never answers."""

    def lend(self, _: Mapping[str, Any]) -> Future[dict[str, Any]]:
        return Future()


def test_search_leaves_its_record_under_an_id_of_what_was_asked(tmp_path: Path) -> None:
    folder = search_folder(tmp_path, SPEC, REFERENCE)
    Searches(NowPool()).start(folder, SPEC, REFERENCE, "me")  # type: ignore[arg-type]
    progress = read_progress(folder)
    assert progress is not None
    assert progress.problem is None
    found = load_distortions(folder / str(progress.record))
    assert (found.count, found.steps, found.settings["image"]) == (2, 6, "own.png")
    np.testing.assert_array_equal(found.reference, REFERENCE)
    others = [replace(SPEC, metrics=("mse", "ssim")), replace(SPEC, search=SearchSettings(steps=4, count=2))]
    ids = {search_folder(tmp_path, spec, REFERENCE) for spec in (SPEC, *others)}
    assert len(ids | {search_folder(tmp_path, SPEC, REFERENCE / 2)}) == 4


def test_stop_is_heeded_and_the_record_valid(tmp_path: Path) -> None:
    folder = search_folder(tmp_path, SPEC, REFERENCE)
    searches = Searches(BusyPool())  # type: ignore[arg-type]
    searches.start(folder, SPEC, REFERENCE, "me")
    assert searches.is_running(folder)
    assert searches.asked_by(folder) == "me"
    with pytest.raises(RecordError, match="another search goes on"):
        searches.start(tmp_path / "other", SPEC, REFERENCE, "you")
    searches.stop(folder)
    search_in(folder)
    progress = read_progress(folder)
    assert progress is not None
    found = load_distortions(folder / str(progress.record))
    assert (found.outcome, found.steps) == ("stopped", 1)


def test_searches_of_long_ago_are_removed(tmp_path: Path) -> None:
    old, fresh = (tmp_path / name for name in ("old", "fresh"))
    for folder, age in ((old, KEEP_SECONDS + 60), (fresh, KEEP_SECONDS - 60)):
        folder.mkdir()
        (folder / "progress.json").write_text("{}")
        os.utime(folder / "progress.json", (time.time() - age,) * 2)
    Searches(BusyPool()).start(tmp_path / "new", SPEC, REFERENCE, "me")  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "new"]


def test_what_goes_wrong_is_a_sentence(tmp_path: Path) -> None:
    spec = replace(SPEC, metrics=("gmsd", "mse"))
    folder = search_folder(tmp_path, spec, REFERENCE)
    Searches(NowPool()).start(folder, spec, REFERENCE, "me")  # type: ignore[arg-type]
    progress = read_progress(folder)
    assert progress is not None
    assert progress.record is None
    assert "gmsd" in str(progress.problem)
