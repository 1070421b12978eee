"""The values along a competition.

history.npz, and the checkpoint under `history.…`, hold `step` (T,), and `first`, `second` and `drift` (T, 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from mad_app.competition.settings import Step


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


def history_arrays(history: History, *, prefix: str = "") -> dict[str, np.ndarray]:
    """The history as named arrays, for an NPZ file."""
    return {f"{prefix}{item.name}": getattr(history, item.name) for item in fields(History)}


def history_from(arrays: Mapping[str, np.ndarray], *, prefix: str = "") -> History:
    """The inverse of `history_arrays`."""
    return History(**{item.name: arrays[f"{prefix}{item.name}"] for item in fields(History)})
