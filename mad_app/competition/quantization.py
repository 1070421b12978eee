"""Rounding to 8 bits that keeps the held metric on its level.

Rounding each value to its nearest level adds noise, which a sensitive metric sees: the picture that is saved and looked
at then leaves the level that the optimization held. Here a few values are rounded the other way instead. With n and h
the held metric's gradient and the diagonal of its Hessian, g the gradient of what shall grow, all on the rounded
picture, and δ the change of a value that goes to its other neighbor,

    n δ + h δ²/2   is what the value adds to the held metric,        max(0, −g δ)   what it costs,

and those values are turned whose cost is least for what they add, until the level is made up for: the greedy solution
of the knapsack problem. As this is an approximation, it is repeated, with both metrics measured anew on the picture
with its values turned; that also shows h, as the change of n of each turned value over its δ (a secant). The best
picture is kept; after one that is no better, half as much is tried.

On a start that is hardly distorted, rounding may add more than turning can take away. The picture is then brought to a
level as far on the other side of its own as the rounding missed, and rounded anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.competition.geometry import return_step
from mad_app.competition.settings import CORNERS
from mad_app.metrics import BoundMetric

Levels8 = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]

AIM = 1e-3
"""Relative departure from the level below which nothing more is turned; that of a held metric in floating point."""
MOST_ROUNDS = 16
"""Measurements of both metrics; one to three are usual, smooth pictures barely distorted take more."""
MOST_SHIFTS = 5
"""How often a picture that misses its level is brought to another and rounded anew."""
LEAST_GOAL = 0.02
"""The lowest level it is brought to, in units of its own."""
MOST_RETURNS = 40
"""Newton steps for that."""


def quantize_at_level(
    images: npt.ArrayLike,
    first: BoundMetric,
    second: BoundMetric,
    levels: Sequence[float] | Values,
    *,
    bounds: tuple[Levels8, Levels8] | None = None,
    gray: bool = False,
) -> Levels8:
    """Round the four images so that each held metric stays as close to its level as can be.

    Args:
        images: float32 (4, H, W, 3) in [0, 1], in the order of CORNERS.
        first: the first metric against the reference.
        second: its rival.
        levels: what the held metric of each image shall say, (4,).
        bounds: least and greatest 8-bit values allowed, (H, W, 3) each; 0 and 255 if None.
        gray: the three channels of a pixel are equal and stay so.

    Returns:
        uint8 (4, H, W, 3), within the bounds: of each value one of its two neighbors, where these can hold the level.
        An image that a metric cannot measure is rounded to the nearest.
    """
    rivals, wanted = (first, second), np.asarray(levels, np.float64)
    shape = np.shape(images)[1:]
    low, high = bounds or (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8))
    pictures, goals = np.asarray(images, np.float32), wanted
    best, least = rounded, missing = _rounded(pictures, rivals, wanted, low, high, gray)
    for _ in range(MOST_SHIFTS):
        off = np.isfinite(least) & (np.abs(least) > AIM * wanted)
        if not off.any():
            break
        goals = np.where(off, np.maximum(goals + missing, LEAST_GOAL * wanted), goals)
        pictures = _brought(pictures, rivals, np.where(off, goals, np.nan), low, high, gray)
        rounded, missing = _rounded(pictures, rivals, wanted, low, high, gray)
        nearer = off & (np.abs(missing) < np.abs(least))
        best, least = np.where(nearer[:, None, None, None], rounded, best), np.where(nearer, missing, least)
    return best


def _rounded(
    pictures: npt.NDArray[np.float32],
    rivals: tuple[BoundMetric, BoundMetric],
    levels: Values,
    low: Levels8,
    high: Levels8,
    gray: bool,
) -> tuple[Levels8, Values]:
    """Each value of the pictures at one of its two neighbors, and what the held metrics then lack to their levels."""
    scaled = pictures * np.float32(255)
    below, above, nearest = (
        np.clip(rounding(scaled), low, high).astype(np.uint8) for rounding in (np.floor, np.ceil, np.rint)
    )
    searches = [_Search(below[i], above[i], nearest[i], float(level), gray) for i, level in enumerate(levels)]
    for _ in range(MOST_ROUNDS):
        tried = np.stack([search.tried for search in searches]).astype(np.float32) / np.float32(255)
        for search, measured in zip(searches, _measure(tried, rivals), strict=True):
            search.learn(*measured)
        if all(search.is_over for search in searches):
            break
    return np.stack([search.best for search in searches]), np.array([search.missing for search in searches])


def _brought(
    pictures: npt.NDArray[np.float32],
    rivals: tuple[BoundMetric, BoundMetric],
    goals: Values,
    low: Levels8,
    high: Levels8,
    gray: bool,
) -> npt.NDArray[np.float32]:
    """The pictures brought to other levels of their held metrics; those without a goal, NaN, as they are."""
    for _ in range(MOST_RETURNS):
        held, normals, _ = (np.stack(parts) for parts in zip(*_measure(pictures, rivals), strict=True))
        missing = np.nan_to_num(goals - held)
        if (np.abs(missing) <= AIM / 10 * np.nan_to_num(goals)).all():
            break
        normals = normals.mean(axis=3, keepdims=True) + 0 * normals if gray else normals
        moved = return_step(jnp.asarray(pictures), jnp.asarray(normals, np.float32), jnp.asarray(missing, np.float32))
        pictures = np.clip(np.asarray(moved), low / np.float32(255), high / np.float32(255))
    return pictures


@dataclass(eq=False)
class _Search:
    """The search for one image; `best` is the picture with the smallest departure, `tried` the one to be measured."""

    below: Levels8
    above: Levels8
    tried: Levels8
    level: float
    gray: bool
    best: Levels8 = field(init=False)
    missing: float = np.inf
    share: float = 1.0

    def __post_init__(self) -> None:
        self.best = self.tried
        self.normal = self.ascent = np.zeros(self.tried.shape)
        self.curvature = np.full(self.tried.shape, np.nan)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be tried."""
        held = abs(self.missing) <= AIM * self.level
        return held or self.tried is self.best or not np.isfinite(self.missing)

    def learn(self, held: float, normal: Values, ascent: Values) -> None:
        """Take in what was measured of `tried`, and choose what to try next."""
        change = (self.tried.astype(np.float64) - self.best) / 255
        turned = change != 0
        self.curvature[turned] = (normal - self.normal)[turned] / change[turned]
        if abs(self.level - held) < abs(self.missing):
            self.best, self.missing, self.normal, self.ascent = self.tried, self.level - held, normal, ascent
            self.share = min(1.0, 2 * self.share)
        else:
            self.share /= 2
        other = np.where(self.best == self.below, self.above, self.below)
        turned = self._worth_turning(other)
        self.tried = np.where(turned, other, self.best) if turned.any() else self.best

    def _worth_turning(self, other: Levels8) -> npt.NDArray[np.bool_]:
        """Which values of `best` to turn into the others', (H, W, 3) or, of a gray picture, (H, W, 1)."""
        change, wanted = (other.astype(np.float64) - self.best) / 255, self.share * abs(self.missing)
        known = np.isfinite(self.curvature)
        curvature = np.where(known, self.curvature, self.curvature[known].mean() if known.any() else 0.0)
        effect = (self.normal * change + curvature * change**2 / 2) * np.sign(self.missing)
        loss = -self.ascent * change
        if self.gray:
            effect, loss = (part.sum(axis=2, keepdims=True) for part in (effect, loss))
        useful = np.flatnonzero((effect > 0) & (effect <= wanted))
        gain = effect.flat[useful]
        price = np.maximum(loss.flat[useful], 0) + np.abs(loss).mean()  # the mean: few values rather than many
        order = np.argsort(price / gain, kind="stable")
        chosen = np.zeros(effect.shape, bool)
        chosen.flat[useful[order][np.cumsum(gain[order]) <= wanted]] = True
        return chosen


def _measure(
    pictures: npt.NDArray[np.float32], rivals: tuple[BoundMetric, BoundMetric]
) -> list[tuple[float, Values, Values]]:
    """Of each picture the held metric, its gradient, and the gradient of what shall grow."""
    shown = jnp.asarray(pictures)
    said = {role: rival.value_and_grad(shown) for role, rival in zip(("first", "second"), rivals, strict=True)}
    values = {role: np.asarray(value, np.float64) for role, (value, _) in said.items()}
    gradients = {role: np.asarray(gradient, np.float64) for role, (_, gradient) in said.items()}
    return [
        (
            float(values[corner.fixed][i]),
            gradients[corner.fixed][i],
            gradients[corner.optimized][i] * (1 if corner.direction == "max" else -1),
        )
        for i, corner in enumerate(CORNERS)
    ]
