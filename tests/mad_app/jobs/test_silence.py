"""Silences of workers: more is allowed before the first sign of life, and what the machine slept does not count."""

import os
from pathlib import Path

import pytest

from mad_app.jobs.folder import JobFolder
from mad_app.jobs.silence import Silences


class Looks:
    """Looks at a job, a second apart."""

    def __init__(self, folder: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.silences, self.now, self.beats = folder, Silences(), 0.0, 0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        self.exceeded()

    def beat(self) -> None:
        self.beats += 1
        self.folder.beat()
        os.utime(self.folder.path / "heartbeat", (self.beats, self.beats))
        assert not self.exceeded()

    def exceeded(self) -> float | None:
        self.now += 1
        return self.silences.exceed(self.folder, 5)

    def until_exceeded(self) -> int:
        return next(count for count in range(1, 1000) if self.exceeded())


@pytest.fixture
def looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(JobFolder(tmp_path), monkeypatch)


def test_ten_times_as_long_is_allowed_before_the_first_sign(looks: Looks) -> None:
    assert looks.until_exceeded() == 51


def test_each_sign_begins_anew(looks: Looks) -> None:
    for _ in range(20):
        looks.beat()
        assert not any(looks.exceeded() for _ in range(5))
    assert looks.exceeded() == 5


def test_a_machine_that_slept_counts_as_one_look(looks: Looks) -> None:
    looks.beat()
    looks.now += 3600
    assert looks.until_exceeded() == 6


def test_another_worker_of_the_job_begins_anew(looks: Looks) -> None:
    looks.beat()
    looks.silences.forget(looks.folder.path.name)
    looks.exceeded()
    assert looks.until_exceeded() == 51
