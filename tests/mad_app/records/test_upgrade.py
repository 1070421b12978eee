"""Records that the program wrote under schemas 1 and 2 load, list, draw and resume as today's do."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mad_app.competition import Reason
from mad_app.figures.export import figure_bytes
from mad_app.records import (
    UNFINISHED,
    Origin,
    Series,
    find_run,
    is_resumable,
    list_runs,
    load_checkpoint,
    load_plan,
    load_record,
    load_series,
    load_summary,
    runs_of,
)
from mad_app.records.index import Index
from mad_app.records.schema import OUTCOMES as CODES
from mad_app.records.schema import SCHEMA
from mad_app.records.upgrade import OUTCOMES, origin_from, upgrade
from mad_app.runs import request_of, resume_run
from mad_app.runs.run import solver_of
from mad_app.runs.series import resume_series

DATA = Path(__file__).parent / "data"
STOPPED_1 = "schema_1/2026-11-25_210415_lasi-vs-mse_cat_742d"
STOPPED_2 = "schema_2/2026-11-25_210444_lasi-5-vs-mse_cat_8119"
CONSTRAINED_2 = "schema_2/2026-11-25_210453_ssim-vs-lasi_cameraman_b6e4"
SWEEP_2 = "schema_2/2026-11-25_210455_ladder_e60d"
SEEDS_2 = "schema_2/2026-11-25_210457_seeds_9420"
RUNS = (STOPPED_1, STOPPED_2, CONSTRAINED_2)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old records, which a test may change."""
    shutil.copytree(DATA, tmp_path / "old")
    return tmp_path / "old"


@pytest.mark.parametrize("name", RUNS)
def test_an_old_record_has_todays_names_and_codes(name: str) -> None:
    run, document = load_record(DATA / name), json.loads((DATA / name / "run.json").read_text())
    assert run.schema == document["schema"]
    assert {image.outcome for image in run.results} <= CODES
    assert [image.optimized for image in run.results] == [image["optimised"] for image in document["images"]]
    assert [image.final for image in run.results] == [image["final"] for image in document["images"]]
    assert run.solver == {name: document["settings"][name] for name in ("step_size", "level_tolerance")}
    assert run.solver.keys().isdisjoint(run.settings)
    assert run.origin == Origin(source="bundled", name=document["settings"]["image"], width=32, height=32, sha256=None)
    assert "gmsd" in run.others
    assert run.results[0].optimized not in run.others
    assert request_of(run).gray == document["settings"].get("grey", False)
    assert len(run.request_id) == 16
    assert solver_of(run).step_size == document["settings"]["step_size"]


def test_what_old_records_hold_is_read() -> None:
    run = load_record(DATA / CONSTRAINED_2)
    assert run.mask is not None
    assert run.settings["gray"] is True
    assert (run.settings["mask"], run.settings["max_change"], run.settings["second_level"]) == ("mask.png", 0.2, 0.4)
    assert {image.outcome for image in run.results} == {Reason.BUDGET.value}
    assert load_record(DATA / STOPPED_1).results[0].final_8bit is None
    for name in (STOPPED_1, STOPPED_2):
        assert is_resumable(DATA / name)
        assert load_checkpoint(DATA / name).history.step[-1] in load_record(DATA / name).history.step
        assert load_summary(DATA / name).results[0].outcome == Reason.STOPPED.value


def test_old_records_are_listed_and_found(old: Path) -> None:
    root = old / "schema_2"
    assert [run.id for run in list_runs(root)] == [Path(CONSTRAINED_2).name, Path(STOPPED_2).name]
    entries = Index(root).entries()
    assert [(entry.id, entry.unfinished) for entry in entries.runs] == [
        (Path(CONSTRAINED_2).name, False),
        (Path(STOPPED_2).name, True),
    ]
    assert [(series.kind, series.count, series.finished) for series in entries.series] == [
        ("repeated_seeds", 2, 0),
        ("level_sweep", 2, 1),
    ]
    assert not entries.faults
    assert find_run(root, Path(STOPPED_2).name)


@pytest.mark.parametrize("name", [STOPPED_1, CONSTRAINED_2])
def test_a_figure_of_an_old_record_is_drawn(name: str) -> None:
    assert figure_bytes(load_record(DATA / name), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [STOPPED_1, STOPPED_2])
def test_a_stopped_old_run_is_resumed_with_its_own_solver_and_becomes_one_of_today(old: Path, name: str) -> None:
    before = load_record(old / name)
    document = json.loads((old / name / "run.json").read_text())
    settings = {**document["settings"], "steps": int(before.history.step[-1]) + 2}
    (old / name / "run.json").write_text(json.dumps({**document, "settings": settings}))
    resume_run(old / name)
    run = load_record(old / name)
    assert run.schema == SCHEMA
    assert not is_resumable(old / name)
    assert run.solver["step_size"] == before.solver["step_size"]
    assert run.created == before.created
    assert run.origin is not None
    assert run.origin.name == "cat"
    assert run.origin.sha256 is not None
    assert {image.outcome for image in run.results} == {Reason.BUDGET.value}
    np.testing.assert_array_equal(run.history.first[: len(before.history.step) - 1], before.history.first[:-1])


def test_an_old_series_finds_its_runs_by_their_requests_and_runs_what_it_lacks(old: Path) -> None:
    plan = load_plan(old / SWEEP_2)
    assert (plan.kind, plan.varied) == ("level_sweep", "second_level")
    found = runs_of(old / SWEEP_2, plan)
    assert [run is None for run in found] == [False, True]
    assert resume_series(old / SWEEP_2).finished
    series: Series = load_series(old / SWEEP_2)
    assert [run.settings["second_level"] for run in series.runs] == [0.005, 0.02]
    assert load_plan(old / SEEDS_2).kind == "repeated_seeds"


def test_every_old_sentence_has_a_code() -> None:
    assert set(OUTCOMES.values()) == CODES
    corner = {"optimised": "a", "fixed": "b", "outcome": "stopped by the user"}
    new = upgrade({"settings": {"grey": True}, "images": [corner]}, None)
    assert new["images"][0] == {"optimized": "a", "fixed": "b", "outcome": "stopped", "final_8bit": None}
    unfinished = "not finished: it can be resumed from its checkpoint"
    new = upgrade({"settings": {}, "images": [{**corner, "outcome": unfinished, "final": {"c": 1}}]}, None)
    assert (new["images"][0]["outcome"], new["others"]) == (UNFINISHED, [])


@pytest.mark.parametrize("document", [{}, {"settings": 3, "images": 4}, {"settings": {}, "images": [1]}])
def test_a_damaged_old_document_is_left_for_the_reader_to_refuse(document: dict[str, object]) -> None:
    assert upgrade(document, None)["images"] == document.get("images")


def test_an_older_record_of_another_size_than_its_settings_was_given_as_an_array() -> None:
    assert origin_from({"image": "cat", "size": 128}, (128, 128))["source"] == "bundled"
    assert origin_from({"image": "cat", "size": 128}, (16, 24))["source"] == "array"
    assert origin_from({"image": "my/cat.png", "size": 128}, None)["source"] == "file"
    assert origin_from({}, None)["source"] == "array"
