"""The command line: parse, call one function, print.

Results go to standard output, progress and errors to standard error. Exit codes: 0; 1 for what failed; 2 for what was
asked wrongly; 130 after Ctrl-C. What takes long to import (PyTorch, Matplotlib, Streamlit) is imported where it is
needed, so that help is quick.
"""

import contextlib
import importlib.metadata
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import jax.numpy as jnp

from mad_app.cli.options import (
    DRAWING,
    EPILOG,
    OUT,
    RUN,
    SEED,
    SERIES,
    SERIES_WIDTH,
    SIZE,
    STEPS,
    THEME,
    asking_for_a_competition,
    request_from,
)
from mad_app.cli.progress import ProgressLine
from mad_app.competition.settings import Role
from mad_app.images import load_image
from mad_app.metrics import (
    METRICS,
    VALUE_METRICS,
    KnownMetric,
    MetricUnavailable,
    describe_metrics,
    describe_value_metrics,
    measure_batch,
    measured_by_default,
    resolve_metric,
)
from mad_app.metrics.registry import is_listed
from mad_app.records import is_resumable, is_series, load_run, load_series, load_summary
from mad_app.runs import OnProgress, Request, request_of, resume_run, run_competition
from mad_app.runs.series import (
    PRESETS,
    SeriesResult,
    SeriesSpec,
    level_sweep,
    repeated_seeds,
    resume_series,
    run_series,
)

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""


