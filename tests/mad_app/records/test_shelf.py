"""The runs that come with the program: whole records, small, of no particular machine, and what asks for them."""

import json

import numpy as np
import pytest

from mad_app.images import BUNDLED
from mad_app.records import SHELF, SHELF_RUNS, load_label, load_maps, load_record, shelf_folder, shelf_root
from mad_app.request import request_from

MAX_BYTES = 8_000_000


@pytest.mark.parametrize("name", SHELF_RUNS)
def test_each_is_a_whole_record_with_a_name_and_a_sentence(name: str) -> None:
    folder = shelf_folder(f"{SHELF}/{name}")
    assert folder
    run, maps, label = load_record(folder), load_maps(folder), load_label(folder)
    assert not run.faults
    assert run.settings["image"] in BUNDLED
    assert {result.outcome for result in run.results} <= {"converged", "max_steps"}
    assert max(abs(result.reported_drift or 0) for result in run.results) < 0.01
    assert len(run.keyframes.step) >= 3
    assert maps
    assert maps.step[-1] == run.history.step[-1]
    assert label.name
    assert label.notes.endswith(".")
    np.testing.assert_array_equal(run.finals, run.images_8bit.astype(np.float32) / np.float32(255))
    assert request_from({**run.settings, "mask": None}).first == run.results[0].optimized


def test_they_are_small_and_name_no_folder() -> None:
    files = [path for path in shelf_root().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MAX_BYTES
    for path in shelf_root().glob("*/run.json"):
        document = json.loads(path.read_text())
        assert document["id"] == path.parent.name
        assert not [value for value in document["settings"].values() if isinstance(value, str) and "/" in value]


@pytest.mark.parametrize("run_id", ["shelf", "shelf/", "shelf/nothing", "shelf/../images", "shelf/border/x", "border"])
def test_other_ids_are_none(run_id: str) -> None:
    assert shelf_folder(run_id) is None
