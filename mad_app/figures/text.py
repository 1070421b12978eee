"""How results are put to people: names, numbers to three digits, and one sentence for each kind of result.

The page, the figures and the command line all take their words from here. A record holds codes and numbers only.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.metrics import LISTED_METRICS, is_sum, parts_of, sum_title
from mad_app.records import UNFINISHED, CornerResult, Run, without_folders
from mad_app.request import describe_settings

SAME = 0.005
"""Relative difference below which two values are called equal; smaller ones vanish in three digits."""

KEPT_8BIT = 0.01
"""Relative departure from its level up to which a fixed metric is called kept on the saved image.

Rounding to 8 bits may move it farther than the engine's `MAX_DRIFT`, which holds before.
"""

FINEST_DRIFT = 1e-5
"""The smallest departure that is quoted, as a fraction: 0.001 %."""

OUTCOMES: Mapping[str, str] = {
    "converged": "converged: no step improves it further",
    "at_bounds": "stopped: every pixel that could still improve is at a bound",
    "max_steps": "used all its steps",
    "max_seconds": "used all its time",
    "stopped": "was stopped by the user",
    "not_finite": "ended early: a metric or its gradient was not a finite number",
    "aborted": "ended early: a metric failed on another of the four images",
    "infeasible": "could not be brought back to the level of its fixed metric",
    "unfinished": "is not finished",
}
"""Outcome code of a record → what a sentence says after the name of the image."""

UNHINDERED = ("max_steps", "max_seconds", "stopped")
"""Outcomes of an image that could have gone on."""

LETTERS = "ABCD"
"""Names of the four images, in the order of CORNERS."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Digits to those of an exponent."""

_POWER = re.compile(r"(?<![\w.])(\d(?:\.\d+)?)e([-+−]?\d+)(?!\w|\.\w)")
"""A number such as 9.21e-4, which is no part of a name."""

_EXTREMES = {"max": "as high as possible", "min": "as low as possible"}


def metric_title(name: str) -> str:
    """The title of a metric, as in LISTED_METRICS, with the number after its colon; of a function, its name as written.

    Example:
        >>> metric_title("lasi:20"), metric_title("my.module:distance"), metric_title("lasi+0.5*lpips-alex")
        ('LASI:20', 'distance', 'LASI + 0.5 LPIPS (AlexNet)')
    """
    if is_sum(name):
        return sum_title((weight, _part_title(part)) for weight, part in parts_of(name))
    return _part_title(name)


def _part_title(name: str) -> str:
    """The title of a metric that is no sum."""
    base, _, rest = name.partition(":")
    if base in LISTED_METRICS:
        return LISTED_METRICS[base].title + (f":{rest}" if rest else "")
    return rest or base


def contest_title(first: str, second: str) -> str:
    """The title of a competition of two metrics.

    Example:
        >>> contest_title("lasi", "mse")
        'LASI against MSE'
    """
    return f"{metric_title(first)} against {metric_title(second)}"


def image_title(position: int, optimized: str, letters: Sequence[str] = LETTERS) -> str:
    """What one of the four images is.

    Args:
        position: of the image in CORNERS.
        optimized: name of its optimized metric.
        letters: names of the four images.

    Example:
        >>> image_title(1, "lasi")
        'B: LASI as low as possible'
    """
    return f"{letters[position]}: {extreme_phrase(position, optimized)}"


def extreme_phrase(position: int, optimized: str) -> str:
    """What one of the four images is, without its name, as "LASI as low as possible"; arguments as `image_title`."""
    return f"{metric_title(optimized)} {_EXTREMES[CORNERS[position].direction]}"


def pair_sentence(run: Run, pair: int, letters: Sequence[str] = LETTERS) -> str:
    """How far the two images of a pair are from the original, for both metrics, on the saved 8-bit images.

    Args:
        run: a competition.
        pair: 0 for A and B, 1 for C and D.
        letters: names of the four images.

    Returns:
        Such as "For MSE, A and B differ equally from the original (0.235). For LASI, A differs 12 times as much as B."

    Raises:
        ValueError: pair is neither 0 nor 1.
    """
    if pair not in (0, 1):
        raise ValueError(f"pair must be 0 or 1, got {pair!r}")
    letters, images = letters[2 * pair : 2 * pair + 2], run.results[2 * pair : 2 * pair + 2]
    fixed = [image.reported.get(image.fixed) for image in images]
    optimized = [image.reported.get(image.optimized) for image in images]
    also = "too, " if _are_equal(fixed) else ""
    return f"{_fixed_sentence(letters, images[0], fixed)} {_optimized_sentence(letters, images[0], optimized, also)}"


