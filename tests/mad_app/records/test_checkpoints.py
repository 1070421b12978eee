"""A checkpoint gives back, exactly, what the engine needs; writing one leaves the previous one or the new one."""

import contextlib
import errno
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition.settings import Step
from mad_app.records import History, RecordError, is_resumable, load_checkpoint, replace_run, save_checkpoint, save_run
from tests.mad_app.record_examples import (
    PICKLE,
    STAGES,
    contents,
    edit_arrays,
    fail_on_call,
    make_checkpoint,
    make_run,
    truncate,
)


def test_a_checkpoint_is_loaded_exactly(tmp_path: Path) -> None:
    checkpoint = make_checkpoint()
    save_checkpoint(tmp_path, checkpoint)
    loaded = load_checkpoint(tmp_path)
    assert (loaded.step.index, loaded.seconds, loaded.step.reasons) == (3, 1.5, None)
    for name in ("images", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(loaded.step, name), getattr(checkpoint.step, name))
    assert loaded.step.images.dtype == jnp.float32
    assert loaded.step.state.keys() == checkpoint.step.state.keys()
    for name, value in checkpoint.step.state.items():
        assert loaded.step.state[name].dtype == value.dtype
        assert loaded.step.state[name].shape == value.shape
        np.testing.assert_array_equal(loaded.step.state[name], value)
    np.testing.assert_array_equal(loaded.history.drift, checkpoint.history.drift)


def test_a_run_is_resumable_until_its_finished_version_takes_its_place(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint(2))
    assert is_resumable(folder)
    assert load_checkpoint(folder).step.index == 2
    save_checkpoint(folder, make_checkpoint(4))
    assert load_checkpoint(folder).step.index == 4
    replace_run(make_run(), folder, checkpoint=make_checkpoint(5))
    assert load_checkpoint(folder).step.index == 5
    replace_run(make_run(), folder)
    assert not is_resumable(folder)
    with pytest.raises(RecordError, match=r"checkpoint\.npz is missing"):
        load_checkpoint(folder)


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("stage", [*STAGES, "replace"])
def test_a_failed_checkpoint_leaves_the_previous_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, call: int
) -> None:
    monkeypatch.setitem(STAGES, "replace", (Path, "replace"))
    save_checkpoint(tmp_path, make_checkpoint(1))
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        fail_on_call(patch, stage, call, OSError(errno.ENOSPC, "No space left on device"))
        with contextlib.suppress(RecordError):  # a late sync may fail when the new one is in its place
            save_checkpoint(tmp_path, make_checkpoint(2))
    assert contents(tmp_path).keys() == before.keys()
    assert load_checkpoint(tmp_path).step.index in (1, 2)


def test_a_state_that_would_be_pickled_is_refused(tmp_path: Path) -> None:
    checkpoint = make_checkpoint()
    checkpoint.step.state["bad"] = PICKLE
    with pytest.raises(RecordError, match=r"state\.bad holds object"):
        save_checkpoint(tmp_path, checkpoint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate("checkpoint.npz"), "not a whole NPZ"),
        (edit_arrays("checkpoint.npz", index=None), "lacks the array 'index'"),
        (edit_arrays("checkpoint.npz", images=np.zeros((4, 2), np.float32)), r"images is float32 \(4, 2\), expected"),
        (edit_arrays("checkpoint.npz", index=np.asarray(2.5)), r"index is float64 \(\), expected integers"),
        (edit_arrays("checkpoint.npz", drift=np.zeros(3)), r"drift is float64 \(3,\), expected floats \(4,\)"),
        (edit_arrays("checkpoint.npz", **{"history.step": None}), r"lacks the array 'history\.step'"),
        (edit_arrays("checkpoint.npz", index=np.asarray(-1)), "is at step -1"),
        (edit_arrays("checkpoint.npz", seconds=np.asarray(np.nan)), "seconds must be finite"),
    ],
)
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    save_checkpoint(tmp_path, make_checkpoint())
    damage(tmp_path)
    with pytest.raises(RecordError, match=message):
        load_checkpoint(tmp_path)


def test_a_history_grows_by_steps() -> None:
    history = History.empty()
    for index in (0, 1, 5):
        row = np.arange(4, dtype=np.float32) + index
        history = history.with_step(Step(index, jnp.zeros((4, 1, 1, 3)), row, row + 10, -row))
    np.testing.assert_array_equal(history.step, [0, 1, 5])
    np.testing.assert_array_equal(history.first, [[0, 1, 2, 3], [1, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(history.second, history.first + 10)
    np.testing.assert_array_equal(history.drift, -history.first)
