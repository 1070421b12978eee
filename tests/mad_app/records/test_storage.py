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
from mad_app.records import (
    DiskFullError,
    RecordError,
    is_resumable,
    list_runs,
    load_checkpoint,
    load_maps,
    load_record,
    replace_run,
    save_maps,
    save_run,
)
from mad_app.records.maps import Maps
from tests.mad_app.record_examples import (
    HEIGHT,
    STAGES,
    WIDTH,
    assert_same,
    contents,
    fail_on_call,
    image_with,
    make_checkpoint,
    make_run,
)

FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")
FILES = {
    "run.json", "reference.png", "start.png", "images.npz", "history.npz", "keyframes.npz",
    "1_lasi-20_max.png", "2_lasi-20_min.png", "3_my-module-distance_max.png", "4_my-module-distance_min.png",
}  # fmt: skip


class Killed(BaseException):
    """Nothing catches it, and nothing cleans up after it: `kill -9` inside the process."""


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
def test_a_failure_at_any_stage_of_saving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, call: int, error: BaseException
) -> None:
    root = tmp_path / "runs"
    root.mkdir()
    raised: BaseException | None = None
    with monkeypatch.context() as patch:
        fail_on_call(patch, stage, call, error)
        try:
            save_run(make_run(), root)
        except (RecordError, KeyboardInterrupt) as caught:
            raised = caught
    if isinstance(raised, RecordError):
        assert str(raised) == f"there is no room on the disk: the run could not be saved in {root}"
    assert [path.name for path in root.iterdir() if path.name.startswith(".")] == []
    for folder in root.iterdir():
        assert_same(load_record(folder), make_run())
    assert raised is not None or len(list(root.iterdir())) == 1


@pytest.mark.parametrize("call", [1, 2, 3, 6])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("error", [BROKEN, KeyboardInterrupt()])
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
    loaded = load_record(folder)
    assert_same(loaded, newer if loaded.seconds == 99.0 else make_run())
    assert raised is not None or loaded.seconds == 99.0
    replace_run(newer, folder)
    assert_same(load_record(folder), newer)
    assert len(contents(folder)) == len(FILES)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_a_process_that_ends_between_any_two_steps_leaves_a_whole_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of the system that changes the folder is the last one in turn; then nothing more can be changed."""
    newer, number, done = make_run(seconds=99.0, reference=image_with(1.0)), 0, False
    seen = set()
    while not done:
        folder = save_run(make_run(), tmp_path / str(number), checkpoint=make_checkpoint())
        with monkeypatch.context() as patch:
            _end_after(patch, number)
            try:
                replace_run(newer, folder)
                done = True
            except Killed:
                pass
        loaded = load_record(folder)
        assert_same(loaded, newer if loaded.seconds == 99.0 else make_run())
        assert is_resumable(folder) == (loaded.seconds != 99.0)
        seen.add(loaded.seconds)
        replace_run(newer, folder)
        assert contents(folder).keys() - {"reference.v1.png"} <= FILES | {name.replace(".", ".v1.") for name in FILES}
        number += 1
    assert seen == {99.0, 12.5}
    assert number > 20


def _end_after(patch: pytest.MonkeyPatch, count: int) -> None:
    """Let `count` changes of the disk happen and none after them."""
    left = iter(range(count))

    def limited(original: object) -> object:
        def call(*arguments: object, **options: object) -> object:
            if next(left, None) is None:
                raise Killed
            return original(*arguments, **options)  # type: ignore[operator]

        return call

    for owner, name in (STAGES[stage] for stage in ("picture", "array", "json", "file sync", "replace", "delete")):
        patch.setattr(owner, name, limited(getattr(owner, name)))


def test_a_stale_map_is_never_taken_for_one_of_a_newer_version(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    values = np.ones((1, 4, HEIGHT, WIDTH))
    save_maps(folder, Maps.of(np.array([1]), values, values))
    assert load_maps(folder) is not None
    replace_run(make_run(), folder)
    assert load_maps(folder) is None
    save_maps(folder, Maps.of(np.array([2]), values, values))
    maps = load_maps(folder)
    assert maps is not None
    assert maps.step.tolist() == [2]


def test_what_is_not_of_the_record_stays(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    (folder / "notes.txt").write_text("mine")
    (folder / "another.png").write_bytes(b"mine")
    replace_run(make_run(), folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "another.png").read_bytes() == b"mine"


def test_a_full_disk_is_told_from_other_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_run(make_run(), tmp_path)
    for error, kind in ((FULL, DiskFullError), (OSError(errno.EDQUOT, "Quota"), DiskFullError), (BROKEN, RecordError)):
        with monkeypatch.context() as patch:
            fail_on_call(patch, "array", 1, error)
            with pytest.raises(RecordError, match="could not be replaced") as caught:
                replace_run(make_run(), folder)
        assert type(caught.value) is kind
        assert contents(folder).keys() == FILES


def test_replacing_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="missing"):
        replace_run(make_run(), tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_readers_see_one_version_while_a_run_is_replaced(tmp_path: Path) -> None:
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
        run = load_record(folder)
        assert (run.reference == run.seconds).all()
        assert len(list_runs(tmp_path)) == 1
        reads += 1
    writer.join()
    assert reads > 0
    assert len(contents(folder)) == len(FILES)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
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
    for moment in (0.0107, 0.0203):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(moment)
            writer.send_signal(signal.SIGKILL)
        assert len(list_runs(tmp_path)) == 1
        load_record(folder)
        index = load_checkpoint(folder).step.index
        np.testing.assert_array_equal(load_checkpoint(folder).step.images, make_checkpoint(index).step.images)
    replace_run(make_run(), folder)
    assert contents(folder).keys() == FILES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_in_the_place_of_a_record_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(RecordError, match=r"run\.json cannot be read: it is a pipe or a device"):
        load_record(tmp_path)
