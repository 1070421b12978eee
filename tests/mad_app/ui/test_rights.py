"""Visitors change what they made; who started the server may change everything."""

import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mad_app.jobs.folder import JobFolder, JobSpec, Phase, Status
from mad_app.jobs.owners import belongs_to, give_to
from mad_app.jobs.queue import JOBS
from mad_app.jobs.rights import KEY, OPEN
from mad_app.jobs.sharing import SHARED
from mad_app.records import delete_run, save_run
from mad_app.records.archive import zip_run
from mad_app.request import Request
from mad_app.ui.session import queue_of
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.record_examples import make_checkpoint, make_run
from tests.mad_app.ui.conftest import QUICK, OpenPage, parameter

JOB = "1" * 16
SETTINGS = {"image": "cat", "size": 16, "first": "ssim", "second": "mse", "steps": 9}


def keys(page: AppTest) -> dict[str, bool]:
    """The buttons that can be clicked."""
    return {str(button.key): not button.disabled for button in page.button}


@pytest.fixture
def visit(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    monkeypatch.setattr("mad_app.ui.session.is_own_machine", lambda *_: False)
    return open_page


def running(root: Path, visitor: str, run: str | None = None, phase: Phase = Phase.RUNNING) -> None:
    folder = JobFolder(root / JOBS / JOB)
    spec = JobSpec(request=Request(size=16, first="ssim", second="mse"), visitor=visitor)
    folder.create(spec, *[np.zeros((16, 16, 3), np.float32)] * 2)
    folder.write_status(Status(phase=phase, step=3, run=run))


def test_a_visitor_renames_and_deletes_only_what_is_the_own(visit: OpenPage, tmp_path: Path) -> None:
    own, other = (save_run(make_sheet_run(), tmp_path) for _ in range(2))
    page = visit("gallery")
    give_to(tmp_path, own.name, page.session_state["session-visitor"])
    for folder, allowed in ((own, True), (other, False)):
        page.button(key=f"gallery-more-{folder.name}").click().run()
        assert keys(page)["gallery-delete"] is allowed
        assert page.text_input(key=f"gallery-name-{folder.name}").disabled is not allowed
        assert ("gallery-save-label" in keys(page)) is allowed
    delete_run(tmp_path, own.name)
    delete_run(tmp_path, other.name)
    page.run()
    assert f"gallery-restore-{own.name}" in keys(page)
    assert f"gallery-restore-{other.name}" not in keys(page)
    page.button(key="gallery-empty-trash").click().run()
    assert not (tmp_path / ".trash" / own.name).exists()
    assert (tmp_path / ".trash" / other.name).exists()


def test_what_is_imported_is_the_own(visit: OpenPage, tmp_path: Path) -> None:
    elsewhere = save_run(make_sheet_run(), tmp_path / "elsewhere")
    page = visit("gallery")
    page.file_uploader(key="gallery-import-0").upload("run.zip", zip_run(elsewhere), "application/zip").run()
    assert belongs_to(tmp_path, elsewhere.name, page.session_state["session-visitor"])


def test_an_import_takes_no_deleted_run_from_its_owner(visit: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    content = zip_run(folder)
    owner, other = visit("gallery"), visit("gallery")
    give_to(tmp_path, folder.name, owner.session_state["session-visitor"])
    delete_run(tmp_path, folder.name)
    other.file_uploader(key="gallery-import-0").upload("run.zip", content, "application/zip").run()
    assert "can still restore it" in other.error[0].value
    owner.run()
    owner.button(key=f"gallery-restore-{folder.name}").click().run()
    assert folder.is_dir()


@pytest.mark.parametrize("imported", [False, True])
def test_the_limits_of_a_shared_server_hold_for_what_is_continued(
    visit: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, imported: bool
) -> None:
    monkeypatch.setenv(SHARED, "1")
    run, visitor = make_run(settings=SETTINGS), visit(**QUICK).session_state["session-visitor"]
    folder = save_run(run, tmp_path, checkpoint=make_checkpoint())
    give_to(tmp_path, folder.name, visitor)
    if not imported:
        running(tmp_path, visitor, folder.name, Phase.STOPPED)
    monkeypatch.setattr("mad_app.jobs.sharing.MOST_RUNS", 0)
    monkeypatch.setattr("mad_app.ui.session.kept", lambda _: visitor)
    page = visit(run=folder.name)
    page.button(key="compete-continue").click().run()
    assert any("You have 0 runs that wait or go on" in warning.value for warning in page.warning)
    assert queue_of(str(tmp_path)).unfinished() == 0


@pytest.mark.parametrize("saved", [False, True])
def test_nobody_else_stops_or_continues_a_run(visit: OpenPage, tmp_path: Path, saved: bool) -> None:
    page = visit(**QUICK)
    run = save_run(make_sheet_run(), tmp_path).name if saved else None
    query = {"run": run} if run else {"job": JOB}
    running(tmp_path, "somebody", run)
    other = visit(**query)
    assert "compete-stop" not in keys(other)
    assert any("Only who started this run" in caption.value for caption in other.caption)
    folder = queue_of(str(tmp_path)).look(JOB).folder
    folder.write_spec(JobSpec(request=folder.spec().request, visitor=page.session_state["session-visitor"]))
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert keys(page)["compete-stop"]
    folder.write_status(Status(phase=Phase.STOPPED, step=3, run=run))
    assert "compete-continue" not in keys(visit(**query))
    page.run()
    assert "compete-continue" in keys(page)


@pytest.mark.parametrize("way", ["key", "variable", "machine"])
def test_who_started_the_server_may_do_all(
    visit: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    monkeypatch.setenv(KEY, "secret")
    if way == "variable":
        monkeypatch.setenv(OPEN, "1")
    if way == "machine":
        monkeypatch.setattr("mad_app.ui.session.is_own_machine", lambda *_: True)
    page = visit("gallery", **({"key": "secret"} if way == "key" else {}))
    page.button(key=f"gallery-more-{folder.name}").click().run()
    assert keys(page)["gallery-delete"]
    wrong = visit("gallery", key="wrong")
    wrong.button(key=f"gallery-more-{folder.name}").click().run()
    assert keys(wrong)["gallery-delete"] is (way != "key")


def test_a_run_belongs_to_who_started_it(visit: OpenPage, tmp_path: Path) -> None:
    page = visit(**QUICK | {"size": "16", "steps": "1"})
    page.button(key="compete-start").click().run()
    queue = queue_of(str(tmp_path))
    job = queue.look(parameter(page, "job"))
    while not job.status.phase.over:
        time.sleep(0.02)
        job = queue.look(job.id)
    assert job.status.run
    assert belongs_to(tmp_path, job.status.run, page.session_state["session-visitor"])
    assert not belongs_to(tmp_path, job.status.run, "another")
