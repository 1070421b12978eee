"""Series in the gallery: a card of their own, opened to their figures and runs, which every page knows."""

import dataclasses
from pathlib import Path

from mad_app.records import deleted_runs, save_run, save_series
from mad_app.ui.components.deletion import IN_SERIES
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.ui.conftest import OpenPage, downloads_of, html_of, parameter

COMMON = {"image": "astronaut", "first": "lasi", "second": "lpips-alex", "distortion": "noise", "strength": 0.1}


def save(root: Path) -> tuple[Path, list[Path]]:
    """A sweep of two levels, both finished."""
    requests = [COMMON | {"second_level": level} for level in (0.2, 0.3)]
    folder = save_series("level_sweep", "second_level", requests, root)
    runs = [save_run(dataclasses.replace(make_sheet_run(), settings=settings), folder) for settings in requests]
    return folder, runs


def test_a_series_is_a_card_that_opens_to_its_runs(open_page: OpenPage, tmp_path: Path) -> None:
    folder, runs = save(tmp_path)
    page = open_page("gallery")
    assert not any("is no readable record" in caption.value for caption in page.caption)
    assert "2 of 2 runs finished" in html_of(page)
    page.button(key=f"gallery-open-series-{folder.name}").click().run()
    assert parameter(page, "series") == folder.name
    assert page.title[0].value == "Level sweep"
    assert [tab.label for tab in page.tabs] == ["Sheet", "Curves"]
    assert "Download as web page" in downloads_of(page)
    assert html_of(page).count('<article class="mad-card">') == 2
    page.button(key=f"gallery-open-{folder.name}/{runs[0].name}").click().run()
    assert parameter(page, "run") == f"{folder.name}/{runs[0].name}"
    assert "differ equally from the original" in html_of(page)
    assert IN_SERIES in [caption.value for caption in page.caption]
    page.button(key="compete-series").click().run()
    assert page.title[0].value == "Level sweep"


def test_what_a_series_lacks_is_said_with_the_reason_and_the_command(open_page: OpenPage, tmp_path: Path) -> None:
    folder, runs = save(tmp_path)
    (runs[1] / "run.json").write_text("{")
    page = open_page("gallery", series=folder.name)
    captions = " ".join(caption.value.replace("\\", "") for caption in page.caption)
    assert "0.3: it has not been run, or its record is missing." in captions
    assert f"{runs[1].name}/run.json is not whole" in captions
    assert f"python -m mad_app resume runs/{folder.name}" in [code.value for code in page.code]
    page.button(key=f"gallery-delete-{folder.name}/{runs[1].name}").click().run()
    assert sorted(path.name for path in folder.glob("2*")) == [runs[0].name]
    assert deleted_runs(tmp_path) == [runs[1].name]
    assert "is not whole" not in " ".join(caption.value for caption in page.caption)


def test_runs_of_a_series_are_offered_for_figures_and_as_pictures(open_page: OpenPage, tmp_path: Path) -> None:
    folder, runs = save(tmp_path)
    name = f"{folder.name}/{runs[1].name}"
    assert parameter(open_page("figure", run=name), "run") == name
    page = open_page("compete", image=f"{name}/reference.png")
    assert parameter(page, "image") == f"{name}/reference.png"
    assert not page.error


def test_a_series_is_deleted_as_a_whole(open_page: OpenPage, tmp_path: Path) -> None:
    folder, _ = save(tmp_path)
    page = open_page("gallery", series=folder.name)
    page.button(key="gallery-delete-series").click().run()
    assert deleted_runs(tmp_path) == [folder.name]
    assert page.title[0].value == "Gallery"
