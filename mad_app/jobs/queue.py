"""The server's one queue of competitions: some run, each in a worker of its own, the others wait.

What a page shows is read from the job's folder, so a run outlives the page that started it. A worker whose server has
ended ends by itself, and its run can be continued (`JobQueue.jobs_of`).
"""

import contextlib
import functools
import re
import secrets
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

from mad_app.images import ImageArray
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase
from mad_app.jobs.process import StartWorker, Worker, describe_exit
from mad_app.jobs.silence import Silences
from mad_app.jobs.waiting import Waits
from mad_app.records import RecordError, find_run, is_resumable, load_record
from mad_app.records.room import is_no_room
from mad_app.records.storage import stamp
from mad_app.runs import request_of
from mad_app.runs.materialize import make_start

JOBS = ".jobs"
"""Folder of the jobs inside the folder of the runs."""

TICK_SECONDS = 0.1
GRACE_SECONDS = 30.0
"""How long a worker that was asked to stop may take for its last measurements before it is killed."""

PAUSE_SECONDS = 15 * 60.0
"""How long a paused run keeps its worker; then it is stopped, and can be continued from its checkpoint."""

HUNG_SECONDS = 60.0
"""How long a worker may give no sign of life before it is ended, after its first one."""

KEEP_SECONDS = 7 * 24 * 3600.0
"""How long the folder of an ended job is kept; its record is kept for ever."""

_ID = re.compile(r"[0-9a-f]{16}")


class NoSuchJob(ValueError):
    """There is no job of that id."""


