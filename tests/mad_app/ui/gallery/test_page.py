"""The gallery: cards, filters, names, deletion and restoring."""

import dataclasses
import io
import os
import shutil
from pathlib import Path

import pytest

from mad_app.jobs.folder import JobFolder, JobSpec, Phase
from mad_app.records import Label, deleted_runs, list_runs, load_label, save_label, save_run
from mad_app.records.archive import zip_run
from mad_app.records.index import INDEX_FILE
from mad_app.request import Request
from mad_app.ui.session import queue_of
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.record_examples import contents
from tests.mad_app.ui.conftest import OpenPage, html_of, parameter

HTML = "<img src=x onerror=alert(1)>"


def save(root: Path, first: str = "lasi", image: str = "astronaut", **changes: object) -> Path:
    run = make_sheet_run((64, 64) if first == "ssim" else (8, 8), first=first)
    settings = {**run.settings, "image": image, "size": 64, "steps": 100, "seed": 0}
    return save_run(dataclasses.replace(run, settings=settings, **changes), root)  # type: ignore[arg-type]


def records_in(root: Path) -> dict[str, bytes]:
    """All files of the records and their labels; the index is a copy."""
    return {name: content for name, content in contents(root).items() if name != INDEX_FILE}


def titles_of(page) -> list[str]:  # type: ignore[no-untyped-def]
    return [value.split('<p class="mad-name">')[1].split("</p>")[0] for value in cards_of(page)]


def cards_of(page) -> list[str]:  # type: ignore[no-untyped-def]
    return [element.value for element in page.markdown if '<article class="mad-card">' in element.value]


def test_an_empty_gallery_says_what_to_do(open_page: OpenPage) -> None:
    page = open_page("gallery")
    assert "No runs yet" in html_of(page)
    page.button(key="gallery-first-run").click().run()
    assert "Let two metrics compete" in page.title[0].value


def test_runs_are_cards_found_by_metric_picture_and_search(open_page: OpenPage, tmp_path: Path) -> None:
    for first, image in (("lasi", "cat"), ("ssim", "cat"), ("ssim", "/home/me/my photo.png")):
        save(tmp_path, first, image)
    page = open_page("gallery")
    assert page.title[0].value == "Gallery: 3 runs"
    assert len(cards_of(page)) == 3
    assert "3,000×</b> LASI, LPIPS (AlexNet) fixed" in "".join(cards_of(page))
    page.multiselect(key="gallery-metrics").select("lasi").run()
    assert titles_of(page) == ["LASI against LPIPS (AlexNet)"]
    assert parameter(page, "metric") == "lasi"
    page.multiselect(key="gallery-metrics").unselect("lasi").run()
    page.multiselect(key="gallery-pictures").select("my photo.png").run()
    assert titles_of(page) == ["1 − SSIM against LPIPS (AlexNet)"]
    page.multiselect(key="gallery-pictures").unselect("my photo.png").run()
    page.text_input(key="gallery-words").input("CHELSEA lasi").run()
    assert titles_of(page) == ["LASI against LPIPS (AlexNet)"]
    page.text_input(key="gallery-words").input("nothing").run()
    assert any("No run passes this filter" in info.value for info in page.info)
    assert titles_of(open_page("gallery", metric="lasi", order="oldest")) == ["LASI against LPIPS (AlexNet)"]


def test_runs_are_sorted_by_separation_and_date(open_page: OpenPage, tmp_path: Path) -> None:
    run = make_sheet_run((8, 8))
    for day, factor in ((1, 2.0), (2, 8.0), (3, 4.0)):
        result = dataclasses.replace(run.results[0], final={**run.results[0].final, "lasi": factor * 3e-4 * 3000})
        folder = save_run(
            dataclasses.replace(run, results=(result, *run.results[1:]), created=f"2026-01-0{day}T00:00:00Z"), tmp_path
        )
        save_label(folder, Label(str(day)))
    page = open_page("gallery")
    found = {}
    for order in ("newest", "oldest", "widest", "closest"):
        page.selectbox(key="gallery-order").select(order).run()
        found[order] = "".join(titles_of(page))
    assert found == {"newest": "321", "oldest": "123", "widest": "231", "closest": "132"}


