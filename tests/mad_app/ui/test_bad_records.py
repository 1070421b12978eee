"""One bad record costs no other: it is said where it would be shown, and can be deleted from there."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mad_app.records import Keyframes, deleted_runs, save_run
from mad_app.ui.components.collection import date_of, size_of
from mad_app.ui.gallery.cards import thumbnail_uri
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.ui.conftest import OpenPage, html_of, shown_by_viewer

LATEST = "9999-12-31T23:59:59-14:00"


def edit(folder: Path, **values: Any) -> None:
    document = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(document | values))


def edit_setting(folder: Path, name: str, value: object) -> None:
    document = json.loads((folder / "run.json").read_text())
    document["settings"][name] = value
    (folder / "run.json").write_text(json.dumps(document))


@pytest.mark.parametrize("created", [LATEST, "0001-01-01T00:00:00+14:00", "no time", ""])
def test_a_time_that_no_calendar_has_is_shown_as_it_is(created: str) -> None:
    assert date_of(created, "Pacific/Kiritimati") == created


@pytest.mark.parametrize(
    ("setting", "value"), [("image", "b\udcff.png"), ("image", "x" * 4000), ("strength", 1e308), ("steps", 10**30)]
)
def test_odd_settings_break_no_page(open_page: OpenPage, tmp_path: Path, setting: str, value: object) -> None:
    good, odd = (save_run(make_sheet_run(), tmp_path) for _ in range(2))
    edit_setting(odd, setting, value)
    edit(odd, created=LATEST)
    for path in ("figure", "compete"):
        assert open_page(path, **({"run": odd.name} if path == "compete" else {})).title
    assert "mad-card" in html_of(open_page("gallery"))
    assert good.is_dir()


def test_a_card_that_fails_costs_no_other_and_can_be_deleted(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: list[str]
) -> None:
    good, bad = (save_run(make_sheet_run(), tmp_path) for _ in range(2))
    from mad_app.ui.gallery import grid

    draw = grid.card_html

    def fail(card: Any, timezone: str | None) -> Any:
        if card.id == bad.name:
            raise OverflowError("date value out of range")
        return draw(card, timezone)

    monkeypatch.setattr(grid, "card_html", fail)
    page = open_page("gallery")
    assert html_of(page).count('<article class="mad-card">') == 1
    assert page.error[0].value.startswith("This run cannot be shown")
    page.button(key=f"gallery-delete-{bad.name}").click().run()
    assert deleted_runs(tmp_path) == [bad.name]
    assert not page.error
    assert good.is_dir()
    assert len(failures) >= 1
    failures.clear()


def test_a_folder_that_is_no_record_can_be_deleted(open_page: OpenPage, tmp_path: Path) -> None:
    save_run(make_sheet_run(), tmp_path)
    (tmp_path / "odd").mkdir()
    page = open_page("gallery")
    assert any(caption.value.count("is no readable record") == 1 for caption in page.caption)
    page.button(key="gallery-delete-odd").click().run()
    assert deleted_runs(tmp_path) == ["odd"]


def test_a_record_that_cannot_be_read_is_deleted_where_it_is_opened(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    (folder / "images.npz").write_bytes(b"broken")
    page = open_page("compete", run=folder.name)
    assert "cannot be shown" in page.error[0].value
    assert str(tmp_path) not in page.error[0].value
    page.button(key="compete-delete").click().run()
    assert deleted_runs(tmp_path) == [folder.name]
    assert any("No such run" in info.value for info in page.info)


def test_a_run_is_shown_as_its_files_are_now(open_page: OpenPage, tmp_path: Path) -> None:
    run = make_sheet_run()
    frames = np.zeros((1, *run.finals.shape), np.uint8)
    folder = save_run(dataclasses.replace(run, keyframes=Keyframes(np.zeros(1, np.int64), frames)), tmp_path)
    whole = shown_by_viewer(open_page("compete", run=folder.name))
    (folder / "keyframes.npz").write_bytes(b"damaged")
    page = open_page("compete", run=folder.name)
    assert shown_by_viewer(page) != whole
    (said,) = (caption.value for caption in page.caption if "on the way cannot be shown" in caption.value)
    assert str(tmp_path) not in said


def test_damaged_maps_are_said_where_they_would_be_shown(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    (folder / "maps.npz").write_bytes(b"damaged")
    edit(folder, files=json.loads((folder / "run.json").read_text())["files"] | {"maps": "maps.npz"})
    page = open_page(run=folder.name)
    said = [caption.value for caption in page.caption if "maps of the metrics cannot be shown" in caption.value]
    assert len(said) == 1
    assert str(tmp_path) not in said[0]


def test_parts_of_a_run_that_fail_leave_the_others(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: list[str]
) -> None:
    folder = save_run(make_sheet_run(), tmp_path)

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError("no")

    for part in ("show_viewer", "other_metrics_html", "figure_bytes"):
        monkeypatch.setattr(f"mad_app.ui.compete.results.{part}", fail)
    page = open_page("compete", run=folder.name)
    assert "differ equally from the original" in html_of(page)
    assert len(page.tabs) == 4
    assert len(failures) >= 2
    failures.clear()


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes there")
def test_a_folder_whose_name_is_no_text_breaks_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    save_run(make_sheet_run(), tmp_path)
    (tmp_path / os.fsdecode(b"odd\xff")).mkdir()
    assert "mad-card" in html_of(open_page("gallery"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_a_picture_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "reference.png")
    assert thumbnail_uri(tmp_path / "reference.png", 0) == ""
    assert size_of(tmp_path) is None
