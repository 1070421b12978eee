"""Running competitions and series from the command line: progress, Ctrl-C, and what is printed at the end."""

import contextlib
import functools
import shlex
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from mad_app.cli.options import refusal, was_typed
from mad_app.cli.progress import ProgressLine
from mad_app.metrics import KnownMetric, is_out_of_memory, resolve_metric
from mad_app.metrics.devices import find_devices
from mad_app.records import is_resumable
from mad_app.request import Request
from mad_app.result import load_run
from mad_app.runs import OnProgress, Resolve
from mad_app.runs.interrupts import gentle_interrupts
from mad_app.runs.materialize import picture_notes
from mad_app.runs.series import SeriesResult
from mad_app.runs.time_budget import with_steps_for_time

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as in a shell."""


def follow_run(request: Request, run: Callable[..., Path]) -> None:
    """Run or resume a competition, show its progress and its results, and print its folder."""
    line = ProgressLine(request, sys.stderr)
    try:
        with _unused_gpu_reported(line.end), gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
            folder = run(resolve=_resolve(), on_progress=line, should_stop=should_stop)
    except Exception as error:
        if line.folder and is_out_of_memory(error):
            click.echo(_how_to_continue(line.folder), err=True)
        raise
    finally:
        line.end()
    finished = not is_resumable(folder)
    click.echo(load_run(folder).verdict if finished else _how_to_continue(folder), err=True)
    click.echo(folder)
    if not finished:
        raise click.exceptions.Exit(INTERRUPTED)


def follow_series(run: Callable[..., SeriesResult]) -> None:
    """Run or resume a series, show its progress, and print its folder."""
    line: ProgressLine | None = None

    def end_line() -> None:
        if line:
            line.end()

    def begin(request: Request, position: str) -> OnProgress:
        nonlocal line
        end_line()
        click.echo(position, err=True)
        line = ProgressLine(request, sys.stderr)
        return line

    try:
        with _unused_gpu_reported(end_line), gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
            result = run(resolve=_resolve(), on_run=begin, should_stop=should_stop)
    finally:
        end_line()
    for reason in result.left_out:
        click.echo(f"left out: {refusal(reason)}", err=True)
    if not result.finished:
        click.echo(_how_to_continue(result.folder), err=True)
    click.echo(result.folder)
    if not result.finished:
        raise click.exceptions.Exit(INTERRUPTED)


@contextlib.contextmanager
def _unused_gpu_reported(end_line: Callable[[], None]) -> Iterator[None]:
    """Meanwhile say which framework cannot use the machine's GPU, and why: PyTorch takes seconds to import."""

    def report() -> None:
        for problem in find_devices().problems:
            end_line()
            click.echo(problem, err=True)

    with ThreadPoolExecutor(thread_name_prefix="devices") as aside:
        aside.submit(report)
        yield


def print_picture_notes(request: Request) -> None:
    """Print what is done to the values and the size of the picture."""
    click.echo("".join(f"{note}\n" for note in picture_notes(request)), err=True, nl=False)


def fit_steps(request: Request) -> Request:
    """The request with as many steps as its time allows, if the present command was given a time and no steps."""
    if request.seconds is None or was_typed("steps"):
        return request
    with gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
        fitted = with_steps_for_time(request, resolve=_resolve(), should_stop=should_stop)
        if should_stop():
            raise KeyboardInterrupt
    click.echo(f"{fitted.steps} steps, as many as {request.seconds:g} seconds allow at the present speed", err=True)
    return fitted


def metric_here(name: str) -> KnownMetric:
    """A metric by its name; a module that it names may lie in the present directory.

    Raises:
        ArgumentError: there is none.
        MetricUnavailable: it needs a package or weights that are not here.
    """
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    return resolve_metric(name)


def _resolve() -> Resolve:
    """`metric_here`, with one metric per name throughout a command, so that it is compiled only once."""
    resolve: Resolve = click.get_current_context().meta.setdefault("metrics", functools.cache(metric_here))
    return resolve


def _how_to_continue(folder: Path) -> str:
    return f"To continue: {shlex.join(['python', '-m', 'mad_app', 'resume', str(folder)])}"
