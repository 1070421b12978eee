"""The command that runs a campaign: campaign."""

import contextlib
import importlib
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from mad_app.campaigns import (
    Campaign,
    Estimate,
    Executor,
    LocalProcesses,
    Outcomes,
    Standing,
    Survey,
    check,
    estimate,
    execute,
    read_campaign,
    survey,
)
from mad_app.campaigns.spec import LARGEST_FILE
from mad_app.cli.options import OUT, Command, FiniteRange
from mad_app.cli.progress import clock
from mad_app.cli.running import INTERRUPTED, metric_here
from mad_app.metrics.threads import available_cores
from mad_app.records.lock import can_lock
from mad_app.records.storage import refusals
from mad_app.runs.interrupts import gentle_interrupts

LOCAL_PER_WORKER = 2
"""Runs handed out for each worker process, so that none waits for its next."""

CLUSTER_AT_ONCE = 1000
"""Runs handed out to a cluster, which has a queue of its own."""

MOST_WORKERS, MOST_GPUS = 1024, 64
"""On this machine, and for a run."""

MOST_REASONS = 20
"""Failures, or mistakes in a file, that are printed."""


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OUT
@click.option("--dry-run", is_flag=True, help="Print how many runs there are, and what they will take; run none.")
@click.option("--status", is_flag=True, help="Print how many runs are done, and why others failed; run none.")
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=None,
    help="Worker processes here.  [default: a core each]",
)
@click.option("--retry-failed", is_flag=True, help="Try runs again that failed before.")
@click.option("--ray", metavar="ADDRESS", help="Run on a Ray cluster, such as auto; local starts one here.")
@click.option(
    "--gpus", type=FiniteRange(0, MOST_GPUS), default=0.0, show_default=True, help="GPUs for a run, with --ray."
)
@click.option("--slurm", is_flag=True, help="Run as Slurm jobs.")
@click.option(
    "--slurm-option", "slurm_options", multiple=True, metavar="KEY=VALUE", help="Of submitit, as timeout_min=60."
)
def campaign(file: Path, out: Path, dry_run: bool, status: bool, **how: Any) -> None:
    """Run many competitions that a file describes.

    FILE is TOML: settings of a competition, each one value or a list of values, of which every combination is run;
    pairs = [["ssim", "mse"], …] or metrics = […] for every pair of them; and tables [[runs]] for sets of runs with
    values of their own. Each result is an ordinary run in the folder of the runs. What is done is skipped: the same
    command goes on after Ctrl-C or a crash. Prints, last, the folder of the runs.
    """
    _refuse_contradictions(**how)
    chosen, problems = read_campaign(campaign_text(file), file.name)
    pixels, more = ({}, []) if status else check(chosen, metric_here)
    refuse_mistakes(file, [*problems, *more])
    if not dry_run and not status:
        _run(chosen, out, **how)
        return
    found = survey(chosen, out)
    click.echo(_standing_text(chosen, found))
    if dry_run:
        click.echo(_estimate_text(estimate(chosen, found.left, pixels, Outcomes(out)), _workers(how["workers"]), out))
    else:
        click.echo("".join(_reasons(chosen, found)), nl=False)


def campaign_text(file: Path) -> str:
    """The content of a campaign's file; refuses what is no text, or too large to be read."""
    if not file.is_file():
        raise click.UsageError(f"{file} is a pipe or a device: give a file")
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) <= LARGEST_FILE:
            return content.decode("utf-8")
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file} is not UTF-8 text") from error
    raise click.UsageError(f"{file} has more than {LARGEST_FILE / 1e6:.0f} MB: divide it into several campaigns")


def refuse_mistakes(file: Path, problems: Sequence[str]) -> None:
    """Name the mistakes in a campaign's file, each in a line, unless there is none."""
    if problems:
        named = [f"{file}: {problem}" for problem in problems[:MOST_REASONS]]
        more = [f"and {len(problems) - MOST_REASONS} more"] if len(problems) > MOST_REASONS else []
        raise click.UsageError("\n".join([*named, *more]))


def _run(chosen: Campaign, out: Path, *, retry_failed: bool, **how: Any) -> None:
    """Run what is left, show how far it is, and end with the command's exit code."""
    line = _Line()
    with refusals(f"{out} could not be made"):
        out.mkdir(parents=True, exist_ok=True)
    if not can_lock(out):
        click.echo(f"{out} lies on a file system without locks: run one campaign in it at a time", err=True)
    try:
        with _executor(out, **how) as (executor, at_once), gentle_interrupts() as should_stop:
            found = execute(
                chosen,
                out,
                executor,
                at_once=at_once,
                retry_failed=retry_failed,
                on_progress=line.show,
                should_stop=should_stop,
            )
            interrupted = should_stop()
    finally:
        line.end()
    click.echo(_standing_text(chosen, found), err=True)
    click.echo("".join(_reasons(chosen, found)), err=True, nl=False)
    click.echo(out)
    if interrupted and found.left:
        raise click.exceptions.Exit(INTERRUPTED)
    if found.failed:
        raise click.exceptions.Exit(1)


