"""Images for the tests of the metric: smooth noise in [−1, 1], made by the recipe of the authors' reference values."""

import numpy as np


def smooth_noise(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Normal noise in [−1, 1], smoothed over rows and over columns by a running mean of 3 with edge values repeated."""
    values = np.random.default_rng(seed).standard_normal(shape)
    for axis in (0, 1):
        length = values.shape[axis]
        widened = np.pad(values, [(1, 1) if k == axis else (0, 0) for k in range(values.ndim)], mode="edge")
        values = sum(np.take(widened, np.arange(shift, shift + length), axis=axis) for shift in range(3)) / 3
    values -= values.min()
    values /= max(values.max(), np.finfo(float).tiny)
    return values * 2 - 1


def noisy(image: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """An image with normal noise added, clipped to [−1, 1]."""
    return np.clip(image + strength * np.random.default_rng(seed).standard_normal(image.shape), -1, 1)
