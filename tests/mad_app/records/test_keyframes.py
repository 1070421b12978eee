"""Keyframes are few, small and spread over a run, and a record without any still opens."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition.settings import Step
from mad_app.records import Keyframes, load_checkpoint, load_record, save_checkpoint, save_run
from mad_app.records.keyframes import MAX_BYTES, MAX_COUNT, MIN_COUNT, keyframe_steps
from tests.mad_app.record_examples import assert_same_keyframes, make_checkpoint, make_keyframes, make_run


def step(index: int, value: float = 0.5) -> Step:
    none = np.zeros(4)
    return Step(index, jnp.full((4, 8, 8, 3), value, jnp.float32), none, none, none)


@pytest.mark.parametrize("steps", [1, 2, 7, 50, 500, 20_000])
@pytest.mark.parametrize("size", [16, 64, 128, 256, 1024])
def test_kept_steps_begin_at_the_start_grow_ever_wider_and_fit_the_disk(steps: int, size: int) -> None:
    kept = keyframe_steps(steps, size * size)
    assert kept[0] == 0
    assert kept[-1] < steps
    assert len(kept) <= MAX_COUNT
    assert len(kept) <= MIN_COUNT or len(kept) * 12 * size * size <= MAX_BYTES
    if steps >= 500:
        assert len(kept) >= MIN_COUNT
        assert (np.diff(kept, 2) >= -1).all()  # of whole numbers


def test_only_kept_steps_are_kept_once_in_8_bits() -> None:
    keyframes = Keyframes.empty()
    for index in (0, 0, 1, 2, 3):
        keyframes = keyframes.with_step(step(index, value=index / 10), steps=1000)
    assert keyframes.step.tolist() == [0, 1]
    assert keyframes.images.shape == (2, 4, 8, 8, 3)
    assert keyframes.images[1].dtype == np.uint8
    assert (keyframes.images[1] == 26).all()
    assert keyframes.before(1).step.tolist() == [0]


def test_a_record_and_a_checkpoint_keep_them_and_older_ones_open_without(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    assert_same_keyframes(load_record(folder).keyframes, make_keyframes())
    assert_same_keyframes(load_checkpoint(folder).keyframes, make_keyframes())
    (folder / "keyframes.v1.npz").unlink()
    assert_same_keyframes(load_record(folder).keyframes, Keyframes.empty())
    with np.load(folder / "checkpoint.npz") as arrays:
        older = {name: arrays[name] for name in arrays if not name.startswith("keyframes.")}
    np.savez(folder / "checkpoint.npz", **older)
    checkpoint = load_checkpoint(folder)
    assert len(checkpoint.keyframes.step) == 0
    save_checkpoint(folder, checkpoint)
    assert len(load_checkpoint(folder).keyframes.step) == 0
