"""Lesson "Same distance, different look": distortions of one picture, tuned until a metric rates all of them equal.

The value is that of white noise of a given strength. The strengths are found by the Illinois variant of false position,
all together, so that the metric is evaluated on one batch per step. Where a distortion goes in steps (JPEG, shift, the
pixels of salt and pepper), it is mixed linearly from the two nearest ones, which makes its value continuous.

Source: Wang, Bovik, "Mean squared error: love it or leave it?", IEEE Signal Processing Magazine 26(1), 2009, Figure 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.declaration import check_settings, setting
from mad_app.distortions import distort, get_distortion
from mad_app.images import ImageArray, check_image
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import METRICS, get_metric, measure_batch

WHEEL = ("noise", "blur", "jpeg", "contrast", "brightness", "salt-and-pepper", "hue", "shift")
"""The distortions of the lesson; white noise sets the value."""

TOLERANCE = 1e-4
"""Relative difference from the value that is asked for up to which a distortion counts as tuned."""

MAX_STEPS = 40

STEPS = {"jpeg": 1.0, "webp": 1.0, "shift": 1.0, "salt-and-pepper": 0.01}
"""Of distortions that change in steps, the strengths between which they are mixed."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EqualState:
    """What is tuned to the same value.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    metric: str = setting("mse", label="Equal for", help="This metric rates all copies the same.", group="metrics")
    other: str = setting("ssim", label="Compare with", help="This metric is measured, too.", group="metrics")
    noise: float = setting(
        0.1,
        label="Strength",
        help="The standard deviation of the white noise that sets the value, white being 1.",
        group="start",
        minimum=0.02,
        maximum=0.3,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("metric", self.metric, METRICS)
        check_choice("other", self.other, METRICS)


@dataclass(frozen=True, eq=False)
class Tuned:
    """One distortion of the wheel.

    Attributes:
        name: of the distortion.
        strength: in its unit; between two whole ones, a mixture of both.
        image: (H, W, 3).
        value: that the metric gives.
        reached: whether this is the value that was asked for; else it is the nearest below, at the greatest strength.
    """

    name: str
    strength: float
    image: ImageArray
    value: float
    reached: bool


def tune(
    reference: npt.ArrayLike, metric: str, value: float, names: Sequence[str] = WHEEL, *, seed: int = 0
) -> list[Tuned]:
    """Tune distortions until a metric gives each the same value, within 0.01 %.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        metric: a name as of `get_metric`.
        value: above 0.
        names: of distortions.
        seed: of those that are random.

    Raises:
        ArgumentError: the image, a name or the seed cannot be used.
        MetricUnavailable: the metric is not available here.

    Example:
        >>> image = np.random.default_rng(0).random((16, 16, 3), np.float32)
        >>> [round(one.value, 3) for one in tune(image, "mse", 0.01, ["blur", "jpeg"])]
        [0.01, 0.01]
    """
    image = check_image(reference, "reference")
    bound = get_metric(metric).bind(jnp.asarray(image))

    def measured(strengths: Values) -> tuple[list[ImageArray], Values]:
        images = [mixed(image, name, float(one), seed=seed) for name, one in zip(names, strengths, strict=True)]
        return images, np.asarray(bound.distances(jnp.stack(images)), np.float64)

    low, high = np.zeros(len(names)), np.array([get_distortion(name).maximum for name in names])
    images, values = measured(high)
    reached = values >= value
    strengths, below, above = high.copy(), np.full(len(names), -value), values - value
    side = np.zeros(len(names))
    for _ in range(MAX_STEPS):
        going_on = reached & (np.abs(values - value) > TOLERANCE * value)
        if not going_on.any():
            break
        middle = low + (high - low) * np.clip(-below / np.where(above > below, above - below, 1), 0.02, 0.98)
        strengths = np.where(going_on, middle, strengths)
        images, values = measured(strengths)
        error = values - value
        is_low, is_high = going_on & (error < 0), going_on & (error >= 0)
        above = np.where(is_low & (side < 0), above / 2, above)
        below = np.where(is_high & (side > 0), below / 2, below)
        low, below = np.where(is_low, strengths, low), np.where(is_low, error, below)
        high, above = np.where(is_high, strengths, high), np.where(is_high, error, above)
        side = np.where(is_low, -1, np.where(is_high, 1, side))
    near = [bool(abs(one - value) <= 2 * TOLERANCE * value) for one in values]
    return [Tuned(*one) for one in zip(names, strengths.tolist(), images, values.tolist(), near, strict=True)]


def wheel(reference: npt.ArrayLike, metric: str, noise: float, names: Sequence[str] = WHEEL) -> list[Tuned]:
    """Distortions that a metric rates as far from the reference as white noise.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        metric: a name as of `get_metric`.
        noise: standard deviation of the noise, in (0, 1], from seed 0.
        names: of distortions.
    """
    image = check_image(reference, "reference")
    noisy = distort(image, "noise", strength=noise, seed=0)
    value = float(get_metric(metric)(jnp.asarray(image), jnp.asarray(noisy)))
    return tune(image, metric, value, names)


def other_values(reference: npt.ArrayLike, tuned: Sequence[Tuned], metric: str) -> list[float | None]:
    """What another metric gives for each; None where it is not available."""
    images = jnp.stack([one.image for one in tuned])
    return list(measure_batch(jnp.asarray(reference), images, [metric])[metric])


def mixed(image: ImageArray, name: str, strength: float, *, seed: int = 0) -> ImageArray:
    """A distortion at any strength from 0; between those of STEPS mixed of both."""
    step = STEPS.get(name)
    if step is None:
        return distort(image, name, strength=strength, seed=seed)
    weaker = math.floor(strength / step)
    part = np.float32(strength / step - weaker)
    one = distort(image, name, strength=weaker * step, seed=seed)
    return one if part == 0 else (1 - part) * one + part * distort(image, name, strength=(weaker + 1) * step, seed=seed)


def python_of(state: EqualState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    return f"""from mad_app.figures.slide import slide_bytes
from mad_app.lessons.equal_distance import other_values, wheel
from mad_app.lessons.equal_slide import slide_of

tuned = wheel(reference, "{state.metric}", noise={state.noise:g})  # of each .name, .strength, .image, .value
others = other_values(reference, tuned, "{state.other}")
slide = slide_bytes(slide_of(reference, tuned, "{state.metric}", "{state.other}", others), "pdf")
"""
