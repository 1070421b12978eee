"""What the tests of records share: small runs and checkpoints, ways to damage them, and ways to make the disk fail."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition.settings import CORNERS, Step
from mad_app.images import nearest_8bit
from mad_app.records import Checkpoint, CornerResult, History, Keyframes, Run, load_record, storage
from mad_app.records import run_folder as records

HEIGHT, WIDTH, STEPS = 6, 9, 5
NAMES = {"first": "lasi:20", "second": "my.module:distance"}


def make_result(i: int) -> CornerResult:
    corner = CORNERS[i]
    return CornerResult(
        optimized=NAMES[corner.optimized],
        fixed=NAMES[corner.fixed],
        direction=corner.direction,
        level=0.1 + 0.2,
        start={"lasi:20": 0.3, "my.module:distance": 1 / 3, "vif": None},
        final={"lasi:20": 0.1 * i, "my.module:distance": 1e-7, "vif": None},
        drift=-1e-6 * i,
        drift_8bit=0.002,
        outcome="max_steps",
    )


def make_history() -> History:
    values = np.random.default_rng(1).random((3, STEPS, 4))
    values[2, -1, 3] = np.nan
    return History(np.arange(STEPS), *values)


def make_keyframes() -> Keyframes:
    shape = (2, len(CORNERS), HEIGHT, WIDTH, 3)
    return Keyframes(np.array([0, 3]), np.random.default_rng(2).integers(0, 256, shape, np.uint8))


def make_run(**changes: object) -> Run:
    random = np.random.default_rng(0)
    reference, start, finals = (
        random.random((*several, HEIGHT, WIDTH, 3), np.float32) for several in ((), (), (len(CORNERS),))
    )
    run = Run(
        settings={
            "first": NAMES["first"],
            "image": "cat.png",
            "size": 16,
            "strength": 0.1,
            "gray": False,
            "mask": None,
        },
        seed=7,
        versions={"python": "3.11.2", "piq": None},
        device="cpu: a processor, 2 cores",
        weights={"lasi:20": None},
        solver={"step_size": 0.05},
        others=("vif",),
        seconds=12.5,
        results=tuple(make_result(i) for i in range(4)),
        reference=reference,
        start=start,
        finals=finals,
        images_8bit=nearest_8bit(finals),
        history=make_history(),
        keyframes=make_keyframes(),
    )
    changed = dataclasses.replace(run, **changes)  # type: ignore[arg-type]
    return (
        changed
        if "images_8bit" in changes
        else dataclasses.replace(changed, images_8bit=nearest_8bit(changed.finals.astype(np.float32)))
    )


def make_checkpoint(index: int = 3) -> Checkpoint:
    images = jnp.asarray(np.random.default_rng(index).random((4, HEIGHT, WIDTH, 3), np.float32))
    state = {"momentum": np.full((4, 3), index, np.float32), "count": np.asarray(index), "file": np.array(["a", "b"])}
    step = Step(index, images, np.arange(4.0), np.arange(4.0), np.zeros(4), state=state)
    return Checkpoint(step, make_history(), 1.5, make_keyframes())


def assert_same(loaded: Run, saved: Run) -> None:
    """Equal in all that was given: exactly, and with the same types."""
    for name in ("reference", "start", "finals"):
        assert getattr(loaded, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(loaded, name), getattr(saved, name))
    for column in ("step", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(loaded.history, column), getattr(saved.history, column))
    assert_same_keyframes(loaded.keyframes, saved.keyframes)
    for name in ("settings", "solver", "others", "seed", "versions", "device", "weights", "seconds", "extra"):
        assert getattr(loaded, name) == getattr(saved, name)
    assert [dataclasses.replace(result, file="") for result in loaded.results] == list(saved.results)


def assert_same_result(folder: Path, other: Path) -> None:
    """Two runs, saved in folders, are equal bit for bit in all but the time they took."""
    run, twin = load_record(folder), load_record(other)
    np.testing.assert_array_equal(run.finals, twin.finals)
    np.testing.assert_array_equal(run.start, twin.start)
    for column in ("step", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(run.history, column), getattr(twin.history, column))
    assert_same_keyframes(run.keyframes, twin.keyframes)
    assert run.results == twin.results
    assert run.settings == twin.settings


def assert_same_keyframes(keyframes: Keyframes, others: Keyframes) -> None:
    np.testing.assert_array_equal(keyframes.step, others.step)
    np.testing.assert_array_equal(keyframes.images, others.images)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


PICKLE = np.array([{"an": "object"}], dtype=object)


def edit_json(change: Callable[[dict], object]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        document = json.loads((folder / "run.json").read_text())
        change(document)
        (folder / "run.json").write_text(json.dumps(document))

    return edit


def edit_arrays(file: str, **arrays: np.ndarray | None) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        with np.load(folder / file) as old:
            kept = {**{name: old[name] for name in old.files}, **arrays}
        np.savez(folder / file, **{name: array for name, array in kept.items() if array is not None})

    return edit


def truncate(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:-100])


def corrupt_inside(file: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        content = bytearray((folder / file).read_bytes())
        content[len(content) // 2] ^= 0xFF
        (folder / file).write_bytes(content)

    return edit


def image_with(value: float) -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    image[1, 2, 0] = value
    return image


STAGES: dict[str, tuple[object, str]] = {
    "folder": (Path, "mkdir"),
    "picture": (records, "save_png"),
    "array": (storage.np, "savez"),
    "json": (Path, "write_text"),
    "file sync": (os, "fsync"),
    "rename": (Path, "rename"),
    "replace": (Path, "replace"),
    "delete": (Path, "unlink"),
    "open": (Path, "open"),
}


def fail_on_call(monkeypatch: pytest.MonkeyPatch, stage: str, call: int, error: BaseException) -> None:
    owner, name = STAGES[stage]
    original, calls = getattr(owner, name), iter(range(1, 1000))

    def failing(*args: object, **options: object) -> object:
        if next(calls) == call:
            raise error
        return original(*args, **options)

    monkeypatch.setattr(owner, name, failing)