class _Program(click.Group):
    """Tells every expected failure in one sentence, without a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (ValueError, MetricUnavailable, OSError) as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt as error:
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from error


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        try:
            click.echo(f"mad_app {importlib.metadata.version('mad_app')}")
        except importlib.metadata.PackageNotFoundError:
            click.echo("mad_app, run from a checkout without being installed")
        context.exit()


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="And exit.")
def program() -> None:
    """Maximum Differentiation competitions between perceptual image metrics.

    Two metrics compete over a picture: each is driven up and down while the other is held where it was, which makes
    four images that show where they disagree.
    """


@program.command(epilog=EPILOG)
@asking_for_a_competition
def compete(out: Path, **asked: Any) -> None:
    """Run a competition and print, last, its folder.

    IMAGE is a file or the name of a bundled picture; without it, the bundled cat. A metric is a name that `metrics`
    lists, or package.module:function, a JAX or PyTorch function of two images. Ctrl-C stops after the present step,
    and the run can be resumed. Drift is the held metric's departure from its level; on the way it may be large, and is
    brought back by the end.
    """
    request = request_from(asked)
    _run(request, partial(run_competition, request, out))


@program.command(epilog=EPILOG)
@asking_for_a_competition
@click.option("--hold", type=click.Choice(["first", "second"]), default="second", show_default=True, help="Which one.")
@click.option("--levels", required=True, metavar="A,B,…", help="What it is held at, one number for each competition.")
def ladder(out: Path, hold: Role, levels: str, **asked: Any) -> None:
    """Run a competition at several levels of a metric.

    The start is brought to each level in turn. Prints, last, the folder of the series; `curve` and `sheet` draw it.
    """
    request = request_from(asked, settled={f"{hold}_level": "--levels gives the levels"})
    _run_series(level_sweep(request, hold, _numbers(levels)), out)


@program.command(epilog=EPILOG)
@asking_for_a_competition
@click.option(
    "--count", type=click.IntRange(min=2), default=4, show_default=True, help="How many seeds, from --seed on."
)
def seeds(out: Path, count: int, **asked: Any) -> None:
    """Run a competition from several seeds.

    Prints, last, the folder of the series; `sheet` draws it and tells how much the seeds differ.
    """
    request = request_from(asked)
    _run_series(repeated_seeds(request, range(request.seed, request.seed + count)), out)


@program.command()
@click.argument("name", type=click.Choice(list(PRESETS)))
@click.argument("image", default="cameraman")
@SIZE
@STEPS
@SEED
@OUT
def preset(out: Path, name: str, image: str, **asked: Any) -> None:
    """Run a series known from the literature.

    wang-simoncelli-2008 is MSE against SSIM on a gray picture, from white noise whose MSE is 8 to 1024 in 8-bit units
    squared. Prints, last, the folder of the series; `sheet` draws it.
    """
    _run_series(PRESETS[name](image=image, **asked), out)


@program.command()
@RUN
def resume(run: Path) -> None:
    """Go on with what was interrupted; RUN is its folder.

    It holds a competition or a series.
    A metric from outside that the record names is imported and run.
    """
    if is_series(run):
        _follow_series(partial(resume_series, run))
    else:
        _run(request_of(load_summary(run)), partial(resume_run, run))


@program.command()
@RUN
@DRAWING
@click.option("--show", metavar="PARTS", help="Of pairs,maps,curves,jury, what the sheet shows.  [default: what fits]")
@click.option("--width", default="double", show_default=True, help="single or double (columns), or slide.")
@click.option("--font-size", type=float, help="Of all text, in points.  [default: 6.5; slide: 12]")
@THEME
@click.option("--dpi", type=click.FloatRange(36, 2400), help="Dots an inch of a PNG.  [default: whole pixels]")
def figure(run: Path, out: Path, show: str | None, **asked: Any) -> None:
    """Draw the sheet of a competition; RUN is its folder."""
    from mad_app.figures import save_figure

    parts: Any = None if show is None else [part.strip() for part in show.split(",")]
    save_figure(load_run(run), out, show=parts, **asked)
    click.echo(out)


@program.command()
@RUN
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A name that ends in .gif or .webp.")
@THEME
def animate(run: Path, out: Path, theme: Any) -> None:
    """Draw a run as a GIF or WebP; RUN is its folder."""
    from mad_app.figures import save_animation

    save_animation(load_run(run), out, theme=theme)
    click.echo(out)


@program.command()
@SERIES
@DRAWING
@SERIES_WIDTH
def sheet(series: Path, out: Path, width: Any) -> None:
    """Draw a series side by side; SERIES is its folder."""
    from mad_app.figures import save_contact_sheet

    save_contact_sheet(load_series(series), out, width=width)
    click.echo(out)


@program.command()
@SERIES
@DRAWING
@SERIES_WIDTH
def curve(series: Path, out: Path, width: Any) -> None:
    """Draw how far metrics went at each level.

    SERIES is the folder of a series, such as a ladder.
    """
    from mad_app.figures import save_level_curves

    save_level_curves(load_series(series), out, width=width)
    click.echo(out)


@program.command()
@click.argument("reference", metavar="REF")
@click.argument("image", metavar="IMG")
@click.option("--metric", "names", multiple=True, help="Only this one; may be repeated.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="One object: metric name to value, or null.")
def measure(reference: str, image: str, names: tuple[str, ...], as_json: bool) -> None:
    """Measure how far one picture is from another.

    REF and IMG are files of equal size. What a metric cannot measure is –, or null with --json.
    """
    pictures = load_image(reference), load_image(image)
    (height, width, _), shape = pictures[0].shape, pictures[1].shape
    if shape != (height, width, 3):
        raise ValueError(
            f"{reference} has {width} × {height} pixels, but {image} {shape[1]} × {shape[0]}: they must be of one size"
        )
    asked = names or tuple(measured_by_default())
    with contextlib.redirect_stdout(sys.stderr):
        others = [_resolve(name) for name in asked if not is_listed(name)]
        listed = [name for name in asked if is_listed(name)]
        said = measure_batch(jnp.asarray(pictures[0]), jnp.asarray(pictures[1])[None], listed, also=others)
    verdicts = {name: values[0] for name, values in said.items()}
    click.echo(json.dumps(verdicts, indent=2) if as_json else _verdict_table(verdicts, min(height, width)))


@program.command()
def metrics() -> None:
    """List the metrics and whether they are available here."""
    rows, notes = [("name", "framework", "smallest", "available", "source")], []
    for known in describe_metrics():
        row, limits = known.row, known.row.parameter
        rows.append((row.name, row.framework, f"{row.minimum_size} px", "yes" if known.available else "no", row.source))
        if limits:
            notes.append(f"{row.name}:N sets its {limits.meaning}, from {limits.lowest} to {limits.highest}.")
        if known.reason:
            notes.append(f"{row.name} is not available: {known.reason}.")
    notes += [
        f"{known.row.name} is not available: {known.reason}."
        if known.reason
        else f"{known.row.name} can be measured but not compete: {known.row.no_gradient}."
        for known in describe_value_metrics()
    ]
    notes.append("A function of your own, in JAX or PyTorch, competes as package.module:function.")
    click.echo("\n\n".join([_table(rows), *notes]))


@program.command(context_settings={"ignore_unknown_options": True}, options_metavar="")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def app(options: tuple[str, ...]) -> None:
    """Open the app in the browser.

    OPTIONS are those of `streamlit run`, such as --server.port 8600.
    """
    from mad_app.cli.app import open_app

    raise click.exceptions.Exit(open_app(options))


def _run(request: Request, run: Callable[..., Path]) -> None:
    """Run or resume a competition, show its progress, and say what came of it."""
    line = ProgressLine(request, sys.stderr)
    try:
        with _gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
            folder = run(resolve=_resolve, on_progress=line, should_stop=should_stop)
    finally:
        line.end()
    stopped = is_resumable(folder)
    click.echo(f"To go on: python -m mad_app resume {folder}" if stopped else _summary(folder), err=True)
    click.echo(folder)
    if stopped:
        raise click.exceptions.Exit(INTERRUPTED)


def _run_series(plan: SeriesSpec, root: Path) -> None:
    """Run a new series, show its progress, and print its folder."""
    _follow_series(partial(run_series, plan, root))


def _follow_series(run: Callable[..., SeriesResult]) -> None:
    """Run or resume a series, show its progress, and print its folder."""
    line: ProgressLine | None = None

    def begin(request: Request, place: str) -> OnProgress:
        nonlocal line
        if line:
            line.end()
        click.echo(place, err=True)
        line = ProgressLine(request, sys.stderr)
        return line

    try:
        with _gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
            result = run(resolve=_resolve, on_run=begin, should_stop=should_stop)
    finally:
        if line:
            line.end()
    for reason in result.left_out:
        click.echo(f"left out: {reason}", err=True)
    if not result.finished:
        click.echo(f"To go on: python -m mad_app resume {result.folder}", err=True)
    click.echo(result.folder)
    if not result.finished:
        raise click.exceptions.Exit(INTERRUPTED)


def _numbers(text: str) -> list[float]:
    """Numbers with commas between them."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of numbers with commas between them") from None


