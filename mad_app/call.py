"""A competition in one call: what a notebook uses."""

import warnings
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy.typing as npt

from mad_app.competition import DEFAULT_SOLVER, Settings, SolverOptions
from mad_app.competition.settings import Role
from mad_app.errors import ArgumentError
from mad_app.figures import restoration_text
from mad_app.images import MAX_SIZE, AnyImage, Crop
from mad_app.metrics import KnownMetric, metric_from, resolve_metric
from mad_app.request import NONE, Request, crop_settings
from mad_app.result import Result, load_run
from mad_app.runs import Materials, Progress, materialize, source_of
from mad_app.runs.interrupts import gentle_interrupts
from mad_app.runs.run import compete_into, record_competition
from mad_app.runs.stores import MemoryStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that a notebook lacks widgets: the bar is text there
    from tqdm.auto import tqdm

MetricLike: TypeAlias = str | KnownMetric | Callable[..., Any]
"""The name of a metric, a metric, or a function or module of two images (`mad_app.metric_from`)."""

ARGUMENTS = {"image": "reference", "start_file": "start", "mask": "mask"}
"""Settings of a request that name a file, to the arguments that do."""

LACKING = {"values": "measuring", "maps": "drawing maps"}


def mad_competition(
    reference: AnyImage,
    first: MetricLike,
    second: MetricLike,
    *,
    size: int | None = None,
    crop: Crop | None = None,
    start: AnyImage | None = None,
    distortion: str = "noise",
    strength: float | None = None,
    seed: int = 0,
    mask: str | Path | npt.ArrayLike | None = None,
    settings: Settings | None = None,
    solver: SolverOptions = DEFAULT_SOLVER,
    others: str = NONE,
    progress: bool = True,
    save: str | Path | None = None,
) -> Result:
    """Run a Maximum Differentiation competition between two metrics.

    From a distorted copy of the reference, each metric is maximized and minimized while the other keeps the value that
    it has there. An interrupt (Ctrl-C, a notebook's Stop) ends the competition after its step with a valid result, on
    its level; a second one raises KeyboardInterrupt.

    Args:
        reference: the original. Its path or the name of a bundled picture; or the picture itself, which is taken as it
            is: a Pillow image, or an array (H, W), (H, W, 3), (3, H, W) or (1, 3, H, W) of NumPy, JAX or PyTorch, uint8
            or floating point in [0, 1], sRGB.
        first: the name of a metric, a metric, or a function or module of two images.
        second: another one.
        size: of a picture that is read from a file, in pixels, as in `Request`; its default if None.
        crop: the part of a picture that is read from a file, in fractions of it; the whole picture if None.
        start: the image to start from, as `reference`; by default a distorted copy.
        distortion: what makes the copy, a name of `mad_app.distortions.DISTORTIONS`.
        strength: in the distortion's unit; its default if None.
        seed: of the distortion's random numbers, at least 0.
        mask: where the images may change: a file, white there, or a bool array (H, W); None for everywhere.
        settings: number of steps, time limit, constraints and levels; the defaults if None.
        solver: the constants of the solver.
        others: which other metrics are measured at the end: "none", "all", or names with commas between them.
        progress: whether to show a progress bar.
        save: a folder of runs, in which the record is kept from the first step; None for memory alone.

    Returns:
        The images, their values, and what can be drawn of them. Equal arguments give equal images.

    Raises:
        ArgumentError: an argument is not as above, or does not fit the others; the message says what was given.
        RecordError: `save` is given, and the disk refused the record.

    Example:
        >>> from mad_app import Settings, mad_competition
        >>> result = mad_competition(
        ...     "coffee", "ssim", "mse", size=32, settings=Settings(steps=5), progress=False
        ... )
        >>> result.images.shape, result.outcomes[0]
        ((4, 32, 32, 3), 'max_steps')
    """
    metrics = {"first": _metric_of(first, "first"), "second": _metric_of(second, "second")}
    request, given = _request(
        {"reference": reference, "start": start, "mask": mask},
        size=size,
        crop=crop,
        distortion=distortion,
        strength=strength,
        seed=seed,
        others=others,
        first=metrics["first"].name,
        second=metrics["second"].name,
        **_of_engine(settings),
    )
    materials = _materials(request, given)
    by_name = {metric.name: metric for metric in metrics.values()}
    with gentle_interrupts() as should_stop, _Bar(request, shown=progress) as bar:
        arguments: dict[str, Any] = {
            "source": source_of(request),
            "solver": solver,
            "resolve": by_name.__getitem__,
            "on_progress": bar,
            "should_stop": should_stop,
        }
        if save is not None:
            return load_run(record_competition(request, materials, save, **arguments))
        store = MemoryStore()
        compete_into(store, request, materials, **arguments)
    if store.run is None:
        raise RuntimeError("the competition made no step")
    return Result(run=store.run, maps=store.maps, checkpoint=store.checkpoint)


