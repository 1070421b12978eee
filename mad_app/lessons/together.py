"""Lesson "Would both together fail?": LASI, LPIPS and weighted sums of both, each kept fixed in a competition.

The *failure* of a metric is how far another one, the judge, can be driven apart while the metric keeps its value: the
judge's highest value divided by its lowest one, of the two images that a competition finds. All competitions of a
comparison have the same picture, start, judge and number of steps; only the metric that is kept fixed differs. Values
are those of the 8-bit images.

Severo, Theis, Ballé: "The Unreasonable Effectiveness of Linear Prediction as a Perceptual Metric", ICLR 2024, runs the
competition of LASI and LPIPS. The sum is d(x) = LASI(x) + α LPIPS(x). Runs of SIZE pixels come with the program
(`assets/lessons/draw_together.py`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mad_app.competition import DEFAULT_SOLVER
from mad_app.declaration import check_settings, setting
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, assets_folder, check_image, from_uint8, reduce_image
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import get_metric
from mad_app.metrics.sum_names import sum_name
from mad_app.records import Run
from mad_app.request import Request
from mad_app.runs.materialize import materialize
from mad_app.runs.run import compete_into
from mad_app.runs.stores import MemoryStore

PARTS = ("lasi", "lpips-alex")
"""The two metrics that are summed, the second one times α."""

JUDGES = ("ssim", "mse", *PARTS)
"""Metrics that can be driven apart."""

ALPHAS = (0.5, 1.0, 2.0, 4.0, 8.0)
PICTURES = ("cat", "bricks", "coffee")
OWN = "own"

SIZE = 64
"""Longer side of the images, in pixels."""

NOISE = 0.1
"""Standard deviation of the start's white noise, from seed 0."""

STEPS, LIVE_STEPS = 100, 40
"""Of a run that comes with the program, and of one on a picture of your own."""

STORED = assets_folder("lessons") / "together.npz"


@dataclass(frozen=True)
class TogetherState:
    """What is compared.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    source: str = setting(
        "cat",
        label="Runs on",
        help="Stored runs on three pictures, or new ones on the picture beside the page.",
        group="picture",
    )
    judge: str = setting(
        "ssim", label="Drive apart", help="The metric that is made as high and as low as possible.", group="metrics"
    )
    alpha: float = setting(
        2.0,
        label="Weight α",
        help="The fixed sum is LASI + α LPIPS.",
        group="metrics",
        minimum=ALPHAS[0],
        maximum=ALPHAS[-1],
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("source", self.source, (*PICTURES, OWN))
        check_choice("judge", self.judge, JUDGES)
        if self.alpha not in ALPHAS:
            raise ArgumentError("alpha", f"must be one of {', '.join(f'{a:g}' for a in ALPHAS)}, got {self.alpha:g}")


@dataclass(frozen=True, eq=False)
class Driven:
    """A competition in which a metric was kept fixed, and a judge driven apart.

    Attributes:
        judge: name of the metric that was driven apart.
        fixed: name of the metric that kept its value.
        steps: that were made.
        images: the two images, on which the judge is highest and lowest, in 8-bit steps, (2, H, W, 3).
        values: for each of the two, name of a metric to its value.
    """

    judge: str
    fixed: str
    steps: int
    images: ImageArray
    values: tuple[Mapping[str, float], Mapping[str, float]]

    @property
    def failure(self) -> float | None:
        """The judge's highest value divided by its lowest one; None where that is 0 or not known."""
        high, low = (of_image.get(self.judge) for of_image in self.values)
        return high / low if high is not None and low is not None and low > 0 else None


def sum_of_both(alpha: float) -> str:
    """The name of LASI + α LPIPS.

    Example:
        >>> sum_of_both(0.5)
        'lasi+0.5*lpips-alex'
    """
    return sum_name({PARTS[0]: 1.0, PARTS[1]: alpha})


def fixed_metrics(judge: str, alphas: Sequence[float] = ALPHAS) -> list[str]:
    """The metrics that are kept fixed while a judge is driven apart: each part alone, then the sums.

    Example:
        >>> fixed_metrics("ssim", [2.0]), fixed_metrics("lasi", [2.0])
        (['lasi', 'lpips-alex', 'lasi+2*lpips-alex'], ['lpips-alex', 'lasi+2*lpips-alex'])
    """
    return [*(part for part in PARTS if part != judge), *map(sum_of_both, alphas)]


