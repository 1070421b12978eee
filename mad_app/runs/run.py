"""From a request to a record: load, distort, compete, measure, save; and resume what was interrupted."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from mad_app.competition import CORNERS, DEFAULT_SOLVER, SolverOptions, compile_step
from mad_app.competition.settings import Role
from mad_app.errors import ArgumentError
from mad_app.images import BUNDLED, AnyImage
from mad_app.metrics import KnownMetric, are_proportional, get_metric, spec_of
from mad_app.metrics.sums import Summable
from mad_app.records import (
    Checkpoint,
    Origin,
    RecordError,
    Run,
    Source,
    Summary,
    load_checkpoint,
    load_record,
    load_summary,
    run_lock,
    why_not_resumable,
)
from mad_app.records.files import folder_at
from mad_app.records.schema import METRIC
from mad_app.request import Request, request_from, request_id, settings_for_record
from mad_app.runs.materialize import Materials, materialize
from mad_app.runs.recorder import Competition, OnProgress, Recorder
from mad_app.runs.stores import FolderStore, Store

Resolve = Callable[[str], KnownMetric]
"""From a metric's name to the metric."""


def run_competition(
    request: Request,
    root: str | Path,
    *,
    reference: AnyImage | None = None,
    solver: SolverOptions = DEFAULT_SOLVER,
    resolve: Resolve = get_metric,
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Run a competition and keep its record.

    Args:
        request: what is asked.
        root: folder of the runs, made if missing.
        reference: the picture itself, as `mad_app.images.as_image` takes it, instead of one that `request` describes;
            the record says that it was given as an array, with its size and a hash of its content.
        solver: the constants of the solver.
        resolve: from a metric's name to the metric.
        on_progress: called at the start, after each step, while the images return to their level, at the end, and while
            the run waits for room on the disk.
        should_stop: asked after each step; the record of a run that was stopped can be resumed.

    Returns:
        The record's folder.

    Raises:
        ArgumentError: the picture, a metric or the distortion does not fit, or `request` describes a picture although
            one is given as an array.
        DiskFullError: there is no room for the record when the run starts.
        RecordError: the disk refused the record for another reason.

    Example:
        >>> import tempfile
        >>> from mad_app.records import load_record
        >>> request = Request(image="coffee", size=16, first="ssim", second="mse", steps=2, others="none")
        >>> with tempfile.TemporaryDirectory() as runs:
        ...     run = load_record(run_competition(request, runs))
        >>> run.origin.name, run.origin.width, run.history.step.tolist()
        ('coffee', 16, [0, 1, 2])
    """
    if reference is not None:
        request = request.with_array()
    return record_competition(
        request,
        materialize(request, reference),
        root,
        source=source_of(request),
        solver=solver,
        resolve=resolve,
        on_progress=on_progress,
        should_stop=should_stop,
    )


def record_competition(
    request: Request,
    materials: Materials,
    root: str | Path,
    *,
    source: Source,
    solver: SolverOptions = DEFAULT_SOLVER,
    resolve: Resolve = get_metric,
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Run a competition on arrays that were made before, as by a queue that decoded the picture when it was asked.

    Args:
        request: what is asked; it names the picture and the part of it that `materials` were made of.
        materials: the arrays, as `materialize` makes them of `request`.
        root: as in `run_competition`, and so the arguments that follow `source`, the result and the errors.
        source: where the picture came from.
        solver: the constants of the solver.
        resolve: from a metric's name to the metric.
        on_progress: called as the run goes on.
        should_stop: asked after each step.
    """
    with contextlib.ExitStack() as locks:
        store = FolderStore(Path(root), locks)
        compete_into(
            store,
            request,
            materials,
            source=source,
            solver=solver,
            resolve=resolve,
            on_progress=on_progress,
            should_stop=should_stop,
        )
        return store.folder


def compete_into(
    store: Store,
    request: Request,
    materials: Materials,
    *,
    source: Source,
    solver: SolverOptions,
    resolve: Resolve,
    on_progress: OnProgress,
    should_stop: Callable[[], bool],
) -> None:
    """Run a competition on arrays, and put its record into a store; arguments and errors as `record_competition`."""
    _check_others(request)
    done = replace(request, gray=materials.gray)
    competition = Competition(
        request=done,
        metrics=_metrics_compiled_beside(request, materials, solver, resolve),
        materials=materials,
        origin=Origin.of(materials.reference, source, request.image, materials.notes),
        solver=solver,
        request_id=request_id(settings_for_record(request, materials.given)),
    )
    Recorder(competition, store, on_progress, should_stop).record()


def resume_run(
    folder: str | Path,
    *,
    resolve: Resolve = get_metric,
    on_progress: OnProgress = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Continue a run from its checkpoint, in its folder, with its own pictures, settings and solver options.

    Arguments, result and errors as in `run_competition`; a run that is being computed is refused, too.
    """
    folder = folder_at(folder)
    load_summary(folder)  # what is no run gets no lock
    with run_lock(folder):
        return _resume(folder, resolve, on_progress, should_stop)


def _resume(folder: Path, resolve: Resolve, on_progress: OnProgress, should_stop: Callable[[], bool]) -> Path:
    run = load_record(folder)
    if problem := why_not_resumable(run):
        raise RecordError(problem)
    checkpoint, request, origin = load_checkpoint(folder), request_of(run), run.origin
    _check_fit(checkpoint, run, request)
    gray = bool(request.gray)
    materials = Materials(reference=run.reference, start=run.start, gray=gray, mask=run.mask, given=run.given)
    competition = Competition(
        request=request,
        metrics=metrics_of(request, resolve),
        materials=materials,
        origin=Origin.of(
            run.reference,
            origin.source if origin else source_of(request),
            request.image,
            origin.notes if origin else (),
        ),
        solver=solver_of(run),
        request_id=run.request_id,
        device=run.device,
    )
    with contextlib.ExitStack() as locks:
        store = FolderStore(folder.parent, locks, folder=folder)
        Recorder(competition, store, on_progress, should_stop, checkpoint=checkpoint).record()
    return folder


def _check_fit(checkpoint: Checkpoint, run: Run, request: Request) -> None:
    """Refuse a checkpoint that is not of this run."""
    if checkpoint.step.images.shape != run.finals.shape:
        raise RecordError(
            f"the checkpoint of {run.id} has images of shape {checkpoint.step.images.shape}, the run {run.finals.shape}"
        )
    if checkpoint.step.index > request.steps:
        raise RecordError(
            f"the checkpoint of {run.id} is at step {checkpoint.step.index}, but the run has {request.steps} steps"
        )
    for name, array in checkpoint.step.state.items():
        if array.dtype.kind not in "biuf":
            raise RecordError(f"the checkpoint of {run.id} cannot be continued: its {name} holds {array.dtype}")


def request_of(run: Run | Summary) -> Request:
    """The request of a record.

    Raises:
        RecordError: the record's settings are not those of a request.
    """
    try:
        return request_from(run.settings)
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"the settings of {run.id} cannot be run: {error}") from error


def solver_of(run: Run | Summary) -> SolverOptions:
    """The solver's options of a record; those that it does not have are the defaults.

    Raises:
        RecordError: an option is out of its range.
    """
    known = {item.name for item in fields(SolverOptions)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in run.solver.items() if name in known
    }
    try:
        return SolverOptions(**values)
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(f"the solver options of {run.id} cannot be used: {error}") from error


def source_of(request: Request) -> Source:
    """Where the picture of a request comes from, as the request names it."""
    return "array" if request.image is None else "bundled" if request.image in BUNDLED else "file"


def metrics_of(request: Request, resolve: Resolve) -> tuple[KnownMetric, KnownMetric]:
    """The two metrics of a request.

    Raises:
        ArgumentError: there is no such metric, or both are the same, or multiples of each other.
    """
    metrics = _metric_of(request, "first", resolve), _metric_of(request, "second", resolve)
    if are_proportional(metrics[0].name, metrics[1].name):
        raise ArgumentError("second", f"must be another metric than the first, but {request.second} is the same")
    for argument, metric in zip(("first", "second"), metrics, strict=True):
        try:
            METRIC.check(metric.name, "its name")
        except RecordError as error:
            raise ArgumentError(argument, f"cannot be recorded: {error}") from error
    return metrics


def _metrics_compiled_beside(
    request: Request, materials: Materials, solver: SolverOptions, resolve: Resolve
) -> tuple[KnownMetric, KnownMetric]:
    """The same; what JAX runs for them and for a step is compiled meanwhile, in threads.

    What one metric needs is begun while the other is loaded, which may import PyTorch.
    """
    on_device = jnp.asarray(materials.reference)

    def resolve_and_compile(name: str) -> KnownMetric:
        metric = resolve(name)
        if isinstance(metric, Summable):  # an error will be met where the program is needed
            aside.submit(metric.compile_gradient, on_device, len(CORNERS))  # the longest first
            aside.submit(metric.compile_binding, on_device)
        return metric

    with ThreadPoolExecutor(thread_name_prefix="compile") as aside:
        metrics = metrics_of(request, resolve_and_compile)
        aside.submit(compile_step_of, request, materials, metrics, solver)
        return metrics


def compile_step_of(
    request: Request, materials: Materials, metrics: Sequence[KnownMetric], solver: SolverOptions = DEFAULT_SOLVER
) -> None:
    """Compile the solver's step for a run; not where one program has all of a run.

    Args:
        request: what is asked.
        materials: its arrays.
        metrics: its metrics.
        solver: the constants of the solver.

    Raises:
        ArgumentError: the arrays or the settings do not fit.
    """
    if not all(isinstance(metric, Summable) and metric.in_jax for metric in metrics):
        images = materials.reference, materials.start
        compile_step(*images, request.settings(), mask=materials.mask, solver=solver)


def _metric_of(request: Request, role: Role, resolve: Resolve) -> KnownMetric:
    """The metric of a role; an ArgumentError names the role."""
    try:
        return resolve(getattr(request, role))
    except ArgumentError as error:
        raise ArgumentError(role, error.problem) from error


def _check_others(request: Request) -> None:
    """Refuse names of other metrics that there are none of."""
    for name in request.other_metrics() or ():
        try:
            spec_of(name)
        except ArgumentError as error:
            raise ArgumentError("others", f"must be all, none, or names of metrics, and {error.problem}") from error
