"""What is asked of a competition, and what it answers."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import jax
import numpy as np

from mad_app.declaration import check_settings, setting
from mad_app.errors import ArgumentError

Direction = Literal["max", "min"]
Role = Literal["first", "second"]


@dataclass(frozen=True)
class Corner:
    """One of the four images: which metric is optimized, which way, and which is fixed."""

    optimized: Role
    direction: Direction

    @property
    def fixed(self) -> Role:
        """The metric that keeps its level."""
        return "second" if self.optimized == "first" else "first"


CORNERS = (Corner("first", "max"), Corner("first", "min"), Corner("second", "max"), Corner("second", "min"))
"""The order of the four images everywhere: in a batch, a record and a figure."""
MAX_DRIFT = 1e-3
"""Relative departure from its level up to which a fixed metric counts as kept."""


class Reason(enum.Enum):
    """Why an image's optimization ended; the value is its code in a record."""

    CONVERGED = "converged"
    """No step leads further."""
    AT_BOUNDS = "at_bounds"
    """Every pixel that could still improve is at a bound: black, white or the largest change."""
    BUDGET = "max_steps"
    """All steps were made."""
    SECONDS = "max_seconds"
    """The time was over."""
    STOPPED = "stopped"
    """It was stopped from outside."""
    NOT_FINITE = "not_finite"
    """A metric or its gradient was not a finite number."""
    ABORTED = "aborted"
    """Another of the four images failed; only in records of schema 1 and 2."""
    INFEASIBLE = "infeasible"
    """It could not be brought back to the level of its fixed metric."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a competition is run.

    Attributes:
        steps: number of steps, at least 1; fewer are made if all four images converge.
        seconds: time after which no further step is made, above 0; None for any time. The schedules are those of
            `steps` all the same, so it cuts a competition short.
        gray: only luminance changes: gray pictures stay gray.
        max_change: largest change of any value from the start, white being 1, from 1/255 to 1; None for any.
        low_pass: highest spatial frequency of the change, in cycles per picture, above 0; None for any.
        first_level: the value that the first metric keeps where it is fixed; None for what it is at the start.
        second_level: likewise for the second metric.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    steps: int = setting(
        500,
        label="Number of steps",
        help="How many gradient steps. After 100 the differences are plain; more make them extreme.",
        group="length",
        minimum=1,
        maximum=1_000_000_000,
    )
    seconds: float | None = setting(
        None,
        label="Time limit (seconds)",
        help="After this time no further step is made. A run that is continued counts what it took before.",
        group="length",
        unit="seconds",
        above=0,
        maximum=31_536_000,
        none="none",
    )
    gray: bool = setting(
        False,
        label="Gray",
        help="The picture is reduced to its luminance, and only luminance changes.",
        group="constraints",
        phrase="gray",
        aliases=("grey",),
    )
    max_change: float | None = setting(
        None,
        label="Maximum change per pixel (0–1)",
        help="How far any value may move from the start; black is 0, white is 1.",
        group="constraints",
        minimum=1 / 255,
        maximum=1,
        none="any",
        phrase="changes up to {value:g}",
    )
    low_pass: float | None = setting(
        None,
        label="Finest detail allowed (cycles per picture)",
        help="Changes of higher spatial frequency are not allowed: 4 gives soft blotches, 32 fine grain.",
        group="constraints",
        unit="cycles per picture",
        above=0,
        none="any",
        phrase="up to {value:g} cycles per picture",
    )
    first_level: float | None = setting(
        None,
        label="Level of the first metric",
        help="The value the first metric keeps while the second is optimized. The start is brought there first.",
        group="levels",
        above=0,
        none="as at the start",
        phrase="{first} kept at {value:g}",
    )
    second_level: float | None = setting(
        None,
        label="Level of the second metric",
        help="The value the second metric keeps while the first is optimized. The start is brought there first.",
        group="levels",
        above=0,
        none="as at the start",
        phrase="{second} kept at {value:g}",
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """The constants of the solver. The defaults were tuned; a record says which were used.

    Attributes:
        step_size: size of the first step as a change of pixel value, in (0, 1].
        level_tolerance: relative departure of the fixed metric from its level that is aimed at in the end, in
            (0, MAX_DRIFT]; metrics computed in float32 resolve little less than the default.
    """

    step_size: float = 0.05
    level_tolerance: float = 1e-5

    def __post_init__(self) -> None:
        if not 0 < self.step_size <= 1:
            raise ArgumentError("step_size", f"must lie in (0, 1], got {self.step_size}")
        if not 0 < self.level_tolerance <= MAX_DRIFT:
            raise ArgumentError("level_tolerance", f"must lie in (0, {MAX_DRIFT:g}], got {self.level_tolerance}")


DEFAULT_SOLVER = SolverOptions()


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
