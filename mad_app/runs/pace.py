"""How long a competition takes, by those that were made: as long per step and pixel as others of the same metrics.

Loading, compiling and measuring the other metrics are left out.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

NEAREST = 3
"""How many known runs count: those whose pictures are most alike in size, as small ones take longer per pixel."""


@dataclass(frozen=True)
class Pace:
    """What a run took, or takes.

    Attributes:
        metrics: names of the two metrics, in either order.
        pixels: of its picture.
        seconds: of one step.
    """

    metrics: frozenset[str]
    pixels: int
    seconds: float


def expected_seconds(
    metrics: Iterable[str], pixels: int, steps: int, known: Iterable[Pace], *, of_any: bool = False
) -> float | None:
    """About how many seconds a competition takes; None where nothing is known of its metrics.

    Args:
        metrics: names of the two metrics.
        pixels: of the picture.
        steps: to be made.
        known: what other runs took.
        of_any: whether runs of other metrics count where there are none of these.

    Example:
        >>> known = [Pace(frozenset({"ssim", "mse"}), 4096, 0.01)]
        >>> round(expected_seconds(("mse", "ssim"), 4 * 4096, 100, known), 6)
        4.0
        >>> expected_seconds(("lasi", "ssim"), 4096, 100, known)
    """
    paces, asked = list(known), frozenset(metrics)
    counted = [pace for pace in paces if pace.metrics == asked] or (paces if of_any else [])
    counted.sort(key=lambda pace: abs(math.log(pace.pixels / pixels)))
    each = [pace.seconds / pace.pixels for pace in counted[:NEAREST]]
    return steps * pixels * statistics.median(each) if each else None
