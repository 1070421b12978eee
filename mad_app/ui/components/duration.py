"""How a page writes a time."""

LONGEST_SECONDS, LONGEST_MINUTES = 100, 100
"""From how many seconds on a time has minutes, and from how many minutes on it has hours."""


def duration(seconds: float) -> str:
    """A time.

    Example:
        >>> duration(8.4), duration(200), duration(7500)
        ('8 s', '3 min 20 s', '2 h 5 min')
    """
    if (whole := round(seconds)) < LONGEST_SECONDS:
        return f"{whole} s"
    if whole < LONGEST_MINUTES * 60:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def about(seconds: float | None) -> str:
    """An estimate of a time.

    Example:
        >>> about(None), about(0.2), about(20), about(200), about(10_000)
        ('time unknown yet', 'about 1 s', 'about 20 s', 'about 3 min', 'about 3 h')
    """
    if seconds is None:
        return "time unknown yet"
    if seconds < LONGEST_SECONDS:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < LONGEST_MINUTES else f"about {round(minutes / 60)} h"
