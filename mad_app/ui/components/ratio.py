"""How a page writes how far a competition separated a pair."""

import math


def times(ratio: float | None) -> str:
    """A ratio for people.

    Example:
        >>> times(38.4), times(1.234), times(math.inf), times(None)
        ('38×', '1.2×', '∞', '–')
    """
    if ratio is None:
        return "–"
    if ratio >= 1e6:
        return "∞" if math.isinf(ratio) else ">10⁶×"
    return f"{ratio:.2g}×" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}×"