def request_for(judge: str, fixed: str, steps: int = LIVE_STEPS) -> Request:
    """The competition that drives a judge apart, on a picture that is given as an array.

    Args:
        judge: its name.
        fixed: name of the metric that keeps its value.
        steps: that are made.
    """
    return Request(
        image=None,
        first=judge,
        second=fixed,
        distortion="noise",
        strength=NOISE,
        seed=0,
        steps=steps,
        others=",".join(JUDGES),
    )


def original_and_start(reference: npt.ArrayLike) -> tuple[ImageArray, ImageArray]:
    """A picture (H, W, 3) reduced to SIZE pixels, and the noisy copy of it from which every competition starts."""
    made = materialize(request_for(*PARTS), reduce_image(check_image(reference, "reference"), SIZE))
    return made.reference, made.start


def drive_apart(reference: npt.ArrayLike, judge: str, fixed: str, steps: int = LIVE_STEPS) -> Driven:
    """Drive a judge apart on a picture, reduced to SIZE pixels, while a metric keeps its value.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        judge: a name as of `get_metric`.
        fixed: likewise, of another metric.
        steps: that are made.

    Raises:
        ArgumentError: the picture or a name cannot be used.
        MetricUnavailable: a metric is not available here.

    Example:
        >>> image = np.random.default_rng(0).random((16, 16, 3), np.float32)
        >>> drive_apart(image, "ssim", "mse", steps=5).failure > 1
        True
    """
    request, store = request_for(judge, fixed, steps), MemoryStore()
    compete_into(
        store,
        request,
        materialize(request, reduce_image(check_image(reference, "reference"), SIZE)),
        source="array",
        solver=DEFAULT_SOLVER,
        resolve=get_metric,
        on_progress=lambda _: None,
        should_stop=lambda: False,
    )
    if store.run is None:
        raise RuntimeError("the competition made no step")
    return read_run(store.run)


def read_run(run: Run) -> Driven:
    """What the record of such a competition says."""
    values = [{name: value for name, value in one.reported.items() if value is not None} for one in run.results[:2]]
    images = np.stack([from_uint8(picture) for picture in run.images_8bit[:2]])
    steps = int(run.history.step[-1])
    return Driven(run.results[0].optimized, run.results[0].fixed, steps, images, (values[0], values[1]))


def stored_runs(picture: str, judge: str) -> list[Driven]:
    """The runs on a bundled picture that come with the program, in the order of `fixed_metrics`.

    Args:
        picture: of PICTURES.
        judge: of JUDGES.

    Raises:
        ArgumentError: there is no such picture or judge.
    """
    check_choice("picture", picture, PICTURES)
    check_choice("judge", judge, JUDGES)
    return [driven for name, driven in all_stored() if (name, driven.judge) == (picture, judge)]


def save_stored(runs: Sequence[tuple[str, Driven]]) -> None:
    """Write the runs that come with the program, each with the name of its picture."""
    described = [
        {"picture": name, "judge": one.judge, "fixed": one.fixed, "steps": one.steps, "values": one.values}
        for name, one in runs
    ]
    settings = {"size": SIZE, "distortion": "noise", "strength": NOISE, "seed": 0}
    text = json.dumps({"settings": settings, "runs": described})
    arrays: dict[str, Any] = {
        f"images_{i}": np.rint(one.images * 255).astype(np.uint8) for i, (_, one) in enumerate(runs)
    }
    np.savez_compressed(STORED, about=np.frombuffer(text.encode(), np.uint8), **arrays)


@lru_cache(maxsize=1)
def all_stored() -> list[tuple[str, Driven]]:
    """All runs that come with the program, each with the name of its picture."""
    with np.load(STORED) as file:
        runs = json.loads(file["about"].tobytes())["runs"]
        images = [file[f"images_{i}"] for i in range(len(runs))]
    return [
        (
            run["picture"],
            Driven(
                run["judge"],
                run["fixed"],
                run["steps"],
                np.stack([from_uint8(one) for one in pair]),
                tuple(run["values"]),
            ),
        )
        for run, pair in zip(runs, images, strict=True)
    ]


def python_of(state: TogetherState) -> str:
    """The lines that give the lesson's numbers, for the image `reference` if it is the one that is chosen."""
    fixed = fixed_metrics(state.judge, [state.alpha])
    if state.source == OWN:
        return f"""from mad_app.lessons.together import drive_apart

for fixed in {fixed}:
    driven = drive_apart(reference, "{state.judge}", fixed)  # .images, .values; takes minutes
    print(fixed, driven.failure)
"""
    return f"""from mad_app.lessons.together import stored_runs

for driven in stored_runs("{state.source}", "{state.judge}"):  # of each .images, .values
    print(driven.fixed, driven.failure)
"""
