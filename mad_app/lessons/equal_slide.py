"""The wheel of equally distant copies as a slide: the pictures, captions and sentence of the lesson's page."""

from collections.abc import Sequence

import numpy.typing as npt

from mad_app.distortions import DISTORTIONS
from mad_app.figures import metric_title, number
from mad_app.figures.handout import PicturePanel
from mad_app.figures.slide import Slide
from mad_app.figures.text import times
from mad_app.images import check_image
from mad_app.lessons.equal_distance import Tuned

TITLE = "Same distance, different look"
SOURCE = "After Wang & Bovik, IEEE Signal Processing Magazine, 2009"


def caption_of(one: Tuned, metric: str, other: str, value: float | None) -> tuple[str, ...]:
    """The lines under a copy: its distortion, the value that it was tuned to, and that of the other metric.

    Args:
        one: the copy.
        metric: that it was tuned for.
        other: the other metric.
        value: that this one gives; None where it is not shown.
    """
    tuned = f"{metric_title(metric)} {number(one.value)}" + ("" if one.reached else ", not reached")
    lines = (DISTORTIONS[one.name].title, tuned)
    return lines if value is None or other == metric else (*lines, f"{metric_title(other)} {number(value)}")


def sentence_of(tuned: Sequence[Tuned], metric: str, other: str, values: Sequence[float | None]) -> str:
    """What the copies show, out of their numbers: how far apart the other metric's values are.

    Args:
        tuned: the copies.
        metric: that they were tuned for.
        other: the other metric.
        values: of the other metric, in the same order; None where it is not shown.
    """
    equal = [one for one in tuned if one.reached]
    if not equal:
        return f"No copy reaches the {metric_title(metric)} of the noise."
    all_of = f"all {len(tuned)}" if len(equal) == len(tuned) else f"{len(equal)} of the {len(tuned)}"
    equal_at = f"{metric_title(metric)} rates {all_of} copies the same: {number(equal[0].value)}."
    known = [value for one, value in zip(tuned, values, strict=True) if one.reached and value is not None]
    if other == metric or len(known) < 2:
        return equal_at
    low, high = min(known), max(known)
    ratio = f", {times(high / low)} as much" if low > 0 else ""
    return f"{equal_at} {metric_title(other)} goes from {number(low)} to {number(high)}{ratio}."


def slide_of(
    reference: npt.ArrayLike, tuned: Sequence[Tuned], metric: str, other: str, values: Sequence[float | None]
) -> Slide:
    """The slide, for `mad_app.figures.slide.slide_bytes`.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        tuned: what `wheel` gives.
        metric: that it was tuned for.
        other: another metric.
        values: what `other_values` gives, or None for each.
    """
    copies = [
        PicturePanel(one.image, caption_of(one, metric, other, value)) for one, value in zip(tuned, values, strict=True)
    ]
    return Slide(
        title=TITLE,
        pictures=[PicturePanel(check_image(reference, "reference"), ("Original",)), *copies],
        text=(sentence_of(tuned, metric, other, values), "Every metric has such blind spots."),
        source=SOURCE,
    )
