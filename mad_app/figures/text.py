"""How results are put to people: the names of metrics, numbers to three digits, and a verdict in one sentence."""

import math
from collections.abc import Mapping

from mad_app.metrics import METRICS, VALUE_METRICS
from mad_app.records import CornerResult, Run

SAME = 0.005
"""Relative difference below which two values are called equal; smaller ones vanish in three digits."""

OUTCOMES: Mapping[str, str] = {
    "converged": "converged: no step leads further",
    "at_bounds": "stopped: every pixel that could still improve is at a bound",
    "max_steps": "used all its steps",
    "max_seconds": "used all its time",
    "stopped": "was stopped by the user",
    "not_finite": "met a metric or a gradient that was not a finite number",
    "aborted": "ended early, because a metric failed on another of the four images",
    "infeasible": "could not be brought back to the level of its fixed metric",
    "unfinished": "is not finished: it can be resumed from its checkpoint",
}
"""How each outcome of a record is told, after the letter of the image."""

LETTERS = "ABCD"
"""What the four images are called, in the order of CORNERS."""


def metric_title(name: str) -> str:
    """The heading of a metric: its row's title in METRICS, with a number after the colon; else the name in capitals.

    Example:
        >>> metric_title("lasi:20"), metric_title("my.module:distance")
        ('LASI:20', 'DISTANCE')
    """
    base, _, rest = name.partition(":")
    if row := METRICS.get(base) or VALUE_METRICS.get(base):
        return row.title + (f":{rest}" if rest else "")
    return (rest or base).upper()


def contest_title(first: str, second: str) -> str:
    """The heading of two metrics that compete.

    Example:
        >>> contest_title("lasi", "mse")
        'LASI against MSE'
    """
    return f"{metric_title(first)} against {metric_title(second)}"


def verdict(run: Run, pair: int) -> str:
    """What the two metrics say of a pair, of which the image driven up is on the left, in one sentence.

    They speak of the pictures as they are saved and seen, in 8 bits.

    Args:
        run: a competition.
        pair: 0 for the first metric driven and the second held, 1 the other way round.

    Returns:
        Such as "LASI finds these two equally far from the reference (0.476); MSE sees the left one 12 times as far."

    Raises:
        ValueError: pair is neither 0 nor 1.
    """
    if pair not in (0, 1):
        raise ValueError(f"pair must be 0 or 1, got {pair!r}")
    left, right = run.images[2 * pair : 2 * pair + 2]
    return f"{_held_clause(left, right)}; {_driven_clause(left, right)}."


def number(value: float | None) -> str:
    """Three significant digits, as "0.476", "1230" or "1.23e-7"; a dash for what is not finite.

    Example:
        >>> [number(value) for value in (0.4756, 12.0, 1234.5, 1.234e-7, 0.0, None)]
        ['0.476', '12.0', '1230', '1.23e-7', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−", 1 if value < 0 else 0)
    text = f"{float(f'{value:.3g}'):.0f}" if abs(value) >= 100 else f"{value:#.3g}"
    return text.replace("-", "−")


def percentage(fraction: float | None) -> str:
    """A small relative change in percent, with its sign.

    Example:
        >>> [percentage(value) for value in (0.00123, -2e-5, 1e-7, 0.0, None)]
        ['+0.12 %', '−0.002 %', '<0.001 %', '0 %', '–']
    """
    if fraction is None or not math.isfinite(fraction):
        return "–"
    if fraction == 0:
        return "0 %"
    percent = 100 * fraction
    return "<0.001 %" if abs(percent) < 0.001 else f"{float(f'{percent:.2g}'):+.6g} %".replace("-", "−")


def constraints(settings: Mapping[str, str | float | bool | None]) -> list[str]:
    """What constrains the images, as far as the settings tell.

    Example:
        >>> constraints({"gray": True, "mask": "face.png", "max_change": 0.05, "low_pass": 8.0, "first_level": None})
        ['gray', 'only within face.png', 'changes up to 0.05', 'up to 8 cycles a picture']
    """
    texts = {
        "mask": "only within {}",
        "max_change": "changes up to {:g}",
        "low_pass": "up to {:g} cycles a picture",
        "first_level": "first metric held at {:g}",
        "second_level": "second metric held at {:g}",
    }
    told = ["gray"] if settings.get("gray") else []
    return told + [text.format(settings[name]) for name, text in texts.items() if settings.get(name) is not None]


def outcomes(run: Run) -> str:
    """Why the optimization of the four images ended, in one sentence, equal reasons put together."""
    letters: dict[str, str] = {}
    for letter, result in zip(LETTERS, run.images, strict=True):
        letters[result.outcome] = letters.get(result.outcome, "") + letter
    if len(letters) == 1:
        return f"Each image {OUTCOMES[run.images[0].outcome]}."
    parts = (f"{', '.join(group)}{' each' * (len(group) > 1)} {OUTCOMES[code]}" for code, group in letters.items())
    return "; ".join(parts) + "."


def _held_clause(left: CornerResult, right: CornerResult) -> str:
    title, a, b = metric_title(left.fixed), left.seen.get(left.fixed), right.seen.get(right.fixed)
    if a is None or b is None:
        return f"{title} has no finite value for one of these two"
    if _equal(a, b):
        level = "" if left.level is None or _equal(a, left.level) else f", its level being {number(left.level)}"
        return f"{title} finds these two equally far from the reference ({number((a + b) / 2)}{level})"
    return f"{title} puts the left one at {number(a)} and the right one at {number(b)}"


def _driven_clause(left: CornerResult, right: CornerResult) -> str:
    title, a, b = metric_title(left.optimized), left.seen.get(left.optimized), right.seen.get(right.optimized)
    if a is None or b is None:
        return f"{title} has no finite value for one of them"
    if _equal(a, b):
        return f"{title} sees no difference between them ({number(a)})"
    near, far, side = (b, a, "left") if a > b else (a, b, "right")
    if near <= 0:
        return f"{title} sees the {side} one at {number(far)} and the other at no distance from the reference"
    return f"{title} sees the {side} one {_times(far / near)} as far"


def _equal(a: float, b: float) -> bool:
    return abs(a - b) <= SAME * max(abs(a), abs(b))


def _times(ratio: float) -> str:
    if ratio >= 1e6:
        return "more than a million times"
    if ratio < 10:
        return f"{ratio:.2g} times" if ratio >= 1.1 else f"{ratio:.3g} times"
    return f"{float(f'{ratio:.2g}'):,.0f} times"
