"""The options of the command line that several commands share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from mad_app.distortions import DISTORTIONS
from mad_app.images import DEFAULT_IMAGE, MAX_SIZE, MIN_SIZE
from mad_app.request import Request

_STRENGTHS = "\n".join(
    f"  {row.name:<16} {row.minimum:g} to {row.maximum:g} ({row.unit}); {row.default:g} by default"
    for row in DISTORTIONS.values()
)


EPILOG = f"\b\nStrengths:\n{_STRENGTHS}"

SIZE = click.option(
    "--size",
    type=click.IntRange(MIN_SIZE, MAX_SIZE),
    default=Request.size,
    show_default=True,
    help="Side in pixels of the square that is used.",
)
STEPS = click.option(
    "--steps", type=click.IntRange(min=1), default=Request.steps, show_default=True, help="How many steps."
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=Request.seed, show_default=True, help="Of the distortion."
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path), default="runs", show_default=True, help="Folder of the runs."
)
RUN = click.argument("run", type=click.Path(path_type=Path))
SERIES = click.argument("series", type=click.Path(path_type=Path))
DRAWING = click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A name that ends in .pdf, .svg or .png."
)
SERIES_WIDTH = click.option("--width", default="double", show_default=True, help="double (columns), or slide.")
THEME = click.option("--theme", default="light", show_default=True, help="light, or dark: light on dark.")
_COMPETITION = (
    click.argument("image", default=DEFAULT_IMAGE),
    click.option("--first", default=Request.first, show_default=True, help="A metric: see `metrics`."),
    click.option("--second", default=Request.second, show_default=True, help="Its rival."),
    SIZE,
    click.option("--left", type=float, default=Request.left, show_default=True, help="Where that square lies, 0 to 1."),
    click.option("--top", type=float, default=Request.top, show_default=True, help="Likewise."),
    click.option(
        "--extent", type=float, default=Request.extent, show_default=True, help="Its part of the shorter side, 0 to 1."
    ),
    click.option(
        "--distortion",
        type=click.Choice(list(DISTORTIONS)),
        default=Request.distortion,
        show_default=True,
        help="What makes the start out of the picture.",
    ),
    click.option("--strength", type=float, help="How strongly, in the distortion's own unit: see below."),
    click.option("--start", "start_file", metavar="IMAGE", help="A picture to start from, in place of a distortion."),
    STEPS,
    click.option("--seconds", type=float, help="Time after which no further step is made.  [default: any]"),
    SEED,
    click.option("--first-level", type=float, help="What FIRST is held at.  [default: what it is at the start]"),
    click.option("--second-level", type=float, help="What SECOND is held at, likewise."),
    click.option("--gray", is_flag=True, help="Of the picture's luminance, and only luminance changes."),
    click.option("--mask", metavar="IMAGE", help="A picture that is white where the images may change."),
    click.option("--max-change", type=float, help="Largest change of any value from the start, white being 1."),
    click.option("--low-pass", type=float, help="Highest spatial frequency of the change, in cycles a picture."),
    OUT,
)
"""What a command asks that runs a competition, in the order of its help."""


def asking_for_a_competition(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command ask for a competition."""
    for ask in reversed(_COMPETITION):
        command = ask(command)
    return command


def request_from(asked: dict[str, Any], *, settled: Mapping[str, str] | None = None) -> Request:
    """What the options of the present command ask for.

    Args:
        asked: all of `_COMPETITION` but the folder.
        settled: names of options that something else decides here, and what.

    Raises:
        click.UsageError: an option is out of its range, or decided by another.
    """
    settled = dict(settled or {})
    if asked["start_file"] is not None:
        settled |= dict.fromkeys(("distortion", "strength"), "--start takes the place of a distortion")
    context = click.get_current_context()
    for name, why in settled.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{why}: leave out {_option(name)}")
    try:
        return Request(**asked)
    except ValueError as error:
        name, _, rest = str(error).partition(" ")
        raise click.UsageError(f"{_option(name) if name in asked else name} {rest}") from error


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
