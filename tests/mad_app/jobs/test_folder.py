"""The files of a job: read back as written, also those of earlier versions of the program."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from mad_app.jobs.folder import JobFolder, JobSpec, Phase, Status
from mad_app.records import RecordError, Trace
from mad_app.request import Request

SPEC = JobSpec(request=Request(size=16, first="ssim", second="mse", gray=True, seconds=9.5), visitor="a" * 32)
TRACE = Trace((0, 2), ((1.0, 2.0, 3.0, None),) * 2, ((0.5,) * 4,) * 2, ((0.0,) * 4,) * 2)
STATUS = Status(phase=Phase.RUNNING, step=2, speed=3.0, seconds_left=1.5, run="a", message="b", trace=TRACE)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    image = np.random.default_rng(0).random((16, 16, 3), np.float32)
    folder = JobFolder(tmp_path / ".jobs" / "job")
    folder.create(SPEC, image, image)
    return folder


def rewrite(path: Path, change: dict[str, object], without: tuple[str, ...] = ()) -> None:
    document = json.loads(path.read_text()) | change
    path.write_text(json.dumps({name: value for name, value in document.items() if name not in without}))


def test_what_is_written_is_read_back(folder: JobFolder) -> None:
    assert folder.spec() == SPEC
    assert folder.status() == Status(phase=Phase.WAITING)
    folder.write_status(STATUS)
    assert folder.status() == STATUS


def test_files_of_the_previous_version_are_read(folder: JobFolder) -> None:
    folder.write_status(STATUS)
    trace = {
        name: [list(row) if isinstance(row, tuple) else row for row in rows] for name, rows in asdict(TRACE).items()
    }
    rewrite(folder.path / "status.json", {"trail": trace, "refused": None}, ("trace",))
    assert folder.status() == STATUS
    request = {**asdict(SPEC.request), "grey": True, "step_size": 0.05}
    del request["gray"]
    (folder.path / "order.json").write_text(json.dumps({"request": request, "run": None, "visitor": SPEC.visitor}))
    (folder.path / "job.json").unlink()
    assert folder.spec() == SPEC
    folder.write_spec(JobSpec(request=Request(size=32)))
    assert folder.spec() == JobSpec(request=Request(size=32))


@pytest.mark.parametrize("change", [{"phase": "DREAMING"}, {"trace": {"legs": []}}, {"trace": 3}])
def test_a_status_that_cannot_be_read_is_refused(folder: JobFolder, change: dict[str, object]) -> None:
    rewrite(folder.path / "status.json", change)
    with pytest.raises(RecordError, match="is no status"):
        folder.status()


def test_room_is_reported_without_needing_any(folder: JobFolder) -> None:
    folder.mark_no_room(True)
    assert folder.has_no_room()
    assert (folder.path / "no_room").stat().st_size == 0
    folder.mark_no_room(False)
    assert not folder.has_no_room()
