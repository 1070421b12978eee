"""A list of a folder of runs says what is there now, whatever became of its index."""

import dataclasses
import json
import math
import os
import sqlite3
from pathlib import Path

import pytest

from mad_app.records import (
    Label,
    RecordError,
    State,
    delete_run,
    deleted_runs,
    index,
    load_summary,
    replace_run,
    save_label,
    save_run,
)
from mad_app.records import entries as rows
from mad_app.records.index import INDEX_FILE, Index
from mad_app.records.series import save_series
from tests.mad_app.record_examples import HEIGHT, WIDTH, make_checkpoint, make_result, make_run


def ids(root: Path) -> list[str]:
    """Of the runs as an index shows them that has only just been made."""
    return [entry.id for entry in Index(root).entries().runs]


def test_an_entry_says_what_the_record_and_its_label_say(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    save_label(folder, Label("mine", "two\nlines"))
    for _ in range(2):  # read from the record, then from the index
        (entry,) = Index(tmp_path).entries().runs
        assert (entry.id, entry.folder, entry.unfinished) == (folder.name, folder, True)
        assert entry.metrics == ("lasi:20", "my.module:distance")
        assert (entry.width, entry.height, entry.image) == (WIDTH, HEIGHT, "cat.png")
        assert entry.label == Label("mine", "two\nlines")
        assert (entry.pair, entry.ratio) == (0, math.inf)
        assert entry.summary == load_summary(folder)


def test_the_newest_run_comes_first_and_series_are_told_apart(tmp_path: Path) -> None:
    old = save_run(make_run(created="2024-01-01T00:00:00Z"), tmp_path)
    new = save_run(make_run(), tmp_path)
    series = save_series("level_sweep", "second_level", [{"second_level": 0.1}, {"second_level": 0.2}], tmp_path)
    entries = Index(tmp_path).entries()
    assert [entry.id for entry in entries.runs] == [new.name, old.name]
    (found,) = entries.series
    assert (found.folder, found.kind, found.varied, found.count, found.finished) == (
        series, "level_sweep", "second_level", 2, 0,
    )  # fmt: skip
    done = make_run(settings={"second_level": 0.2})
    save_run(done, series)
    assert Index(tmp_path).entries().series[0].finished == 1


def test_what_changes_is_read_again_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [save_run(make_run(), tmp_path) for _ in range(3)]
    found = Index(tmp_path)
    found.entries()
    read: list[str] = []
    original = rows.load_summary
    monkeypatch.setattr(rows, "load_summary", lambda folder: read.append(folder.name) or original(folder))
    before = found.entries()
    assert found.entries() is before
    replace_run(make_run(seconds=99.0), folders[0])
    save_label(folders[1], Label("named"))
    after = found.entries()
    assert sorted(read) == sorted(folder.name for folder in folders[:2])
    assert {entry.label.name for entry in after.runs} == {"", "named"}
    delete_run(tmp_path, folders[2].name)
    assert {entry.id for entry in found.entries().runs} == {folder.name for folder in folders[:2]}
    assert set(ids(tmp_path)) == {folder.name for folder in folders[:2]}
    assert len(read) == 2


def test_in_a_folder_of_many_runs_those_that_are_finished_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MANY", 3)
    monkeypatch.setattr(index, "REST_SECONDS", math.inf)
    labeled, resting = (save_run(make_run(), tmp_path) for _ in range(2))
    going_on = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    found = Index(tmp_path)
    found.entries()
    for folder in (labeled, resting, going_on):
        (folder / "run.json").write_text("{}")
    save_label(labeled, Label("named"))
    new = save_run(make_run(), tmp_path)
    assert {entry.id for entry in found.entries().runs} == {resting.name, new.name}
    monkeypatch.setattr(index, "REST_SECONDS", 0.0)
    assert {entry.id for entry in found.entries().runs} == {new.name}


def test_what_cannot_be_read_is_told_and_links_are_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    assert Index(root).entries().runs == ()
    assert not root.exists()
    good = save_run(make_run(), root)
    damaged = save_run(make_run(), root)
    (damaged / "run.json").write_text("{")
    (root / "notes").mkdir()
    (root / "file.txt").write_text("no run")
    (root / "link").symlink_to(good)
    for _ in range(2):
        entries = Index(root).entries()
        assert [entry.id for entry in entries.runs] == [good.name]
        assert entries.faults.keys() == {damaged.name, "notes"}
        assert entries.faults[damaged.name].startswith(f"{damaged.name} is no readable record: ")
        assert "run.json is missing" in entries.faults["notes"]


def test_a_label_that_cannot_be_read_does_not_hide_its_run(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    save_label(folder, Label("mine"))
    (tmp_path / ".labels" / f"{folder.name}.json").write_text("{")
    (entry,) = Index(tmp_path).entries().runs
    assert "cannot be read" in entry.label.notes


def test_a_run_without_its_checkpoint_is_unfinished_and_cannot_be_continued(tmp_path: Path) -> None:
    begun = tuple(dataclasses.replace(make_result(i), outcome="unfinished") for i in range(4))
    folder = save_run(make_run(results=begun), tmp_path, checkpoint=make_checkpoint())
    found = Index(tmp_path)
    (entry,) = found.entries().runs
    assert (entry.state, entry.unfinished, entry.resumable) == (State.RESUMABLE, True, True)
    (folder / "checkpoint.npz").unlink()
    (entry,) = found.entries().runs
    assert (entry.state, entry.unfinished, entry.resumable) == (State.LOST, True, False)
    save_run(make_run(), tmp_path)
    assert [entry.state for entry in found.entries().runs].count(State.FINISHED) == 1


def test_a_series_says_which_of_its_runs_are_missing_or_damaged(tmp_path: Path) -> None:
    asked = [{"first": "lasi:20", "image": "/home/me/cat.png", "second_level": 0.1 * i} for i in (1, 2, 3, 4)]
    series = save_series("level_sweep", "second_level", asked, tmp_path)
    save_label(series, Label("my sweep"))
    done, lost, damaged = (save_run(make_run(settings=settings), series) for settings in asked[:3])
    (lost / "images.npz").unlink()
    (damaged / "run.json").write_text("{")
    for _ in range(2):
        (entry,) = Index(tmp_path).entries().series
        assert (entry.count, entry.finished, entry.label.name) == (4, 1, "my sweep")
        assert entry.runs == (done.name, lost.name, None, None)
        assert [value for value, _ in entry.missing] == [settings["second_level"] for settings in asked[1:]]
        assert "lacks images.npz" in entry.missing[0][1]
        assert entry.faults.keys() == {damaged.name}
        assert entry.settings["image"] == "cat.png"
    assert {run.id for run in Index(series, on_disk=False).entries().runs} == {done.name, lost.name}


def test_a_folder_whose_name_cannot_be_shown_hides_nothing_and_can_be_deleted(tmp_path: Path) -> None:
    good, bad = save_run(make_run(), tmp_path), save_run(make_run(), tmp_path)
    try:
        bad.rename(tmp_path / os.fsdecode(b"b\xff"))
    except OSError:
        pytest.skip("this file system takes no such name")
    for _ in range(2):
        entries = Index(tmp_path).entries()
        assert [entry.id for entry in entries.runs] == [good.name]
        assert entries.faults.keys() == {"b\ufffd"}
    delete_run(tmp_path, "b\ufffd")
    assert Index(tmp_path).entries().faults == {}
    assert deleted_runs(tmp_path) == ["b\ufffd"]


def test_labels_and_series_that_cannot_be_listed_hide_nothing(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    (tmp_path / ".labels").write_text("no folder")
    assert ids(tmp_path) == [folder.name]


def test_one_damaged_row_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [save_run(make_run(), tmp_path) for _ in range(3)]
    Index(tmp_path).entries()
    database = sqlite3.connect(tmp_path / INDEX_FILE)
    with database:
        database.execute("UPDATE runs SET row = replace(row, 'lasi', 'nasi') WHERE name = ?", (folders[1].name,))
    database.close()
    read: list[str] = []
    original = rows.load_summary
    monkeypatch.setattr(rows, "load_summary", lambda folder: read.append(folder.name) or original(folder))
    assert set(ids(tmp_path)) == {folder.name for folder in folders}
    assert read == [folders[1].name]


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100, None])
def test_a_damaged_or_older_index_is_made_anew(tmp_path: Path, damage: bytes | None) -> None:
    folder = save_run(make_run(), tmp_path)
    Index(tmp_path).entries()
    path = tmp_path / INDEX_FILE
    if damage is None:
        database = sqlite3.connect(path)
        database.execute("UPDATE runs SET row = '[1'")
        database.commit()
        database.close()
    else:
        path.write_bytes(damage)
    assert ids(tmp_path) == [folder.name]
    database = sqlite3.connect(path)
    (row,) = database.execute("SELECT row FROM runs").fetchone()
    assert json.loads(row)[0] == folder.name
    database.execute("PRAGMA user_version = 7")
    database.close()
    assert ids(tmp_path) == [folder.name]


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    (tmp_path / INDEX_FILE).mkdir()
    found = Index(tmp_path)
    assert [entry.id for entry in found.entries().runs] == [folder.name]
    assert [entry.id for entry in found.entries().runs] == [folder.name]
    (tmp_path / INDEX_FILE).rmdir()
    assert len(Index(tmp_path, on_disk=False).entries().runs) == 1
    assert not (tmp_path / INDEX_FILE).exists()


def test_an_index_that_another_process_writes_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_run(make_run(), tmp_path)
    Index(tmp_path).entries()
    monkeypatch.setattr(index, "WAIT_SECONDS", 0.01)
    other = sqlite3.connect(tmp_path / INDEX_FILE)
    other.execute("BEGIN EXCLUSIVE")
    assert ids(tmp_path) == [folder.name]
    other.rollback()
    other.close()
    assert ids(tmp_path) == [folder.name]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(index.os, "scandir", refuse)
    with pytest.raises(RecordError, match="could not be listed: Permission denied"):
        Index(tmp_path).entries()


def test_a_pair_without_values_has_no_ratio(tmp_path: Path) -> None:
    nothing = [dataclasses.replace(make_result(i), final={}) for i in range(4)]
    save_run(make_run(results=tuple(nothing)), tmp_path)
    assert Index(tmp_path).entries().runs[0].ratio is None
