"""The queue with workers that the test plays itself: who runs, who waits, and what becomes of those who end."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mad_app.images import bundled_path, load_image
from mad_app.jobs import folder as job_folder
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase, Status
from mad_app.jobs.queue import JOBS, JobQueue, NoSuchJob
from mad_app.records import Keyframes, RecordError, save_run
from mad_app.request import Request
from tests.mad_app import patience
from tests.mad_app.record_examples import make_checkpoint, make_run

SIZE = 16
SPEC = JobSpec(request=Request(image="coffee", size=SIZE, first="ssim", second="mse", steps=6))
ANN, BOB = "a" * 32, "b" * 32
PATIENCE = 20.0
wait_until = partial(patience.wait_until, seconds=PATIENCE)


class PlayedWorker:
    """Does and reports what the test says."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.code: int | None = None
        self.report(phase=Phase.STARTING)

    def poll(self) -> int | None:
        return self.code

    def end(self) -> None:
        self.code = -9 if self.code is None else self.code

    def report(self, **changes: object) -> None:
        self.folder.write_status(replace(self.folder.status(), **changes))  # type: ignore[arg-type]

    def finish(self, phase: Phase = Phase.DONE) -> None:
        self.report(phase=phase)
        self.code = 0


class Workers(dict[str, PlayedWorker]):
    """Those that a queue has started, by job."""

    def __call__(self, folder: JobFolder) -> PlayedWorker:
        self[folder.path.name] = PlayedWorker(folder)
        return self[folder.path.name]


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def open_queue(tmp_path: Path, workers: Workers) -> Iterator[Callable[..., JobQueue]]:
    queues: list[JobQueue] = []

    def open_queue(**options: float) -> JobQueue:
        queues.append(JobQueue(tmp_path, workers, tick=0.005, **options))  # type: ignore[arg-type]
        return queues[-1]

    yield open_queue
    for queue in queues:
        queue.close()


@pytest.fixture
def queue(open_queue: Callable[..., JobQueue]) -> JobQueue:
    return open_queue()


@pytest.fixture(scope="module")
def reference() -> np.ndarray:
    return load_image(bundled_path("coffee"), size=SIZE)


def settle() -> None:
    """Let the queue look at its workers some times."""
    time.sleep(0.05)


def wait_for(queue: JobQueue, job_id: str, phase: Phase) -> Job:
    wait_until(lambda: queue.look(job_id).status.phase is phase)
    return queue.look(job_id)


def test_jobs_run_one_after_the_other(queue: JobQueue, workers: Workers, reference: np.ndarray) -> None:
    first, second, third = (queue.submit(SPEC, reference) for _ in range(3))
    wait_until(lambda: first in workers)
    settle()
    assert set(workers) == {first}
    assert [queue.look(job).ahead for job in (first, second, third)] == [0, 0, 1]
    assert queue.look(second).status.phase is Phase.WAITING
    queue.stop(third)
    wait_for(queue, third, Phase.STOPPED)
    workers[first].finish()
    wait_until(lambda: second in workers)
    assert third not in workers
    assert queue.look(second).folder.spec() == SPEC
    np.testing.assert_array_equal(queue.look(second).folder.reference(), reference)


def test_two_at_once(open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray) -> None:
    queue = open_queue(at_once=2)
    jobs = [queue.submit(SPEC, reference) for _ in range(4)]
    wait_until(lambda: len(workers) == 2)
    settle()
    assert set(workers) == set(jobs[:2])
    assert [queue.look(job).ahead for job in jobs] == [0, 0, 0, 1]
    workers[jobs[1]].finish()
    wait_until(lambda: jobs[2] in workers)
    settle()
    assert jobs[3] not in workers
    workers[jobs[0]].finish(Phase.FAILED)
    wait_until(lambda: jobs[3] in workers)


