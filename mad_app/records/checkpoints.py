"""The checkpoint from which a competition can be resumed.

checkpoint.npz holds, as plain arrays, the engine's last step (`index`, `images`, `first`, `second`, `drift` and its
`state.…`), the history up to it (`history.…`), the keyframes (`keyframes.…`) and the `seconds` spent.
"""

from dataclasses import dataclass, field
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from mad_app.competition.settings import Step
from mad_app.records.arrays import read_declared
from mad_app.records.files import CHECKPOINT_FILE, folder_at, path_of
from mad_app.records.history import History, history_arrays, history_from
from mad_app.records.keyframes import Keyframes, keyframe_arrays, keyframes_from
from mad_app.records.schema import CHECKPOINT, STATE
from mad_app.records.storage import RecordError, refusals, staged_file, write_arrays

_STATE = "state."
_HISTORY = "history."
_KEYFRAMES = "keyframes."


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
