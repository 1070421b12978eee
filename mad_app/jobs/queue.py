"""The server's one queue of competitions: some run, each in a worker process, the others wait.

What a page shows is read from the job's folder, so a run outlives the page that started it. A worker whose server is
gone ends by itself and can be resumed (`JobQueue.of`). A job that the disk refuses is done in a spare folder, which
lasts as long as the queue.
"""

import contextlib
import functools
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from mad_app.cli.app import server_environment
from mad_app.images import ImageArray
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase
from mad_app.jobs.spare_folder import is_refusal, make_spare_folder
from mad_app.records import RecordError, find_run, is_resumable, load_run
from mad_app.runs import request_of
from mad_app.runs.materialize import make_start

JOBS = ".jobs"
"""Folder of the jobs inside the folder of the runs."""

TICK_SECONDS = 0.1
GRACE_SECONDS = 30.0
"""How long a worker that was asked to stop may take for its last measurements before it is killed."""

PAUSE_SECONDS = 15 * 60.0
"""How long a run that is paused stays in memory; then it is stopped, and can go on from its checkpoint."""

KEEP_SECONDS = 7 * 24 * 3600.0
"""How long the folder of a job that is over is kept; its record is kept for ever."""


_ID = re.compile(r"[0-9a-f]{16}")


class NoSuchJob(ValueError):
    """There is no job of that id."""


