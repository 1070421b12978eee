"""Lesson "What do level sets look like?": the level curves of two metrics on a plane through the space of images.

The plane goes through the reference, the start and one of the four images of a run that comes with the program, or
through the reference and two of its distortions. Values are measured on a grid of 25 × 25 places, first on every third
of them, 9 × 9. Those of the planes of the shelf come with the program (`assets/lessons/draw_planes.py`).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.competition.settings import CORNERS
from mad_app.declaration import check_settings, setting
from mad_app.distortions import DISTORTIONS, distort
from mad_app.errors import ArgumentError
from mad_app.images import assets_folder, check_image
from mad_app.lessons.contours import Points, contour, interpolate
from mad_app.lessons.image_plane import Plane, plane_through
from mad_app.lessons.lesson import check_choice
from mad_app.metrics import METRICS, get_metric
from mad_app.records import SHELF, SHELF_RUNS, Run, load_record, shelf_folder

FINE, COARSE_STEP = 25, 3
"""Places on each side of the grid, and which of them are measured first."""

CHUNK, FEW = 17, 4
"""Images that are measured together, of a grid and of single places: always as many, so that a metric is compiled for
no other batches. A place of LPIPS-alex at 96 pixels takes 3.6 ms of a core among 17, 5 ms among 4; a coarse grid and an
eighth of the others fill 5 and 4 batches of 17.
"""

LEVELS = (0.125, 0.25, 0.5, 0.75, 1.5, 2.0, 3.0, 4.0)
"""Of the thin curves, in multiples of the start's value."""

LETTERS = "ABCD"
DISTORTED = ("noise", "blur", "jpeg", "contrast", "brightness", "saturation", "hue", "blockiness", "warp", "rotation")
"""Distortions that can span a plane."""

