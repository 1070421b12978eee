"""Series of competitions that differ in one setting: a level sweep, repeated seeds, a figure of the literature.

    spec = level_sweep(Request(first="ssim", second="mse"), "second", [0.001, 0.01, 0.1])
    series = load_series(run_series(spec, "runs").folder)         # its runs, and what was asked of each

A series is on disk from its beginning: whatever happens to the process, `resume_series` runs what is missing.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mad_app.competition.settings import Role
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.metrics import get_metric
from mad_app.records import (
    Member,
    Plan,
    RecordError,
    State,
    is_resumable,
    load_checkpoint,
    load_plan,
    load_record,
    members_of,
    run_lock,
    runs_of,
    save_series,
)
from mad_app.records.files import folder_at
from mad_app.request import Request, request_from
from mad_app.runs.materialize import make_start, materialize
from mad_app.runs.recorder import OnProgress
from mad_app.runs.run import Resolve, resume_run, run_competition

LEVEL_SWEEP, REPEATED_SEEDS = "level_sweep", "repeated_seeds"
WANG_SIMONCELLI = "wang-simoncelli-2008"
MSE_LEVELS = tuple(float(2**power) for power in range(3, 11))
"""The noise levels of the 2008 paper, as mean squared errors in units of 8-bit values squared."""

BISECTIONS = 60
"""Halvings of the interval that holds a strength; more than the digits of a double can use."""


@dataclass(frozen=True, kw_only=True)
class SeriesSpec:
    """What a series shall be.

    Attributes:
        kind: "level_sweep", "repeated_seeds" or the name of a preset.
        varied: the setting in which the competitions differ.
        requests: the competitions in their order.
    """

    kind: str
    varied: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, kw_only=True)
class SeriesResult:
    """The outcome of a series.

    Attributes:
        folder: where it lies.
        left_out: why competitions could not be run, an error each.
        finished: whether all others are finished.
    """

    folder: Path
    left_out: tuple[ValueError, ...]
    finished: bool


OnRun = Callable[[Request, str], OnProgress]
"""From the request of a competition that begins, and its number in words such as "1 of 3", to its `on_progress`."""


def level_sweep(request: Request, fixed: Role, levels: Sequence[float]) -> SeriesSpec:
    """One competition at several levels of a metric, from the start brought to each.

    Args:
        request: what all of them ask.
        fixed: the metric whose levels these are, where it is fixed.
        levels: at least two different ones, above 0.

    Raises:
        ArgumentError: there are fewer than two levels, or one is out of range.

    Example:
        >>> spec = level_sweep(Request(first="ssim", second="mse"), "second", [0.1, 0.01])
        >>> spec.varied, [request.second_level for request in spec.requests]
        ('second_level', [0.01, 0.1])
    """
    ordered = sorted(set(levels))
    if len(ordered) < 2:
        raise ArgumentError("levels", f"must be at least two different ones, got {len(ordered)}")
    varied = f"{fixed}_level"
    requests = tuple(_with(request, **{varied: level}) for level in ordered)
    return SeriesSpec(kind=LEVEL_SWEEP, varied=varied, requests=requests)


def repeated_seeds(request: Request, seeds: Sequence[int]) -> SeriesSpec:
    """One competition from several seeds.

    Args:
        request: what all of them ask.
        seeds: at least one.

    Raises:
        ArgumentError: the start does not depend on the seed.

    Example:
        >>> [request.seed for request in repeated_seeds(Request(), range(3, 6)).requests]
        [3, 4, 5]
    """
    if request.start_file is not None or not DISTORTIONS[request.distortion].random:
        kind = "a start from a file" if request.start_file is not None else f"the distortion {request.distortion}"
        random = ", ".join(name for name, distortion in DISTORTIONS.items() if distortion.random)
        raise ArgumentError("seed", f"changes nothing: {kind} is the same for every seed; random ones are {random}")
    return SeriesSpec(kind=REPEATED_SEEDS, varied="seed", requests=tuple(_with(request, seed=seed) for seed in seeds))


def wang_simoncelli_2008(
    *,
    image: str,
    size: int = Request.size,
    steps: int = Request.steps,
    seconds: float | None = None,
    seed: int = 0,
) -> SeriesSpec:
    """The competitions of Wang & Simoncelli, Journal of Vision 8(12):8, 2008: MSE against SSIM at eight noise levels.

    Args:
        image: name of a bundled picture or path of a file; it is reduced to its luminance.
        size: longer side, in pixels.
        steps: of each competition.
        seconds: of each competition, at most; None for no limit.
        seed: of the noise.
    """
    request = Request(
        image=image, size=size, first="mse", second="ssim", steps=steps, seconds=seconds, seed=seed, gray=True
    )
    requests = tuple(_with(request, strength=_noise_of(request, level / 255**2)) for level in MSE_LEVELS)
    return SeriesSpec(kind=WANG_SIMONCELLI, varied="strength", requests=requests)


PRESETS: Mapping[str, Callable[..., SeriesSpec]] = {WANG_SIMONCELLI: wang_simoncelli_2008}
"""Name → (image, size, steps, seconds, seed) → spec."""


def run_series(
    spec: SeriesSpec,
    root: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_run: OnRun = lambda *_: lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SeriesResult:
    """Run a series into a new folder under `root`.

    A competition that cannot be run, for instance because its level cannot be reached, is left out, and the result
    says why.

    Args:
        spec: the competitions.
        root: folder of the runs.
        resolve: from a metric's name to the metric.
        on_run: called as each competition begins.
        should_stop: asked after each step.

    Raises:
        ValueError: none of the competitions can be run; RecordError: the disk refused the record.
    """
    had_root = Path(root).exists()
    folder = save_series(spec.kind, spec.varied, [asdict(request) for request in spec.requests], root)
    try:
        return resume_series(folder, resolve=resolve, on_run=on_run, should_stop=should_stop)
    except ValueError:
        if runs_of(folder, load_plan(folder)).count(None) == len(spec.requests):
            _remove_empty(folder)
            if not had_root:
                with contextlib.suppress(OSError):  # other runs have come into it meanwhile
                    Path(root).rmdir()
        raise


def resume_series(
    folder: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_run: OnRun = lambda *_: lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SeriesResult:
    """Run what a series lacks, and anew what is damaged or lost; arguments, result and errors as in `run_series`.

    A series, or a run of it, that is being run already is refused.
    """
    folder = folder_at(folder)
    plan = load_plan(folder)
    with run_lock(folder):
        return _run_missing(folder, plan, resolve, on_run, should_stop)


def _run_missing(
    folder: Path, plan: Plan, resolve: Resolve, on_run: OnRun, should_stop: Callable[[], bool]
) -> SeriesResult:
    left_out: list[ValueError] = []
    for i, member in enumerate(members_of(folder, plan), start=1):
        if _is_whole(member):
            continue
        run = _continuable(member)
        try:
            request = request_from(member.planned.settings)
        except (TypeError, ValueError, OverflowError) as error:
            left_out.append(RecordError(f"run {i} of {len(plan.runs)} cannot be run: {error}"))
            continue
        follow = on_run(request, f"{i} of {len(plan.runs)}")
        try:
            if run is None:
                done = run_competition(request, folder, resolve=resolve, on_progress=follow, should_stop=should_stop)
            else:
                done = resume_run(run, resolve=resolve, on_progress=follow, should_stop=should_stop)
        except RecordError:
            raise
        except ValueError as error:
            left_out.append(error)
            continue
        if is_resumable(done):
            return SeriesResult(folder=folder, left_out=tuple(left_out), finished=False)
    if len(left_out) == len(plan.runs):
        raise left_out[0]
    return SeriesResult(folder=folder, left_out=tuple(left_out), finished=True)


def _with(request: Request, **changes: object) -> Request:
    return replace(request, **changes)  # type: ignore[arg-type]


def _is_whole(member: Member) -> bool:
    """Whether a competition is finished and all of its record can be read."""
    if member.state is not State.FINISHED or member.summary is None:
        return False
    try:
        load_record(member.summary.folder)
    except RecordError:
        return False
    return True


def _continuable(member: Member) -> Path | None:
    """The folder of a run that can go on from its checkpoint; None where it must be run anew."""
    if member.state is not State.RESUMABLE or member.summary is None:
        return None
    try:
        load_record(member.summary.folder)
        load_checkpoint(member.summary.folder)
    except RecordError:
        return None
    return member.summary.folder


def _noise_of(request: Request, mse: float) -> float:
    """The strength whose noise, cut off at black and white, has this mean squared error."""
    reference, low, high = materialize(request).reference, 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        start = make_start(replace(request, strength=middle), reference).astype(np.float64)
        low, high = (middle, high) if np.mean((start - reference) ** 2) < mse else (low, middle)
    return (low + high) / 2


def _remove_empty(folder: Path) -> None:
    """Delete a series without a run."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