def _summary(folder: Path) -> str:
    """What the metrics say of the four images, and why their optimization ended."""
    from mad_app.figures import outcomes, verdict

    run = load_run(folder)
    return "\n".join([verdict(run, 0), verdict(run, 1), outcomes(run)])


@contextlib.contextmanager
def _gentle_interrupts() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a wish, which the callable tells; the second one interrupts."""
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(2, b"\nstopping after this step; Ctrl-C again aborts\n")  # print may not be called in a handler

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _resolve(name: str) -> KnownMetric:
    """A metric by its name; a module that it names may lie in the present directory."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    return resolve_metric(name)


def _verdict_table(verdicts: dict[str, float | None], size: int) -> str:
    """Metrics and what they say, or why they say nothing."""
    reasons = {known.row.name: known.reason for known in (*describe_metrics(), *describe_value_metrics())}
    rows = []
    for name, value in verdicts.items():
        row = METRICS.get(name.partition(":")[0]) or VALUE_METRICS.get(name)
        if value is not None:
            said = f"{value:.6g}"
        elif row and size < row.minimum_size:
            said = f"–  takes pictures from {row.minimum_size} pixels"
        else:
            said = f"–  {(row and reasons[row.name]) or 'is not a finite number'}"
        rows.append((name, said))
    return _table(rows)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of text in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
