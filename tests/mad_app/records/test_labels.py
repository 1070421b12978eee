"""Names and notes that people give to runs."""

from pathlib import Path

import pytest

from mad_app.records import Label, RecordError, list_runs, load_label, save_label, save_run
from mad_app.records.labels import LABELS, LONGEST_NAME, label_path
from tests.mad_app.record_examples import contents, fail_on_call, make_run


def test_a_label_lies_beside_the_record_which_stays_as_it_was(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    before = contents(folder)
    assert load_label(folder) == Label()
    save_label(folder, Label("A cat", "First line.\nSecond: <b>bold</b> 日本"))
    assert load_label(folder) == Label("A cat", "First line.\nSecond: <b>bold</b> 日本")
    assert contents(folder) == before
    assert [summary.id for summary in list_runs(tmp_path)] == [folder.name]
    save_label(folder, Label())
    assert list((tmp_path / LABELS).iterdir()) == []


def test_a_name_is_one_line_and_nothing_is_unprintable() -> None:
    assert Label(" a\n\tb\x00\x07 c ", "a\r\nb\x1b[0m\ud800") == Label("a b c", "a\nb[0m")


def test_texts_that_are_too_long_are_refused() -> None:
    assert Label("x" * LONGEST_NAME)
    with pytest.raises(RecordError, match="name may have 120 characters, got 121"):
        Label("x" * (LONGEST_NAME + 1))
    with pytest.raises(RecordError, match="notes may have 10000 characters"):
        Label(notes="x" * 10_001)


@pytest.mark.parametrize("stage", ["json", "file sync"])
def test_a_label_that_the_disk_refuses_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    folder = save_run(make_run(), tmp_path)
    save_label(folder, Label("old"))
    with monkeypatch.context() as patch:
        fail_on_call(patch, stage, 1, OSError(28, "No space left on device"))
        with pytest.raises(RecordError, match=r"no room on the disk: name and notes of .* could not be saved"):
            save_label(folder, Label("new"))
    assert load_label(folder) == Label("old")
    assert [path.name for path in (tmp_path / LABELS).iterdir()] == [f"{folder.name}.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 2}', '{"schema": 1, "name": 3, "notes": ""}'])
def test_a_damaged_label_is_an_error_in_a_sentence(tmp_path: Path, content: str) -> None:
    folder = save_run(make_run(), tmp_path)
    save_label(folder, Label("old"))
    label_path(folder).write_text(content)
    with pytest.raises(RecordError, match=r"\.json"):
        load_label(folder)
