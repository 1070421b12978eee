"""How a page writes a time."""

import math

MINUTE = 60
LONG_MINUTES = 90
"""From how many minutes a time is told in hours."""


def about(seconds: float | None) -> str:
    """A waiting time in words.

    Example:
        >>> about(None), about(20), about(60), about(200), about(9000)
        ('time unknown yet', 'less than a minute', 'about 1 minute', 'about 3 minutes', 'about 3 hours')
    """
    if seconds is None:
        return "time unknown yet"
    if seconds < MINUTE:
        return "less than a minute"
    minutes = round(seconds / MINUTE)
    count, unit = (minutes, "minute") if minutes < LONG_MINUTES else (math.ceil(minutes / MINUTE), "hour")
    return f"about {count} {unit}{'s' if count > 1 else ''}"
