"""Every page opened with wrong, old and deleted ids: a sentence, and the page as it is otherwise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mad_app.jobs.folder import JobFolder, JobSpec, Phase, Status
from mad_app.jobs.queue import JOBS
from mad_app.records import delete_run, save_run
from mad_app.request import Request
from mad_app.ui.navigation import PAGES
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.record_examples import truncate
from tests.mad_app.ui.conftest import OpenPage, html_of

VISITOR = "a" * 32


def deleted(root: Path) -> str:
    folder = save_run(make_sheet_run(), root)
    delete_run(root, folder.name)
    return folder.name


def damaged(root: Path) -> str:
    folder = save_run(make_sheet_run(), root)
    truncate("images.npz")(folder)
    return folder.name


def without_json(root: Path) -> str:
    folder = save_run(make_sheet_run(), root)
    (folder / "run.json").write_text("[]")
    return folder.name


def folder_of_nothing(root: Path) -> str:
    (root / "empty").mkdir()
    return "empty"


IDS: dict[str, Callable[[Path], str]] = {
    "none": lambda _: "nope",
    "outside": lambda _: "../../etc",
    "empty": lambda _: "",
    "hidden": lambda _: ".trash",
    "markup": lambda _: "<img src=x onerror=alert(1)>",
    "long": lambda _: "x" * 5000,
    "control": lambda _: "a\x00b",
    "job": lambda _: "0" * 16,
    "slash": lambda _: "a/b/c",
    "deleted": deleted,
    "damaged": damaged,
    "no json": without_json,
    "no record": folder_of_nothing,
}


def own_job(root: Path) -> None:
    """Give the visitor a run of the own."""
    folder = JobFolder(root / JOBS / ("1" * 16))
    spec = JobSpec(request=Request(size=16, first="ssim", second="mse"), visitor=VISITOR)
    folder.create(spec, *[np.zeros((16, 16, 3), np.float32)] * 2)
    folder.write_status(Status(phase=Phase.STOPPED, step=3))


NAMES = ("run", "job", "image", "compare", "series")
"""Parameters of an address that name something."""

KINDS = ("outside", "control", "damaged")
"""Ids that name a place outside, nothing that a file can be named, and a record that cannot be read."""

OPENED = {
    *(("compete", id_, "run") for id_ in IDS),
    *((path, id_, NAMES[(i + 2 * j) % len(NAMES)]) for i, path in enumerate(PAGES) for j, id_ in enumerate(KINDS)),
}
"""Every id on the page that opens records, and every parameter and every kind of id on every page."""


@pytest.mark.parametrize(("path", "id_", "name"), sorted(OPENED))
def test_a_page_opened_with_any_id_says_it_and_goes_on(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, id_: str, name: str
) -> None:
    monkeypatch.setattr("mad_app.ui.session.kept", lambda _: VISITOR)
    save_run(make_sheet_run(), tmp_path)
    own_job(tmp_path)
    page = open_page(path, **{name: IDS[id_](tmp_path)})
    assert page.title
    assert "onerror=alert(1)>" not in "".join(element.value for element in (*page.info, *page.error, *page.warning))
    assert str(tmp_path) not in "".join([html_of(page), *(element.value for element in page.error)])
    if path == "compete" and name == "run" and id_ != "empty":
        assert page.info or page.error
        assert [heading.value for heading in page.header].count("Your runs") == 1
