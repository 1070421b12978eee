"""Lesson "What is MAD?": a competition between two metrics in the world of images of two pixels, which is a plane.

An image is a point (x, y), the values of its pixels in [0, 1]. Each of four points moves along the level curve of the
fixed metric h through the start, so that the optimized metric f rises or falls:

    t = ±(∇f − ⟨∇f, n⟩ / ⟨n, n⟩ n),  n = ∇h        then Newton's method along n leads back to h = level

Source: Wang, Simoncelli, "Maximum differentiation (MAD) competition", Journal of Vision 8(12):8, 2008.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mad_app.competition.settings import CORNERS
from mad_app.declaration import check_settings, setting
from mad_app.errors import ArgumentError
from mad_app.lessons.contours import contour
from mad_app.lessons.lesson import check_choice

Points = npt.NDArray[np.float64]
"""(…, 2)."""

REFERENCE = (0.4, 0.55)
"""The original of the lesson: a dark pixel and a light one."""

STEPS = 60
LENGTH = 0.03
"""Of the first steps, in units of the plane."""
SHORTEST = 1e-4
"""Of a step; a point that would have to make a shorter one has arrived."""

WEIGHTS = (1.6, 0.4)
"""Of the two pixels in the weighted MSE."""

C1, C2 = 0.01**2, 0.03**2
"""The constants of SSIM for values in [0, 1]."""


def _mse(points: Points, reference: Points) -> Points:
    return np.asarray(((points - reference) ** 2).mean(axis=-1))


def _l1(points: Points, reference: Points) -> Points:
    return np.asarray(np.abs(points - reference).mean(axis=-1))


def _weighted(points: Points, reference: Points) -> Points:
    return np.asarray((np.array(WEIGHTS) * (points - reference) ** 2).mean(axis=-1))


def _ssim(points: Points, reference: Points) -> Points:
    """1 − SSIM with both pixels as the window."""
    mean, mean_r = points.mean(axis=-1), reference.mean()
    variance, variance_r = points.var(axis=-1), reference.var()
    covariance = (points * reference).mean(axis=-1) - mean * mean_r
    above = (2 * mean * mean_r + C1) * (2 * covariance + C2)
    return np.asarray(1 - above / ((mean**2 + mean_r**2 + C1) * (variance + variance_r + C2)))


PLANE_METRICS: Mapping[str, tuple[str, Callable[[Points, Points], Points]]] = {
    "mse": ("MSE", _mse),
    "l1": ("L1", _l1),
    "weighted": ("Weighted MSE", _weighted),
    "ssim": ("1 − SSIM", _ssim),
}
"""Metrics of two pixels by name: their title and their function."""


@dataclass(frozen=True)
class PlaneState:
    """A competition in the plane.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    first: str = setting("mse", label="First metric", help="Level curves in orange.", group="metrics")
    second: str = setting("weighted", label="Second metric", help="Level curves in blue.", group="metrics")
    x: float = setting(0.55, label="Left pixel", help="Of the start.", group="start", minimum=0.0, maximum=1.0)
    y: float = setting(0.75, label="Right pixel", help="Of the start.", group="start", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("first", self.first, PLANE_METRICS)
        check_choice("second", self.second, PLANE_METRICS)


@dataclass(frozen=True, eq=False)
class Path:
    """How one of the four images moves.

    Attributes:
        points: (K + 1, 2), from the start on.
        gradients: (K, 2), ±∇f at each point but the last.
        tangents: (K, 2), what is left of it along the level curve, as long as the step.
    """

    points: Points
    gradients: Points
    tangents: Points


def plane_distance(metric: str, points: npt.ArrayLike, reference: npt.ArrayLike = REFERENCE) -> Points:
    """The distance of images of two pixels to a reference.

    Args:
        metric: a name of PLANE_METRICS.
        points: (…, 2) in [0, 1].
        reference: (2,) in [0, 1].

    Raises:
        ArgumentError: there is no such metric.

    Example:
        >>> float(plane_distance("mse", (0.5, 0.5), (0.5, 0.7)).round(3))
        0.02
    """
    check_choice("metric", metric, PLANE_METRICS)
    return PLANE_METRICS[metric][1](np.asarray(points, np.float64), np.asarray(reference, np.float64))


def plane_competition(
    start: tuple[float, float], first: str, second: str, reference: tuple[float, float] = REFERENCE
) -> list[Path]:
    """The ways of A, B, C and D: the first metric as high and as low as possible, then the second.

    Args:
        start: in [0, 1], other than the reference.
        first: a name of PLANE_METRICS.
        second: likewise.
        reference: in [0, 1].

    Raises:
        ArgumentError: there is no such metric, or the start is the reference.

    Example:
        >>> paths = plane_competition((0.6, 0.8), "mse", "weighted")
        >>> [bool(plane_distance("mse", paths[i].points[-1]) > 0.05) for i in (0, 1)]
        [True, False]
    """
    if np.allclose(start, reference):
        raise ArgumentError("start", "must be another image than the reference")
    metrics = {"first": first, "second": second}
    return [
        _path(np.array(start), metrics[corner.optimized], metrics[corner.fixed], corner.direction == "max", reference)
        for corner in CORNERS
    ]


def level_curve(metric: str, level: float, reference: npt.ArrayLike = REFERENCE, cells: int = 80) -> Points:
    """Segments of the curve on which a metric has a value, by marching squares with linear interpolation.

    Args:
        metric: a name of PLANE_METRICS.
        level: the value.
        reference: (2,) in [0, 1].
        cells: of the grid, on each side.

    Returns:
        (S, 2, 2): both ends of each segment.
    """
    ticks = np.linspace(0, 1, cells + 1)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
    return contour(plane_distance(metric, grid, reference), level)


def _path(start: Points, optimized: str, fixed: str, upward: bool, reference: tuple[float, float]) -> Path:
    sign = 1.0 if upward else -1.0
    level, length = float(plane_distance(fixed, start, reference)), LENGTH
    points, gradients, tangents = [start], [], []
    while len(points) <= STEPS and length >= SHORTEST:
        point = points[-1]
        gradient = sign * _gradient(optimized, point, reference)
        normal = _gradient(fixed, point, reference)
        tangent = gradient - gradient @ normal / max(float(normal @ normal), 1e-30) * normal
        if np.linalg.norm(tangent) < 1e-9:
            break
        move = length * tangent / np.linalg.norm(tangent)
        there = _retract(point + move, fixed, level, reference)
        gain = sign * (plane_distance(optimized, [there, point], reference) @ [1, -1])
        if not (((there >= 0) & (there <= 1)).all() and gain > 0):
            length /= 2
            continue
        points.append(there)
        gradients.append(gradient)
        tangents.append(move)
    return Path(np.array(points), np.array(gradients).reshape(-1, 2), np.array(tangents).reshape(-1, 2))


def _retract(point: Points, fixed: str, level: float, reference: tuple[float, float]) -> Points:
    """Back to the level curve by Newton's method along the gradient."""
    for _ in range(20):
        residual = level - float(plane_distance(fixed, point, reference))
        normal = _gradient(fixed, point, reference)
        if abs(residual) <= 1e-12 or normal @ normal < 1e-20:
            break
        point = point + residual / (normal @ normal) * normal
    return point


def _gradient(metric: str, point: Points, reference: tuple[float, float]) -> Points:
    """By central differences."""
    width = 1e-6
    ends = point + width * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    right, left, up, down = plane_distance(metric, ends, reference)
    return np.array([right - left, up - down]) / (2 * width)


def python_of(state: PlaneState) -> str:
    """The lines that give the lesson's numbers."""
    return f"""from mad_app.lessons.two_pixels import level_curve, plane_competition, plane_distance

start = ({state.x:g}, {state.y:g})
paths = plane_competition(start, "{state.first}", "{state.second}")  # of A, B, C, D: .points, .gradients, .tangents
ends = [path.points[-1] for path in paths]
first, second = plane_distance("{state.first}", ends), plane_distance("{state.second}", ends)
curve = level_curve("{state.second}", plane_distance("{state.second}", start))
"""
