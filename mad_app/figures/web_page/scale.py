"""From a value to a position in a drawing."""

import math
from dataclasses import dataclass

LOGARITHMIC_FROM = 8.0
"""Ratio of the largest to the smallest value from which equal ratios, not differences, are drawn equally long."""


@dataclass(frozen=True)
class Scale:
    """From a value to a height in the drawing.

    Attributes:
        low: the least value.
        high: the greatest.
        top: height of the greatest.
        bottom: height of the least.
        logarithmic: equal ratios are equally high.
    """

    low: float
    high: float
    top: float
    bottom: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Height of a value."""
        low, high, at = (math.log(v) if self.logarithmic else v for v in (self.low, self.high, value))
        part = (at - low) / (high - low) if high > low else 0.5
        return self.bottom + (self.top - self.bottom) * part