def test_many_runs_are_turned_over_in_pages(open_page: OpenPage, tmp_path: Path) -> None:
    for i in range(14):
        save_label(save(tmp_path, created=f"2026-01-01T00:00:{i:02}Z"), Label(str(i)))
    page = open_page("gallery")
    assert titles_of(page) == [str(i) for i in range(13, 1, -1)]
    page.button(key="gallery-page-Next").click().run()
    assert titles_of(page) == ["1", "0"]
    assert parameter(page, "page") == "2"
    assert titles_of(open_page("gallery", page="2")) == ["1", "0"]
    assert titles_of(open_page("gallery", page="99")) == ["1", "0"]
    assert titles_of(open_page("gallery", page="-1"))[0] == "13"


def test_a_run_opens_on_the_page_compete(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path)
    page = open_page("gallery")
    page.button(key=f"gallery-open-{folder.name}").click().run()
    assert parameter(page, "run") == folder.name
    assert "For LPIPS (AlexNet), A and B differ equally from the original" in html_of(page)


def test_a_name_and_notes_are_kept_and_shown_as_text(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path)
    before = contents(folder)
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.text_input(key=f"gallery-name-{folder.name}").input(HTML)
    page.text_area(key=f"gallery-notes-{folder.name}").input(f"# {HTML}\n[x](http://x)")
    page.button(key="gallery-save-label").click().run()
    assert load_label(folder) == Label(HTML, f"# {HTML}\n[x](http://x)")
    assert contents(folder) == before
    assert titles_of(page) == ["&lt;img src=x onerror=alert(1)&gt;"]
    assert "<img src=x" not in html_of(page)
    page.checkbox(key=f"gallery-select-{folder.name}").check().run()
    assert HTML not in html_of(page)
    assert r"\<img src\=x" in html_of(page) or r"\<img src=x" in html_of(page)


def test_a_run_is_deleted_and_comes_back_as_it_was(open_page: OpenPage, tmp_path: Path) -> None:
    folder, other = save(tmp_path), save(tmp_path)
    save_label(folder, Label("mine"))
    before = records_in(tmp_path)
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.button(key="gallery-delete").click().run()
    assert titles_of(page) == ["LASI against LPIPS (AlexNet)"]
    assert "**mine** has been deleted" in html_of(page)
    page.button(key="gallery-undo").click().run()
    assert records_in(tmp_path) == before
    assert len(titles_of(page)) == 2
    assert not [button for button in page.button if button.key == "gallery-undo"]
    page.button(key=f"gallery-more-{other.name}").click().run()
    page.button(key="gallery-delete").click().run()
    later = open_page("gallery")
    later.button(key=f"gallery-restore-{other.name}").click().run()
    assert records_in(tmp_path) == before


def test_deleted_runs_are_deleted_permanently_only_on_request(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path)
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.button(key="gallery-delete").click().run()
    assert deleted_runs(tmp_path) == [folder.name]
    page.button(key="gallery-empty-trash").click().run()
    assert deleted_runs(tmp_path) == []
    assert any("1 run has been deleted" in success.value for success in page.success)


def test_a_run_in_progress_cannot_be_deleted(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path)
    queue = queue_of(str(tmp_path))
    job_id = "0" * 16
    job = queue.root / ".jobs" / job_id
    run = make_sheet_run((16, 16))
    made = JobFolder(job)
    made.create(JobSpec(request=Request(size=16, first="ssim", second="mse")), run.reference, run.start)
    made.write_status(dataclasses.replace(made.status(), phase=Phase.RUNNING, run=folder.name))
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.button(key="gallery-delete").click().run()
    assert any("stop it first" in error.value for error in page.error)
    assert folder.is_dir()
    assert job.is_dir()


def test_two_runs_are_compared_side_by_side(open_page: OpenPage, tmp_path: Path) -> None:
    folders = [save(tmp_path, image=image) for image in ("cat", "rocket", "coffee")]
    page = open_page("gallery")
    for folder in folders:
        page.checkbox(key=f"gallery-select-{folder.name}").check().run()
    assert not [button for button in page.button if button.key == "gallery-compare"]
    page.checkbox(key=f"gallery-select-{folders[0].name}").uncheck().run()
    page.button(key="gallery-compare").click().run()
    shown = html_of(page)
    assert shown.count("<section>") == 6
    assert "<td>rocket</td><td>coffee</td>" in shown
    assert page.query_params["compare"] == [folder.name for folder in folders[1:]]
    page.button(key="gallery-all-runs").click().run()
    assert len(cards_of(page)) == 3
    assert "compare" not in page.query_params


