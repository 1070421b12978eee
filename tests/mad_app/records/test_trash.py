"""Deleted runs can be restored."""

import os
import threading
import time
from pathlib import Path

import pytest

from mad_app.records import (
    Label,
    RecordError,
    delete_run,
    deleted_runs,
    empty_trash,
    list_runs,
    load_label,
    restore_run,
    save_label,
    save_run,
    trash,
)
from mad_app.records.trash import KEEP_SECONDS, TRASH
from tests.mad_app.record_examples import contents, fail_on_call, make_checkpoint, make_run


def labeled_run(root: Path) -> Path:
    folder = save_run(make_run(), root, checkpoint=make_checkpoint())
    save_label(folder, Label("mine", "notes"))
    return folder


def test_a_deleted_run_comes_back_bit_for_bit(tmp_path: Path) -> None:
    folder, other = labeled_run(tmp_path), labeled_run(tmp_path)
    before = contents(tmp_path)
    delete_run(tmp_path, folder.name)
    assert [summary.id for summary in list_runs(tmp_path)] == [other.name]
    assert deleted_runs(tmp_path) == [folder.name]
    assert load_label(folder) == Label()
    restore_run(tmp_path, folder.name)
    assert contents(tmp_path) == before
    assert deleted_runs(tmp_path) == []


def test_a_folder_of_records_is_not_deleted(tmp_path: Path) -> None:
    labeled_run(tmp_path / "old" / "older")
    before = contents(tmp_path)
    with pytest.raises(RecordError, match="old could not be deleted: it is a folder of records"):
        delete_run(tmp_path, "old")
    assert contents(tmp_path) == before


def test_the_one_deleted_last_comes_first(tmp_path: Path) -> None:
    folders = [labeled_run(tmp_path) for _ in range(3)]
    for age, folder in enumerate(folders):
        delete_run(tmp_path, folder.name)
        os.utime(tmp_path / TRASH / folder.name, (time.time() - age,) * 2)
    assert deleted_runs(tmp_path) == [folder.name for folder in folders]


def test_an_old_run_that_is_deleted_now_is_kept_whenever_old_ones_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sync_folder = labeled_run(tmp_path), trash.sync_folder
    os.utime(folder, (0, 0))

    def sync_and_remove_old(parent: Path) -> None:
        sync_folder(parent)
        empty_trash(tmp_path, older_than=KEEP_SECONDS)

    monkeypatch.setattr(trash, "sync_folder", sync_and_remove_old)
    delete_run(tmp_path, folder.name)
    assert deleted_runs(tmp_path) == [folder.name]


def test_two_may_empty_the_trash_at_once(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / TRASH / f"run{i}" / "pictures").mkdir(parents=True)
    refused = list[RecordError]()

    def empty() -> None:
        try:
            empty_trash(tmp_path)
        except RecordError as error:
            refused.append(error)

    threads = [threading.Thread(target=empty) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert deleted_runs(tmp_path) == []


def test_what_is_old_leaves_the_trash_for_good_and_nothing_else(tmp_path: Path) -> None:
    old, new, kept = (labeled_run(tmp_path) for _ in range(3))
    for folder in (old, new):
        delete_run(tmp_path, folder.name)
    os.utime(tmp_path / TRASH / old.name, (0, 0))
    assert empty_trash(tmp_path, older_than=3600) == 1
    assert deleted_runs(tmp_path) == [new.name]
    assert empty_trash(tmp_path) == 1
    assert [path for path in (tmp_path / TRASH).rglob("*") if path.is_file()] == []
    assert [summary.id for summary in list_runs(tmp_path)] == [kept.name]
    assert load_label(kept) == Label("mine", "notes")
    assert empty_trash(tmp_path / "nowhere") == 0


def test_a_run_in_the_place_of_a_deleted_one_is_not_overwritten(tmp_path: Path) -> None:
    folder = labeled_run(tmp_path)
    delete_run(tmp_path, folder.name)
    folder.mkdir()
    with pytest.raises(RecordError, match="could not be restored: there is another run of that id"):
        restore_run(tmp_path, folder.name)
    assert deleted_runs(tmp_path) == [folder.name]


@pytest.mark.parametrize("run_id", ["..", "../secret", ".trash", ".labels", "", "/etc", "a\x00b", "nothing"])
def test_no_id_leads_elsewhere(tmp_path: Path, run_id: str) -> None:
    root = tmp_path / "runs"
    labeled_run(root)
    (tmp_path / "secret").mkdir()
    for change in (delete_run, restore_run):
        with pytest.raises(RecordError, match="there is no run"):
            change(root, run_id)
    assert (tmp_path / "secret").is_dir()


def test_a_run_that_cannot_be_moved_stays_with_its_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = labeled_run(tmp_path)
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        fail_on_call(patch, "rename", 1, OSError(30, "Read-only file system"))
        with pytest.raises(RecordError, match="could not be deleted: Read-only file system"):
            delete_run(tmp_path, folder.name)
    assert contents(tmp_path) == before
