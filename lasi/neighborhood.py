"""Which earlier elements predict an element: the causal neighborhood of LASI, as static index maps.

The elements of an image (H, W, C) are ordered row by row, in a row column by column, in a pixel channel by channel
(raster order). The neighborhood of an element is the N earlier elements nearest to it in L1 distance over (row,
column, channel), ties in raster order. Away from the borders it is the same set of offsets for every pixel; near them
it is chosen among what exists, and near the start there are fewer than N.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024.
"""

import functools
from dataclasses import dataclass

import numpy as np

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Neighborhood:
    """The neighborhoods of all elements, in an array whose size does not grow with the number of rows.

    Attributes:
        offsets: (R + 1, W, C, N, 3): row, column and channel of each neighbor relative to its element, nearest
            first, for the elements of rows 0 … R − 1 and, last, of every row from R on.
        exists: (R + 1, W, C, N): False where there are fewer than N earlier elements.
    """

    offsets: np.ndarray
    exists: np.ndarray

    @property
    def reach(self) -> int:
        """Largest number of rows between an element and its neighbor."""
        return int(-self.offsets[..., 0].min(initial=0))

    def rows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (len(rows), W, C, N, 3) and existence (len(rows), W, C, N) in the given rows of the image."""
        which = np.minimum(rows, len(self.offsets) - 1)
        return self.offsets[which], self.exists[which]


@functools.lru_cache(maxsize=64)
def causal_neighborhood(shape: Shape, size: int) -> Neighborhood:
    """The causal neighborhoods of an image.

    Args:
        shape: (H, W, C).
        size: N, the number of neighbors.
    """
    height, width, channels = shape
    radius = _radius(size, channels)
    candidates = _offsets_nearest_first(radius=radius, channels=channels)
    columns = np.arange(width)
    # Columns farther than the radius from both borders have equal neighborhoods: compute them once, for this column.
    alike = np.where(columns < radius, columns, np.maximum(radius, columns - max(width - 2 * radius - 1, 0)))
    narrow = min(width, 2 * radius + 1)
    rows = [_row_neighborhood((row, narrow, channels), size, candidates) for row in range(min(height, radius + 1))]
    offsets = np.stack([row[0] for row in rows])[:, alike]
    exists = np.stack([row[1] for row in rows])[:, alike]
    first_like_all_later = len(rows) - 1
    while first_like_all_later > 0 and np.array_equal(offsets[first_like_all_later - 1], offsets[-1]):
        first_like_all_later -= 1
    return Neighborhood(offsets[: first_like_all_later + 1], exists[: first_like_all_later + 1])


def flat_neighborhood(shape: Shape, size: int) -> np.ndarray:
    """Raster index of every element's neighbors.

    Args:
        shape: (H, W, C).
        size: N, the number of neighbors.

    Returns:
        int (H·W·C, N), nearest first; −1 where there are fewer than N earlier elements.

    Example:
        >>> flat_neighborhood((1, 4, 1), 2).tolist()
        [[-1, -1], [0, -1], [1, 0], [2, 1]]
    """
    height, width, channels = shape
    offsets, exists = causal_neighborhood(shape, size).rows(np.arange(height))
    flat = (offsets[..., 0] * width + offsets[..., 1]) * channels + offsets[..., 2]
    flat += np.arange(height * width * channels).reshape(height, width, channels, 1)
    return np.where(exists, flat, -1).reshape(-1, size)


def _row_neighborhood(row_shape: Shape, size: int, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (W, C, N, 3) and existence (W, C, N) in one row of an image that is W wide."""
    row, width, channels = row_shape
    column = np.arange(width)[:, None, None] + candidates[:, 1]
    channel = np.arange(channels)[:, None] + candidates[:, 2]
    exists = (column >= 0) & (column < width) & (channel >= 0) & (channel < channels) & (row + candidates[:, 0] >= 0)
    nearest = np.argsort(~exists, axis=-1, kind="stable")[..., :size]
    found = np.take_along_axis(exists, nearest, axis=-1)
    offsets = np.where(found[..., None], candidates[nearest], 0)
    missing = ((0, 0), (0, 0), (0, size - offsets.shape[2]))
    return np.pad(offsets, (*missing, (0, 0))), np.pad(found, missing)


def _radius(size: int, channels: int) -> int:
    """An L1 radius that contains the N nearest earlier elements, or all that exist.

    A path of unit steps through earlier elements has at least one at every distance up to the farthest: so N suffices.
    A path through earlier pixels has one at every distance k, and its C elements are at most C − 1 farther away: so
    does ⌈N / C⌉ + C − 1.
    """
    return min(size, -(-size // channels) + channels - 1)


def _offsets_nearest_first(*, radius: int, channels: int) -> np.ndarray:
    """Offsets (M, 3) to all earlier elements within an L1 radius, by distance, ties in raster order."""
    rows, columns, channel_offsets = np.mgrid[-radius:1, -radius : radius + 1, 1 - channels : channels].reshape(3, -1)
    distance = np.abs(rows) + np.abs(columns) + np.abs(channel_offsets)
    earlier = (rows < 0) | ((rows == 0) & ((columns < 0) | ((columns == 0) & (channel_offsets < 0))))
    kept = np.flatnonzero(earlier & (distance <= radius))
    order = np.lexsort((channel_offsets[kept], columns[kept], rows[kept], distance[kept]))
    return np.stack([rows, columns, channel_offsets], axis=-1)[kept[order]]