def _refuse_contradictions(
    *, workers: int | None, ray: str | None, gpus: float, slurm: bool, slurm_options: tuple[str, ...], **_: bool
) -> None:
    """Refuse options that exclude each other, or that Slurm could not be given."""
    if (ray is not None) + slurm + (workers is not None) > 1:
        raise click.UsageError("--workers, --ray and --slurm exclude each other: give one of them")
    if slurm_options and not slurm:
        raise click.UsageError("--slurm-option is for --slurm")
    if gpus and ray is None:
        raise click.UsageError("--gpus is for --ray; with --slurm, give --slurm-option gpus_per_node=1")
    _parsed(slurm_options)


@contextlib.contextmanager
def _executor(
    out: Path, *, workers: int | None, ray: str | None, gpus: float, slurm: bool, slurm_options: tuple[str, ...]
) -> Iterator[tuple[Executor, int]]:
    """The executor that was asked for, and how many runs it is handed at once."""
    if ray is not None:
        with _adapter("ray").RayExecutor(ray, gpus=gpus) as executor:
            yield executor, CLUSTER_AT_ONCE
    elif slurm:
        folder = out.absolute() / ".campaign" / "slurm"
        with _adapter("slurm").SlurmExecutor(folder, options=_parsed(slurm_options)) as executor:
            yield executor, CLUSTER_AT_ONCE
    else:
        with LocalProcesses(_workers(workers)) as executor:
            yield executor, LOCAL_PER_WORKER * _workers(workers)


def _adapter(name: str) -> Any:
    """The module of a cluster, whose package is an extra."""
    try:
        return importlib.import_module(f"mad_app.campaigns.{name}")
    except ModuleNotFoundError as error:
        raise click.UsageError(
            f"--{name} needs a package that is not installed: pip install 'mad_app[{name}]'"
        ) from error


def _parsed(options: tuple[str, ...]) -> dict[str, str | int]:
    """Options of submitit: whole numbers as such, anything else as text."""
    parsed: dict[str, str | int] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not key or not equals:
            raise click.UsageError(f"--slurm-option must have the form KEY=VALUE, got {option!r}")
        parsed[key] = int(value) if value.isdecimal() else value
    return parsed


def _workers(asked: int | None) -> int:
    return available_cores() if asked is None else asked


def _standing_text(chosen: Campaign, found: Survey) -> str:
    unfinished = sum(name in found.resumable for name in found.left)
    count = len(chosen.requests)
    parts = [f"{count} run{'s' * (count > 1)}", f"{len(found.done)} done", f"{len(found.left)} left"]
    parts += [f"{unfinished} of them begun"] if unfinished else []
    parts += [f"{len(found.failed)} failed"] if found.failed else []
    return ", ".join(parts)


def _estimate_text(left: Estimate, workers: int, out: Path) -> str:
    """Disk and time of what is left, in two lines."""
    folder = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(folder).free
    disk = f"disk: {_size(left.bytes)}, of {_size(free)} that are free"
    if left.seconds is None:
        return f"{disk}\ntime: unknown, as no such run has been done in {out}"
    return f"{disk}\ntime: {clock(left.seconds / workers)} with {workers} workers"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _reasons(chosen: Campaign, found: Survey) -> Iterator[str]:
    """Why runs failed, a line each."""
    for name, reason in list(found.failed.items())[:MOST_REASONS]:
        request = chosen.requests[name]
        yield f"failed: {request.image}, {request.first} against {request.second} ({name}): {reason}\n"
    if len(found.failed) > MOST_REASONS:
        yield f"and {len(found.failed) - MOST_REASONS} more\n"


class _Line:
    """How far a campaign is: in a terminal one line that is rewritten, elsewhere a line every tenth of it."""

    SECONDS = 0.2

    def __init__(self) -> None:
        self._rewritten, self._shown, self._at, self._open = sys.stderr.isatty(), "", 0.0, False

    def show(self, standing: Standing) -> None:
        """Show it, if it has changed."""
        text = _progress_text(standing)
        tenth = str((10 * (standing.done + standing.failed) // max(1, standing.runs), standing.waiting_for_room))
        now, key = time.monotonic(), text if self._rewritten else tenth
        if key == self._shown or (self._rewritten and now - self._at < self.SECONDS):
            return
        self._shown, self._at, self._open = key, now, self._rewritten
        room = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r{text[:room]:<{room}}" if self._rewritten else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """Close the line, if one is open."""
        if self._open:
            sys.stderr.write("\n")


def _progress_text(standing: Standing) -> str:
    parts = [f"{standing.done}/{standing.runs} done"]
    parts += [f"{standing.failed} failed"] if standing.failed else []
    if standing.waiting_for_room:
        parts.append("paused: there is no room on the disk")
    elif standing.left and standing.seconds_left is not None:
        parts.append(f"{clock(standing.seconds_left)} left")
    return "  ".join(parts)
