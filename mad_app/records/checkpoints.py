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

from mad_app.competition.settings import CORNERS, Step
from mad_app.images import check_image
from mad_app.records.files import CHECKPOINT_FILE, path_of
from mad_app.records.keyframes import Keyframes, keyframe_arrays, keyframes_from
from mad_app.records.storage import RecordError, read_arrays, refusals, staged_file, write_arrays

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
    path = Path(folder) / CHECKPOINT_FILE
    with refusals(f"the checkpoint {path} could not be saved"), staged_file(path) as partial:
        write_arrays(partial, checkpoint_arrays(checkpoint))


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read the checkpoint of a run; raises RecordError as `load_run` does."""
    path = Path(folder) / CHECKPOINT_FILE
    arrays = read_arrays(path, ("index", "seconds", "images", "first", "second", "drift"))
    check_four(arrays["images"], str(path))
    _check_step(arrays, str(path))
    history = history_from(arrays, str(path), prefix=_HISTORY)
    step = Step(
        index=int(arrays["index"]),
        images=jnp.asarray(arrays["images"]),
        first=arrays["first"],
        second=arrays["second"],
        drift=arrays["drift"],
        state={name.removeprefix(_STATE): array for name, array in arrays.items() if name.startswith(_STATE)},
    )
    keyframes = keyframes_from(arrays, step.images.shape[1:], str(path), prefix=_KEYFRAMES)
    return Checkpoint(step, history, float(arrays["seconds"]), keyframes)


def _check_step(arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Refuse steps done that are no whole number, and values that are not one an image."""
    if arrays["index"].shape or arrays["index"].dtype.kind not in "iu" or arrays["seconds"].shape:
        raise RecordError(f"{where}: index must be a whole number, and seconds a number")
    for name in ("first", "second", "drift"):
        _check_floats(arrays[name], (len(CORNERS),), f"{where}: {name}")


def _check_floats(array: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    """Refuse another shape or type; `what` opens the message."""
    if array.shape != shape or array.dtype.kind != "f":
        raise RecordError(f"{what} is {array.dtype} {array.shape}, expected floats {shape}")


def is_resumable(folder: str | Path) -> bool:
    """Whether the run has a checkpoint to continue from."""
    path = path_of(Path(folder), "checkpoint")
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


def history_from(arrays: Mapping[str, np.ndarray], where: str, *, prefix: str = "") -> History:
    """The inverse of `history_arrays`, checked; `where` opens the message of the RecordError."""
    missing = [name for item in fields(History) if (name := f"{prefix}{item.name}") not in arrays]
    if missing:
        raise RecordError(f"{where} lacks the array {missing[0]!r}")
    history = History(**{item.name: arrays[f"{prefix}{item.name}"] for item in fields(History)})
    check_history(history, where)
    return history


def check_history(history: History, where: str) -> None:
    """Refuse an empty history, steps that do not grow, and columns that do not fit."""
    step = history.step
    if step.ndim != 1 or not len(step) or step.dtype.kind not in "iu" or (np.diff(step) <= 0).any():
        raise RecordError(f"{where}: the history's steps are not a growing row of whole numbers")
    for name in ("first", "second", "drift"):
        _check_floats(getattr(history, name), (len(step), 4), f"{where}: the history's {name}")


def check_four(images: np.ndarray, where: str) -> None:
    """Refuse what is not four images, float32 (4, H, W, 3) in [0, 1]."""
    if images.ndim != 4 or len(images) != len(CORNERS):
        raise RecordError(f"{where}: images has shape {images.shape}, expected (4, H, W, 3)")
    for image in images:
        try:
            check_image(image, "images")
        except ValueError as error:
            raise RecordError(f"{where}: {error}") from error
