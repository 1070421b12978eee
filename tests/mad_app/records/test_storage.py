"""A record is whole or absent: the disk or the process may fail at any moment."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mad_app import records
from mad_app.records import RecordError, find_run, list_runs, load_checkpoint, load_run, replace_run, save_run
from tests.mad_app.record_examples import (
    HEIGHT,
    STAGES,
    WIDTH,
    assert_same,
    fail_on_call,
    image_with,
    make_checkpoint,
    make_run,
)


def save_and_catch(root: Path) -> BaseException | None:
    try:
        save_run(make_run(), root)
    except (RecordError, KeyboardInterrupt) as raised:
        return raised
    return None


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_stage_of_saving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, call: int, error: BaseException
) -> None:
    tmp_path.joinpath("runs").mkdir()
    with monkeypatch.context() as patch:
        fail_on_call(patch, stage, call, error)
        raised = save_and_catch(tmp_path / "runs")
    if isinstance(error, OSError) and raised:
        assert str(raised) == f"the run could not be saved in {tmp_path / 'runs'}: No space left on device"
    survivable = {("json", 2), ("json", 3), ("folder", 3), ("rename", 2), ("rename", 3), ("array", 3)}
    assert raised is not None or (stage, call) in survivable
    for folder in tmp_path.joinpath("runs").iterdir():
        assert not folder.name.startswith(".")
        assert_same(load_run(folder), make_run())


@pytest.mark.parametrize("call", [1, 2, 3, 4])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_failure_at_any_stage_of_replacing_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, call: int, error: BaseException
) -> None:
    folder = save_run(make_run(), tmp_path)
    newer = make_run(seconds=99.0, reference=image_with(1.0))
    raised: BaseException | None = None
    with monkeypatch.context() as patch:
        fail_on_call(patch, stage, call, error)
        try:
            replace_run(newer, folder)
        except (RecordError, KeyboardInterrupt) as caught:
            raised = caught
    loaded = load_run(folder)
    assert_same(loaded, newer if loaded.seconds == 99.0 else make_run())
    assert raised is not None or loaded.seconds == 99.0
    assert [summary.folder for summary in list_runs(tmp_path)] == [folder]
    replace_run(newer, folder)
    assert_same(load_run(folder), newer)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_replacement_cut_between_its_renames_is_undone_by_whoever_looks(tmp_path: Path) -> None:
    for look in (load_run, lambda folder: find_run(tmp_path, folder.name), lambda _: list_runs(tmp_path)):
        folder = save_run(make_run(), tmp_path)
        folder.rename(tmp_path / f".{folder.name}.replaced")
        look(folder)
        assert_same(load_run(folder), make_run())


def test_replacing_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="missing"):
        replace_run(make_run(), tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_readers_see_the_old_or_the_new_while_a_run_is_replaced(tmp_path: Path) -> None:
    versions = [make_run(seconds=float(i), reference=np.full((HEIGHT, WIDTH, 3), i, np.float32)) for i in (0, 1)]
    folder = save_run(versions[0], tmp_path)
    done = threading.Event()

    def write() -> None:
        try:
            for i in range(25):
                replace_run(versions[i % 2], folder)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set():
        run = load_run(folder)
        assert (run.reference == run.seconds).all()
        assert len(list_runs(tmp_path)) == 1
        reads += 1
    writer.join()
    assert reads > 5
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_said_plainly(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RecordError, match="Permission denied"):
        save_run(make_run(), tmp_path / "runs")
    tmp_path.chmod(0o700)


WRITER = """
import sys
from mad_app.records import replace_run, save_checkpoint
from tests.mad_app.record_examples import make_checkpoint, make_run
from pathlib import Path
folder = Path(sys.argv[1])
print("ready", flush=True)
for index in range(1, 100_000):
    save_checkpoint(folder, make_checkpoint(index))
    replace_run(make_run(seconds=float(index)), folder, checkpoint=make_checkpoint(index))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_process_killed_at_any_moment_leaves_a_whole_record(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint(0))
    command = [sys.executable, "-c", WRITER, str(folder)]
    environ = {**os.environ, "PYTHONPATH": str(Path(records.__file__).parents[1])}
    for moment in (0.0, 0.0107, 0.0203):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(moment)
            writer.send_signal(signal.SIGKILL)
        assert len(list_runs(tmp_path)) == 1
        load_run(folder)
        index = load_checkpoint(folder).step.index
        np.testing.assert_array_equal(load_checkpoint(folder).step.images, make_checkpoint(index).step.images)
    replace_run(make_run(), folder)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
