"""Lesson "Where do numbers lie?": one pair of copies, measured by one metric as several programs would.

Copy A has a distortion of a given strength. Copy B has another one, tuned so that the metric rates it farther than A by
a given part, in the convention of this program. The other conventions change what enters the metric: luma alone, half
the size, another range of values, 8 bits, the middle alone. Where B comes out nearer than A, the order has flipped.

Sources: Venkataramanan et al., "A Hitchhiker's Guide to Structural Similarity", IEEE Access 9, 2021; `CONVENTIONS` of
`mad_app.metrics` for what each metric of this program does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.declaration import check_settings, setting
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image, from_uint8, to_uint8
from mad_app.lessons.equal_distance import mixed, tune
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import get_metric, measure_batch

LUMA_601 = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of R, G and B: ITU-R BT.601, which most programs for SSIM use."""

DISTORTED = ("noise", "blur", "jpeg", "contrast", "brightness", "hue", "salt-and-pepper")


@dataclass(frozen=True)
class Range:
    """A wrong range of values for a metric.

    Attributes:
        enter: what the image is to the metric, in its own range [0, 1].
        factor: on the metric's value.
        text: what goes wrong, for a table.
    """

    enter: Callable[[ImageArray], ImageArray]
    factor: float
    text: str


RANGES: Mapping[str, Range] = {
    "mse": Range(lambda image: image, 255.0**2, "values from 0 to 255 instead of 0 to 1"),
    "ssim": Range(
        lambda image: image * np.float32(0.5), 1.0, "SSIM's constants are those for a range of 2, from −1 to 1"
    ),
    "lpips-alex": Range(
        lambda image: (image + np.float32(1)) * np.float32(0.5),
        1.0,
        "values from 0 to 1 for a network that expects −1 to 1",
    ),
}
"""By metric, a mistake that is often made; SSIM's constants grow with the range, so halving the values is the same."""


@dataclass(frozen=True)
class NumbersState:
    """A pair of copies and the metric that measures them.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    metric: str = setting("ssim", label="Metric", help="It measures both copies in every convention.", group="metrics")
    near: str = setting("blur", label="Copy A", help="The distortion of the nearer copy.", group="start")
    far: str = setting("noise", label="Copy B", help="The distortion of the farther copy.", group="start")
    lead: float = setting(
        0.1,
        label="B is farther by",
        help="B is tuned until the metric rates it farther than A by this part: 0.1 is 10 %.",
        group="start",
        minimum=0.0,
        maximum=1.0,
    )
    strength: float = setting(
        1.0,
        label="Strength of A",
        help="As a part of the distortion's default.",
        group="start",
        minimum=0.02,
        maximum=2.0,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("metric", self.metric, RANGES)
        check_choice("near", self.near, DISTORTED)
        check_choice("far", self.far, DISTORTED)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two copies of one picture.

    Attributes:
        images: A and B, each (H, W, 3).
        strengths: of their distortions, each in its own unit.
        reached: whether B is farther by the part that was asked for; else it is as far as its distortion goes.
    """

    images: tuple[ImageArray, ImageArray]
    strengths: tuple[float, float]
    reached: bool


@dataclass(frozen=True, eq=False)
class Reading:
    """What a program measures.

    Attributes:
        name: of the convention, a key of `CONVENTION_TITLES`.
        text: what enters the metric.
        images: the original, A and B as they enter, each (h, w, 3).
        values: of A and of B; None where the metric cannot measure, as pictures that have become too small.
    """

    name: str
    text: str
    images: tuple[ImageArray, ImageArray, ImageArray]
    values: tuple[float | None, float | None]

    @property
    def ratio(self) -> float | None:
        """B over A: above 1 where A is nearer; None where a value is missing or A's is 0."""
        a, b = self.values
        return b / a if a and b is not None else None


CONVENTION_TITLES: Mapping[str, str] = {
    "plain": "As in this program",
    "luma": "Luma alone",
    "half": "Half the size",
    "range": "Another range",
    "bits": "8 bits",
    "crop": "The middle alone",
}
"""Every convention in the order of the page."""


