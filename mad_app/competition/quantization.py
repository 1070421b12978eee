"""Quantization to 8 bits that keeps the fixed metric on its level.

Rounding each value to the nearest of 8 bits adds noise, which moves a sensitive metric off its level. Here a few
values are flipped: rounded to their other neighbor. With n and h the fixed metric's gradient and the diagonal of its
Hessian, g the objective gradient, all at the rounded image, and δ the change of a value when it is flipped,

    n δ + h δ²/2   is its effect on the fixed metric,        max(0, −g δ)   its cost,

and the values with the least cost per effect are flipped until the residual is corrected: the greedy solution of the
knapsack problem (Dantzig 1957). As this is an approximation, it is repeated with both metrics evaluated anew, which
also gives h as the change of n at each flipped value over its δ (a secant). The best image is kept; after one that is
no better, half as much is flipped.

Near an undistorted image, rounding may add more than flips can remove. The float image is then moved to an offset
level, as far on the other side of its level as the rounded one missed it, and rounded anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.competition.geometry import retract
from mad_app.competition.inputs import checked_images
from mad_app.competition.settings import CORNERS, DEFAULT_SOLVER, SolverOptions
from mad_app.errors import ArgumentError
from mad_app.images import Image8Bit
from mad_app.metrics import BoundMetric

Values = npt.NDArray[np.float64]
Images = npt.NDArray[np.float32]


def quantize_at_level(
    images: npt.ArrayLike,
    first: BoundMetric,
    second: BoundMetric,
    levels: Sequence[float] | Values,
    *,
    bounds: tuple[Image8Bit, Image8Bit] | None = None,
    gray: bool = False,
    solver: SolverOptions = DEFAULT_SOLVER,
) -> Image8Bit:
    """Round the four images so that each fixed metric stays as close to its level as possible.

    Args:
        images: float32 or float64 (4, H, W, 3) in [0, 1], in the order of CORNERS.
        first: the first metric, bound to the reference.
        second: the second metric, likewise.
        levels: the level of each image's fixed metric, (4,).
        bounds: least and greatest 8-bit values allowed, uint8 (H, W, 3) each; 0 and 255 if None.
        gray: the three channels of a pixel are equal and stay so.
        solver: the constants.

    Returns:
        uint8 (4, H, W, 3), within the bounds: of each value one of its two neighbors, where these can keep the level.
        An image that a metric cannot measure is rounded to the nearest.

    Raises:
        ArgumentError: an array is not as above.
    """
    given, wanted = checked_images(images, "images", len(CORNERS)), np.asarray(levels, np.float64)
    if wanted.shape != (len(CORNERS),):
        raise ArgumentError("levels", f"must have shape ({len(CORNERS)},), got {wanted.shape}")
    shape = given.shape[1:]
    low, high = bounds or (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8))
    for bound in (low, high):
        if bound.dtype != np.uint8 or bound.shape != shape:
            raise ArgumentError("bounds", f"must be uint8 {shape} each, got {bound.dtype} {bound.shape}")
    return _Quantization((first, second), wanted, low, high, gray, solver).of(given)


@dataclass(frozen=True, eq=False)
class _Quantization:
    """What stays the same while the four images are quantized; attributes as the arguments of `quantize_at_level`."""

    metrics: tuple[BoundMetric, BoundMetric]
    levels: Values
    low: Image8Bit
    high: Image8Bit
    gray: bool
    solver: SolverOptions

    def of(self, images: Images) -> Image8Bit:
        """The images rounded, from their own level and from offset levels, whichever comes nearest."""
        targets = self.levels
        best, least = rounded, residual = self._rounded(images)
        for _ in range(self.solver.max_offset_levels):
            off = np.isfinite(least) & (np.abs(least) > self.solver.quantization_tolerance * self.levels)
            if not off.any():
                break
            lowest = self.solver.min_offset_level * self.levels
            targets = np.where(off, np.maximum(targets + residual, lowest), targets)
            images = self._at_levels(images, np.where(off, targets, np.nan))
            rounded, residual = self._rounded(images)
            nearer = off & (np.abs(residual) < np.abs(least))
            best = np.where(nearer[:, None, None, None], rounded, best)
            least = np.where(nearer, residual, least)
        return best

    def _rounded(self, images: Images) -> tuple[Image8Bit, Values]:
        """Each value at one of its two neighbors, and the residuals of the fixed metrics then, (4,)."""
        scaled = images * np.float32(255)
        below, above, nearest = (
            np.clip(rounding(scaled), self.low, self.high).astype(np.uint8) for rounding in (np.floor, np.ceil, np.rint)
        )
        searches = [
            _FlipSearch(below[i], above[i], nearest[i], float(level), self.gray, self.solver.quantization_tolerance)
            for i, level in enumerate(self.levels)
        ]
        for _ in range(self.solver.max_flip_rounds):
            trials = np.stack([search.trial for search in searches]).astype(np.float32) / np.float32(255)
            for search, measured in zip(searches, _measure(trials, self.metrics), strict=True):
                search.update(*measured)
            if all(search.is_over for search in searches):
                break
        return np.stack([search.best for search in searches]), np.array([search.residual for search in searches])

    def _at_levels(self, images: Images, targets: Values) -> Images:
        """The float images moved to other levels of their fixed metrics; those without a target, NaN, as they are."""
        low, high = self.low / np.float32(255), self.high / np.float32(255)
        for _ in range(self.solver.max_offset_steps):
            values, normals, _ = (np.stack(parts) for parts in zip(*_measure(images, self.metrics), strict=True))
            residual = np.nan_to_num(targets - values)
            if (np.abs(residual) <= self.solver.quantization_tolerance / 10 * np.nan_to_num(targets)).all():
                break
            normals = normals.mean(axis=3, keepdims=True) + 0 * normals if self.gray else normals
            moved = retract(jnp.asarray(images), *(jnp.asarray(array, np.float32) for array in (normals, residual)))
            known = np.isfinite(moved).all(axis=(1, 2, 3), keepdims=True)
            images = np.where(known, np.clip(np.asarray(moved), low, high), images)
        return images


@dataclass(eq=False)
class _FlipSearch:
    """The search for one image.

    Attributes:
        below: the lower neighbor of each value, (H, W, 3).
        above: the upper neighbor.
        trial: the image to be measured next.
        level: of the fixed metric.
        gray: whether the three channels are flipped together.
        tolerance: relative departure from the level at which the search ends.
        best: the image with the least departure from the level so far.
        residual: level − fixed metric there.
        fraction: of the residual that the next flips correct.
    """

    below: Image8Bit
    above: Image8Bit
    trial: Image8Bit
    level: float
    gray: bool
    tolerance: float
    best: Image8Bit = field(init=False)
    residual: float = np.inf
    fraction: float = 1.0

    def __post_init__(self) -> None:
        self.best = self.trial
        self.constraint_gradient = self.objective_gradient = np.zeros(self.trial.shape)
        self.curvature = np.full(self.trial.shape, np.nan)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be tried."""
        on_level = abs(self.residual) <= self.tolerance * self.level
        return on_level or self.trial is self.best or not np.isfinite(self.residual)

    def update(self, value: float, constraint_gradient: Values, objective_gradient: Values) -> None:
        """Take in the fixed metric's value and both gradients at the trial, and choose the next trial."""
        change = (self.trial.astype(np.float64) - self.best) / 255
        flipped = change != 0
        self.curvature[flipped] = (constraint_gradient - self.constraint_gradient)[flipped] / change[flipped]
        if abs(self.level - value) < abs(self.residual):
            self.best, self.residual = self.trial, self.level - value
            self.constraint_gradient, self.objective_gradient = constraint_gradient, objective_gradient
            self.fraction = min(1.0, 2 * self.fraction)
        else:
            self.fraction /= 2
        other = np.where(self.best == self.below, self.above, self.below)
        flipped = self._worth_flipping(other)
        self.trial = np.where(flipped, other, self.best) if flipped.any() else self.best

    def _worth_flipping(self, other: Image8Bit) -> npt.NDArray[np.bool_]:
        """Which values of `best` to flip to the others, (H, W, 3) or, of a gray image, (H, W, 1)."""
        change, wanted = (other.astype(np.float64) - self.best) / 255, self.fraction * abs(self.residual)
        known = np.isfinite(self.curvature)
        curvature = np.where(known, self.curvature, self.curvature[known].mean() if known.any() else 0.0)
        effect = (self.constraint_gradient * change + curvature * change**2 / 2) * np.sign(self.residual)
        cost = -self.objective_gradient * change
        if self.gray:
            effect, cost = (part.sum(axis=2, keepdims=True) for part in (effect, cost))
        useful = np.flatnonzero((effect > 0) & (effect <= wanted))
        gain = effect.flat[useful]
        price = np.maximum(cost.flat[useful], 0) + np.abs(cost).mean()  # the mean: few values rather than many
        order = np.argsort(price / gain, kind="stable")
        chosen = np.zeros(effect.shape, bool)
        chosen.flat[useful[order][np.cumsum(gain[order]) <= wanted]] = True
        return chosen


def _measure(images: Images, metrics: tuple[BoundMetric, BoundMetric]) -> list[tuple[float, Values, Values]]:
    """Of each image the fixed metric, its gradient, and the objective gradient."""
    batch = jnp.asarray(images)
    measured = {role: metric.value_and_grad(batch) for role, metric in zip(("first", "second"), metrics, strict=True)}
    values = {role: np.asarray(value, np.float64) for role, (value, _) in measured.items()}
    gradients = {role: np.asarray(gradient, np.float64) for role, (_, gradient) in measured.items()}
    return [
        (
            float(values[corner.fixed][i]),
            gradients[corner.fixed][i],
            gradients[corner.optimized][i] * (1 if corner.direction == "max" else -1),
        )
        for i, corner in enumerate(CORNERS)
    ]
