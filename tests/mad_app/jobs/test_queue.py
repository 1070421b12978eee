import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mad_app.images import bundled_path, crop_square, load_image
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase, Status, Trace
from mad_app.jobs.queue import JOBS, JobQueue, NoSuchJob
from mad_app.records import list_runs, load_run
from mad_app.runs import Request

SIZE = 12  # below the least size of the metrics that are slow to load
QUICK = JobSpec(request=Request(image="coffee", size=SIZE, first="ssim", second="mse", steps=6))
LONG = JobSpec(request=replace(QUICK.request, first="gmsd", steps=100_000))  # SSIM would converge in a few seconds
ANN, BOB = "a" * 32, "b" * 32
PATIENCE = 120.0


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    queue = JobQueue(tmp_path)
    yield queue
    queue.close()


def reference(name: str = "coffee") -> np.ndarray:
    return crop_square(load_image(bundled_path(name), size=64), SIZE)


def wait_for(queue: JobQueue, job_id: str, ready: Callable[[Job], bool]) -> Job:
    until = time.monotonic() + PATIENCE
    while not ready(job := queue.look(job_id)):
        assert time.monotonic() < until, f"{job.status.phase}, log: {(job.folder.path / 'log.txt').read_text()}"
        time.sleep(0.02)
    return job


def running(job: Job) -> bool:
    return job.status.phase is Phase.RUNNING and job.status.step > 3


def over(job: Job) -> bool:
    return job.status.phase.over


def test_two_jobs_run_one_after_the_other_and_do_not_mix(queue: JobQueue, tmp_path: Path) -> None:
    first = queue.submit(QUICK, reference("coffee"))
    second = queue.submit(replace(QUICK, request=replace(QUICK.request, image="cat")), reference("cat"))
    third = queue.submit(QUICK, reference("coffee"))
    wait_for(queue, first, lambda job: job.status.phase is not Phase.WAITING)
    assert [queue.look(job).ahead for job in (first, second, third)] == [0, 0, 1]
    assert queue.look(second).status.phase is Phase.WAITING
    queue.stop(third)
    assert wait_for(queue, third, over).status.phase is Phase.STOPPED
    done = wait_for(queue, first, over)
    assert done.status.phase is Phase.DONE, done.status.message
    assert wait_for(queue, second, over).status.phase is Phase.DONE
    for job, picture in ((first, "coffee"), (second, "cat")):
        run = load_run(tmp_path / str(queue.look(job).status.run))
        assert run.settings["image"] == picture
        assert np.array_equal(run.reference, reference(picture))
    trace = done.status.trace
    assert trace.step == tuple(range(7))
    assert all(len(rows) == 7 and len(rows[0]) == 4 for rows in (trace.first, trace.second, trace.drift))
    for name, magic in {"0.jpg": b"\xff\xd8", "3.jpg": b"\xff\xd8", "sheet.png": b"\x89PNG"}.items():
        assert (done.folder.picture(name) or b"").startswith(magic)


def test_a_job_stops_soon_and_goes_on_where_it_was(queue: JobQueue) -> None:
    job_id = queue.submit(LONG, reference())
    wait_for(queue, job_id, running)
    began = time.monotonic()
    queue.stop(job_id)
    asked = wait_for(queue, job_id, lambda job: job.status.phase is not Phase.RUNNING)
    assert time.monotonic() - began < 1
    stopped = wait_for(queue, job_id, over)
    assert stopped.status.phase is Phase.STOPPED, asked
    step, run = stopped.status.step, stopped.status.run
    queue.resume(job_id)
    queue.resume(job_id)  # asked for twice, done once
    later = wait_for(queue, job_id, lambda job: running(job) and job.status.step > step)
    assert later.status.run == run
    assert later.status.trace.step[0] == 0


def paused(job: Job) -> bool:
    return job.status.phase is Phase.PAUSED


def test_a_paused_job_gives_its_place_away_and_goes_on_where_it_was_when_its_turn_comes(queue: JobQueue) -> None:
    first = queue.submit(LONG, reference())
    second = queue.submit(LONG, reference())
    wait_for(queue, first, running)
    queue.pause(first)
    step = wait_for(queue, first, paused).status.step
    worker = queue._workers[first]
    wait_for(queue, second, running)
    queue.resume(first)
    queue.resume(first)  # asked for twice, done once
    assert wait_for(queue, first, lambda job: not paused(job)).status.phase is Phase.WAITING
    queue.pause(second)
    assert wait_for(queue, first, lambda job: running(job) and job.status.step > step).folder.order().run is None
    assert queue._workers[first] is worker
    assert paused(queue.look(second))
    queue.stop(second)
    assert wait_for(queue, second, over).status.phase is Phase.STOPPED
    assert queue.look(first).status.phase is Phase.RUNNING


def test_a_pause_that_lasts_too_long_becomes_a_stop(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, pause=0.5)
    job_id = queue.submit(LONG, reference())
    wait_for(queue, job_id, running)
    queue.pause(job_id)
    wait_for(queue, job_id, paused)
    step = wait_for(queue, job_id, over).status.step
    queue.resume(job_id)
    wait_for(queue, job_id, lambda job: running(job) and job.status.step > step)
    queue.close()


def test_a_killed_worker_is_told_of_and_its_run_resumed(queue: JobQueue) -> None:
    job_id = queue.submit(LONG, reference())
    wait_for(queue, job_id, running)
    os.kill(queue._workers[job_id].pid, signal.SIGKILL)
    died = wait_for(queue, job_id, over)
    assert died.status.phase is Phase.DIED
    assert "kept" in str(died.status.message)
    queue.resume(job_id)
    later = queue.look(job_id)
    assert later.status.phase is Phase.WAITING
    assert later.order.run == later.status.run == died.status.run


