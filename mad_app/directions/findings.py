"""What a search of principal distortions found, as data: images, sensitivities, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mad_app.directions.search import Outcome
from mad_app.images import ImageArray, from_uint8, to_uint8
from mad_app.metrics import OF_SQUARES
from mad_app.metrics.second_order import Kind

CHANGE = 0.05
"""Root mean square of the change in the images that are shown; 13 of 255 gray levels."""

GRAY_LEVEL = 1 / 255
"""The unit of thresholds."""


@dataclass(frozen=True, kw_only=True)
class MetricSensitivity:
    """How one metric sees the distortions.

    Attributes:
        name: of the metric.
        kind: "distance", or "squares" of the norms of which the distance is the mean (`OF_SQUARES`).
        mean_eigenvalue: of its second-order form M: the mean of vᵀ M v over white noise v of length 1.
        sensitivities: √(vᵀ M v) to each, relative to that to white noise of the same size.
        values: distances of the shown images, rounded to 8 bits, by the metric itself.
        weights: source of its trained weights, if it has any.
    """

    name: str
    kind: Kind
    mean_eigenvalue: float
    sensitivities: tuple[float, ...]
    values: tuple[float, ...]
    weights: str | None = None

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Size (root mean square, in 1/255) at which each is as far from the reference as white noise of size 1/255."""
        return tuple(1 / one if one > 0 else float("inf") for one in self.sensitivities)

    @property
    def form_of(self) -> str:
        """What the second-order form is of."""
        return OF_SQUARES[self.name.partition(":")[0]] if self.kind == "squares" else "the distance"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings:
    """The small changes that metrics disagree about most, or the eigen-distortions of one metric.

    Attributes:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        directions: the changes, float32 (2k, H, W, 3), of root mean square 1: k pairs, one after the other, each
            orthogonal to the others. Of two metrics, the first is the more sensitive to the first of a pair and
            the second to the second; of one, they are the most and the least noticeable.
        metrics: each one's sensitivity to all of them.
        settings: picture and search, as asked.
        deviations: of each pair the standard deviation over metrics of the log ratio of sensitivities, which is
            maximized; one metric is set against the Euclidean norm.
        residuals: of each change, from 0 to 1; 0 where no small change of it improves it.
        steps: steps made, of all pairs together.
        outcome: "converged" at the tolerance, "max_steps", "stopped" by the user, or "stalled" by rounding; of the
            first pair that did not converge.
        notes: what was done to the picture as it was read, each a clause.
        versions: of Python and packages.
        device: what computed it.
        seconds: that it took.
    """

    reference: ImageArray
    directions: np.ndarray
    metrics: tuple[MetricSensitivity, ...]
    settings: Mapping[str, Any]
    deviations: tuple[float, ...]
    residuals: tuple[float, ...]
    steps: int
    outcome: Outcome
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str | None] = field(default_factory=dict)
    device: str = ""
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """How many pairs there are."""
        return len(self.deviations)

    @property
    def deviation(self) -> float:
        """That of the first pair."""
        return self.deviations[0]

    @property
    def images(self) -> np.ndarray:
        """The reference with each distortion at the same size, `CHANGE`: float32 (2k, H, W, 3), of 8 bits."""
        return shown_images(self.reference, self.directions)

    @property
    def sensitivities(self) -> dict[str, tuple[float, ...]]:
        """Name of each metric to its sensitivities to all changes, relative to white noise of the same size."""
        return {one.name: one.sensitivities for one in self.metrics}

    @property
    def thresholds(self) -> dict[str, tuple[float, ...]]:
        """Name of each metric to its thresholds, as in `MetricSensitivity`."""
        return {one.name: one.thresholds for one in self.metrics}


def shown_images(reference: ImageArray, directions: np.ndarray) -> np.ndarray:
    """The reference with each change at the size `CHANGE`, clipped to [0, 1] and rounded to 8 bits: (2k, H, W, 3)."""
    return np.stack([from_uint8(to_uint8(np.clip(reference + CHANGE * one, 0, 1))) for one in directions])