def test_what_was_expected_tells_how_long_a_wait_is_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch, open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    monkeypatch.setattr("mad_app.jobs.waiting.RENEWAL_SECONDS", 0.0)
    queue = open_queue()
    spec = replace(SPEC, expected=60.0)
    first, second, third = (queue.submit(spec, reference) for _ in range(3))
    wait_until(lambda: first in workers)
    assert [queue.look(job).wait for job in (second, third)] == [60.0, 120.0]
    workers[first].report(phase=Phase.RUNNING, step=SPEC.request.steps // 2)  # whose speed is not known yet
    assert [queue.look(job).wait for job in (second, third)] == [30.0, 90.0]


def test_those_who_wait_learn_about_how_long(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mad_app.jobs.waiting.RENEWAL_SECONDS", 0.0)
    queue = open_queue(at_once=2)
    quick = replace(SPEC, request=replace(SPEC.request, seconds=4.0))
    jobs = [queue.submit(spec, reference) for spec in (SPEC, SPEC, SPEC, quick, SPEC, SPEC)]
    wait_until(lambda: len(workers) == 2)
    assert [queue.look(job).wait for job in jobs] == [None] * 6
    workers[jobs[0]].report(phase=Phase.RUNNING, step=1, speed=0.5, seconds_left=10.0)
    assert [queue.look(job).wait for job in jobs] == [None, None, 10.0, 12.0, 16.0, 22.0]  # 6 steps are 12 seconds
    workers[jobs[1]].report(phase=Phase.RUNNING, step=1, speed=0.5, seconds_left=3.0)
    assert [queue.look(job).wait for job in jobs] == [None, None, 3.0, 10.0, 14.0, 15.0]
    queue.pause(jobs[0])
    workers[jobs[0]].report(phase=Phase.PAUSED)
    wait_until(lambda: jobs[2] in workers)
    queue.resume(jobs[0])
    assert queue.look(jobs[0]).wait == 3.0 + 4.0 + 12.0


def test_with_two_at_once_a_pause_frees_one_place(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    queue = open_queue(at_once=2)
    jobs = [queue.submit(SPEC, reference) for _ in range(4)]
    wait_until(lambda: len(workers) == 2)
    queue.pause(jobs[0])
    workers[jobs[0]].report(phase=Phase.PAUSED)
    wait_until(lambda: jobs[2] in workers)
    queue.resume(jobs[0])
    settle()
    assert jobs[3] not in workers
    assert queue.look(jobs[0]).status.phase is Phase.WAITING
    assert queue.look(jobs[0]).ahead == 1
    workers[jobs[1]].finish()
    wait_until(lambda: jobs[3] in workers)
    workers[jobs[2]].finish()
    wait_until(lambda: not queue.look(jobs[0]).folder.is_asked_to_pause())


def test_one_step_is_made_beside_the_run_that_has_the_place_and_only_while_paused(
    queue: JobQueue, workers: Workers, reference: np.ndarray
) -> None:
    first, second = (queue.submit(SPEC, reference) for _ in range(2))
    wait_until(lambda: first in workers)
    folder = queue.look(first).folder
    queue.one_step(first)
    assert not folder.is_asked_for_one_step()  # it runs
    queue.pause(first)
    workers[first].report(phase=Phase.PAUSED)
    wait_until(lambda: second in workers)
    queue.one_step(first)
    assert folder.is_asked_for_one_step()
    folder.clear_one_step()
    queue.resume(first)
    queue.one_step(first)
    assert not folder.is_asked_for_one_step()  # it waits to continue


def test_one_step_begins_the_pause_anew(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("mad_app.jobs.queue.time", SimpleNamespace(monotonic=lambda: now, time=time.time))
    queue = open_queue(pause=10.0)
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    queue.pause(job_id)
    workers[job_id].report(phase=Phase.PAUSED)
    settle()
    now = 9.0
    queue.one_step(job_id)
    now = 18.0
    settle()
    assert not queue.look(job_id).folder.is_asked_to_stop()
    now = 20.0
    wait_until(lambda: queue.look(job_id).folder.is_asked_to_stop())


def test_a_paused_job_whose_one_step_was_its_last_has_its_place_again(
    queue: JobQueue, workers: Workers, reference: np.ndarray
) -> None:
    first = queue.submit(SPEC, reference)
    wait_until(lambda: first in workers)
    queue.pause(first)
    workers[first].report(phase=Phase.PAUSED)
    settle()
    queue.one_step(first)
    workers[first].report(phase=Phase.VALUES, step=6)
    settle()
    second = queue.submit(SPEC, reference)
    settle()
    assert second not in workers


def test_a_stopped_job_is_resumed_once_from_its_checkpoint(
    queue: JobQueue, workers: Workers, reference: np.ndarray, tmp_path: Path
) -> None:
    run = save_run(make_run(), tmp_path, checkpoint=make_checkpoint()).name
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    worker = workers[job_id]
    worker.report(phase=Phase.RUNNING, step=3, run=run)
    queue.stop(job_id)
    worker.finish(Phase.STOPPED)
    wait_for(queue, job_id, Phase.STOPPED)
    queue.resume(job_id)
    queue.resume(job_id)
    wait_until(lambda: workers[job_id] is not worker)
    assert queue.look(job_id).spec.run == run
    assert not queue.look(job_id).folder.is_asked_to_stop()
    workers[job_id].finish()
    wait_for(queue, job_id, Phase.DONE)
    settle()
    assert workers[job_id].code == 0


def test_a_run_is_resumed_by_one_job_only(
    queue: JobQueue, workers: Workers, tmp_path: Path, reference: np.ndarray
) -> None:
    shown = {"reference": reference, "start": reference, "finals": np.stack([reference] * 4)}
    settings = {"image": "coffee", "size": SIZE, "first": "ssim", "second": "mse"}
    checkpoint = make_checkpoint()
    step = replace(checkpoint.step, images=np.stack([reference] * 4))
    checkpoint = replace(checkpoint, step=step, keyframes=Keyframes.empty())
    run = save_run(
        make_run(settings=settings, keyframes=Keyframes.empty(), **shown), tmp_path, checkpoint=checkpoint
    ).name
    job_id = queue.resume_run(run, ANN)
    assert queue.resume_run(run, BOB) == job_id
    wait_until(lambda: job_id in workers)
    assert queue.is_writing(run)
    workers[job_id].finish()
    wait_for(queue, job_id, Phase.DONE)
    assert not queue.is_writing(run)
    with pytest.raises(RecordError, match="no checkpoint"):
        queue.resume_run(save_run(make_run(), tmp_path).name)


def test_a_pause_that_lasts_too_long_becomes_a_stop(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    queue = open_queue(pause=0.05)
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    queue.pause(job_id)
    workers[job_id].report(phase=Phase.PAUSED)
    wait_until(lambda: queue.look(job_id).folder.is_asked_to_stop())


def test_a_worker_that_dies_is_reported(queue: JobQueue, workers: Workers, reference: np.ndarray) -> None:
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    workers[job_id].report(phase=Phase.RUNNING, step=3)
    workers[job_id].code = -9
    died = wait_for(queue, job_id, Phase.DIED)
    assert "SIGKILL" in str(died.status.message)
    queue.resume(job_id)
    wait_until(lambda: workers[job_id].code is None)
    assert queue.look(job_id).spec.run is None  # it had no checkpoint: anew


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.COMPILING])
def test_a_job_without_a_step_is_stopped_by_ending_its_worker(
    queue: JobQueue, workers: Workers, reference: np.ndarray, phase: Phase
) -> None:
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    workers[job_id].report(phase=phase)
    queue.stop(job_id)
    wait_for(queue, job_id, Phase.STOPPED)
    assert workers[job_id].code == -9


def test_a_worker_that_does_not_stop_is_ended_after_the_grace_time(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    queue = open_queue(grace=0.05)
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    workers[job_id].report(phase=Phase.RUNNING, step=3)
    queue.stop(job_id)
    wait_for(queue, job_id, Phase.STOPPED)
    assert workers[job_id].code == -9


def test_a_stopped_worker_may_return_to_the_level_for_longer_than_the_grace_time(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = open_queue(grace=0.01)
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    workers[job_id].report(phase=Phase.RESTORING, step=3)
    looks: list[float] = []

    def poll_slowly() -> int | None:
        time.sleep(0.02)
        looks.append(time.monotonic())
        return workers[job_id].code

    monkeypatch.setattr(workers[job_id], "poll", poll_slowly)
    queue.stop(job_id)
    before = len(looks)
    wait_until(lambda: len(looks) > before + 3)
    assert workers[job_id].code is None
    workers[job_id].report(phase=Phase.VALUES, step=3)
    wait_for(queue, job_id, Phase.STOPPED)
    assert workers[job_id].code == -9


def test_a_worker_without_a_sign_of_life_is_ended(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    queue = open_queue(hung=0.02)
    job_id = queue.submit(SPEC, reference)
    died = wait_for(queue, job_id, Phase.DIED)
    assert "no sign of life for 0.2 seconds" in str(died.status.message)
    assert workers[job_id].code == -9


def test_a_worker_outlives_a_clock_that_leaps_and_a_machine_that_sleeps(
    open_queue: Callable[..., JobQueue], workers: Workers, reference: np.ndarray
) -> None:
    queue = open_queue(hung=30.0)
    job_id = queue.submit(SPEC, reference)
    wait_until(lambda: job_id in workers)
    workers[job_id].report(phase=Phase.RUNNING, step=3)
    os.utime(queue.look(job_id).folder.path / "heartbeat", (0, 0))
    settle()
    assert queue.look(job_id).status.phase is Phase.RUNNING
    assert workers[job_id].code is None


@pytest.mark.parametrize("job_id", ["", "..", "../x", "0" * 16, "0" * 15 + "/", "0123456789ABCDEF", "a" * 16 + "\n"])
def test_an_id_from_outside_cannot_leave_the_folder(queue: JobQueue, job_id: str) -> None:
    with pytest.raises(NoSuchJob):
        queue.look(job_id)


def test_jobs_of_a_server_that_was_killed_are_offered(
    open_queue: Callable[..., JobQueue], tmp_path: Path, reference: np.ndarray
) -> None:
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    folder.create(replace(SPEC, visitor=ANN), reference, reference)
    folder.write_status(Status(phase=Phase.RUNNING, step=3))
    queue = open_queue()
    assert [job.status.phase for job in queue.jobs_of(ANN)] == [Phase.RUNNING]  # its worker may still be there
    os.utime(folder.path / "heartbeat", (0, 0))
    assert [job.status.phase for job in queue.jobs_of(ANN)] == [Phase.INTERRUPTED]
    folder.write_status(Status(phase=Phase.INTERRUPTED, step=3))
    queue.remove("1" * 16)
    assert queue.jobs_of(ANN) == []


def test_visitors_find_their_own_jobs_newest_first(open_queue: Callable[..., JobQueue], reference: np.ndarray) -> None:
    queue = open_queue(at_once=0)
    jobs = [queue.submit(replace(SPEC, visitor=name), reference) for name in (ANN, BOB, ANN, "")]
    assert [(job.id, job.ahead) for job in queue.jobs_of(ANN)] == [(jobs[2], 2), (jobs[0], 0)]
    assert [job.id for job in queue.jobs_of(BOB)] == [jobs[1]]


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_refuses_a_job_in_one_sentence_and_nothing_is_left(
    queue: JobQueue, tmp_path: Path, reference: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_folder, "write_arrays", refuse)
    with pytest.raises(RecordError, match=r"^there is no room on the disk: ") as refused:
        queue.submit(SPEC, reference)
    assert "\n" not in str(refused.value)
    assert list((tmp_path / JOBS).iterdir()) == []


def test_a_disk_that_refuses_for_another_reason_says_so(queue: JobQueue, tmp_path: Path, reference: np.ndarray) -> None:
    (tmp_path / JOBS).write_text("in the way")
    with pytest.raises(RecordError, match="could not be put into"):
        queue.submit(SPEC, reference)


def test_a_job_waits_for_room_and_then_starts(tmp_path: Path, reference: np.ndarray) -> None:
    room: list[bool] = []

    def start(folder: JobFolder) -> PlayedWorker:
        if not room:
            refuse()
        return PlayedWorker(folder)

    queue = JobQueue(tmp_path, start, tick=0.005)
    job_id = queue.submit(SPEC, reference)
    wait_for(queue, job_id, Phase.NO_ROOM)
    room.append(True)
    wait_for(queue, job_id, Phase.STARTING)
    queue.close()
