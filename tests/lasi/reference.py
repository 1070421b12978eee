"""Values of the authors' program in float64 on twelve pairs of images, kept in `reference_values.json`.

Each case gives the recipe of its images, which `pictures.py` follows, and what the program returned. The gradient is
that with respect to the second image, an element whose embeddings are equal contributing zero.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lasi import LASI
from tests.lasi.pictures import noisy, smooth_noise


@dataclass(frozen=True)
class Case:
    """One pair of images and the authors' values; rows are keyed by an element's flat index, as text."""

    shape: list[int]
    neighborhood_size: int
    seed: int
    noise: float
    scale: str
    ols_regularization_coef: float
    unit_normalize_features: bool
    distance: float
    params_rows: dict[str, list[float]]
    params_sum: float
    params_abs_sum: float
    neighborhood_rows: dict[str, list[int]]
    prediction_mse: float
    grad_y_sum: float
    grad_y_abs_sum: float
    grad_y_first: list[float]

    @property
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """The pair, in float64."""
        x = smooth_noise(tuple(self.shape), self.seed)
        y = noisy(x, self.noise, self.seed + 1000)
        return (x, y) if self.unit_range else ((x + 1) * 127.5, (y + 1) * 127.5)

    @property
    def unit_range(self) -> bool:
        """Whether the values lie in [−1, 1]."""
        return self.scale == "[-1, 1]"

    @property
    def lasi(self) -> LASI:
        """The metric with the settings of the case."""
        return LASI(
            tuple(self.shape),
            neighborhood_size=self.neighborhood_size,
            ols_regularization_coef=self.ols_regularization_coef,
            unit_normalize_features=self.unit_normalize_features,
        )

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape))},N={self.neighborhood_size},seed={self.seed}"


CASES = [Case(**case) for case in json.loads(Path(__file__).with_name("reference_values.json").read_text())]
