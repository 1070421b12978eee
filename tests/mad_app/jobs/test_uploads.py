"""Uploaded pictures are kept for their visitor alone; the oldest go first."""

import os
from pathlib import Path

import pytest

from mad_app.jobs import uploads
from mad_app.jobs.uploads import MOST_FILES, Upload, has_upload, keep_upload, load_upload
from mad_app.records import RecordError


def test_a_file_is_kept_for_its_visitor_alone(tmp_path: Path) -> None:
    upload = Upload("mine \udcff/<b>.png", b"content")
    id_ = keep_upload(tmp_path, "ann", upload)
    assert load_upload(tmp_path, "ann", id_) == Upload("mine ?/<b>.png", b"content")
    assert not has_upload(tmp_path, "bob", id_)
    for wrong in ("", "../x", id_[:-1], "0" * 16):
        with pytest.raises(RecordError, match="upload it again"):
            load_upload(tmp_path, "ann", wrong)


def test_the_oldest_files_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for i in range(MOST_FILES + 3):
        ids.append(keep_upload(tmp_path, "ann", Upload("a", bytes([i]) * 100)))
        path = next(tmp_path.rglob(ids[-1]))
        os.utime(path, (i, i))
    assert [has_upload(tmp_path, "ann", id_) for id_ in ids] == [False] * 3 + [True] * MOST_FILES
    monkeypatch.setattr(uploads, "MOST_BYTES", 250)
    last = keep_upload(tmp_path, "bob", Upload("b", b"b" * 100))
    assert has_upload(tmp_path, "bob", last)
    assert sum(has_upload(tmp_path, "ann", id_) for id_ in ids) == 1