def test_runs_that_are_chosen_become_one_figure(open_page: OpenPage, tmp_path: Path) -> None:
    folders = [save(tmp_path, image=image) for image in ("cat", "rocket", "coffee")]
    page = open_page("gallery")
    for folder in folders:
        page.checkbox(key=f"gallery-select-{folder.name}").check().run()
    assert page.button(key="gallery-figure-of-selected").label == "Figure of 3 runs"
    page.button(key="gallery-figure-of-selected").click().run()
    assert page.title[0].value == "Figure"
    assert page.query_params["run"] == [folder.name for folder in folders]


def test_the_settings_of_a_run_are_loaded_for_another(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path, "ssim", "coffee")
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.button(key="gallery-repeat").click().run()
    assert "a copy of Cup of coffee distorted by white noise, 64 × 64 pixels" in html_of(page)
    assert {name: parameter(page, name) for name in ("image", "size", "first", "steps")} == {
        "image": "coffee",
        "size": "64",
        "first": "ssim",
        "steps": "100",
    }


def test_a_run_on_an_own_picture_is_repeated_on_the_copy_in_its_record(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save(tmp_path, "ssim", "/home/me/mine.png")
    page = open_page("gallery")
    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.button(key="gallery-repeat").click().run()
    assert "mine" in html_of(page)
    assert parameter(page, "image") == f"{folder.name}/reference.png"


def test_a_zip_is_imported_and_a_bad_one_refused(open_page: OpenPage, tmp_path: Path) -> None:
    elsewhere = save(tmp_path / "elsewhere")
    content = zip_run(elsewhere)
    page = open_page("gallery")
    page.file_uploader(key="gallery-import-0").upload("run.zip", content, "application/zip").run()
    assert any("has been imported" in success.value for success in page.success)
    assert [summary.id for summary in list_runs(tmp_path)] == [elsewhere.name]
    page.file_uploader(key="gallery-import-1").upload("again.zip", content, "application/zip").run()
    assert "exists already and is not overwritten" in page.error[0].value.replace("\\", "")
    page.file_uploader(key="gallery-import-2").upload(f"{HTML}.zip", content[:500], "application/zip").run()
    assert "is not a whole ZIP" in page.error[0].value
    assert HTML not in page.error[0].value
    assert len(page.error) == 1


def test_a_folder_that_is_no_record_is_said_and_breaks_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "<b>").mkdir()
    page = open_page("gallery")
    assert len(cards_of(page)) == 1
    assert any("is no readable record" in caption.value and "<b>" not in caption.value for caption in page.caption)


def test_a_folder_of_records_is_called_so_and_cannot_be_deleted(open_page: OpenPage, tmp_path: Path) -> None:
    save(tmp_path / "old")
    (tmp_path / "empty").mkdir()
    page = open_page("gallery")
    assert any(caption.value.replace("\\", "").startswith("old is a folder of records") for caption in page.caption)
    assert [button.key for button in page.button if button.label == "Delete"] == ["gallery-delete-empty"]


def test_a_read_only_folder_is_said_plainly(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    page = open_page("gallery")
    assert any("is read-only" in info.value for info in page.info)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    page.button(key=f"gallery-more-{folder.name}").click().run()
    page.text_input(key=f"gallery-name-{folder.name}").input("mine")
    monkeypatch.setattr(Path, "mkdir", refuse)
    page.button(key="gallery-save-label").click().run()
    assert "could not be saved\\: Read\\-only file system" in page.error[0].value
    page.button(key="gallery-delete").click().run()
    assert any("could not be deleted\\: Read\\-only file system" in error.value for error in page.error)
    assert io.BytesIO(zip_run(folder)).read(2) == b"PK"


def test_a_disk_that_is_nearly_full_is_said(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 5 * 10**6))  # type: ignore[attr-defined]
    page = open_page("gallery")
    assert "5 MB are left on the disk" in page.warning[0].value


def test_addresses_from_elsewhere_break_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    save(tmp_path)
    page = open_page("gallery", compare="../../etc", order="<b>", metric="os:system", page="1e9", words="x" * 999)
    assert not page.exception


def test_what_the_address_asks_for_and_no_run_has_is_said_until_the_filter_changes(
    open_page: OpenPage, tmp_path: Path
) -> None:
    save(tmp_path)
    page = open_page("gallery", metric="os:system", picture="nobody")
    assert any("No run here has os\\:system, nobody" in caption.value for caption in page.caption)
    page.text_input(key="gallery-words").set_value("lasi").run()
    assert not any("which the address asks for" in caption.value for caption in page.caption)
