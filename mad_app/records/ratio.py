"""How far a competition separated its pairs, in one number: the ratio."""

import math
from collections.abc import Sequence

from mad_app.records.run import CornerResult


def pair_ratio(results: Sequence[CornerResult], pair: int) -> float | None:
    """The optimized metric's distance of one image of a pair divided by that of the other.

    Args:
        results: the four of a run, in the order of CORNERS.
        pair: 0 where the first metric is optimized and the second fixed, 1 the other way round.

    Returns:
        At least 1; infinite if one image is at distance 0; None if a distance is not known.
    """
    distances = [result.reported.get(result.optimized) for result in results[2 * pair : 2 * pair + 2]]
    if any(value is None or value < 0 for value in distances):
        return None
    near, far = sorted(value for value in distances if value is not None)
    return 1.0 if near == far else far / near if near > 0 else math.inf


def most_separated_pair(results: Sequence[CornerResult]) -> int:
    """The pair with the larger ratio: 0 or 1, and 0 where no ratio is known."""
    first, second = (pair_ratio(results, pair) or 0.0 for pair in (0, 1))
    return 1 if second > first else 0
