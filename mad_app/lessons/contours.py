"""Level curves of values on a square grid, and values between its points: linear within its cells.

The grid has its points at i / (n − 1), j / (n − 1) in [0, 1]; `values[i, j]` belongs to x = i / (n − 1).
"""

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""(…, 2)."""


def contour(values: npt.ArrayLike, level: float) -> Points:
    """Segments of the curve on which the values have a level, by marching squares.

    Args:
        values: (n, n).
        level: of the curve.

    Returns:
        (S, 2, 2): both ends of each segment, in [0, 1].

    Example:
        >>> contour([[0, 0], [1, 1]], 0.25)[0].tolist()
        [[0.25, 0.0], [0.25, 1.0]]
    """
    above = np.asarray(values, np.float64) - level
    cells = len(above) - 1
    ticks = np.linspace(0, 1, cells + 1)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
    corners = [(slice(i, cells + i), slice(j, cells + j)) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))]
    crossings, found = [], []
    for k in range(4):
        (a, b), (p, q) = (above[corners[k]], above[corners[k - 1]]), (grid[corners[k]], grid[corners[k - 1]])
        part = a / np.where(a == b, 1, a - b)
        crossings.append(p + part[..., None] * (q - p))
        found.append((a < 0) != (b < 0))
    cut, exists = np.stack(crossings, axis=2), np.stack(found, axis=2)
    which = exists.any(axis=2)
    segments = [
        cell[hit][[2 * i, 2 * i + 1]]
        for cell, hit in zip(cut[which], exists[which], strict=True)
        for i in range(hit.sum() // 2)
    ]
    return np.array(segments).reshape(-1, 2, 2)


def interpolate(values: npt.ArrayLike, points: npt.ArrayLike) -> Points:
    """Values between the points of a grid, bilinear.

    Args:
        values: (n, n).
        points: (…, 2) in [0, 1].

    Returns:
        (…).

    Example:
        >>> float(interpolate([[0, 1], [2, 3]], (0.5, 0.25)))
        1.25
    """
    grid = np.asarray(values, np.float64)
    at = np.asarray(points, np.float64) * (len(grid) - 1)
    low = np.clip(at.astype(int), 0, len(grid) - 2)
    (x, y), (i, j) = np.moveaxis(at - low, -1, 0), np.moveaxis(low, -1, 0)
    left = (1 - y) * grid[i, j] + y * grid[i, j + 1]
    right = (1 - y) * grid[i + 1, j] + y * grid[i + 1, j + 1]
    return np.asarray((1 - x) * left + x * right)