def measured_images(run: Run) -> str:
    """Which images the quoted values are of: the 8-bit images, wherever a record has their values."""
    measured = all(image.final_8bit is not None for image in run.results)
    return "the saved 8-bit images" if measured else "the images before rounding to 8 bits"


def drift_sentence(fixed: str, drift: float | None) -> str:
    """How well a fixed metric kept its level.

    Args:
        fixed: name of the metric.
        drift: relative signed departure from the level; None where it was not measured.

    Example:
        >>> drift_sentence("lpips-alex", -2e-6), drift_sentence("mse", 0.25)
        ('LPIPS (AlexNet) kept to within 0.001 %', 'MSE off its level by 25 %')
    """
    if drift is None or not math.isfinite(drift):
        return f"{metric_title(fixed)} not measured"
    if abs(drift) > KEPT_8BIT:
        return f"{metric_title(fixed)} off its level by {drift_magnitude(drift)}"
    return f"{metric_title(fixed)} kept to within {drift_magnitude(drift)}"


def reported_drift_sentence(run: Run) -> str:
    """How well both fixed metrics kept their levels on the saved 8-bit images, the larger drift of each pair.

    Returns:
        Such as "A and B: MSE kept to within 0.2 %; C and D: LASI off its level by 3 %."
    """
    parts = []
    for pair in (0, 1):
        images = run.results[2 * pair : 2 * pair + 2]
        known = [image.reported_drift for image in images if image.reported_drift is not None]
        drift = max(known, key=abs) if len(known) == len(images) else None
        parts.append(f"{_join(LETTERS[2 * pair : 2 * pair + 2])}: {drift_sentence(images[0].fixed, drift)}")
    return "; ".join(parts) + "."


def restoration_text(step: int, departure: float) -> str:
    """How far the images' return to their level is.

    Args:
        step: steps of the return that were made.
        departure: the largest relative departure of the four images from their levels.

    Example:
        >>> restoration_text(12, 0.003)
        'step 12, off by up to 0.3 %'
    """
    return f"step {step}, off by up to {drift_magnitude(departure)}"


def running_drift_sentence(drift: float) -> str:
    """How far fixed metrics are from their levels while a run goes on.

    Args:
        drift: the largest relative departure of the four images.

    Example:
        >>> running_drift_sentence(1.1)
        'off by up to 110 % for now; corrected at the end'
    """
    return f"off by up to {drift_magnitude(drift)} for now; corrected at the end"


def outcome_sentence(run: Run, letters: Sequence[str] = LETTERS) -> str:
    """Why the optimization of the four images ended, in one sentence, equal outcomes put together."""
    if run.results[0].outcome == UNFINISHED:
        return "The run is not finished: it can be resumed."
    groups: dict[str, list[str]] = {}
    for letter, image, final in zip(letters, run.results, run.finals, strict=True):
        text = OUTCOMES.get(image.outcome, image.outcome)
        if image.outcome in UNHINDERED and np.array_equal(final, run.start):
            text += ", and is the start: no change could be kept on its level"
        groups.setdefault(text, []).append(letter)
    if len(groups) == 1:
        return f"Each image {next(iter(groups))}."
    parts = (f"{_join(group)}{' each' * (len(group) > 1)} {text}" for text, group in groups.items())
    return "; ".join(parts) + "."


def settings_sentence(run: Run) -> str:
    """Picture, size, start, what was asked beside the defaults, steps made and seed, in one sentence."""
    phrases = [*picture_phrases(run), start_phrase(run.settings), *setting_phrases(run), *length_phrases(run)]
    return typeset_powers(", ".join(phrases)) + "."


def picture_phrases(run: Run) -> list[str]:
    """Name and size of the picture, as ["cat", "128 × 96 pixels"]."""
    rows, columns = run.reference.shape[:2]
    return [str(without_folders(run.settings).get("image") or "image"), f"{columns} × {rows} pixels"]


def start_phrase(settings: Mapping[str, Any]) -> str:
    """What the start is, as "noise 0.1", or the name of its file."""
    known = without_folders(settings)
    if known.get("start_file"):
        return f"start {known['start_file']}"
    named = (known.get(name) for name in ("distortion", "strength"))
    return " ".join(str(value) for value in named if value is not None) or "start as given"


def setting_phrases(run: Run) -> list[str]:
    """A phrase for each setting that is not the default, as "gray" or "changes up to 0.05"."""
    titles = {"first": metric_title(run.results[0].optimized), "second": metric_title(run.results[0].fixed)}
    return describe_settings(without_folders(run.settings), titles)


def length_phrases(run: Run) -> list[str]:
    """Steps made, and the seed unless the start was given as an array, which has none: ["500 steps", "seed 0"]."""
    return [f"{run.history.step[-1]} steps", *([] if "start" in run.given else [f"seed {run.seed}"])]


