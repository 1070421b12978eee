"""The regressions of all elements of a picture at once: what LASI predicts, how well, and where two pictures differ.

The sums over earlier elements, weighted by ω^{|p−q|₁}, are carried from element to element: along a row from both
ends, and from row to row. Of the Cholesky factor L of the sums of 50 neighbors, the first N rows and columns belong to
N neighbors. So with y = L⁻¹b and z = L⁻¹n one factor gives the predictions Σ_{i≤N} zᵢyᵢ and the penalized losses
Σ ωx² − Σ_{i≤N} yᵢ² of all N; the penalty λ‖w‖² in these comes from the rows of L⁻¹.

All is float64 NumPy and needs no compiling; `lasi.LASI` gives the same for one N, compiled. Images are (H, W, 3) in
[0, 1], losses and errors of values in [−1, 1], as in `mad_app.lessons.neighborhood`.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lasi.causal_sum import DECAY
from lasi.metric import RIDGE_UNIT, SHIFT
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image
from mad_app.lessons.neighborhood import LARGEST, Values, neighbors_of_all

TIMED_SIZES = (1, 2, 5, 10, 15, 20, 30, 40, 50)
TIMED_ROWS = 3
"""From which the time of a whole picture is estimated."""

SMALL = 7
"""Rows up to which a triangular matrix is inverted as a whole."""


@dataclass(frozen=True, eq=False)
class Survey:
    """The predictions of a picture from N = 1 … M neighbors.

    Attributes:
        predictions: (M, H, W, 3), in the units of the picture; they may leave [0, 1].
        losses: (M,), Σ_{q<p} ω^{|p−q|₁} (x_q − wᵀ n_q)², the mean over all elements p.
        errors: (M,), the mean squared error of the predictions.
    """

    predictions: npt.NDArray[np.float32]
    losses: Values
    errors: Values


@dataclass(frozen=True)
class Finding:
    """What a survey says of larger neighborhoods.

    Attributes:
        falls: how many steps from N to N + 1 lower the mean loss.
        steps: of how many.
        loss_left: the loss at the largest N as a part of that at N = 1.
        error_left: likewise of the mean squared error.
        best: N at which that error is least.
    """

    falls: int
    steps: int
    loss_left: float
    error_left: float
    best: int


def survey(image: npt.ArrayLike, *, ridge: float = 1.0, largest: int = LARGEST) -> Survey:
    """Predict all elements of a picture from each number of neighbors.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        ridge: λ in units of 80/127.5, above 0.
        largest: M, from 1 to 50.

    Raises:
        ArgumentError: the image is not of this form, or a number is out of its range.
    """
    checked = check_image(image, "image")
    rows = [_all_sizes(sums, ridge) for sums in _rows(checked, largest, ridge)]
    predictions = np.stack([row[0] for row in rows], axis=1).reshape(largest, *checked.shape)
    errors = np.mean((predictions - (2 * checked.astype(np.float64) - 1)) ** 2, axis=(1, 2, 3))
    losses = np.mean([row[1].mean(axis=1) for row in rows], axis=0)
    return Survey(((predictions + 1) / 2).astype(np.float32), losses, errors)


def finding_of(survey: Survey) -> Finding:
    """What happens to loss and error as N grows."""
    falls = np.diff(survey.losses) < 0
    ends = [values[-1] / values[0] if values[0] > 0 else 1.0 for values in (survey.losses, survey.errors)]
    return Finding(int(falls.sum()), len(falls), float(ends[0]), float(ends[1]), int(survey.errors.argmin()) + 1)


def coefficients(image: npt.ArrayLike, neighborhood_size: int = 10, *, ridge: float = 1.0) -> Values:
    """The weights of the neighbors of all elements, as `lasi.LASI.coefficients` gives them for 2·image − 1.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        neighborhood_size: N, from 1 to 50.
        ridge: as of `survey`.

    Returns:
        (H, W, 3, N).

    Raises:
        ArgumentError: as of `survey`.

    Example:
        >>> image = np.tile(np.linspace(0, 1, 8, dtype=np.float32)[:, None, None], (1, 8, 3))
        >>> coefficients(image, 3).shape
        (8, 8, 3, 3)
    """
    checked = check_image(image, "image")
    rows = [_solved(sums, ridge) for sums in _rows(checked, neighborhood_size, ridge)]
    return np.stack(rows).reshape(*checked.shape, neighborhood_size)


def embedding_distances(
    image: npt.ArrayLike, other: npt.ArrayLike, *, ridge: float = 1.0, largest: int = LARGEST
) -> npt.NDArray[np.float32]:
    """How far the embeddings of two pictures are apart at each pixel: the mean over its channels of ‖ŵ(x) − ŵ(y)‖₂.

    For each N the same as `lasi.LASI.distance_map`; its mean is the distance.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        other: likewise, of the same shape.
        ridge: as of `survey`.
        largest: M, from 1 to 50.

    Returns:
        (M, H, W) for N = 1 … M, each from 0 to 2.

    Raises:
        ArgumentError: as of `survey`, or the shapes differ.
    """
    first, second = check_image(image, "image"), check_image(other, "other")
    if first.shape != second.shape:
        raise ArgumentError("other", f"must have the shape of the image, {first.shape}, got {second.shape}")
    rows = []
    for of_first, of_second in zip(_rows(first, largest, ridge), _rows(second, largest, ridge), strict=True):
        apart = np.linalg.norm(_embeddings(of_first, ridge) - _embeddings(of_second, ridge), axis=2)
        rows.append(apart.reshape(first.shape[1], first.shape[2], largest).mean(axis=1))
    return np.stack(rows).transpose(2, 0, 1).astype(np.float32)


def seconds_by_size(image: npt.ArrayLike, sizes: Sequence[int] = TIMED_SIZES) -> Values:
    """Processor time of `coefficients` for some N, in seconds, estimated from a few rows of the picture.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        sizes: each N, from 1 to 50.
    """
    checked = check_image(image, "image")
    part = checked[:TIMED_ROWS]
    seconds = []
    for size in sizes:
        coefficients(part, size)  # the tables of neighbors are made once and kept
        began = time.thread_time()
        coefficients(part, size)
        seconds.append((time.thread_time() - began) * len(checked) / len(part))
    return np.array(seconds)


@dataclass(frozen=True, eq=False)
class _RowSums:
    """The sums of the E = W·3 elements of a row.

    Attributes:
        normal: A, Σ ω n nᵀ, (E, N, N).
        right: b, Σ ω x n, (E, N).
        energy: Σ ω x², (E,).
        neighbors: n of each element, (E, N).
    """

    normal: Values
    right: Values
    energy: Values
    neighbors: Values


def _rows(image: ImageArray, size: int, ridge: float) -> Iterator[_RowSums]:
    """The sums of every row of elements, from the top."""
    if not 1 <= size <= LARGEST:
        raise ArgumentError("neighborhood_size", f"must lie between 1 and {LARGEST}, got {size}")
    if not ridge > 0:
        raise ArgumentError("ridge", f"must be above 0, got {ridge}")
    height, width, channels = image.shape
    values = np.append(2 * image.astype(np.float64).ravel() - 1, 0)  # the last one is read where no neighbor is
    found = values[neighbors_of_all(image.shape)[:, :size]].reshape(height, width * channels, size)
    low = np.tril_indices(size)
    apart = np.abs(np.subtract.outer(np.arange(channels), np.arange(channels)))
    of_pixel = DECAY**apart
    earlier = np.tril(of_pixel, -1)
    above = np.zeros((width, channels, len(low[0]) + size + 1))
    for row in range(height):
        n, x = found[row], values[row * width * channels : (row + 1) * width * channels, None]
        own = np.concatenate([n[:, low[0]] * n[:, low[1]], x * n, x * x], axis=1).reshape(width, channels, -1)
        pixels = of_pixel @ own
        left, right = _from_left(pixels), _from_left(pixels[::-1])[::-1]
        sums = (above + left + earlier @ own).reshape(width * channels, -1)
        above = DECAY * (above + pixels + left + right)
        normal = np.empty((len(sums), size, size))
        normal[:, low[0], low[1]] = normal[:, low[1], low[0]] = sums[:, : len(low[0])]
        yield _RowSums(normal, sums[:, len(low[0]) : -1], sums[:, -1], n)


def _from_left(pixels: Values) -> Values:
    """Σ_{c'<c} ω^{c−c'} of pixels (W, …) of a row."""
    sums = np.zeros_like(pixels)
    for column in range(1, len(pixels)):
        np.add(sums[column - 1], pixels[column - 1], out=sums[column])
        sums[column] *= DECAY
    return sums


def _solved(sums: _RowSums, ridge: float) -> Values:
    """The weights of a row, (E, N)."""
    size = sums.right.shape[1]
    normal = sums.normal + RIDGE_UNIT * ridge * np.eye(size)
    return np.asarray(np.linalg.solve(normal, sums.right[..., None])[..., 0], np.float64)


def _all_sizes(sums: _RowSums, ridge: float) -> tuple[Values, Values]:
    """The predictions in [−1, 1] and the losses of a row for every N, (N, E) each."""
    inverses, y = _factored(sums, ridge)
    z = (inverses @ sums.neighbors[..., None])[..., 0]
    penalties = RIDGE_UNIT * ridge * np.sum(_weights(inverses, y) ** 2, axis=2)
    losses = sums.energy[:, None] - np.cumsum(y**2, axis=1) - penalties
    return np.cumsum(y * z, axis=1).T, np.maximum(losses, 0).T


def _embeddings(sums: _RowSums, ridge: float) -> Values:
    """The shifted weights of a row for every N, of length 1, (E, N, N); those of N neighbors have N entries."""
    inverses, y = _factored(sums, ridge)
    shifted = _weights(inverses, y) + SHIFT * np.tri(y.shape[1])
    return np.asarray(shifted / np.linalg.norm(shifted, axis=2, keepdims=True), np.float64)


def _factored(sums: _RowSums, ridge: float) -> tuple[Values, Values]:
    """L⁻¹, (E, N, N), and y = L⁻¹b, (E, N), of a row."""
    normal = sums.normal + RIDGE_UNIT * ridge * np.eye(sums.right.shape[1])
    inverses = _inverted(np.asarray(np.linalg.cholesky(normal), np.float64))
    return inverses, (inverses @ sums.right[..., None])[..., 0]


def _weights(inverses: Values, y: Values) -> Values:
    """The weights for every N, (E, N, N): row N − 1 has N of them, then 0."""
    return np.cumsum(y[..., None] * inverses, axis=1)


def _inverted(lower: Values) -> Values:
    """The inverses of lower triangular matrices (E, N, N), by halves."""
    size = lower.shape[1]
    if size <= SMALL:
        return np.asarray(np.linalg.inv(lower), np.float64)
    half = size // 2
    inverses = np.zeros_like(lower)
    inverses[:, :half, :half] = first = _inverted(lower[:, :half, :half])
    inverses[:, half:, half:] = second = _inverted(lower[:, half:, half:])
    inverses[:, half:, :half] = -second @ lower[:, half:, :half] @ first
    return inverses
