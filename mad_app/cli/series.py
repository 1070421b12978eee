"""Commands that run several competitions that differ in one setting: level-sweep, seeds and preset."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import (
    EPILOG,
    OUT,
    Command,
    competition_options,
    image_argument,
    report_under,
    request_of_options,
    setting_options,
)
from mad_app.cli.running import fit_steps, follow_series, print_picture_notes
from mad_app.competition.settings import Role
from mad_app.errors import ArgumentError
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.runs.materialize import materialize
from mad_app.runs.series import PRESETS, SeriesSpec, level_sweep, repeated_seeds, run_series

MOST_RUNS = 1000
"""Most competitions of a series."""


@click.command("level-sweep", cls=Command, epilog=EPILOG)
@competition_options
@click.option(
    "--hold", type=click.Choice(["first", "second"]), default="second", show_default=True, help="The metric swept."
)
@click.option("--levels", required=True, metavar="A,B,…", help="Comma-separated target levels.")
def level_sweep_command(out: Path, hold: Role, levels: str, **asked: Any) -> None:
    """Run a competition at several levels of a metric.

    The start is brought to each level in turn. Prints, last, the folder of the series; `curve` and `sheet` draw it.
    """
    request = request_of_options(asked, decided={f"{hold}_level": "--levels gives the levels"})
    report_under("levels", f"{hold}_level")
    numbers = _numbers(levels)
    level_sweep(request, hold, numbers)  # refuses levels that are none before anything is timed
    _follow(level_sweep(fit_steps(request), hold, numbers), out)


@click.command(cls=Command, epilog=EPILOG)
@competition_options
@click.option(
    "--count",
    type=click.IntRange(2, MOST_RUNS),
    default=4,
    show_default=True,
    help="Number of seeds, from --seed upward.",
)
def seeds(out: Path, count: int, **asked: Any) -> None:
    """Repeat a competition with several seeds.

    Prints, last, the folder of the series; `sheet` draws it and shows how much the results differ.
    """
    request = request_of_options(asked)
    chosen = _seeds(request, count)
    repeated_seeds(request, chosen)  # refuses a start without random numbers before anything is timed
    _follow(repeated_seeds(fit_steps(request), chosen), out)


@click.command(cls=Command)
@click.argument("name", metavar="NAME", type=click.Choice(list(PRESETS)))
@image_argument("cameraman")
@setting_options("size", "steps", "seconds", "seed")
@OUT
def preset(out: Path, name: str, **asked: Any) -> None:
    """Run a series known from the literature.

    NAME is wang-simoncelli-2008: MSE against SSIM on a gray picture, from white noise whose MSE is 8 to 1024 in 8-bit
    units squared. Prints, last, the folder of the series; `sheet` draws it.
    """
    spec = PRESETS[name](**asked)
    steps = fit_steps(spec.requests[0]).steps
    _follow(replace(spec, requests=tuple(replace(request, steps=steps) for request in spec.requests)), out)


def _follow(spec: SeriesSpec, out: Path) -> None:
    """Run a series, once its files are known to fit."""
    materialize(spec.requests[0])
    print_picture_notes(spec.requests[0])
    follow_series(partial(run_series, spec, out))


def _seeds(request: Request, count: int) -> range:
    """So many seeds, from that of the request upward."""
    largest = REQUEST_SETTINGS["seed"].maximum
    if largest is not None and request.seed + count - 1 > largest:
        raise ArgumentError("count", f"{count} leads from --seed {request.seed} above the largest seed, {largest:.0f}")
    return range(request.seed, request.seed + count)


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError("levels", f"must be numbers with commas between them, got {text!r:.60}") from None
    if len(numbers) > MOST_RUNS:
        raise ArgumentError("levels", f"must be at most {MOST_RUNS}, got {len(numbers)}")
    return numbers