def number(value: float | None) -> str:
    """Three significant digits, as "0.476", "1230" or "1.23×10⁻⁷"; a dash for what is not finite.

    Example:
        >>> [number(value) for value in (0.4756, 12.0, 1234.5, 1.234e-7, 0.00099999, 99.99, 0.0, None)]
        ['0.476', '12.0', '1230', '1.23×10⁻⁷', '0.00100', '100', '0', '–']
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if not 1e-3 <= abs(rounded) < 1e5:
        mantissa, _, exponent = f"{rounded:.2e}".partition("e")
        return f"{mantissa.replace('-', '−')}×{power_of_ten(int(exponent))}"
    text = f"{rounded:.0f}" if abs(rounded) >= 100 else f"{rounded:#.3g}"
    return text.replace("-", "−")


def power_of_ten(exponent: int) -> str:
    """A power of ten as it is printed.

    Example:
        >>> power_of_ten(-12)
        '10⁻¹²'
    """
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def typeset_powers(text: str) -> str:
    """A text whose numbers such as 9.21e-04 are printed as powers of ten; names such as 3e5.png stay as they are.

    Example:
        >>> typeset_powers("MSE kept at 9.5e-05, 1e-3 of 3e5.png")
        'MSE kept at 9.5×10⁻⁵, 10⁻³ of 3e5.png'
    """

    def typeset(found: re.Match[str]) -> str:
        power = power_of_ten(int(found[2].replace("−", "-")))
        return power if found[1] == "1" else f"{found[1]}×{power}"

    return _POWER.sub(typeset, text)


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


def drift_magnitude(drift: float | None) -> str:
    """A departure without its sign: two digits, rounded up so that "within" holds; a dash where it is not finite.

    Example:
        >>> [drift_magnitude(value) for value in (0.001231, -2e-9, 1.1, None)]
        ['0.13 %', '0.001 %', '110 %', '–']
    """
    if drift is None or not math.isfinite(drift):
        return "–"
    percent = 100 * max(abs(drift), FINEST_DRIFT)
    unit = 10.0 ** (math.floor(math.log10(percent) + 1e-9) - 1)
    return f"{float(f'{math.ceil(percent / unit - 1e-6) * unit:.3g}'):.6g} %"


def _fixed_sentence(letters: Sequence[str], image: CornerResult, values: Sequence[float | None]) -> str:
    title = metric_title(image.fixed)
    a, b = values
    if a is None or b is None:
        return _not_finite(title, letters, values)
    if not _are_equal(values):
        return f"For {title}, {_two_values(letters, a, b)}."
    target = "" if image.level is None or _are_equal((a, image.level)) else f"; the target was {number(image.level)}"
    return f"For {title}, {_join(letters)} differ equally from the original ({number((a + b) / 2)}{target})."


def _optimized_sentence(letters: Sequence[str], image: CornerResult, values: Sequence[float | None], also: str) -> str:
    title = metric_title(image.optimized)
    a, b = values
    if a is None or b is None:
        return _not_finite(title, letters, values)
    if _are_equal(values):
        return f"For {title}, {also}{_join(letters)} differ equally from the original ({number((a + b) / 2)})."
    if min(a, b) <= 0:
        return f"For {title}, {_two_values(letters, a, b)}."
    far, near = (letters[0], letters[1]) if a > b else (letters[1], letters[0])
    return f"For {title}, {far} differs {times(max(a, b) / min(a, b))} as much as {near}."


def _two_values(letters: Sequence[str], a: float, b: float) -> str:
    texts = ["not at all" if value == 0 else f"by {number(value)}" for value in (a, b)]
    return f"{letters[0]} differs {texts[0]} and {letters[1]} {texts[1]} from the original"


def _not_finite(title: str, letters: Sequence[str], values: Sequence[float | None]) -> str:
    missing = [letter for letter, value in zip(letters, values, strict=True) if value is None]
    return f"{title} has no finite value for {_join(missing)}."


def _are_equal(values: Sequence[float | None]) -> bool:
    """Whether two values are known and the same to people."""
    a, b = values
    return a is not None and b is not None and abs(a - b) <= SAME * max(abs(a), abs(b))


def times(ratio: float) -> str:
    """How many times, to two digits.

    Example:
        >>> times(1.024), times(3.46), times(8874.9)
        ('1.02 times', '3.5 times', '8,900 times')
    """
    if ratio >= 1e6:
        return "more than a million times"
    if ratio < 10:
        return f"{ratio:.2g} times" if ratio >= 1.1 else f"{ratio:.3g} times"
    return f"{float(f'{ratio:.2g}'):,.0f} times"


def _join(words: Sequence[str]) -> str:
    """Words as in a sentence: "A", "A and B", "A, B and C"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
