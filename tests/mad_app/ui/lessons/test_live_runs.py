"""What a lesson shows of a run that was made for it is what the run's record holds now."""

import shutil
from pathlib import Path

import pytest

from mad_app.records import RecordError, save_run
from mad_app.ui.lessons.live_runs import driven_in
from tests.mad_app.figures.sheet_runs import make_sheet_run


def test_a_run_whose_record_changed_or_was_deleted_is_not_shown_as_it_was(tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(first="ssim", second="mse"), tmp_path)
    assert driven_in(tmp_path, folder.name).fixed == "mse"
    shutil.rmtree(folder)
    with pytest.raises(RecordError, match="there is no run"):
        driven_in(tmp_path, folder.name)
    save_run(make_sheet_run(first="ssim", second="lasi"), tmp_path).rename(folder)
    assert driven_in(tmp_path, folder.name).fixed == "lasi"