def _metric_of(given: MetricLike, role: Role) -> KnownMetric:
    """The metric that an argument stands for."""
    try:
        if isinstance(given, str):
            return resolve_metric(given, argument=role)
        if isinstance(given, KnownMetric):
            return given
        return metric_from(given, name=getattr(given, "__name__", type(given).__name__).strip("<>"))
    except ArgumentError as error:
        raise ArgumentError(role, error.problem) from error


def _of_engine(settings: Settings | None) -> dict[str, Any]:
    """The settings of the engine by name."""
    if settings is not None and type(settings) is not Settings:
        raise ArgumentError("settings", f"must be Settings, got {type(settings).__name__}")
    return {item.name: getattr(settings or Settings(), item.name) for item in fields(Settings)}


def _request(
    pictures: dict[str, Any], *, size: int | None, crop: Crop | None, **asked: Any
) -> tuple[Request, dict[str, Any]]:
    """The request, and those of the pictures that are given themselves, not by their names."""
    named = {name: str(picture) for name, picture in pictures.items() if isinstance(picture, str | Path)}
    given = {name: picture for name, picture in pictures.items() if picture is not None and name not in named}
    if crop is not None and not isinstance(crop, Crop):
        raise ArgumentError("crop", f"must be a Crop, got {type(crop).__name__}")
    for name, value in {"size": size, "crop": crop}.items():
        if value is not None and "reference" not in named:
            raise ArgumentError(name, "is that of a picture in a file, but the picture is given itself: leave it out")
    if pictures["start"] is not None:
        defaults = {"distortion": "noise", "strength": None, "seed": 0}
        for name in (name for name, value in defaults.items() if asked[name] != value):
            raise ArgumentError(name, "makes a start, but a start is given: leave one out")
    asked |= {setting: named.get(argument) for setting, argument in ARGUMENTS.items()}
    asked |= {} if size is None else {"size": size}
    asked |= {} if crop is None else crop_settings(crop)
    return Request(**asked), given


def _materials(request: Request, given: dict[str, Any]) -> Materials:
    """The arrays of the competition; an ArgumentError names the argument of `mad_competition`."""
    if request.image is None and "reference" not in given:
        raise ArgumentError("reference", "must be a picture or the path of one, got None")
    try:
        materials = materialize(request, **given)
    except ArgumentError as error:
        raise ArgumentError(ARGUMENTS.get(error.argument, error.argument), error.problem) from error
    side = max(materials.reference.shape)
    if side > MAX_SIZE:
        reduce = (
            f"has {side} pixels on a side, but at most {MAX_SIZE} are taken: reduce it, or give its path and a size"
        )
        raise ArgumentError("reference", reduce)
    return materials


class _Bar:
    """The progress of a competition as a bar, in a terminal or a notebook."""

    def __init__(self, request: Request, *, shown: bool) -> None:
        self._names = request.first, request.second
        self._bar = tqdm(total=request.steps, disable=not shown, unit="step")

    def __call__(self, progress: Progress) -> None:
        """Show a step."""
        at = progress.restoration
        self._bar.update((at.index if at else progress.step.index) - self._bar.n)
        if at:
            self._bar.set_postfix_str(f"returning to the level: {restoration_text(at.step, at.departure)}")
        elif progress.lacking:
            self._bar.set_postfix_str(LACKING[progress.lacking])
        elif progress.step.reasons is None:
            first, second = progress.extremes("first"), progress.extremes("second")
            self._bar.set_postfix_str(f"{self._names[0]} {first}, {self._names[1]} {second}", refresh=False)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.set_postfix_str("")
        self._bar.close()
