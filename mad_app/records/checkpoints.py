"""The history of a competition, and the checkpoint from which it can be resumed.

checkpoint.npz holds, as plain arrays, the engine's last step (`index`, `images`, `first`, `second`, `drift` and its
`state.…`), the history up to it (`history.…`), the keyframes (`keyframes.…`) and the `seconds` spent. Column i of a
history belongs to `CORNERS[i]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from mad_app.competition.settings import Step
from mad_app.records.arrays import read_declared
from mad_app.records.files import CHECKPOINT_FILE, folder_at, path_of
from mad_app.records.keyframes import Keyframes, keyframe_arrays, keyframes_from
from mad_app.records.schema import CHECKPOINT, STATE
from mad_app.records.storage import RecordError, refusals, staged_file, write_arrays

_STATE = "state."
_HISTORY = "history."
_KEYFRAMES = "keyframes."


@dataclass(frozen=True, eq=False)
class History:
    """The values along a run; column i belongs to CORNERS[i].

    Attributes:
        step: steps done, (T,) integers that grow.
        first: the first metric's distances to the reference, (T, 4); may hold NaN where a run broke down.
        second: likewise for the second metric.
        drift: relative signed departure of each image's fixed metric from its level, (T, 4).
    """

    step: np.ndarray
    first: np.ndarray
    second: np.ndarray
    drift: np.ndarray

    @classmethod
    def empty(cls) -> "History":
        """A history without a step."""
        return cls(np.zeros(0, np.int64), *(np.zeros((0, 4)) for _ in range(3)))

    def with_step(self, step: Step) -> "History":
        """This history and one step more; the images of the step are not kept."""
        rows = (np.concatenate([column, [value]]) for column, value in self._pairs(step))
        return History(np.append(self.step, step.index), *rows)

    def _pairs(self, step: Step) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        return (self.first, step.first), (self.second, step.second), (self.drift, step.drift)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An unfinished run: the engine's last step, from which it continues, and what was recorded up to it."""

    step: Step
    history: History
    seconds: float = 0.0
    keyframes: Keyframes = field(default_factory=Keyframes.empty)


def save_checkpoint(folder: str | Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint.npz` in a folder, in one stroke: a crash at any moment leaves the previous one.

    Raises:
        RecordError: the disk refused it, or the engine's state holds something else than numbers and text.
    """
    path = folder_at(folder) / CHECKPOINT_FILE
    with refusals(f"the checkpoint {path} could not be saved"), staged_file(path) as partial:
        write_arrays(partial, checkpoint_arrays(checkpoint))


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read the checkpoint of a run; raises RecordError as `load_record` does."""
    path = path_of(folder_at(folder), "checkpoint") or folder_at(folder) / CHECKPOINT_FILE
    arrays, _ = read_declared(path, CHECKPOINT, prefix=STATE)
    history = history_from(arrays, prefix=_HISTORY)
    index, seconds = int(arrays["index"]), float(arrays["seconds"])
    if not 0 <= index < 2**31 or seconds < 0:
        raise RecordError(f"{path} is at step {index} after {seconds:g} seconds, which no run can be")
    step = Step(
        index=index,
        images=jnp.asarray(arrays["images"]),
        first=arrays["first"],
        second=arrays["second"],
        drift=arrays["drift"],
        state={name.removeprefix(_STATE): array for name, array in arrays.items() if name.startswith(_STATE)},
    )
    return Checkpoint(step, history, seconds, keyframes_from(arrays, prefix=_KEYFRAMES))


def is_resumable(folder: str | Path) -> bool:
    """Whether the run has a checkpoint to continue from."""
    path = path_of(folder_at(folder), "checkpoint")
    return path is not None and path.is_file()


def checkpoint_arrays(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The checkpoint as named arrays, for an NPZ file."""
    step = checkpoint.step
    values = {name: getattr(step, name) for name in ("index", "images", "first", "second", "drift")}
    values |= {"seconds": checkpoint.seconds, **history_arrays(checkpoint.history, prefix=_HISTORY)}
    values |= keyframe_arrays(checkpoint.keyframes, prefix=_KEYFRAMES)
    values |= {f"{_STATE}{name}": value for name, value in step.state.items()}
    return {name: np.asarray(value) for name, value in values.items()}


def history_arrays(history: History, *, prefix: str = "") -> dict[str, np.ndarray]:
    """The history as named arrays, for an NPZ file."""
    return {f"{prefix}{item.name}": getattr(history, item.name) for item in fields(History)}


def history_from(arrays: Mapping[str, np.ndarray], *, prefix: str = "") -> History:
    """The inverse of `history_arrays`."""
    return History(**{item.name: arrays[f"{prefix}{item.name}"] for item in fields(History)})