def make_pair(reference: npt.ArrayLike, metric: str, near: str, far: str, *, lead: float, strength: float = 1) -> Pair:
    """A copy, and another one that a metric rates farther by a given part.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        metric: a key of `RANGES`.
        near: name of A's distortion.
        far: name of B's distortion, another one.
        lead: d(B) / d(A) − 1, at least 0.
        strength: of A, as a part of its distortion's default; at most its maximum.

    Raises:
        ArgumentError: an argument cannot be used, or A is no change at all.
        MetricUnavailable: the metric is not available here.
    """
    image = check_image(reference, "reference")
    check_choice("metric", metric, RANGES)
    check_choice("near", near, DISTORTED)
    check_choice("far", far, DISTORTED)
    if near == far:
        raise ArgumentError("far", f"must be another distortion than that of A, got {far!r} twice")
    used = min(strength * DISTORTIONS[near].default, DISTORTIONS[near].maximum)
    first = mixed(image, near, used)
    value = float(get_metric(metric)(jnp.asarray(image), jnp.asarray(first)))
    if not value > 0:
        raise ArgumentError("strength", "is so small, or the picture such, that A equals the original")
    (second,) = tune(image, metric, (1 + lead) * value, [far])
    return Pair((first, second.image), (used, second.strength), second.reached)


def read_pair(reference: npt.ArrayLike, images: Sequence[npt.ArrayLike], metric: str) -> list[Reading]:
    """What a metric gives for two copies in every convention.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        images: A and B, likewise.
        metric: a key of `RANGES`.

    Raises:
        ArgumentError: an image or the metric cannot be used.

    Example:
        >>> gray = np.full((32, 32, 3), 0.5, np.float32)
        >>> readings = read_pair(gray, [gray + np.float32(0.1), gray - np.float32(0.2)], "mse")
        >>> [(one.name, round(one.values[0] or 0, 2)) for one in readings[:4]]
        [('plain', 0.01), ('luma', 0.01), ('half', 0.01), ('range', 650.25)]
    """
    check_choice("metric", metric, RANGES)
    original, first, second = (check_image(image, "images") for image in (reference, *images))
    readings = []
    for name, (text, enter, factor) in _conventions(metric).items():
        entered = (enter(original), enter(first), enter(second))
        a, b = measure_batch(jnp.asarray(entered[0]), jnp.stack(entered[1:]), [metric])[metric]
        readings.append(Reading(name, text, entered, (_times(factor, a), _times(factor, b))))
    return readings


def flipped(readings: Sequence[Reading]) -> list[str]:
    """The conventions in which the other copy is nearer than in the first one.

    Example:
        >>> images = (np.zeros((1, 1, 3), np.float32),) * 3
        >>> flipped([Reading("plain", "", images, (1.0, 1.1)), Reading("luma", "", images, (1.0, 0.9))])
        ['luma']
    """
    first, *others = ((one.name, one.ratio) for one in readings)
    return [name for name, ratio in others if ratio and first[1] and (ratio - 1) * (first[1] - 1) < 0]


def to_luma(image: ImageArray) -> ImageArray:
    """The luma of an image (H, W, 3) in all three channels."""
    return np.repeat(np.clip(image @ LUMA_601, 0, 1)[..., None], 3, axis=2)


def to_half(image: ImageArray) -> ImageArray:
    """An image (H, W, 3) averaged over blocks of 2 × 2 pixels, (H // 2, W // 2, 3); an odd last row is left out."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    blocks = image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, 3)
    return np.clip(blocks.mean(axis=(1, 3), dtype=np.float32), 0, 1)


def to_middle(image: ImageArray) -> ImageArray:
    """The middle of an image (H, W, 3): half its height and half its width."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    return image[top : top + rows, left : left + columns]


def python_of(state: NumbersState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    return f"""from mad_app.lessons.conventions import flipped, make_pair, read_pair

pair = make_pair(
    reference, "{state.metric}", "{state.near}", "{state.far}", lead={state.lead:g}, strength={state.strength:g}
)
readings = read_pair(reference, pair.images, "{state.metric}")  # of each .name, .values, .ratio, .images
flipped(readings)
"""


def _conventions(metric: str) -> dict[str, tuple[str, Callable[[ImageArray], ImageArray], float]]:
    """By name: what enters the metric, the function that makes it, and a factor on the value."""
    wrong = RANGES[metric]
    return {
        "plain": ("R, G, B of the whole picture", lambda image: image, 1.0),
        "luma": ("0.299 R + 0.587 G + 0.114 B in place of the colors", to_luma, 1.0),
        "half": ("averaged over blocks of 2 × 2 pixels first", to_half, 1.0),
        "range": (wrong.text, wrong.enter, wrong.factor),
        "bits": ("rounded to 256 levels, as in a PNG", lambda image: from_uint8(to_uint8(image)), 1.0),
        "crop": ("half the height and width, around the center", to_middle, 1.0),
    }


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value
