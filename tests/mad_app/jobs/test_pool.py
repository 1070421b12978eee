"""Worker processes: one job after the other in the same process, replaced when ended, killed, grown or hung."""

import base64
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mad_app.images import bundled_path, crop_square, load_image
from mad_app.jobs import pool as pool_module
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase
from mad_app.jobs.pool import PooledWorker, WorkerPool
from mad_app.jobs.process import ProcessEnded, WorkerProcess, is_prepared_for
from mad_app.jobs.queue import JobQueue
from mad_app.records import load_record
from mad_app.request import Request
from mad_app.runs.materialize import make_start

SIZE = 16
QUICK = JobSpec(request=Request(image="coffee", size=SIZE, first="gmsd", second="mse", steps=6, others="none"))
LONG = replace(QUICK, request=replace(QUICK.request, steps=100_000), visitor="a" * 32)
PATIENCE = 120.0


class PlayedProcess:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.runs = 0
        self.alive = True
        self.answer: Future[dict[str, int]] = Future()

    def run(self, _: JobFolder) -> Future[dict[str, int]]:
        self.runs += 1
        self.answer = Future()
        return self.answer

    def ask(self, _: Mapping[str, Any]) -> Future[dict[str, int]]:
        self.answer = Future()
        return self.answer

    def is_alive(self) -> bool:
        return self.alive

    def end(self) -> None:
        self.alive = False
        if not self.answer.done():
            self.answer.set_exception(ProcessEnded(-9))

    close = end


class Launcher(list[PlayedProcess]):
    """All processes that were started."""

    def __call__(self) -> PlayedProcess:
        self.append(PlayedProcess())
        return self[-1]


@pytest.fixture
def launched() -> Launcher:
    return Launcher()


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / ".jobs" / ("1" * 16))
    made.create(QUICK, reference(), reference())
    return made


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """One process for all tests that do not end it."""
    pool = WorkerPool(launch=partial(WorkerProcess, prepares=False))
    yield pool
    pool.close()


@pytest.fixture
def open_queue(tmp_path: Path, pool: WorkerPool) -> Iterator[Callable[[], JobQueue]]:
    queues: list[JobQueue] = []

    def open_queue() -> JobQueue:
        queues.append(JobQueue(tmp_path, pool.start))
        return queues[-1]

    yield open_queue
    for queue in queues:
        queue.close()


def reference() -> np.ndarray:
    return crop_square(load_image(bundled_path("coffee"), size=64), SIZE)


def wait_for(queue: JobQueue, job_id: str, ready: Callable[[Job], bool]) -> Job:
    until = time.monotonic() + PATIENCE
    while not ready(job := queue.look(job_id)):
        assert time.monotonic() < until, f"{job.status.phase}, log: {(job.folder.path / 'log.txt').read_text()}"
        time.sleep(0.02)
    return job


def over(job: Job) -> bool:
    return job.status.phase.over


def process_of(queue: JobQueue, job_id: str) -> WorkerProcess:
    worker = queue._workers[job_id]
    assert isinstance(worker, PooledWorker)
    return worker.process


def finish(worker: PooledWorker, launched: Launcher, memory: int = 0) -> None:
    launched[0].answer.set_result({"memory": memory})
    assert worker.poll() == 0
    worker.end()


def test_a_spare_is_ready_and_a_finished_process_takes_the_next_job(launched: Launcher, folder: JobFolder) -> None:
    pool = WorkerPool(launch=launched)  # type: ignore[arg-type]
    pool.warm_up()
    assert len(launched) == 1
    first = pool.start(folder)
    assert folder.status().phase is Phase.STARTING
    assert first.poll() is None
    finish(first, launched)
    assert pool.start(folder).process is launched[0]  # type: ignore[comparison-overlap]
    assert len(launched) == 1


def test_with_two_at_once_a_spare_stands_by_while_one_runs(launched: Launcher, folder: JobFolder) -> None:
    pool = WorkerPool(2, launch=launched)  # type: ignore[arg-type]
    pool.start(folder)
    assert len(launched) == 2
    pool.start(folder)
    assert len(launched) == 2


def test_a_process_that_is_ended_or_died_is_replaced(launched: Launcher, folder: JobFolder) -> None:
    pool = WorkerPool(launch=launched)  # type: ignore[arg-type]
    worker = pool.start(folder)
    worker.end()
    assert worker.poll() == -9
    worker.end()
    assert [process.alive for process in launched] == [False, True]
    launched[1].alive = False  # while it waits
    assert pool.start(folder).process is launched[2]  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_RUNS"])
