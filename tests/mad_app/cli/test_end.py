"""A command's process ends at once, but only after all that is to happen at an end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mad_app.cli.command_line import ROOT

PROGRAM = """
import atexit, sys, threading, time
from mad_app.__main__ import run

class Left:
    def __del__(self, write=sys.stderr.write):
        write("freed\\n")

left = Left()
atexit.register(print, "at the end")
threading.Thread(target=lambda: (time.sleep(0.3), print("a thread is done"))).start()
sys.argv = ["mad_app", *sys.argv[1:]]
run()
"""


def end_of(*command: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, *command)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["nonsense"], 2), (["measure", "cat", "none"], 2)]
)
def test_threads_and_handlers_end_first_and_nothing_is_freed_one_by_one(arguments: list[str], code: int) -> None:
    ended = end_of("-c", PROGRAM, *arguments)
    assert ended.returncode == code
    assert ended.stdout.splitlines()[-2:] == ["a thread is done", "at the end"]
    assert "freed" not in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_stream_that_cannot_be_written_is_no_success() -> None:
    with Path("/dev/full").open("w") as full:
        ended = end_of("-m", "mad_app", "metrics", stdout=full.fileno())
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