class JobQueue:
    """Runs jobs, oldest first, a bounded number at a time. Safe to use from many threads.

    Args:
        root: folder of the runs.
        start: starts the worker of a job.
        at_once: how many workers at a time.
        grace: seconds that a worker has for stopping, beside its return to the level.
        hung: seconds without a sign of life after which a worker is ended, more before its first one.
        pause: seconds after which a paused worker is asked to stop.
        tick: seconds between two looks at the workers.
    """

    def __init__(
        self,
        root: Path,
        start: StartWorker,
        *,
        at_once: int = 1,
        grace: float = GRACE_SECONDS,
        hung: float = HUNG_SECONDS,
        pause: float = PAUSE_SECONDS,
        tick: float = TICK_SECONDS,
    ) -> None:
        self.root = root
        self._at_once, self._grace, self._longest_pause, self._tick = at_once, grace, pause, tick
        self._hung = hung
        self._start = start
        self._lock = threading.RLock()
        self._waiting: list[str] = []
        self._workers: dict[str, Worker] = {}
        self._silences = Silences()
        self._stopping: dict[str, float] = {}
        self._paused: dict[str, float] = {}
        self._waits = Waits(at_once)
        self._closed, self._hurry = threading.Event(), threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._remove_old()
        self._watcher.start()

    def submit(self, spec: JobSpec, reference: ImageArray) -> str:
        """Put a job at the end of the queue.

        Args:
            spec: what is asked for.
            reference: the picture.

        Returns:
            The job's id, which cannot be guessed.

        Raises:
            ValueError: the picture does not fit; RecordError: the disk refuses the job, such as for lack of room.
        """
        job_id = secrets.token_hex(8)
        folder, start = self._folder(job_id), make_start(spec.request, reference)
        try:
            folder.create(spec, reference, start)
        except RecordError as error:
            shutil.rmtree(folder.path, ignore_errors=True)
            if is_no_room(error):
                raise RecordError("there is no room on the disk: free some, then start again") from error
            raise
        with self._lock:
            self._waiting.append(job_id)
        self._hurry.set()
        return job_id

    def resume(self, job_id: str) -> None:
        """Continue a job when its turn comes: an ended one from its checkpoint, or anew if it never had one."""
        with self._lock:
            job = self.look(job_id)
            if job_id in self._waiting:
                return
            if not job.status.phase.over:
                if job_id in self._workers and job.folder.is_asked_to_pause():
                    self._waiting.append(job_id)
                return
            if job_id in self._workers:  # it has reported its end, and is about to exit
                self._workers.pop(job_id).end()
            self._stopping.pop(job_id, None)
            run = job.status.run if _has_checkpoint(job.folder, job.status.run) else None
            job.folder.write_spec(replace(job.spec, run=run))
            job.folder.clear_stop()
            job.folder.clear_pause()
            job.folder.clear_one_step()
            job.folder.set_slow(False)
            job.folder.beat()
            job.folder.write_status(replace(job.status, phase=Phase.WAITING, message=None))
            self._waiting.append(job_id)

    def resume_run(self, run_id: str, visitor: str = "") -> str:
        """Continue a run from its checkpoint for a visitor; returns the job, which may be one that computes it already.

        Raises:
            RecordError: there is no such run, or it cannot be continued.
        """
        with self._lock:
            for job_id in [*self._workers, *self._waiting]:
                if self.look(job_id).status.run == run_id:
                    return job_id
            folder = find_run(self.root, run_id)
            if not is_resumable(folder):
                raise RecordError(f"{run_id} has no checkpoint to continue from")
            run = load_record(folder)
            return self.submit(JobSpec(request=request_of(run), run=run_id, visitor=visitor), run.reference)

    def pause(self, job_id: str) -> None:
        """Ask a job to wait after the current step; meanwhile the next one in the queue may run."""
        self.look(job_id).folder.ask_to_pause()

    def one_step(self, job_id: str) -> None:
        """Let a job that is paused make one step, beside those that run meanwhile; its pause begins anew."""
        with self._lock:
            job = self.look(job_id)
            if job_id in self._workers and job.status.phase is Phase.PAUSED:
                job.folder.ask_for_one_step()
                self._paused[job_id] = time.monotonic()

    def set_slow(self, job_id: str, slow: bool) -> None:
        """Ask a job to rest after each step, or not to."""
        self.look(job_id).folder.set_slow(slow)

    def stop(self, job_id: str) -> None:
        """Ask a job to stop. It answers within a step, returns to the level, and is killed after the grace time."""
        self.look(job_id).folder.ask_to_stop()

    def look(self, job_id: str) -> Job:
        """A job by its id, which may come from outside, such as from an address.

        Raises:
            NoSuchJob: there is none.
        """
        folder = self._folder(job_id)
        try:
            spec, status = folder.spec(), folder.status()
        except RecordError as error:
            raise NoSuchJob(f"there is no job {job_id!r}: {error}") from error
        with self._lock:
            waits = job_id in self._waiting
            ahead, wait = (self._waiting.index(job_id), self._wait_of(job_id)) if waits else (0, None)
            if not (status.phase.over or self._is_ours(job_id)) and folder.is_silent():
                status = replace(status, phase=Phase.INTERRUPTED)
            if status.phase is Phase.PAUSED and job_id in self._waiting:
                status = replace(status, phase=Phase.WAITING)
        if not status.phase.over and folder.has_no_room():
            status = replace(status, phase=Phase.NO_ROOM)
        return Job(job_id, folder, spec, status, ahead, wait)

    def job_of_run(self, run_id: str) -> Job | None:
        """The job that computes a run, or did so last; None if there is none any longer."""
        with self._lock:
            ours = [*self._workers, *self._waiting]
        paths = [self._folder(job_id).path for job_id in ours] + sorted(self._paths(), key=_age)
        for path in paths:
            if _run_of(path, stamp(path / "status.json")) == run_id:
                with contextlib.suppress(NoSuchJob):
                    return self.look(path.name)
        return None

    def is_writing(self, run_id: str) -> bool:
        """Whether a job that has not ended keeps this record up to date."""
        return any(job.status.run == run_id and not job.status.phase.over for job in self._all())

    def jobs_of(self, visitor: str) -> list[Job]:
        """The jobs of a visitor, also those that ended with an earlier server, newest first."""
        asked: list[tuple[int, Job]] = []
        for path in self._paths():
            with contextlib.suppress(NoSuchJob, OSError):
                modified = JobFolder(path).spec_path().stat().st_mtime_ns
                if _visitor_of(path, modified) == visitor:
                    asked.append((modified, self.look(path.name)))
        return [job for _, job in sorted(asked, key=lambda pair: pair[0], reverse=True)]

    def unfinished(self) -> int:
        """How many jobs wait or go on."""
        with self._lock:
            return len(self._waiting) + len(self._workers)

    def remove(self, job_id: str) -> None:
        """Remove a job that has ended; its record stays."""
        job = self.look(job_id)
        if job.status.phase.over:
            shutil.rmtree(job.folder.path, ignore_errors=True)

    def close(self) -> None:
        """End all workers at once, as when the server ends."""
        self._closed.set()
        self._hurry.set()
        self._watcher.join()
        with self._lock:
            for worker in self._workers.values():
                worker.end()
            self._workers.clear()

    def _wait_of(self, job_id: str) -> float | None:
        """About how many seconds a job that waits will still wait, None if it is not known."""
        running = [self._folder(one) for one in self._workers if one not in self._paused]
        return self._waits.of(job_id, running, [self._folder(one) for one in self._waiting])

    def _folder(self, job_id: str) -> JobFolder:
        if not _ID.fullmatch(job_id):
            raise NoSuchJob(f"{job_id!r} is not the id of a job")
        return JobFolder(self.root / JOBS / job_id)

    def _all(self) -> list[Job]:
        jobs = []
        for path in self._paths():
            with contextlib.suppress(NoSuchJob):
                jobs.append(self.look(path.name))
        return jobs

    def _paths(self) -> list[Path]:
        """The folders of all jobs."""
        return [path for path in (self.root / JOBS).glob("[0-9a-f]*") if _ID.fullmatch(path.name)]

    def _is_ours(self, job_id: str) -> bool:
        return job_id in self._waiting or job_id in self._workers

    def _remove_old(self) -> None:
        """Remove the folders of jobs that ended long ago."""
        for job in self._all():
            with contextlib.suppress(OSError):
                if job.status.phase.over and time.time() - job.folder.path.stat().st_mtime > KEEP_SECONDS:
                    shutil.rmtree(job.folder.path)

    def _watch(self) -> None:
        while not self._closed.is_set():
            self._hurry.wait(self._tick)
            self._hurry.clear()
            with self._lock:
                for job_id in list(self._workers):
                    with contextlib.suppress(RecordError, NoSuchJob, OSError):
                        self._attend(job_id)
                self._start_next()

    def _attend(self, job_id: str) -> None:
        """Clear up after a worker that has ended; end one that is asked to stop and has no step to lose, or no time."""
        worker, folder = self._workers[job_id], self._folder(job_id)
        code = worker.poll()
        asked = folder.is_asked_to_stop()
        if code is not None:
            self._workers.pop(job_id).end()
            self._silences.forget(job_id)
            self._stopping.pop(job_id, None)
            self._end_pause(job_id)
            self._report_end(folder, code, asked)
        elif silent := self._silences.exceed(folder, self._hung):
            folder.write_status(replace(folder.status(), phase=Phase.DIED, message=_hung_message(folder, silent)))
            worker.end()
        elif asked:
            self._end_pause(job_id)
            since, phase = self._stopping.setdefault(job_id, time.monotonic()), self.look(job_id).status.phase
            if phase is Phase.RESTORING:  # it reports its steps, and without their end there would be no pictures
                self._stopping[job_id] = time.monotonic()
            elif phase.early or time.monotonic() - since > self._grace:
                worker.end()
        elif not folder.is_asked_to_pause():
            self._paused.pop(job_id, None)
        elif folder.status().phase is Phase.PAUSED:
            since = self._paused.setdefault(job_id, time.monotonic())
            if job_id not in self._waiting and time.monotonic() - since > self._longest_pause:
                folder.ask_to_stop()
        elif job_id in self._paused:  # a single step was its last one
            self._end_pause(job_id)

    def _end_pause(self, job_id: str) -> None:
        """A worker is no longer paused, nor does it wait to continue."""
        self._paused.pop(job_id, None)
        if job_id in self._waiting:
            self._waiting.remove(job_id)

    def _report_end(self, folder: JobFolder, code: int, asked: bool) -> None:
        """Write the last status for a worker that ended without one."""
        with contextlib.suppress(RecordError, OSError):
            folder.mark_no_room(False)
            status = folder.status()
            if status.phase.over:
                return
            died = f"The worker process ended unexpectedly ({describe_exit(code)}).{_what_is_kept(folder)}"
            phase = Phase.STOPPED if asked else Phase.DIED
            folder.write_status(replace(status, phase=phase, message=None if asked else died))

    def _start_next(self) -> None:
        """Start the next jobs if workers are free, and show that those who wait are attended to."""
        for job_id in list(self._waiting):
            folder = self._folder(job_id)
            with contextlib.suppress(RecordError, OSError):
                folder.beat()
                if folder.is_asked_to_stop():
                    self._waiting.remove(job_id)
                    folder.write_status(replace(folder.status(), phase=Phase.STOPPED))
                elif len(self._workers) - len(self._paused) < self._at_once:
                    self._let_run(job_id, folder)
                    self._waiting.remove(job_id)

    def _let_run(self, job_id: str, folder: JobFolder) -> None:
        """Start a job's worker, or let it continue if it is paused."""
        if self._paused.pop(job_id, None) is not None:
            folder.clear_pause()
            return
        try:
            self._workers[job_id] = self._start(folder)
        except OSError as error:
            folder.mark_no_room(is_no_room(error))
            raise
        folder.mark_no_room(False)


def _hung_message(folder: JobFolder, seconds: float) -> str:
    return f"The worker process gave no sign of life for {seconds:g} seconds and was ended.{_what_is_kept(folder)}"


def _what_is_kept(folder: JobFolder) -> str:
    kept = _has_checkpoint(folder, folder.status().run)
    return " The steps until its last checkpoint are kept." if kept else ""


def _has_checkpoint(folder: JobFolder, run_id: str | None) -> bool:
    """Whether the record of a job can be continued."""
    try:
        return run_id is not None and is_resumable(find_run(folder.root, run_id))
    except RecordError:
        return False


def _age(job: Path) -> int:
    """Smaller for a job that was asked for later."""
    return -((stamp(JobFolder(job).spec_path()) or (0, 0))[1])


@functools.lru_cache(maxsize=4096)
def _run_of(job: Path, version: object) -> str | None:
    """The record of a job; read once for each version of its status."""
    del version
    try:
        return JobFolder(job).status().run
    except RecordError:
        return None


@functools.lru_cache(maxsize=4096)
def _visitor_of(job: Path, modified: int) -> str:
    """Who asked for a job; read once for each time at which its specification was modified."""
    del modified
    try:
        return JobFolder(job).spec().visitor
    except RecordError:
        return ""
