"""Weighted sums of metrics as text: "lasi+0.5*lpips-alex" by name, "LASI + 0.5 LPIPS (AlexNet)" by title.

The canonical name has each metric once, in the order of their names, and no weight of 1. Nothing here knows which
metrics there are.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from mad_app.errors import ArgumentError

SAME_PROPORTIONS = 1e-6
"""Relative difference up to which two weights are the same in float32, in which sums are computed."""


def is_sum(name: str) -> bool:
    """Whether a name is written as a sum, or as a multiple, of metrics.

    Example:
        >>> is_sum("lasi+mse"), is_sum("2*lasi"), is_sum("lasi:20")
        (True, True, False)
    """
    return "+" in name or "*" in name


def read_sum(name: str, *, argument: str = "metric") -> dict[str, float]:
    """The names of the metrics of a sum, each with its weight; spaces do not count.

    Args:
        name: such as "lasi + 0.5*lpips-alex"; of a single metric, its name.
        argument: the argument by which the caller was given the name, for the error.

    Raises:
        ArgumentError: a name is missing, or a weight is not a finite number above 0.

    Example:
        >>> read_sum("lasi + 0.5*mse + 2 * lasi")
        {'lasi': 3.0, 'mse': 0.5}
    """
    weights: dict[str, float] = {}
    for term in name.split("+"):
        factor, times, metric = (text.strip() for text in term.rpartition("*"))
        if not metric:
            raise ArgumentError(argument, f"must be a sum such as lasi+0.5*lpips-alex, got {name!r}")
        weights[metric] = weights.get(metric, 0.0) + (_weight(factor, name, argument) if times else 1.0)
    return weights


def _weight(text: str, name: str, argument: str) -> float:
    try:
        return checked_weight(float(text), argument)
    except ValueError as error:
        problem = f"must have a finite number above 0 before each *, got {text!r} in {name!r}"
        raise ArgumentError(argument, problem) from error


def checked_weight(weight: float, argument: str = "weight") -> float:
    """A weight, if it is a finite number above 0 in float32.

    Raises:
        ArgumentError: it is not.
    """
    if not (math.isfinite(weight) and abs(weight) <= np.finfo(np.float32).max and np.float32(weight) > 0):
        raise ArgumentError(argument, f"must be a finite number above 0, got {weight:g}")
    return float(weight)


def sum_name(weights: Mapping[str, float]) -> str:
    """The canonical name of a sum.

    Example:
        >>> sum_name({"mse": 0.5, "lasi": 1.0}), sum_name({"mse": 1e9}), sum_name({"mse": 1.0})
        ('lasi+0.5*mse', '1e09*mse', 'mse')
    """
    return "+".join(_product(weight, "*", metric) for metric, weight in sorted(weights.items()))


def sum_title(terms: Iterable[tuple[float, str]]) -> str:
    """The title of a sum, of weights and titles.

    Example:
        >>> sum_title([(1.0, "LASI"), (0.5, "1 − SSIM")])
        'LASI + 0.5 (1 − SSIM)'
    """
    return " + ".join(
        _product(weight, " ", f"({title})" if _is_difference(title) else title) for weight, title in terms
    )


def are_proportional(first: str, second: str) -> bool:
    """Whether two names are of one metric, or of multiples of one: as rivals they have the same level sets.

    Example:
        >>> are_proportional("lasi + 0.5*mse", "mse+2*lasi"), are_proportional("lasi", "lasi+mse")
        (True, False)
    """
    one, other = _read_any(first), _read_any(second)
    if one.keys() != other.keys():
        return False
    ratios = [one[metric] / other[metric] for metric in one]
    return max(ratios) <= (1 + SAME_PROPORTIONS) * min(ratios)


def parts_of(name: str) -> list[tuple[float, str]]:
    """Weights and names of what a name is the sum of; any text that is no sum is one metric.

    Example:
        >>> parts_of("lasi+0.5*mse"), parts_of("a*b")
        ([(1.0, 'lasi'), (0.5, 'mse')], [(1.0, 'a*b')])
    """
    return [(weight, metric) for metric, weight in _read_any(name).items()]


def tidied(name: str) -> str:
    """The name of a sum in canonical form, as far as text tells; any other text as it is.

    Example:
        >>> tidied("0.50 * mse + lasi"), tidied("lasi:10"), tidied("a*b")
        ('lasi+0.5*mse', 'lasi:10', 'a*b')
    """
    return sum_name(_read_any(name)) if is_sum(name) else name


def _read_any(name: str) -> dict[str, float]:
    """As `read_sum`; the name of a metric of one's own may be any text."""
    try:
        return read_sum(name)
    except ArgumentError:
        return {name: 1.0}


def _product(weight: float, times: str, metric: str) -> str:
    """With as many digits as float32 has, and no + in the exponent, which would read as a sum."""
    return metric if weight == 1 else f"{weight:.9g}".replace("e+", "e") + times + metric


def _is_difference(title: str) -> bool:
    return " − " in title and not title.startswith("|")
