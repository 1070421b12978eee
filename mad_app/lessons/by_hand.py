"""Lesson "Beat the metric by hand": change a picture with a brush until a metric reads a given value.

The value is that of white noise. Another metric stands for how different the picture looks, and the engine tries the
same from where you are: it keeps your value of the first metric and makes the other as high and as low as it can.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.competition import Settings, compete
from mad_app.declaration import check_settings, setting
from mad_app.distortions import distort
from mad_app.images import ImageArray, check_image, from_uint8, to_uint8
from mad_app.lessons.brush import LONGEST, parse_strokes
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import METRICS, get_metric, measure_batch

TOLERANCE = 0.05
"""Relative difference from the value to reach up to which it counts as reached."""

STEPS = 60
"""That the engine makes."""


@dataclass(frozen=True)
class ByHandState:
    """What is painted, and what it is measured by.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    fixed: str = setting("mse", label="Reach the number of", help="This metric you have to deceive.", group="metrics")
    judge: str = setting(
        "ssim", label="Score by", help="This metric says how different your picture looks.", group="metrics"
    )
    noise: float = setting(
        0.1,
        label="Noise to match",
        help="The standard deviation of the white noise that sets the number, white being 1.",
        group="start",
        minimum=0.02,
        maximum=0.3,
    )
    strokes: str = setting("", label="Strokes", help=f"Up to {LONGEST} characters.", group="start")

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("fixed", self.fixed, METRICS)
        check_choice("judge", self.judge, METRICS)
        parse_strokes(self.strokes)


@dataclass(frozen=True)
class Reading:
    """What both metrics say.

    Attributes:
        fixed: of the painted picture; None where it is not available.
        target: what it has to be.
        judge: what the other metric says of the painted picture; None where it is not available.
        judge_of_noise: what it says of the noise.
    """

    fixed: float | None
    target: float | None
    judge: float | None
    judge_of_noise: float | None

    @property
    def part(self) -> float | None:
        """How much of the value to reach the picture has; None where that is not available."""
        return self.fixed / self.target if self.fixed is not None and self.target else None

    @property
    def matches(self) -> bool:
        """Whether the value is reached."""
        return self.part is not None and abs(self.part - 1) <= TOLERANCE


@dataclass(frozen=True, eq=False)
class Answer:
    """What the engine found from a painted picture.

    Attributes:
        most: the picture on which the judge is highest at the same value of the fixed metric, (H, W, 3) in 8-bit steps.
        least: on which it is lowest.
        judge: its values for `most` and `least`.
        fixed: the values of the fixed metric.
    """

    most: ImageArray
    least: ImageArray
    judge: tuple[float, float]
    fixed: tuple[float, float]

    def score(self, judge: float) -> int:
        """Where a value of the judge lies between the engine's lowest, 0, and its highest, 100."""
        high, low = self.judge
        return round(100 * float(np.clip((judge - low) / (high - low), 0, 1))) if high > low else 100


def noise_to_match(reference: npt.ArrayLike, noise: float) -> ImageArray:
    """The noisy copy of a picture (H, W, 3) that sets the value."""
    return distort(check_image(reference, "reference"), "noise", strength=noise, seed=0)


def read(reference: npt.ArrayLike, painted: npt.ArrayLike, fixed: str, judge: str, noise: float) -> Reading:
    """What both metrics say of a painted picture and of the noise.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        painted: likewise.
        fixed: a name as of `get_metric`.
        judge: likewise.
        noise: standard deviation, from seed 0.
    """
    images = jnp.stack([check_image(painted, "painted"), noise_to_match(reference, noise)])
    values = measure_batch(jnp.asarray(check_image(reference, "reference")), images, [fixed, judge])
    return Reading(*values[fixed], *values[judge])


def let_engine_try(
    reference: npt.ArrayLike, painted: npt.ArrayLike, fixed: str, judge: str, steps: int = STEPS
) -> Answer:
    """The most and the least different pictures that the engine finds at a painted picture's value.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        painted: likewise, another picture.
        fixed: a name as of `get_metric`, of the metric that keeps its value.
        judge: likewise, of another one.
        steps: that it makes.

    Raises:
        ArgumentError: a picture or a name cannot be used, or the painted picture is no start of a competition.
        MetricUnavailable: a metric is not available here.
    """
    original, start = check_image(reference, "reference"), check_image(painted, "painted")
    metrics = get_metric(judge), get_metric(fixed)
    *_, last = compete(original, start, *metrics, Settings(steps=steps))
    ends = np.stack([from_uint8(to_uint8(np.asarray(image))) for image in last.images[:2]])
    judged, kept = (np.asarray(metric.bind(jnp.asarray(original)).distances(jnp.asarray(ends))) for metric in metrics)
    return Answer(ends[0], ends[1], (float(judged[0]), float(judged[1])), (float(kept[0]), float(kept[1])))


def python_of(state: ByHandState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    strokes = state.strokes or "p2.60.500.500"
    return f"""from mad_app.lessons.brush import paint
from mad_app.lessons.by_hand import let_engine_try, read

painted = paint(reference, "{strokes}")
reading = read(reference, painted, "{state.fixed}", "{state.judge}", noise={state.noise:g})
reading.fixed, reading.target, reading.matches, reading.judge

answer = let_engine_try(reference, painted, "{state.fixed}", "{state.judge}")  # .most, .least
answer.score(reading.judge)
"""
