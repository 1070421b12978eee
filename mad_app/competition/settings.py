"""The inputs of a competition (settings, solver options) and its outputs (steps, reasons)."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import jax
import numpy as np

from mad_app.declaration import check_settings, setting
from mad_app.errors import ArgumentError

Direction = Literal["max", "min"]
Role = Literal["first", "second"]


@dataclass(frozen=True)
class Corner:
    """One of the four images: which metric is optimized, in which direction, and which is fixed."""

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
    """Its Riemannian gradient vanished, or the optimized metric no longer improved."""
    AT_BOUNDS = "at_bounds"
    """Every pixel that could still improve is at a bound: black, white or the largest change."""
    BUDGET = "max_steps"
    """All steps were made."""
    SECONDS = "max_seconds"
    """The time limit was reached."""
    STOPPED = "stopped"
    """It was stopped from outside."""
    NOT_FINITE = "not_finite"
    """A metric or its gradient was not finite; the image is its last good one."""
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
        gray: whether only luminance changes; None for whether the reference and the start are gray.
        max_change: largest change of any value from the start, white being 1, from 1/255 to 1; None for any.
        low_pass: highest spatial frequency of the change, in cycles per shorter side of the picture, above 0; None for
            any.
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
    gray: bool | None = setting(
        None,
        label="Gray",
        help="The picture is reduced to its luminance, and only luminance changes.",
        group="constraints",
        none="if the picture is gray",
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
        label="Finest detail allowed (cycles per shorter side)",
        help="Changes of higher spatial frequency, counted along the picture's shorter side, are not allowed: 4 gives "
        "soft blotches, 32 fine grain.",
        group="constraints",
        unit="cycles per shorter side",
        above=0,
        none="any",
        phrase="up to {value:g} cycles per shorter side",
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


def _constant(default: float, **bounds: float) -> Any:
    """A field of `SolverOptions`, with the bounds `minimum`, `above` and `maximum` of its value."""
    return field(default=default, metadata=bounds)


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """The constants of the solver. The defaults were tuned; a record says which were used.

    Update rules (`updates`):

    Attributes:
        step_size: size of the first step as a change of pixel value, in (0, 1].
        last_step_size: size of the last ascent step, in units of the first, in (0, 1].
        momentum: decay rate of the first moment, in [0, 1). 0.8 averages about 5 steps: the level set bends, so older
            directions are no longer tangent to it.
        second_moment_decay: decay rate of the second moment, in [0, 1). 0.99 averages about 100 steps: gradients fall
            by powers of ten during a run.
        epsilon: ε of Adam, in units of the root mean square of √v̂. It bounds how far a pixel with a small gradient
            moves ahead of the others.
        retractions: Newton steps to the linearized level set in each step. They need no evaluation of a metric.
        retraction_gain: a step corrects min(1, retraction_gain · step_scale) of the residual, so that an image whose
            level set is strongly curved returns in small steps.

    Acceptance of steps (`solver`, `schedules`):

    Attributes:
        max_violation: relative departure of the fixed metric from its level above which the first step is rejected.
        last_violation: the same for the last step.
        regression_tolerance: a descent step is rejected if the optimized metric rises by more than this part above its
            least value.
        increase_factor: the step scale is multiplied by this after an accepted step, at least 1.
        decrease_factor: and by this after a rejected one, in (0, 1).
        min_step_scale: an image whose step scale falls below this restarts from its last iterate on the level.
        restart_step_scale: the step scale it restarts with.
        on_level_tolerance: relative departure from the level up to which an iterate counts as on it during a run.

    Convergence (`solver`):

    Attributes:
        gain_tolerance: least relative improvement of the optimized metric that counts.
        plateau_patience: steps on the level without such an improvement after which an image has converged.
        flat_tolerance: an image has converged when the norm of its Riemannian gradient falls below this part of its
            first one.
        active_fraction: an image that converged so ended at the bounds if at least this part of the values that a
            metric depends on are at active bounds.

    Level restoration (`initialization`, `solver`):

    Attributes:
        level_tolerance: relative departure of the fixed metric from its level that is aimed at in the end, in
            (0, MAX_DRIFT]; metrics computed in float32 resolve little less than the default.
        max_restoration_steps: steps allowed for the return to the level at the end. A handful is typical, dozens where
            a run is stopped early and the level set is rough.
        max_initial_steps: Newton steps allowed to bring the start to a given level; a dozen is typical.
        max_level_ratio: greatest factor between a metric's value and the value that one such step aims at, above 1.
        bisections: how many times the segment to the reference is divided to find a level on it.

    Parametrization (`constraints`):

    Attributes:
        projections: alternating projections onto the low spatial frequencies and the bounds after each step.
        projection_slack: how far a value may exceed its bound and still count as free to move; half an 8-bit step.

    Quantization (`quantization`):

    Attributes:
        quantization_tolerance: relative departure from the level below which no more values are flipped.
        max_flip_rounds: measurements of both metrics for one image; one to three are typical.
        max_offset_levels: how often an image that misses its level is moved to an offset level and rounded anew.
        min_offset_level: the lowest offset level, in units of the image's own.
        max_offset_steps: Newton steps to an offset level.

    Raises:
        ArgumentError: a value is out of its range.
    """

    step_size: float = _constant(0.05, above=0, maximum=1)
    last_step_size: float = _constant(0.02, above=0, maximum=1)
    momentum: float = _constant(0.8, minimum=0, maximum=0.9999)
    second_moment_decay: float = _constant(0.99, minimum=0, maximum=0.9999)
    epsilon: float = _constant(1e-4, above=0)
    retractions: int = _constant(2, minimum=1)
    retraction_gain: float = _constant(4.0, above=0)

    max_violation: float = _constant(3.0, above=0)
    last_violation: float = _constant(0.01, above=0)
    regression_tolerance: float = _constant(0.1, minimum=0)
    increase_factor: float = _constant(1.1, minimum=1)
    decrease_factor: float = _constant(0.5, above=0, maximum=0.9999)
    min_step_scale: float = _constant(2.0**-8, above=0, maximum=1)
    restart_step_scale: float = _constant(2.0**-3, above=0, maximum=1)
    on_level_tolerance: float = _constant(0.01, above=0)

    gain_tolerance: float = _constant(1e-4, minimum=0)
    plateau_patience: int = _constant(100, minimum=1)
    flat_tolerance: float = _constant(1e-3, minimum=0)
    active_fraction: float = _constant(0.5, minimum=0, maximum=1)

    level_tolerance: float = _constant(1e-5, above=0, maximum=MAX_DRIFT)
    max_restoration_steps: int = _constant(400, minimum=1)
    max_initial_steps: int = _constant(100, minimum=1)
    max_level_ratio: float = _constant(2.0, minimum=1.0001)
    bisections: int = _constant(16, minimum=1)

    projections: int = _constant(16, minimum=1)
    projection_slack: float = _constant(0.5 / 255, minimum=0)

    quantization_tolerance: float = _constant(1e-3, above=0)
    max_flip_rounds: int = _constant(16, minimum=1)
    max_offset_levels: int = _constant(5, minimum=0)
    min_offset_level: float = _constant(0.02, above=0, maximum=1)
    max_offset_steps: int = _constant(40, minimum=1)

    def __post_init__(self) -> None:
        for item in fields(self):
            _check_constant(item.name, getattr(self, item.name), item.metadata, whole=isinstance(item.default, int))


def _check_constant(name: str, value: object, bounds: Mapping[str, float], *, whole: bool) -> None:
    kind = "a whole number" if whole else "a finite number"
    above, minimum, maximum = (bounds.get(key) for key in ("above", "minimum", "maximum"))
    limits = [f"above {above:g}"] if above is not None else [f"at least {minimum:g}"]
    limits += [f"at most {maximum:g}"] if maximum is not None else []
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if (
        not number
        or not math.isfinite(value)  # type: ignore[arg-type]
        or (above is not None and value <= above)  # type: ignore[operator]
        or (minimum is not None and value < minimum)  # type: ignore[operator]
        or (maximum is not None and value > maximum)  # type: ignore[operator]
    ):
        raise ArgumentError(name, f"must be {kind} {' and '.join(limits)}, got {value!r:.60}")


DEFAULT_SOLVER = SolverOptions()


@dataclass(frozen=True)
class Restoration:
    """How far the images' return to their level is, after the steps of a competition.

    Attributes:
        index: steps that the competition made.
        step: steps of the return that were made so far; 0 when it begins.
        departure: the largest relative departure of a fixed metric from its level among the images; those where a
            metric is not finite do not count.
    """

    index: int
    step: int
    departure: float


@dataclass(frozen=True)
class Step:
    """One iterate of a competition; position i of every array belongs to CORNERS[i].

    Attributes:
        index: steps done so far; 0 is the start.
        images: (4, H, W, 3) in [0, 1].
        first: the first metric's distance of each image to the reference, (4,).
        second: likewise for the second metric.
        drift: relative signed departure of each image's fixed metric from its level, (4,).
        reasons: why each image ended, in the last step of a competition only.
        state: the solver's state as named arrays, from which `compete` continues bit for bit.
    """

    index: int
    images: jax.Array
    first: np.ndarray
    second: np.ndarray
    drift: np.ndarray
    reasons: tuple[Reason, ...] | None = None
    state: Mapping[str, np.ndarray | jax.Array] = field(default_factory=dict)

    @property
    def on_level(self) -> bool:
        """Whether all four images keep their level to within MAX_DRIFT: at the start and in the last step, not always
        between them. The last step says in `reasons` which image could not be brought back."""
        return bool((np.abs(self.drift) <= MAX_DRIFT).all())