class JobQueue:
    """Runs jobs, oldest first, a bounded number at a time. Safe to use from many threads.

    Args:
        root: folder of the runs.
        at_once: how many workers at a time.
        grace: seconds that a worker has for stopping.
        pause: seconds after which a worker that is paused is asked to stop.
    """

    def __init__(
        self, root: Path, *, at_once: int = 1, grace: float = GRACE_SECONDS, pause: float = PAUSE_SECONDS
    ) -> None:
        self.root = root
        self._at_once, self._grace, self._longest_pause = at_once, grace, pause
        self._lock = threading.RLock()
        self._waiting: list[str] = []
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping: dict[str, float] = {}
        self._paused: dict[str, float] = {}
        self._spare = make_spare_folder(root)
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._sweep()
        self._watcher.start()

    def submit(self, order: JobSpec, reference: ImageArray) -> str:
        """Put a job at the end of the queue.

        Args:
            order: what is asked.
            reference: the picture.

        Returns:
            The job's id, which cannot be guessed.

        Raises:
            ValueError: the picture does not fit; RecordError: the disk refuses it, here and in the spare folder.
        """
        job_id = secrets.token_hex(8)
        folder, start = self._folder(job_id), make_start(order.request, reference)
        try:
            folder.create(order, reference, start)
        except RecordError as error:
            if self._spare is None or not is_refusal(error):
                raise
            shutil.rmtree(folder.path, ignore_errors=True)
            spare = JobFolder(Path(self._spare.name) / JOBS / job_id)
            spare.create(order, reference, start, refused=str(error))
        with self._lock:
            self._waiting.append(job_id)
        return job_id

    def resume(self, job_id: str) -> None:
        """Let a job go on when its turn comes: one that is over from its checkpoint, or anew if it never had one."""
        with self._lock:
            job = self.look(job_id)
            if job_id in self._waiting:
                return
            if not job.status.phase.over:
                if job_id in self._workers and job.folder.is_asked_to_pause():
                    self._waiting.append(job_id)
                return
            if job_id in self._workers:  # it has said its last word, and is about to end
                worker = self._workers.pop(job_id)
                _kill(worker)
                self._bury(worker)
            self._stopping.pop(job_id, None)
            run = job.status.run if _has_checkpoint(job.folder, job.status.run) else None
            job.folder.write_order(replace(job.order, run=run))
            job.folder.forget_stop()
            job.folder.forget_pause()
            job.folder.beat()
            job.folder.write_status(replace(job.status, phase=Phase.WAITING, message=None))
            self._waiting.append(job_id)

    def resume_run(self, run_id: str, visitor: str = "") -> str:
        """Let a run go on from its checkpoint for a visitor; returns the job, which may be one already at it.

        Raises:
            RecordError: there is no such run, or it cannot be resumed.
        """
        with self._lock:
            for job_id in [*self._workers, *self._waiting]:
                if self.look(job_id).status.run == run_id:
                    return job_id
            folder = find_run(self.root, run_id)
            if not is_resumable(folder):
                raise RecordError(f"{run_id} has no checkpoint to go on from")
            run = load_run(folder)
            return self.submit(JobSpec(request=request_of(run), run=run_id, visitor=visitor), run.reference)

    def pause(self, job_id: str) -> None:
        """Ask a job to wait after the present step; its place is given to the next one in the queue."""
        self.look(job_id).folder.ask_to_pause()

    def stop(self, job_id: str) -> None:
        """Ask a job to stop; it answers within a step, and is killed after the grace time."""
        self.look(job_id).folder.ask_to_stop()

    def look(self, job_id: str) -> Job:
        """A job by its id, which may come from outside, such as from a URL.

        Raises:
            NoSuchJob: there is none.
        """
        folder = self._folder(job_id)
        try:
            order, status = folder.order(), folder.status()
        except RecordError as error:
            raise NoSuchJob(f"there is no job {job_id!r}: {error}") from error
        with self._lock:
            ahead = self._waiting.index(job_id) if job_id in self._waiting else 0
            if not (status.phase.over or self._is_ours(job_id)) and folder.is_silent():
                status = replace(status, phase=Phase.INTERRUPTED)
            if status.phase is Phase.PAUSED and job_id in self._waiting:
                status = replace(status, phase=Phase.WAITING)
        return Job(job_id, folder, order, status, ahead)

    def is_writing(self, run_id: str) -> bool:
        """Whether a job that is not over keeps this record up to date."""
        return any(job.status.run == run_id and not job.status.phase.over for job in self._all())

    def of(self, visitor: str) -> list[Job]:
        """The jobs of a visitor, also those that ended with an earlier server; what was asked for last comes first."""
        asked: list[tuple[int, Job]] = []
        for path in self._paths():
            with contextlib.suppress(NoSuchJob, OSError):
                stamp = (path / "order.json").stat().st_mtime_ns
                if _visitor_of(path, stamp) == visitor:
                    asked.append((stamp, self.look(path.name)))
        return [job for _, job in sorted(asked, key=lambda pair: pair[0], reverse=True)]

    def forget(self, job_id: str) -> None:
        """Drop a job that is over; its record stays."""
        job = self.look(job_id)
        if job.status.phase.over:
            shutil.rmtree(job.folder.path, ignore_errors=True)

    def close(self) -> None:
        """End all workers at once, as when the server ends."""
        self._closed.set()
        self._watcher.join()
        with self._lock:
            for worker in self._workers.values():
                _kill(worker)
                self._bury(worker)
            self._workers.clear()
            if self._spare:
                self._spare.cleanup()

    def _folder(self, job_id: str) -> JobFolder:
        if not _ID.fullmatch(job_id):
            raise NoSuchJob(f"{job_id!r} is not the id of a job")
        spare = Path(self._spare.name) / JOBS / job_id if self._spare else None
        return JobFolder(spare if spare and spare.is_dir() else self.root / JOBS / job_id)

    def _all(self) -> list[Job]:
        jobs = []
        for path in self._paths():
            with contextlib.suppress(NoSuchJob):
                jobs.append(self.look(path.name))
        return jobs

    def _paths(self) -> list[Path]:
        """The folders of all jobs."""
        roots = [self.root, *([Path(self._spare.name)] if self._spare else [])]
        ids = {path.name for root in roots for path in (root / JOBS).glob("[0-9a-f]*")}
        return [self._folder(job_id).path for job_id in ids if _ID.fullmatch(job_id)]

    def _is_ours(self, job_id: str) -> bool:
        return job_id in self._waiting or job_id in self._workers

    def _sweep(self) -> None:
        """Drop the folders of jobs long over."""
        for job in self._all():
            with contextlib.suppress(OSError):
                if job.status.phase.over and time.time() - job.folder.path.stat().st_mtime > KEEP_SECONDS:
                    shutil.rmtree(job.folder.path)

    def _watch(self) -> None:
        while not self._closed.wait(TICK_SECONDS):
            with self._lock:
                for job_id in list(self._workers):
                    self._see_to(job_id)
                self._advance()

    def _see_to(self, job_id: str) -> None:
        """Bury a worker that has ended; kill one that has been asked to stop and has nothing to lose, or no time."""
        worker, folder = self._workers[job_id], self._folder(job_id)
        code = worker.poll()
        asked = folder.is_asked_to_stop()
        if code is not None:
            self._bury(self._workers.pop(job_id))
            self._stopping.pop(job_id, None)
            self._end_pause(job_id)
            self._settle(folder, code, asked)
        elif asked:
            self._end_pause(job_id)
            since = self._stopping.setdefault(job_id, time.monotonic())
            if self.look(job_id).status.phase.early or time.monotonic() - since > self._grace:
                _kill(worker)
        elif not folder.is_asked_to_pause():
            self._paused.pop(job_id, None)
        elif folder.status().phase is Phase.PAUSED:
            since = self._paused.setdefault(job_id, time.monotonic())
            if job_id not in self._waiting and time.monotonic() - since > self._longest_pause:
                folder.ask_to_stop()

    def _end_pause(self, job_id: str) -> None:
        """Forget that a worker is paused, and that it waits to go on."""
        self._paused.pop(job_id, None)
        if job_id in self._waiting:
            self._waiting.remove(job_id)

    def _settle(self, folder: JobFolder, code: int, asked: bool) -> None:
        """Write the last word for a worker that ended without one."""
        with contextlib.suppress(RecordError, OSError):
            status = folder.status()
            if status.phase.over:
                return
            kept = " What it had computed until then is kept." if _has_checkpoint(folder, status.run) else ""
            died = f"The worker process ended unexpectedly ({_cause(code)}).{kept}"
            phase = Phase.STOPPED if asked else Phase.DIED
            folder.write_status(replace(status, phase=phase, message=None if asked else died))

    def _advance(self) -> None:
        """Start the next jobs if there is room; those who wait are seen to."""
        for job_id in list(self._waiting):
            folder = self._folder(job_id)
            with contextlib.suppress(RecordError, OSError):
                folder.beat()
                if folder.is_asked_to_stop():
                    self._waiting.remove(job_id)
                    folder.write_status(replace(folder.status(), phase=Phase.STOPPED))
                elif len(self._workers) - len(self._paused) < self._at_once:
                    self._waiting.remove(job_id)
                    self._let_run(job_id, folder)

    def _let_run(self, job_id: str, folder: JobFolder) -> None:
        """Start a job's worker, or let it go on if it is paused."""
        if self._paused.pop(job_id, None) is None:
            self._workers[job_id] = _start(folder, self._spare.name if self._spare else None)
        else:
            folder.forget_pause()

    @staticmethod
    def _bury(worker: subprocess.Popen[bytes]) -> None:
        worker.wait()
        if worker.stdin:
            worker.stdin.close()


def _has_checkpoint(folder: JobFolder, run_id: str | None) -> bool:
    """Whether the record of a job, among the runs that it belongs to, can be resumed."""
    try:
        return run_id is not None and is_resumable(find_run(folder.root, run_id))
    except RecordError:
        return False


@functools.lru_cache(maxsize=4096)
def _visitor_of(job: Path, stamp: int) -> str:
    """Who asked for a job; the stamp of its order tells when that has to be read again."""
    del stamp
    try:
        return JobFolder(job).order().visitor
    except RecordError:
        return ""


def _start(folder: JobFolder, spare: str | None) -> subprocess.Popen[bytes]:
    """A worker; its standard input, which nobody writes to, ends with this process."""
    folder.write_status(replace(folder.status(), phase=Phase.STARTING))
    with (folder.path / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "mad_app.jobs.worker", str(folder.path.resolve()), *([spare] if spare else [])],
            env={**server_environment(), "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and what it started."""
    if worker.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(worker.pid, signal.SIGKILL)
            else:
                worker.kill()


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"{name}; often the machine's memory was exhausted" if name == "SIGKILL" else name