def test_a_job_is_stopped_at_once_before_its_first_step(queue: JobQueue) -> None:
    job_id = queue.submit(LONG, reference())
    wait_for(queue, job_id, lambda job: job.status.phase is not Phase.WAITING)
    began = time.monotonic()
    queue.stop(job_id)
    assert wait_for(queue, job_id, over).status.phase is Phase.STOPPED
    assert time.monotonic() - began < 1
    queue.resume(job_id)
    assert queue.look(job_id).status.phase is Phase.WAITING


def test_a_worker_ends_with_its_server_and_the_next_server_offers_to_resume(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path)
    job_id = queue.submit(replace(LONG, visitor=ANN), reference())
    wait_for(queue, job_id, running)
    worker = queue._workers[job_id]
    assert worker.stdin
    worker.stdin.close()  # as the system does when the server ends
    worker.wait(PATIENCE)
    queue.close()
    later = JobQueue(tmp_path)
    (job,) = later.of(ANN)
    assert (job.id, job.status.phase) == (job_id, Phase.INTERRUPTED)
    later.resume(job_id)
    wait_for(later, job_id, lambda now: running(now) and now.status.step > job.status.step)
    later.close()


def test_what_the_engine_refuses_is_said_in_one_sentence(queue: JobQueue) -> None:
    gray = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    job_id = queue.submit(replace(QUICK, request=replace(QUICK.request, distortion="hue", strength=30.0)), gray)
    failed = wait_for(queue, job_id, over)
    assert failed.status.phase is Phase.FAILED
    assert "must differ from the reference" in str(failed.status.message)
    assert "Traceback" not in str(failed.status.message)


@pytest.mark.parametrize("job_id", ["", "..", "../x", "0" * 16, "0" * 15 + "/", "0123456789ABCDEF", "a" * 16 + "\n"])
def test_an_id_from_outside_cannot_leave_the_folder(queue: JobQueue, job_id: str) -> None:
    with pytest.raises(NoSuchJob):
        queue.look(job_id)


def test_jobs_of_a_server_that_was_killed_are_offered(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    folder.create(replace(QUICK, visitor=ANN), reference(), reference())
    folder.write_status(Status(phase=Phase.RUNNING, step=3))
    queue = JobQueue(tmp_path)
    assert [job.status.phase for job in queue.of(ANN)] == [Phase.RUNNING]  # its worker may still be there
    os.utime(folder.path / "heartbeat", (0, 0))
    assert [job.status.phase for job in queue.of(ANN)] == [Phase.INTERRUPTED]
    queue.forget("1" * 16)
    assert queue.of(ANN) == []
    queue.close()


def test_visitors_find_their_own_jobs_the_last_one_first(tmp_path: Path) -> None:
    queue = JobQueue(tmp_path, at_once=0)
    jobs = [queue.submit(replace(QUICK, visitor=name), reference()) for name in (ANN, BOB, ANN, "")]
    assert [(job.id, job.ahead) for job in queue.of(ANN)] == [(jobs[2], 2), (jobs[0], 0)]
    assert [job.id for job in queue.of(BOB)] == [jobs[1]]
    queue.close()


def test_a_job_that_the_disk_refuses_at_the_beginning_is_done_in_the_spare_folder(tmp_path: Path) -> None:
    (tmp_path / JOBS).write_text("in the way")
    queue = JobQueue(tmp_path)
    done = wait_for(queue, queue.submit(replace(QUICK, visitor=ANN), reference()), over)
    assert done.status.phase is Phase.DONE, done.status.message
    assert "could not be put into" in str(done.status.refused)
    assert done.root != tmp_path
    assert load_run(done.root / str(done.status.run)).history.step[-1] == 6
    assert [job.id for job in queue.of(ANN)] == [done.id]
    assert list_runs(tmp_path) == []
    queue.close()
    assert not done.root.exists()


@pytest.mark.parametrize("refused", ["{run}/.checkpoint.partial.npz", ".jobs/{job}/.status.json.partial"])
def test_a_job_that_the_disk_refuses_on_its_way_goes_on_in_the_spare_folder(
    queue: JobQueue, tmp_path: Path, refused: str
) -> None:
    job_id = queue.submit(LONG, reference())
    before = wait_for(queue, job_id, running)
    in_the_way = tmp_path / refused.format(run=before.status.run, job=job_id)
    while not in_the_way.is_dir():
        with contextlib.suppress(FileExistsError):  # the file of that name is just being written
            in_the_way.mkdir()
    moved = wait_for(queue, job_id, lambda job: job.root != tmp_path and running(job))
    assert moved.status.refused
    assert moved.status.run == before.status.run
    assert moved.status.trace.step[0] == 0
    queue.stop(job_id)
    assert wait_for(queue, job_id, over).status.phase is Phase.STOPPED
    run = load_run(moved.root / str(moved.status.run))
    assert run.history.step[-1] >= 3
    np.testing.assert_array_equal(run.history.step, np.arange(len(run.history.step)))
    queue.resume(job_id)
    assert queue.look(job_id).order.run == run.id


def test_status_is_read_back_as_written(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.create(QUICK, reference(), reference())
    trace = Trace((0, 2), ((1.0, 2.0, 3.0, None),) * 2, ((0.5,) * 4,) * 2, ((0.0,) * 4,) * 2)
    status = Status(phase=Phase.RUNNING, step=2, speed=3.0, seconds_left=1.5, run="a", message="b", trace=trace)
    folder.write_status(status)
    assert folder.status() == status
    path = folder.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"of another version": 1}))
    assert folder.status() == status
    assert folder.order() == QUICK
