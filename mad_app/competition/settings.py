"""What is asked of a competition, and what it answers."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import jax
import numpy as np

Direction = Literal["max", "min"]
Role = Literal["first", "second"]


@dataclass(frozen=True)
class Corner:
    """One of the four images: which metric is driven, which way, and which is held."""

    optimized: Role
    direction: Direction

    @property
    def fixed(self) -> Role:
        """The metric that is held."""
        return "second" if self.optimized == "first" else "first"


CORNERS = (Corner("first", "max"), Corner("first", "min"), Corner("second", "max"), Corner("second", "min"))
"""The order of the four images everywhere: in a batch, a record and a figure."""
MAX_DRIFT = 1e-3
"""Relative departure from the level up to which a metric counts as held."""


class Reason(enum.Enum):
    """Why an image's optimization ended; the value is what a person reads, after the image's letter."""

    CONVERGED = "converged: no step leads further"
    AT_BOUNDS = "got stuck: what could still move is pressed against black, white or the largest change"
    BUDGET = "used its whole budget of steps"
    SECONDS = "used its whole budget of seconds"
    STOPPED = "was stopped by the user"
    NOT_FINITE = "met a metric or a gradient that was no finite number"
    ABORTED = "ended early, because a metric failed on another of the four images"
    INFEASIBLE = "could not be brought back to the level of its fixed metric"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a competition is run.

    Attributes:
        steps: number of steps, at least 1; fewer are made if all four images converge.
        seconds: time after which no further step is made, above 0; None for any time. The pace of the steps is that
            of `steps` all the same, so it cuts a competition short.
        step_size: size of the first step as a change of pixel value, in (0, 1].
        level_tolerance: relative departure of the fixed metric from its level that is aimed at in the end; metrics
            computed in float32 resolve little less than the default.
        gray: only luminance changes: gray pictures stay gray.
        max_change: largest change of any value from the start, white being 1, from 1/255 to 1; None for any.
        low_pass: highest spatial frequency of the change, in cycles a picture, above 0; None for any.
        first_level: what the first metric is held at where it is held; None for what it is at the start.
        second_level: likewise for the second metric.
    """

    steps: int = 500
    seconds: float | None = None
    step_size: float = 0.05
    level_tolerance: float = 1e-5
    gray: bool = False
    max_change: float | None = None
    low_pass: float | None = None
    first_level: float | None = None
    second_level: float | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError(f"seconds must be a number above 0, got {self.seconds}")
        if not 0 < self.step_size <= 1:
            raise ValueError(f"step_size must lie in (0, 1], got {self.step_size}")
        if not 0 < self.level_tolerance <= MAX_DRIFT:
            raise ValueError(f"level_tolerance must lie in (0, {MAX_DRIFT:g}], got {self.level_tolerance}")
        if self.max_change is not None and not 1 / 255 <= self.max_change <= 1:
            raise ValueError(f"max_change must lie between 1/255, the step of 8 bits, and 1, got {self.max_change}")
        for name in ("low_pass", "first_level", "second_level"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a number above 0, got {value}")


@dataclass(frozen=True)
class Step:
    """The competition after some steps; position i of every array belongs to CORNERS[i].

    Attributes:
        index: steps done so far; 0 is the start.
        images: (4, H, W, 3) in [0, 1].
        first: the first metric's distance of each image to the reference, (4,).
        second: likewise for the second metric.
        drift: relative signed departure of each image's fixed metric from its level, (4,).
        reasons: why each image ended, in the last step of a competition only.
        state: what `compete` needs, beside the images, to go on from here bit for bit.
    """

    index: int
    images: jax.Array
    first: np.ndarray
    second: np.ndarray
    drift: np.ndarray
    reasons: tuple[Reason, ...] | None = None
    state: Mapping[str, np.ndarray | jax.Array] = field(default_factory=dict)
