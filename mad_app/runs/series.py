"""Series of competitions that differ in one setting: a ladder of levels, several seeds, a figure of the literature.

    folder = run_series(level_sweep(Request(first="ssim", second="mse"), "second", [0.001, 0.01, 0.1]), "runs")
    series = load_series(folder)                                # its runs, and what was asked of each

A series is on disk from its beginning: whatever happens to the process, `resume_series` runs what is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mad_app.competition.settings import Role
from mad_app.distortions import DISTORTIONS
from mad_app.metrics import get_metric
from mad_app.records import RecordError, is_resumable, requests_of, runs_of, save_series
from mad_app.request import request_from
from mad_app.runs import OnProgress, Request, Resolve, resume_run, run_competition
from mad_app.runs.materialize import make_start, materialize

WANG_SIMONCELLI = "wang-simoncelli-2008"
MSE_LEVELS = tuple(float(2**power) for power in range(3, 11))
"""The noise levels of the 2008 paper, as mean squared errors in units of 8-bit values squared."""

BISECTIONS = 60
"""Halvings of the interval that holds a strength; more than the digits of a double can use."""


@dataclass(frozen=True, kw_only=True)
class SeriesSpec:
    """What a series is to be.

    Attributes:
        kind: "ladder", "seeds" or the name of a preset.
        varied: the setting in which the competitions differ.
        requests: the competitions in their order.
    """

    kind: str
    varied: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True)
class SeriesResult:
    """What became of a series.

    Attributes:
        folder: where it lies.
        left_out: why competitions could not be run, a sentence each.
        finished: whether all others are.
    """

    folder: Path
    left_out: tuple[str, ...]
    finished: bool


OnRun = Callable[[Request, str], OnProgress]
"""From a competition that begins, and its place in the series in words, to what follows its progress."""


def level_sweep(request: Request, hold: Role, levels: Sequence[float]) -> SeriesSpec:
    """One competition at several levels of a metric, from the start brought to each.

    Raises:
        ValueError: there are fewer than two levels, or one is none.
    """
    rungs = sorted(set(levels))
    if len(rungs) < 2:
        raise ValueError(f"a ladder needs at least two different levels, got {len(rungs)}")
    varied = f"{hold}_level"
    return SeriesSpec(
        kind="ladder", varied=varied, requests=tuple(_with(request, **{varied: level}) for level in rungs)
    )


def repeated_seeds(request: Request, seeds: Sequence[int]) -> SeriesSpec:
    """One competition from several seeds.

    Raises:
        ValueError: the start does not depend on the seed.
    """
    if request.start_file is not None or not DISTORTIONS[request.distortion].random:
        kind = "a start from a file" if request.start_file is not None else f"the distortion {request.distortion}"
        raise ValueError(f"{kind} is the same for every seed: choose noise, salt-and-pepper or warp")
    return SeriesSpec(kind="seeds", varied="seed", requests=tuple(_with(request, seed=seed) for seed in seeds))


def wang_simoncelli_2008(
    *, image: str, size: int = Request.size, steps: int = Request.steps, seed: int = 0
) -> SeriesSpec:
    """The competitions of Wang & Simoncelli, Journal of Vision 8(12):8, 2008: MSE against SSIM at eight noise levels.

    Args:
        image: name of a bundled picture or path of a file; it is reduced to its luminance.
        size: side of the central square, in pixels.
        steps: of each competition.
        seed: of the noise.
    """
    request = Request(image=image, size=size, first="mse", second="ssim", steps=steps, seed=seed, gray=True)
    requests = tuple(_with(request, strength=_noise_of(request, level / 255**2)) for level in MSE_LEVELS)
    return SeriesSpec(kind=WANG_SIMONCELLI, varied="strength", requests=requests)


PRESETS: Mapping[str, Callable[..., SeriesSpec]] = {WANG_SIMONCELLI: wang_simoncelli_2008}
"""Name → (image, size, steps, seed) → plan."""


def run_series(
    plan: SeriesSpec,
    root: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_run: OnRun = lambda *_: lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SeriesResult:
    """Run a series into a new folder under `root`.

    A competition that cannot be run, because its level is out of reach for instance, is left out and told.

    Args:
        plan: the competitions.
        root: folder of the runs.
        resolve: from a metric's name to the metric.
        on_run: called as each competition begins.
        should_stop: asked after each step.

    Raises:
        ValueError: none of the competitions can be run; RecordError: the disk refused the record.
    """
    folder = save_series(plan.kind, plan.varied, [asdict(request) for request in plan.requests], root)
    try:
        return resume_series(folder, resolve=resolve, on_run=on_run, should_stop=should_stop)
    except ValueError:
        if runs_of(folder, requests_of(folder)).count(None) == len(plan.requests):
            _remove_empty(folder)
        raise


def resume_series(
    folder: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_run: OnRun = lambda *_: lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SeriesResult:
    """Run what a series lacks; arguments, result and errors as in `run_series`."""
    folder, asked = Path(folder), requests_of(folder)
    left_out: list[str] = []
    for i, (settings, run) in enumerate(zip(asked, runs_of(folder, asked), strict=True), start=1):
        if run is not None and not is_resumable(run.folder):
            continue
        request = _request(settings, folder)
        follow = on_run(request, f"{i} of {len(asked)}")
        try:
            if run is None:
                done = run_competition(request, folder, resolve=resolve, on_progress=follow, should_stop=should_stop)
            else:
                done = resume_run(run.folder, resolve=resolve, on_progress=follow, should_stop=should_stop)
        except RecordError:
            raise
        except ValueError as error:
            left_out.append(str(error))
            continue
        if is_resumable(done):
            return SeriesResult(folder=folder, left_out=tuple(left_out), finished=False)
    if len(left_out) == len(asked):
        raise ValueError(left_out[0])
    return SeriesResult(folder=folder, left_out=tuple(left_out), finished=True)


def _with(request: Request, **changes: object) -> Request:
    return replace(request, **changes)  # type: ignore[arg-type]


def _request(settings: Mapping[str, object], folder: Path) -> Request:
    """What was asked, from the series' own file."""
    try:
        return request_from(settings)
    except (TypeError, ValueError) as error:
        raise RecordError(f"what {folder} asks cannot be run: {error}") from error


def _noise_of(request: Request, mse: float) -> float:
    """The strength whose noise, cut off at black and white, has this mean squared error."""
    reference, low, high = materialize(request).reference, 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        start = make_start(replace(request, strength=middle), reference).astype(np.float64)
        low, high = (middle, high) if np.mean((start - reference) ** 2) < mse else (low, middle)
    return (low + high) / 2


def _remove_empty(folder: Path) -> None:
    """Take back a series without a run."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
