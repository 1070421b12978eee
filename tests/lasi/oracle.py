"""LASI straight from its definition: every sum over every earlier element, in float64 NumPy.

Time and memory grow with the square of the number of elements; no code is shared with the package that it tests.

Source: Severo, Theis, Ballé, "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024.
"""

from dataclasses import dataclass

import numpy as np

DECAY = 0.8
RIDGE_UNIT = 80 / 127.5
SHIFT = 1e-6


@dataclass(frozen=True)
class Regression:
    """The weighted least-squares problem of every element, solved.

    Attributes:
        coefficients: w_p = (A_p + λI)⁻¹ b_p, (P, N).
        predictions: w_pᵀ n_p, (P,).
        losses: Σ_{q<p} ω^{|p−q|₁} (x_q − w_pᵀ n_q)², (P,).
    """

    coefficients: np.ndarray
    predictions: np.ndarray
    losses: np.ndarray


def positions(shape: tuple[int, ...]) -> np.ndarray:
    """Row, column and channel of every element in raster order, (P, 3)."""
    three = (*shape, 1)[:3]
    return np.stack(np.unravel_index(np.arange(np.prod(three)), three), axis=-1)


def l1_distances(shape: tuple[int, ...]) -> np.ndarray:
    """Between all elements, (P, P)."""
    where = positions(shape)
    return np.abs(where[:, None] - where).sum(axis=-1)


def neighborhoods(shape: tuple[int, ...], size: int) -> np.ndarray:
    """The nearest earlier elements of every element, ties in raster order, −1 where there is none, (P, N)."""
    distances = l1_distances(shape)
    found = np.full((len(distances), size), -1)
    for p, row in enumerate(distances):
        nearest = np.argsort(row[:p], kind="stable")[:size]
        found[p, : len(nearest)] = nearest
    return found


def causal_sums(values: np.ndarray) -> np.ndarray:
    """Σ_{q<p} ω^{|p−q|₁} values_q for values (H, W, C, …)."""
    shape, flat = values.shape[:3], values.reshape(np.prod(values.shape[:3]), -1)
    return (np.tril(DECAY ** l1_distances(shape), -1) @ flat).reshape(values.shape)


def regress(image: np.ndarray, size: int, *, coefficient: float = 1.0) -> Regression:
    """Predict every element of an image (H, W) or (H, W, C) from its neighbors."""
    values = np.asarray(image, np.float64).ravel()
    neighbors = np.append(values, 0)[neighborhoods(image.shape, size)]
    weights = DECAY ** l1_distances(image.shape)
    ridge = RIDGE_UNIT * coefficient * np.eye(size)
    coefficients, losses = np.zeros((len(values), size)), np.zeros(len(values))
    for p in range(len(values)):
        n, x, weight = neighbors[:p], values[:p], weights[p, :p]
        normal = (weight[:, None] * n).T @ n + ridge
        coefficients[p] = np.linalg.solve(normal, n.T @ (weight * x))
        losses[p] = np.sum(weight * (x - n @ coefficients[p]) ** 2)
    return Regression(coefficients, np.sum(coefficients * neighbors, axis=-1), losses)


def embed(image: np.ndarray, size: int, *, coefficient: float = 1.0, unit_normalize: bool = True) -> np.ndarray:
    """The embedding of every element, (P, N)."""
    shifted = regress(image, size, coefficient=coefficient).coefficients + SHIFT
    return shifted / np.linalg.norm(shifted, axis=-1, keepdims=True) if unit_normalize else shifted


def distance(
    x: np.ndarray, y: np.ndarray, size: int, *, coefficient: float = 1.0, unit_normalize: bool = True
) -> float:
    """The LASI distance of two images."""
    embeddings = [embed(image, size, coefficient=coefficient, unit_normalize=unit_normalize) for image in (x, y)]
    return float(np.mean(np.linalg.norm(embeddings[0] - embeddings[1], axis=-1)))