PLANES = (*SHELF_RUNS, "distortions")
BUNDLED_VALUES = assets_folder("lessons") / "planes.npz"

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LevelSetsState:
    """What is drawn.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    plane: str = setting(
        "contrast", label="Plane through", help="The original, and two other images that span it.", group="picture"
    )
    third: str = setting("A", label="Image of the run", help="Beside the original and the start.", group="picture")
    across: str = setting("noise", label="To the right", help="Distortion of the first image.", group="start")
    up: str = setting("blur", label="Upward", help="Distortion of the second image.", group="start")
    strength: float = setting(
        1.0,
        label="Strength",
        help="Of both distortions, in multiples of their usual one.",
        group="start",
        minimum=0.25,
        maximum=2.0,
    )
    first: str = setting("mse", label="First metric", help="Level curves in orange.", group="metrics")
    second: str = setting("ssim", label="Second metric", help="Level curves in blue.", group="metrics")
    u: float = setting(0.5, label="Right", help="Of the picture shown.", group="picture", minimum=0.0, maximum=1.0)
    v: float = setting(0.5, label="Up", help="Of the picture shown.", group="picture", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("plane", self.plane, PLANES)
        check_choice("third", self.third, LETTERS)
        check_choice("across", self.across, DISTORTED)
        check_choice("up", self.up, DISTORTED)
        check_choice("first", self.first, METRICS)
        check_choice("second", self.second, METRICS)


def shelf_run(name: str) -> Run:
    """A run that comes with the program.

    Args:
        name: of SHELF_RUNS.

    Raises:
        ArgumentError: there is none of this name.
    """
    folder = shelf_folder(f"{SHELF}/{name}")
    if folder is None:
        raise ArgumentError("name", f"must be one of {', '.join(SHELF_RUNS)}, got {name!r:.60}")
    return load_record(folder)


def metrics_of_run(run: Run) -> tuple[str, str]:
    """The names of the first metric and of the second one."""
    return str(run.settings["first"]), str(run.settings["second"])


def run_plane(run: Run, third: str) -> Plane:
    """The plane through the reference of a run, its start and one of its four images.

    Args:
        run: a record.
        third: A, B, C or D.

    Raises:
        ArgumentError: the image lies on the line through the other two.
    """
    check_choice("third", third, LETTERS)
    return plane_through(run.reference, run.start, run.finals[LETTERS.index(third)])


def run_ways(plane: Plane, run: Run) -> list[Points]:
    """The ways of A, B, C and D, projected to a plane: (K, 2) each, from the start on."""
    steps = run.keyframes.images.astype(np.float32) / 255
    return [
        plane.project(np.concatenate([run.start[None], steps[:, i], run.finals[i][None]])) for i in range(len(CORNERS))
    ]


def distortions_plane(reference: npt.ArrayLike, across: str, up: str, strength: float = 1.0) -> Plane:
    """The plane through a picture and two of its distortions.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        across: name of the first one.
        up: of the second one.
        strength: in multiples of their default strengths, above 0.

    Raises:
        ArgumentError: the picture or a name cannot be used, or all three lie on a line.
    """
    image = check_image(reference, "reference")
    check_choice("across", across, DISTORTED)
    check_choice("up", up, DISTORTED)
    first, second = (distort(image, name, strength=_strength(name, strength), seed=0) for name in (across, up))
    return plane_through(image, first, second)


def grid_places(*, coarse: bool = False) -> Points:
    """The places of the grid, (n, n, 2): u along the first axis and v along the second."""
    ticks = np.linspace(0, 1, FINE)[:: COARSE_STEP if coarse else 1]
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)


def plane_values(plane: Plane, metric: str, places: npt.ArrayLike) -> Values:
    """What a metric gives at places of a plane.

    Args:
        plane: whose reference it compares with.
        metric: a name as of `get_metric`.
        places: (…, 2).

    Returns:
        (…).

    Raises:
        ArgumentError: the metric has no such name, or needs larger pictures.
        MetricUnavailable: it is not available here.
    """
    wanted = np.asarray(places, np.float64)
    flat = wanted.reshape(-1, 2)
    chunk = CHUNK if len(flat) > FEW else FEW
    padded = np.concatenate([flat, np.tile(flat[-1:], (-len(flat) % chunk, 1))])
    bound = get_metric(metric).bind(jnp.asarray(plane.reference))
    values = [np.asarray(bound.distances(jnp.asarray(plane.images(part)))) for part in padded.reshape(-1, chunk, 2)]
    return np.concatenate(values)[: len(flat)].reshape(wanted.shape[:-1]).astype(np.float64)


def values_of_both(plane: Plane, metrics: tuple[str, str], places: npt.ArrayLike) -> Values:
    """What two metrics give at places of a plane, measured side by side so that no core waits.

    Args:
        plane: as in `plane_values`.
        metrics: names.
        places: (…, 2).

    Returns:
        (2, …); errors as in `plane_values`.
    """
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda metric: plane_values(plane, metric, places), metrics)
    return np.stack([first, second])


@lru_cache(maxsize=len(SHELF_RUNS))
def _bundled(name: str) -> Values:
    with np.load(BUNDLED_VALUES) as kept:
        return np.asarray(kept[name], np.float64)


def bundled_values(name: str, third: str) -> tuple[Values, Values]:
    """Both metrics of a run of the shelf on the grid of `run_plane`, as they come with the program.

    Args:
        name: of SHELF_RUNS.
        third: A, B, C or D.

    Returns:
        (25, 25) of the first metric and of the second one.
    """
    check_choice("name", name, SHELF_RUNS)
    check_choice("third", third, LETTERS)
    first, second = _bundled(name)[LETTERS.index(third)]
    return first, second


def range_on_level(values: npt.ArrayLike, fixed: npt.ArrayLike, level: float) -> tuple[Points, Values] | None:
    """Where one metric is highest and lowest on a level curve of another.

    Args:
        values: of the one on a grid, (n, n).
        fixed: of the other, likewise.
        level: of the other.

    Returns:
        The places of the highest value and of the lowest, (2, 2), and these values, (2,), linear within cells of the
        grid; None where the curve does not meet the window.

    Example:
        >>> places, ends = range_on_level([[0, 1], [1, 2]], [[0, 0], [1, 1]], 0.5)
        >>> places.tolist(), ends.tolist()
        ([[0.5, 1.0], [0.5, 0.0]], [1.5, 0.5])
    """
    points = contour(fixed, level).reshape(-1, 2)
    if not len(points):
        return None
    along = interpolate(values, points)
    ends = [int(along.argmax()), int(along.argmin())]
    return points[ends], along[ends]


def extremes(first: npt.ArrayLike, second: npt.ArrayLike, levels: Sequence[float]) -> list[Points | None]:
    """The places of A, B, C and D among the images of a plane alone, None where a level does not meet the window.

    Args:
        first: values of the first metric on the grid, which A raises and B lowers.
        second: likewise, for C and D.
        levels: of both metrics, which they keep.
    """
    found: list[Points | None] = []
    for values, fixed, level in ((first, second, levels[1]), (second, first, levels[0])):
        ends = range_on_level(values, fixed, level)
        found += list(ends[0]) if ends else [None, None]
    return found


def _strength(name: str, multiple: float) -> float:
    distortion = DISTORTIONS[name]
    strength = min(distortion.default * multiple, distortion.maximum)
    return float(round(strength)) if distortion.whole else strength


def python_of(state: LevelSetsState) -> str:
    """The lines that give the lesson's numbers, for the image `reference` where two distortions are chosen."""
    module = "from mad_app.lessons.level_sets import"
    place = f"[({state.u:g}, {state.v:g})]"
    if state.plane == "distortions":
        return f"""{module} distortions_plane, extremes, grid_places, plane_values

plane = distortions_plane(reference, "{state.across}", "{state.up}", {state.strength:g})
places = plane.project(plane.first[None])  # the start; grid_places() for all 25 × 25
levels = [plane_values(plane, metric, places)[0] for metric in ("{state.first}", "{state.second}")]
first, second = (plane_values(plane, metric, {place}) for metric in ("{state.first}", "{state.second}"))
"""
    return f"""{module} bundled_values, metrics_of_run, plane_values, run_plane, run_ways, shelf_run

run = shelf_run("{state.plane}")
plane = run_plane(run, "{state.third}")
first, second = bundled_values("{state.plane}", "{state.third}")  # on grid_places(): (25, 25) each
ways = run_ways(plane, run)
here = [plane_values(plane, metric, {place}) for metric in metrics_of_run(run)]
"""
