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
    """How one metric sees both distortions.

    Attributes:
        name: of the metric.
        kind: "distance", or "squares" of the norms of which the distance is the mean (`OF_SQUARES`).
        mean_eigenvalue: of its second-order form M: the mean of vᵀ M v over white noise v of length 1.
        sensitivities: √(vᵀ M v) to both, relative to that to white noise of the same size.
        values: distances of the two shown images, rounded to 8 bits, by the metric itself.
        weights: source of its trained weights, if it has any.
    """

    name: str
    kind: Kind
    mean_eigenvalue: float
    sensitivities: tuple[float, float]
    values: tuple[float, float]
    weights: str | None = None

    @property
    def thresholds(self) -> tuple[float, float]:
        """Size (root mean square, in 1/255) at which each is as far from the reference as white noise of size 1/255."""
        first, second = (1 / one if one > 0 else float("inf") for one in self.sensitivities)
        return first, second

    @property
    def form_of(self) -> str:
        """What the second-order form is of."""
        return OF_SQUARES[self.name.partition(":")[0]] if self.kind == "squares" else "the distance"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings:
    """The two smallest changes that metrics disagree about most, or the eigen-distortions of one metric.

    Attributes:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        directions: both changes, float32 (2, H, W, 3), of root mean square 1. Of two metrics, the first is the more
            sensitive to the first and the second to the second; of one, they are the most and the least noticeable.
        metrics: each one's sensitivity to both.
        settings: picture and search, as asked.
        deviation: standard deviation over metrics of the log ratio of sensitivities, which is maximized; one metric is
            set against the Euclidean norm.
        residuals: of both, from 0 to 1; 0 where no small change of it improves it.
        steps: steps made.
        outcome: "converged" at the tolerance, "max_steps", "stopped" by the user, or "stalled" by rounding.
        notes: what was done to the picture as it was read, each a clause.
        versions: of Python and packages.
        device: what computed it.
        seconds: that it took.
    """

    reference: ImageArray
    directions: np.ndarray
    metrics: tuple[MetricSensitivity, ...]
    settings: Mapping[str, Any]
    deviation: float
    residuals: tuple[float, float]
    steps: int
    outcome: Outcome
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str | None] = field(default_factory=dict)
    device: str = ""
    seconds: float = 0.0

    @property
    def images(self) -> np.ndarray:
        """The reference with each distortion at the same size, `CHANGE`: float32 (2, H, W, 3), of 8 bits."""
        return shown_images(self.reference, self.directions)

    @property
    def sensitivities(self) -> dict[str, tuple[float, float]]:
        """Name of each metric to its sensitivities to both, relative to white noise of the same size."""
        return {one.name: one.sensitivities for one in self.metrics}

    @property
    def thresholds(self) -> dict[str, tuple[float, float]]:
        """Name of each metric to its thresholds, as in `MetricSensitivity`."""
        return {one.name: one.thresholds for one in self.metrics}


def shown_images(reference: ImageArray, directions: np.ndarray) -> np.ndarray:
    """The reference with each change at the size `CHANGE`, clipped to [0, 1] and rounded to 8 bits: (2, H, W, 3)."""
    return np.stack([from_uint8(to_uint8(np.clip(reference + CHANGE * one, 0, 1))) for one in directions])
