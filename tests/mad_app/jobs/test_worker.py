"""The worker: what it reports of a run."""

import errno
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest

from mad_app.images import bundled_path, crop_square, load_image
from mad_app.jobs import worker as worker_module
from mad_app.jobs.folder import JobFolder, JobSpec, Phase, Status
from mad_app.jobs.worker import Reporter, work
from mad_app.metrics import OUT_OF_MEMORY
from mad_app.records import load_record, room
from mad_app.request import Request
from tests.mad_app import patience

SIZE = 16
QUICK = JobSpec(request=Request(image="coffee", size=SIZE, first="gmsd", second="mse", steps=6, others="none"))
PATIENCE = 120.0
wait_until = partial(patience.wait_until, seconds=PATIENCE)


def reference() -> np.ndarray:
    return crop_square(load_image(bundled_path("coffee"), size=64), SIZE)


def make_folder(root: Path, spec: JobSpec, start: np.ndarray | None = None) -> JobFolder:
    folder = JobFolder(root / ".jobs" / ("1" * 16))
    folder.create(spec, reference(), reference() if start is None else start)
    return folder


def test_a_run_is_reported_and_its_record_kept(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, QUICK)
    work(Reporter(folder))
    status = folder.status()
    assert status.phase is Phase.DONE, status.message
    run = load_record(tmp_path / str(status.run))
    np.testing.assert_array_equal(run.reference, reference())
    assert status.trace.step == tuple(range(len(run.history.step)))
    assert all(len(rows[0]) == 4 for rows in (status.trace.first, status.trace.second, status.trace.drift))
    for name, magic in {"0.jpg": b"\xff\xd8", "3.jpg": b"\xff\xd8"}.items():
        assert (folder.picture(name) or b"").startswith(magic)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_return_to_the_level_is_a_phase_with_its_steps_and_the_departure(
    tmp_path: Path, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = make_folder(tmp_path, QUICK), []
    write = JobFolder.write_status

    def seen_too(self: JobFolder, status: Status) -> None:
        seen.append(status)
        if stopped and status.step == 1:
            self.ask_to_stop()
        write(self, status)

    monkeypatch.setattr(JobFolder, "write_status", seen_too)
    monkeypatch.setattr(worker_module, "SECONDS_BETWEEN_REPORTS", 0.0)
    work(Reporter(folder))
    returning = [status for status in seen if status.phase is Phase.RESTORING]
    assert [status.restoration_step for status in returning] == list(range(len(returning)))
    assert len(returning) > 1
    assert returning[0].departure is not None
    assert returning[-1].departure is not None
    assert returning[-1].departure < returning[0].departure
    assert {status.step for status in returning} == {2 if stopped else QUICK.request.steps}
    assert seen[-1].phase is (Phase.STOPPED if stopped else Phase.DONE)


def test_a_paused_worker_makes_one_step_at_a_time_and_explains_each(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, QUICK)
    folder.ask_to_pause()
    thread = threading.Thread(target=work, args=(Reporter(folder),), daemon=True)
    thread.start()
    for step in range(3):
        wait_until(lambda step=step: (folder.explained() or {}).get("step") == step)
        assert (folder.status().phase, folder.status().step) == (Phase.PAUSED, step)
        folder.ask_for_one_step()
    folder.clear_pause()
    thread.join(PATIENCE)
    assert folder.status().phase is Phase.DONE
    assert not folder.is_asked_for_one_step()


def test_in_slow_motion_a_worker_rests_after_each_step_unless_something_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "SLOW_SECONDS", 2 * PATIENCE)
    folder = make_folder(tmp_path, QUICK)
    folder.set_slow(True)
    thread = threading.Thread(target=work, args=(Reporter(folder),), daemon=True)
    thread.start()
    wait_until(lambda: folder.status().step == 1)
    folder.ask_to_pause()
    wait_until(lambda: folder.status().phase is Phase.PAUSED)
    assert folder.status().step == 1
    folder.clear_pause()
    wait_until(lambda: folder.status().step == 2)
    folder.ask_to_stop()
    thread.join(PATIENCE)
    assert (folder.status().phase, folder.status().step) == (Phase.STOPPED, 3)  # within a step


def test_what_the_engine_refuses_is_reported_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = replace(QUICK, request=replace(QUICK.request, distortion="hue", strength=30.0))
    folder = JobFolder(tmp_path / ".jobs" / ("1" * 16))
    gray = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    folder.create(spec, gray, gray)
    work(Reporter(folder))
    status = folder.status()
    assert status.phase is Phase.FAILED
    assert status.message
    assert "Traceback" not in status.message
    assert "\n" not in status.message
    assert "Traceback" in capsys.readouterr().err  # the log has the whole story
    far = JobFolder(tmp_path / ".jobs" / ("2" * 16))
    noisy = np.random.default_rng(0).random((SIZE, SIZE, 3), np.float32)
    far.create(replace(QUICK, request=replace(QUICK.request, second_level=1e3)), noisy, noisy)
    work(Reporter(far))
    assert (far.status().message or "").startswith("Level of the second metric 1000 cannot be reached")


def test_a_worker_waits_for_room_on_the_disk_and_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path, QUICK)
    reporter = Reporter(folder)
    full = threading.Event()
    original = JobFolder.write

    def write(self: JobFolder, name: str, content: bytes) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        original(self, name, content)

    monkeypatch.setattr(JobFolder, "write", write)
    monkeypatch.setattr(room, "SECONDS_BETWEEN_TRIES", 0.01)
    full.set()
    thread = threading.Thread(target=reporter.report, kwargs={"step": 5}, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not folder.has_no_room() and time.monotonic() < until:
        time.sleep(0.005)
    assert folder.has_no_room()
    assert folder.status().step == 0
    full.clear()
    thread.join(PATIENCE)
    assert folder.status().step == 5
    assert not folder.has_no_room()
    full.set()
    folder.ask_to_stop()
    with pytest.raises(OSError, match="No space"):
        reporter.report(step=6)


def test_a_full_gpu_is_one_sentence_with_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> Path:
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes.")

    monkeypatch.setattr(worker_module, "record_competition", fails)
    folder = make_folder(tmp_path, QUICK)
    work(Reporter(folder))
    assert (folder.status().phase, folder.status().message) == (Phase.FAILED, OUT_OF_MEMORY)
