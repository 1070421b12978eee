"""Checks of what a caller gives: images, masks and metrics."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from jax import Array

from mad_app.competition.settings import Role, Settings
from mad_app.errors import ArgumentError
from mad_app.images import AnyImage, ImageArray, as_image, is_gray
from mad_app.metrics import Metric

Mask = npt.NDArray[np.bool_]

SMALLEST_SQUARE, LARGEST_SQUARE = 1e-30, 1e30
"""Limits of the square of a gradient's norm, which the solver divides by: float32 holds 1e-38 to 3e38, also for the
share of each of some million values, and for a gradient that shrinks or grows on the way."""


def checked_image(image: AnyImage, name: str, *, shape: tuple[int, ...] | None = None) -> ImageArray:
    """An image as float32 (H, W, 3).

    Args:
        image: a picture as `as_image` takes it.
        name: of the argument.
        shape: the shape that it must have, that of the reference; None for any.

    Raises:
        ArgumentError: another type, layout or range, or a value that is not finite.
    """
    array = as_image(image, name)
    if shape is not None and array.shape != shape:
        raise ArgumentError(name, f"must have the reference's shape {shape}, got {array.shape}")
    return array


def checked_images(images: npt.ArrayLike, name: str, count: int) -> npt.NDArray[np.float32]:
    """A batch of images as float32 (count, H, W, 3); as `checked_image`."""
    array = _checked_floats(images, name)
    if array.ndim != 4 or len(array) != count or array.shape[3] != 3 or array.size == 0:
        raise ArgumentError(name, f"must have shape ({count}, H, W, 3), got {array.shape}")
    return array


def checked_mask(mask: npt.ArrayLike, shape: tuple[int, ...]) -> Mask:
    """A mask as bool (H, W) for images of a shape (H, W, 3).

    Raises:
        ArgumentError: another type or shape, or no pixel may change.
    """
    array = np.asarray(mask)
    if array.shape != shape[:2]:
        raise ArgumentError("mask", f"must have the images' height and width {shape[:2]}, got {array.shape}")
    if array.dtype != np.bool_:
        raise ArgumentError("mask", f"must be bool, true where the images may change, got {_described(array)}")
    if not array.any():
        raise ArgumentError("mask", "lets no pixel change: it must be true (white) where the images may change")
    return array


def check_kinds(settings: object, **metrics: object) -> None:
    """Refuse what is easily given in the place of settings or of a metric, by its role; raises ArgumentError."""
    if not isinstance(settings, Settings):
        raise ArgumentError("settings", f"must be Settings, got {settings!r:.60}")
    for role, metric in metrics.items():
        if isinstance(metric, str):
            raise ArgumentError(role, f"must be a metric, such as get_metric({metric!r:.60}), got its name")


def with_gray_resolved(settings: Settings, reference: npt.ArrayLike, start: npt.ArrayLike) -> Settings:
    """The settings with `gray` true or false: where it is None, whether the reference and the start are gray."""
    if settings.gray is not None:
        return settings
    return replace(settings, gray=is_gray(reference) and is_gray(start))


def check_metric_at_start(role: Role, metric: Metric, value: float, gradient: Array) -> None:
    """Refuse a metric that is no distance at the start, or that no step can change.

    Args:
        role: the metric's argument.
        metric: for its name.
        value: its distance of the start to the reference.
        gradient: with respect to the params, (H, W, 3). One that is not finite is an outcome, not misuse.

    Raises:
        ArgumentError: the value is not a positive number, or the gradient is 0 everywhere, or its square is beyond
            float32.
    """
    if value == 0:
        raise ArgumentError(
            role, f"{metric.name} gives the start distance 0, as if it were the reference: choose another start"
        )
    if not (value > 0 and np.isfinite(value)):
        raise ArgumentError(role, f"{metric.name} returned {value:g} for the start; a distance must be positive")
    if not np.any(np.asarray(gradient)):
        raise ArgumentError(
            role,
            f"{metric.name} has no gradient: at the start it is 0 at every value that may change, so no step can "
            f"change the distance",
        )
    size = float(np.sum(np.square(np.asarray(gradient, np.float64))))
    if np.isfinite(size) and not SMALLEST_SQUARE <= size <= LARGEST_SQUARE:
        raise ArgumentError(
            role,
            f"{metric.name} has a gradient too {'large' if size > 1 else 'small'} to be squared in float32, of norm "
            f"{size**0.5:.3g} at the start: multiply the metric by a number that brings its values nearer to 1",
        )


def _checked_floats(array: npt.ArrayLike, name: str) -> npt.NDArray[np.float32]:
    """An array of floats in [0, 1] as float32."""
    given = np.asarray(array)
    if given.dtype not in (np.float32, np.float64):
        raise ArgumentError(name, f"must be float32 or float64 in [0, 1], got {_described(given)}")
    if not np.isfinite(given).all():
        count = np.count_nonzero(~np.isfinite(given))
        raise ArgumentError(name, f"must be finite, got {given.dtype} with {count} values that are NaN or ±∞")
    if given.size and (given.min() < 0 or given.max() > 1):
        raise ArgumentError(name, f"must lie in [0, 1], got {_described(given)}")
    return given.astype(np.float32, copy=False)


def _described(array: npt.NDArray[np.generic]) -> str:
    """What an array is: its type, and its range if it holds numbers."""
    if array.size == 0 or array.dtype.kind not in "buif":
        return f"{array.dtype} of shape {array.shape}"
    return f"{array.dtype} from {array.min():g} to {array.max():g}"
