"""The command that finds the small changes that metrics disagree about most: directions."""

import contextlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import Command, image_argument, option_of, report_under, setting_options
from mad_app.cli.progress import clock
from mad_app.cli.running import INTERRUPTED, metric_here
from mad_app.directions.compute import SIZE
from mad_app.directions.search import Pair, SearchSettings
from mad_app.errors import ArgumentError
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.runs.interrupts import gentle_interrupts

DEFAULTS = SearchSettings()


@click.command(cls=Command)
@image_argument()
@click.option(
    "--metrics",
    default="lasi,lpips-alex",
    show_default=True,
    help="Names with commas between them. One alone gives its eigen-distortions.",
)
@option_of(replace(REQUEST_SETTINGS["size"], default=SIZE))
@setting_options("left", "top", "width", "height", "gray")
@click.option(
    "--count",
    default=DEFAULTS.count,
    show_default=True,
    help="Pairs of changes, orthogonal to each other; 1 to 5.",
)
@click.option("--steps", default=DEFAULTS.steps, show_default=True, help="Most steps of the optimizer, for each pair.")
@click.option(
    "--tolerance", default=DEFAULTS.tolerance, show_default=True, help="Residual at which it ends, above 0, below 1."
)
@click.option(
    "--regularization",
    default=DEFAULTS.regularization,
    show_default=True,
    help="What is added to a squared sensitivity, in units of that to white noise; 1e-6 to 1.",
)
@click.option("--seed", default=DEFAULTS.seed, show_default=True, help="Of the random start.")
@click.option("--figure", "path", type=click.Path(path_type=Path), help="A name that ends in .pdf, .svg or .png.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="directions",
    show_default=True,
    help="Folder of the records, each in a folder of its own.",
)
def directions(
    metrics: str,
    count: int,
    steps: int,
    tolerance: float,
    regularization: float,
    seed: int,
    path: Path | None,
    out: Path,
    **picture: Any,
) -> None:
    """Find small changes that metrics disagree about.

    IMAGE is a file or the name of a bundled picture. These are the principal distortions of Feather et al. 2025, from
    the metrics' second derivatives at the picture; of one metric, its most and its least noticeable changes, the
    eigen-distortions of Berardino et al. 2017. Prints the folder of the record, with a figure in it. Ctrl-C stops after
    the present step; the result so far is valid.
    """
    from mad_app.directions import picture_from, search_distortions

    report_under("metrics", "metric")
    _check_places(path, out)
    settings = SearchSettings(steps=steps, tolerance=tolerance, regularization=regularization, seed=seed, count=count)
    read = picture_from(Request(**picture))
    click.echo("".join(f"{picture['image']}: {note}\n" for note in read.notes), err=True, nl=False)
    line = _Line(settings)
    with gentle_interrupts() as should_stop, contextlib.redirect_stdout(sys.stderr):
        named = [metric_here(name.strip()) for name in metrics.split(",") if name.strip()]
        try:
            found = search_distortions(read, named, settings, on_step=line, should_stop=should_stop)
        finally:
            line.end()
    click.echo(found.verdict, err=True)
    folder = found.save(out)
    found.figure(folder / "figure.png")
    if path is not None:
        found.figure(path)
    click.echo(folder)
    if found.outcome == "stopped":
        raise click.exceptions.Exit(INTERRUPTED)


def _check_places(path: Path | None, out: Path) -> None:
    """Refuse places where nothing can be saved, before minutes are spent on a search."""
    from mad_app.figures.export import KINDS, kind_of_name

    if path is not None:
        kind_of_name(path, KINDS)
    for argument, folder in (("path", path.parent if path else Path()), ("out", out)):
        nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
        if not nearest.is_dir() or (argument == "path" and nearest != folder.absolute()):
            raise ArgumentError(argument, f"must lie in a folder, but {folder} is none")


class _Line:
    """The progress of a search: in a terminal one line that is rewritten, elsewhere a line every tenth of its steps."""

    def __init__(self, settings: SearchSettings) -> None:
        self.settings, self.began = settings, 0.0
        self.rewritten, self.tenth, self.open = sys.stderr.isatty(), -1, False
        self.stream = sys.stderr

    def __call__(self, pair: Pair) -> None:
        """Show a step."""
        steps, now = self.settings.steps, time.monotonic()
        if pair.step == 1:
            self.began = now
        tenth = 10 * pair.number + 10 * pair.step // steps
        if not self.rewritten and tenth == self.tenth:
            return
        self.tenth = tenth
        after = steps * (self.settings.count - 1 - pair.number)
        left = (now - self.began) / max(1, pair.step - 1) * (steps - pair.step + after)
        which = f"pair {pair.number + 1}/{self.settings.count}  " if self.settings.count > 1 else ""
        parts = [f"{which}{pair.step}/{steps}", *([f"at most {clock(left)} left"] if pair.step > 1 else [])]
        residuals = f"residuals {pair.residuals[0]:.2g}, {pair.residuals[1]:.2g}"
        text = "  ".join([*parts, f"deviation {pair.deviation:.4g}", residuals])
        self.stream.write(f"\r{text:<79}" if self.rewritten else f"{text}\n")
        self.stream.flush()
        self.open = self.rewritten

    def end(self) -> None:
        """Close the line, if one is open."""
        if self.open:
            self.stream.write("\n")
            self.open = False
