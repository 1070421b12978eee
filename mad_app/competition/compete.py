"""One Maximum Differentiation competition: four images in one batch, as a generator of small steps.

From a start, each of two metrics is driven up and down while the other is held at the value it has there. Both are
evaluated once a step, for all four images. Stopping is ceasing to ask, or better `should_stop`, after which the last
step is back on its level.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from mad_app.competition.admissible import Admissible, Mask, admissible
from mad_app.competition.level_set import Moments, no_moments, return_step, tangent_step
from mad_app.competition.levels import starts_and_levels
from mad_app.competition.settings import CORNERS, Reason, Role, Settings, Step
from mad_app.metrics import Comparison, Metric

LAST_STEP_SIZE = 0.02
"""The size of the last step in units of the first; in between it falls along a cosine."""
STRAYED = 0.1
"""Relative departure from the level at which a step is taken back and its image's next one halved: at first, falling
with the step size to
"""
STRAYED_AT_LAST = 0.01
HELD = 1e-3
"""Relative departure from the level up to which a metric counts as held."""
POINTS = "points"
"""Name of the admissible points in the state of a step, where these are not the images themselves."""
MOST_RETURNS = 40
"""Newton steps allowed for coming back to the level; a handful is usual."""


def compete(
    reference: ArrayLike,
    start: ArrayLike,
    first: Metric,
    second: Metric,
    settings: Settings | None = None,
    *,
    mask: Mask | None = None,
    resume: Step | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Step]:
    """Run a competition.

    Args:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        start: a distorted copy; its distances are the levels.
        first: a metric.
        second: its rival.
        settings: how; the defaults if None.
        mask: bool (H, W), true where the images may change; None for everywhere.
        resume: a step of an earlier run to go on from, in its place; with the same arguments otherwise, what follows
            is what would have followed then, bit for bit.
        should_stop: asked after each step.

    Yields:
        The start (or, resuming, nothing for the step resumed from), each step, and last a step with `reasons`, whose
        images are back on their level to within `settings.level_tolerance` unless a reason says otherwise.

    Raises:
        ValueError: the images do not fit a metric, or the start is at distance 0 from the reference for a metric, so
            that there is no level to hold.

    Example:
        >>> import numpy as np
        >>> from mad_app.metrics import get_metric
        >>> reference = np.full((16, 16, 3), 0.5, np.float32)
        >>> start = np.clip(reference + np.random.default_rng(0).normal(0, 0.1, reference.shape), 0, 1)
        >>> steps = compete(reference, start, get_metric("ssim"), get_metric("mse"), Settings(steps=3))
        >>> [step.index for step in steps]
        [0, 1, 2, 3]
    """
    settings = settings or Settings()
    arena = _prepare(reference, start, first, second, settings, mask)
    state = _State.resumed(resume) if resume else _State.at_start(arena.starts)
    view = arena.look(jnp.asarray(resume.state.get(POINTS, resume.images)) if resume else arena.starts)
    while True:
        over = Reason.BUDGET if state.done >= settings.steps else None
        over = Reason.STOPPED if over is None and state.done > 0 and should_stop() else over
        if over or not view.finite.all():
            break
        if resume is None or state.done > resume.index:
            yield arena.shown(view.step(state))
        view, state = _advance(arena, view, state)
    yield arena.shown(_settle(arena, view, state, over or Reason.OTHER_NOT_FINITE))


class _State(NamedTuple):
    """What the next step needs beside the images.

    Attributes:
        done: steps done.
        moments: Adam's memory.
        trust: each image's step size, in units of the settings', at most 1, (4,).
    """

    done: int
    moments: Moments
    trust: Array

    @classmethod
    def at_start(cls, images: Array) -> "_State":
        return cls(0, no_moments(images), jnp.ones(len(images)))

    @classmethod
    def resumed(cls, step: Step) -> "_State":
        arrays = {name: jnp.asarray(array) for name, array in step.state.items() if name != POINTS}
        return cls(step.index, trust=arrays.pop("trust"), moments=Moments(**arrays))


class _View(NamedTuple):
    """What both metrics say of the four images, sorted by what is driven and what is held."""

    images: Array
    first: Array
    second: Array
    ascent: Array
    normal: Array
    missing: Array
    level: Array

    @property
    def finite(self) -> np.ndarray:
        """Which images have finite values and gradients, (4,)."""
        return np.asarray(_all_finite(self))

    @property
    def drift(self) -> np.ndarray:
        """Relative signed departure from the level, (4,)."""
        return np.asarray(-self.missing / self.level, np.float64)

    def step(self, state: _State, reasons: tuple[Reason, ...] | None = None) -> Step:
        """As a step of the competition."""
        first, second = np.asarray(self.first, np.float64), np.asarray(self.second, np.float64)
        memory = {"trust": state.trust, **state.moments._asdict()}
        return Step(state.done, self.images, first, second, self.drift, reasons, memory)


@dataclass(frozen=True, eq=False)
class _Arena:
    """What stays the same through a competition."""

    first: Comparison
    second: Comparison
    space: Admissible
    starts: Array
    level: Array
    settings: Settings

    def look(self, images: Array) -> _View:
        """Evaluate both metrics and their gradients once."""
        return _sort(images, self.first.value_and_grad(images), self.second.value_and_grad(images), self.level)

    def shown(self, step: Step) -> Step:
        """The step with its points as pictures."""
        if self.space.whole:
            return step
        return replace(step, images=self.space.pictures(step.images), state={**step.state, POINTS: step.images})


def _prepare(
    reference: ArrayLike, start: ArrayLike, first: Metric, second: Metric, settings: Settings, mask: Mask | None
) -> _Arena:
    reference, space = jnp.asarray(reference, jnp.float32), admissible(start, settings, mask)
    rivals: dict[Role, Metric] = {"first": first, "second": second}
    comparisons = {role: space.comparison(metric.against(reference)) for role, metric in rivals.items()}
    batch = jnp.repeat(space.points()[None], len(CORNERS), axis=0)
    for role, comparison in comparisons.items():
        value = comparison.value_and_grad(batch)[0][0]  # not `distances`, which would be compiled for this alone
        if not value > 0:
            raise ValueError(
                f"the start must differ from the reference for both metrics, but {rivals[role].name} puts it at "
                f"distance {value}: take another or a stronger distortion"
            )
    starts, level = starts_and_levels(space.points(), comparisons, settings)
    return _Arena(**comparisons, space=space, starts=starts, level=level, settings=settings)


def _advance(arena: _Arena, view: _View, state: _State) -> tuple[_View, _State]:
    """One step; an image that strays from its level goes back and takes a smaller one next."""
    decline = _decline(state.done / arena.settings.steps)
    size = arena.settings.step_size * decline * state.trust
    images, moments = tangent_step(view.images, state.moments, view.ascent, view.normal, view.missing, size)
    view, strayed = _take_back(view, arena.look(images), max(STRAYED * decline, STRAYED_AT_LAST))
    trust = jnp.where(strayed, state.trust / 2, jnp.minimum(state.trust * 1.1, 1))
    return view, _State(state.done + 1, moments, trust)


def _settle(arena: _Arena, view: _View, state: _State, reason: Reason) -> Step:
    """Bring the images back to their level, as far as the metrics can tell it, and say why each ended."""
    tolerance = arena.settings.level_tolerance
    for _ in range(MOST_RETURNS):
        off = (np.abs(view.drift) > tolerance) & view.finite
        if not off.any():
            break
        returned = return_step(view.images, state.moments, view.normal, view.missing)
        view = arena.look(jnp.where(off[:, None, None, None], returned, view.images))
    reasons = tuple(
        Reason.NOT_FINITE if not finite else Reason.NO_LEVEL if abs(drift) > HELD else reason
        for finite, drift in zip(view.finite, view.drift, strict=True)
    )
    return view.step(state, reasons)


@jax.jit
def _sort(images: Array, first: tuple[Array, Array], second: tuple[Array, Array], level: Array) -> _View:
    """The view, from each metric's values and gradients."""
    drives_first = jnp.array([corner.optimised == "first" for corner in CORNERS])
    sign = jnp.array([1.0 if corner.direction == "max" else -1.0 for corner in CORNERS])
    pick = drives_first[:, None, None, None]
    return _View(
        images=images,
        first=first[0],
        second=second[0],
        ascent=jnp.where(pick, first[1], second[1]) * sign[:, None, None, None],
        normal=jnp.where(pick, second[1], first[1]),
        missing=level - jnp.where(drives_first, second[0], first[0]),
        level=level,
    )


@jax.jit
def _take_back(before: _View, after: _View, allowed: float) -> tuple[_View, Array]:
    """The view after a step, but before it for images that strayed, and which did, (4,)."""
    drift, previous = jnp.abs(after.missing / after.level), jnp.abs(before.missing / before.level)
    strayed = ~(drift <= jnp.maximum(allowed, previous))

    def kept(old: Array, new: Array) -> Array:
        return jnp.where(strayed.reshape(-1, *[1] * (new.ndim - 1)), old, new)

    return jax.tree.map(kept, before, after), strayed


@jax.jit
def _all_finite(view: _View) -> Array:
    """Image by image, whether every number of the view is finite, (4,)."""
    return jnp.stack([jnp.isfinite(array).reshape(len(CORNERS), -1).all(axis=1) for array in view]).all(axis=0)


def _decline(progress: float) -> float:
    """Step size, in units of the first, when this part of the steps is done."""
    return float(LAST_STEP_SIZE + (1 - LAST_STEP_SIZE) * (1 + np.cos(np.pi * progress)) / 2)
