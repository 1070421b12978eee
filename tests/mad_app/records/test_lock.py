"""One at a time computes a run, and a lock ends with its process."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mad_app.records import RecordError, is_locked, lock, run_lock

HOLD = """
import sys, time
from pathlib import Path
from mad_app.records.lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_refused_and_the_lock_leaves_nothing(tmp_path: Path) -> None:
    with run_lock(tmp_path):
        assert is_locked(tmp_path)
        with pytest.raises(RecordError, match=f"is being run by process {os.getpid()}: wait for it, or stop it"):
            run_lock(tmp_path).__enter__()
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_ends_with_the_process_that_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(RecordError, match=f"is being run by process {process.pid}"):
            run_lock(tmp_path).__enter__()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / ".lock").is_file()
    with run_lock(tmp_path):
        pass


@pytest.mark.parametrize(
    ("content", "free"),
    [
        (json.dumps({"pid": os.getpid(), "host": socket.gethostname()}), False),
        (json.dumps({"pid": 2**22 + 1, "host": socket.gethostname()}), True),
        (json.dumps({"pid": 2**22 + 1, "host": "elsewhere"}), False),
        (json.dumps({"pid": 10**30, "host": socket.gethostname()}), True),
        (json.dumps({"pid": "x"}), True),
        ("{", True),
        ("[]", True),
    ],
    ids=["own", "ended", "elsewhere", "impossible", "no-number", "cut", "no-object"],
)
def test_where_files_cannot_be_locked_the_process_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, free: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    (tmp_path / ".lock").write_text(content)
    if free:
        with run_lock(tmp_path):
            pass
    else:
        with pytest.raises(RecordError, match="is being run by process"):
            run_lock(tmp_path).__enter__()


def test_a_folder_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="could not be locked"):
        run_lock(tmp_path / "none").__enter__()
