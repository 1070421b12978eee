"""Commands that draw records: figure and animate for a run, sheet and curve for a series, page for either."""

import shlex
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import ANIMATION, DRAWING, PAGE, RUN, SERIES, SERIES_WIDTH, THEME, Command, FiniteRange, Folder
from mad_app.records import SHELF, Series, is_series, load_run, load_series, shelf_root


@click.command(cls=Command)
@RUN
@DRAWING
@click.option("--show", metavar="PARTS", help="Of pairs,maps,curves,others, those to show.  [default: what fits]")
@click.option("--width", default="double", show_default=True, help="single or double (columns), or slide.")
@click.option("--font-size", type=float, help="Of all text, in points.  [default: 6.5; slide: 12]")
@THEME
@click.option("--dpi", type=FiniteRange(36, 2400), help="Dots per inch of a PNG.  [default: whole pixels]")
def figure(run: Path, path: Path, show: str | None, **asked: Any) -> None:
    """Draw a run as a PDF, SVG or PNG; RUN is its folder."""
    from mad_app.figures import save_figure

    parts: Any = None if show is None else [part.strip() for part in show.split(",")]
    save_figure(load_run(run), path, show=parts, **asked)
    click.echo(path)


@click.command(cls=Command)
@RUN
@ANIMATION
@THEME
def animate(run: Path, path: Path, theme: Any) -> None:
    """Draw a run as a GIF or WebP; RUN is its folder."""
    from mad_app.figures import save_animation

    loaded = load_run(run)
    for fault in loaded.faults:
        click.echo(fault, err=True)
    save_animation(loaded, path, theme=theme)
    click.echo(path)


class _Record(Folder):
    """The folder of a run or a series, or the whole shelf."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder; refuses what is none."""
        return shelf_root() if value == SHELF and not Path(value).exists() else super().convert(value, param, ctx)


@click.command(cls=Command)
@click.argument("run", type=_Record())
@PAGE
def page(run: Path, path: Path) -> None:
    """Write a run as a web page in one file.

    RUN is the folder of a run or of a series, or "shelf" for the runs that come with the program. The page needs no
    server and no network.
    """
    from mad_app.figures import save_run_page, save_series_page, save_shelf_page

    if run == shelf_root():
        save_shelf_page(path)
    elif is_series(run):
        series = load_series(run)
        save_series_page(series, path)
        _say_what_is_missing(series)
    else:
        loaded = load_run(run)
        for fault in loaded.faults:
            click.echo(fault, err=True)
        save_run_page(loaded, path)
    click.echo(path)


@click.command(cls=Command)
@SERIES
@DRAWING
@SERIES_WIDTH
def sheet(series: Path, path: Path, width: Any) -> None:
    """Draw a series side by side; SERIES is its folder."""
    from mad_app.figures import save_contact_sheet

    loaded = load_series(series)
    save_contact_sheet(loaded, path, width=width)
    _say_what_is_missing(loaded)
    click.echo(path)


@click.command(cls=Command)
@SERIES
@DRAWING
@SERIES_WIDTH
def curve(series: Path, path: Path, width: Any) -> None:
    """Draw how high and low metrics went per level.

    SERIES is the folder of a level sweep.
    """
    from mad_app.figures import save_level_curves

    loaded = load_series(series)
    save_level_curves(loaded, path, width=width)
    _say_what_is_missing(loaded)
    click.echo(path)


def _say_what_is_missing(series: Series) -> None:
    """Name the runs of a series that are not in its figure, and the command that computes them."""
    from mad_app.figures import missing_phrases

    if missing := missing_phrases(series):
        command = shlex.join(["python", "-m", "mad_app", "resume", str(series.folder)])
        click.echo(f"not in the figure, because there is no whole record: {', '.join(missing)}", err=True)
        for member in series.missing:
            click.echo(member.fault, err=True)
        click.echo(f"To compute what is missing: {command}", err=True)