def test_a_process_that_has_grown_or_run_many_jobs_is_replaced(
    launched: Launcher, folder: JobFolder, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(pool_module, limit, 1)
    pool = WorkerPool(launch=launched)  # type: ignore[arg-type]
    finish(pool.start(folder), launched, memory=2)
    assert [process.alive for process in launched] == [False, True]


def test_one_process_runs_job_after_job_and_gives_the_same_bits(
    open_queue: Callable[[], JobQueue], tmp_path: Path
) -> None:
    queue, runs, processes = open_queue(), [], []
    for request in (QUICK.request, replace(QUICK.request, first="ssim"), QUICK.request):
        job_id = queue.submit(replace(QUICK, request=request), reference())
        wait_for(queue, job_id, lambda job: job.id in queue._workers or over(job))
        processes.append(process_of(queue, job_id).process.pid)
        done = wait_for(queue, job_id, over)
        assert done.status.phase is Phase.DONE, done.status.message
        assert (done.folder.path / "log.txt").is_file()
        wait_for(queue, job_id, lambda job: job.id not in queue._workers)
        runs.append(load_record(tmp_path / str(done.status.run)))
    assert len(set(processes)) == 1
    np.testing.assert_array_equal(runs[0].finals, runs[2].finals)
    np.testing.assert_array_equal(runs[0].images_8bit, runs[2].images_8bit)


def test_what_is_printed_goes_to_the_log_and_not_among_the_answers(folder: JobFolder, pool: WorkerPool) -> None:
    folder.write_spec(replace(QUICK, request=replace(QUICK.request, distortion="hue", strength=30.0)))
    gray = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    np.savez(folder.path / "reference.npz", reference=gray)
    worker = pool.start(folder)
    assert worker._answer.result(PATIENCE)["memory"] > 0
    worker.end()
    assert folder.status().phase is Phase.FAILED
    assert "Traceback" in (folder.path / "log.txt").read_text()


def test_a_waiting_process_measures_the_start_and_the_levels_in_reach(pool: WorkerPool) -> None:
    request = replace(QUICK.request, first="ssim", strength=0.1)
    asked = {
        "measure": asdict(request),
        "reference": base64.b64encode(reference()).decode(),
        "shape": [SIZE, SIZE, 3],
        "levels": True,
    }
    answer = pool.ask(asked)
    assert answer is not None
    found = answer.result(PATIENCE)
    start = make_start(request, reference())
    mse = float(((start - reference()) ** 2).mean())
    assert found["values"]["second"] == pytest.approx(mse, rel=1e-5)
    lowest, highest = found["levels"]["second"]
    assert lowest == 0
    assert 10 * mse < highest <= 1
    refused = pool.ask(asked | {"measure": asdict(request) | {"first": "vif"}})
    assert refused is not None
    assert "at least 41" in refused.result(PATIENCE)["problem"]


def test_a_process_ends_with_its_server_and_the_next_server_resumes_its_run(open_queue: Callable[[], JobQueue]) -> None:
    queue = open_queue()
    job_id = queue.submit(LONG, reference())
    wait_for(queue, job_id, lambda job: job.status.phase is Phase.RUNNING and job.status.step > 3)
    worker = process_of(queue, job_id)
    worker.close()  # as the system does when the server ends
    worker.process.wait(PATIENCE)
    queue.close()
    later = open_queue()
    (job,) = later.jobs_of(LONG.visitor)
    assert (job.id, job.status.phase) == (job_id, Phase.INTERRUPTED)
    later.resume(job_id)
    resumed = wait_for(later, job_id, lambda now: now.status.step > job.status.step)
    assert resumed.status.run == job.status.run
    assert resumed.status.trace.step[0] == 0
    worker = process_of(later, job_id)
    os.kill(worker.process.pid, 9)
    died = wait_for(later, job_id, over)
    assert died.status.phase is Phase.DIED
    assert "kept" in str(died.status.message)
    with pytest.raises(ProcessEnded):
        worker.run(died.folder).result(PATIENCE)


def test_nobody_is_asked_while_all_that_may_run_do(launched: Launcher, folder: JobFolder) -> None:
    pool = WorkerPool(launch=launched)  # type: ignore[arg-type]
    pool.start(folder)
    assert pool.ask({}) is None


def test_workers_prepare_themselves_unless_a_host_says_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_prepared_for()
    monkeypatch.setenv("MAD_APP_PREPARE", "off")
    assert not is_prepared_for()


@pytest.mark.parametrize("memory", [0.0, math.inf])
def test_beside_a_process_that_is_lent_a_spare_is_ready_where_there_is_memory(
    launched: Launcher, folder: JobFolder, monkeypatch: pytest.MonkeyPatch, memory: float
) -> None:
    monkeypatch.setattr(pool_module, "available_memory", lambda: memory)
    pool = WorkerPool(1, launch=launched)  # type: ignore[arg-type]
    answer = pool.lend({"directions": "folder"})
    spares = launched[1:]
    assert len(spares) == (1 if memory else 0)
    assert pool.ask({"measure": {}}) is (spares[0].answer if spares else None)
    run = pool.start(folder)
    assert run.process is launched[1]  # type: ignore[comparison-overlap]
    assert pool.ask({"measure": {}}) is None
    launched[0].answer.set_result({"memory": 0})
    assert answer.done()
    assert pool.start(folder).process is launched[0]  # type: ignore[comparison-overlap]
    assert len(launched) == 2
