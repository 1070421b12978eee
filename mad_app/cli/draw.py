"""Commands that draw records: figure and animate for a run, sheet and curve for a series, page for either."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mad_app.cli.options import (
    ANIMATION,
    DRAWING,
    PAGE,
    RUN,
    SERIES,
    SERIES_WIDTH,
    THEME,
    Command,
    FiniteRange,
    Folder,
    file_option,
    option_of,
)
from mad_app.errors import ArgumentError
from mad_app.figures.options import SHEET_SETTINGS
from mad_app.records import SHELF, RecordError, Run, Series, is_series, load_record, load_series, shelf_root
from mad_app.records.files import RUN_FILE

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def sheet_setting_options(command: Decorated) -> Decorated:
    """Options for all that can be chosen of a sheet, as declared."""
    for declared in reversed(list(SHEET_SETTINGS.values())):
        command = option_of(declared)(command)
    return command


@click.command(cls=Command)
@click.argument("runs", metavar="RUN...", type=Folder(), nargs=-1, required=True)
@file_option(".pdf, .svg or .png, or, for the table of all metrics, in .csv or .tex")
@sheet_setting_options
@click.option("--dpi", type=FiniteRange(36, 2400), help="Dots per inch of a PNG.  [default: whole pixels]")
@click.option(
    "--caption", type=click.Choice(["short", "long", "latex"]), help="Print a caption, or LaTeX's figure environment."
)
def figure(runs: tuple[Path, ...], path: Path, dpi: float | None, caption: str | None, **asked: Any) -> None:
    """Draw runs as a PDF, SVG or PNG.

    RUN is the folder of a run. Of several runs, each is a row, and the caption says once what they share.
    """
    from mad_app.figures.export import save_figure
    from mad_app.figures.options import sheet_settings
    from mad_app.figures.tables import TABLES

    if caption and path.suffix.lower() in TABLES:
        raise ArgumentError("caption", f"describes a figure, but {path} is a table: leave it out")
    sheet_settings(**asked)  # refuses what cannot be used before anything is read
    loaded = [_load(run, "runs") for run in runs]
    save_figure(loaded, path, dpi=dpi, **asked)
    click.echo(path)
    if caption:
        click.echo(_caption(loaded, path, caption, asked))


def _load(folder: Path, argument: str) -> Run:
    """A run; raises RecordError that names it where it cannot be read, and ArgumentError for a series."""
    if is_series(folder):
        raise ArgumentError(argument, f"{folder} is a series: draw it by sheet, curve or page, or name one of its runs")
    try:
        return load_record(folder)
    except RecordError as error:
        text = str(error)
        raise RecordError(text if str(folder) in text else f"{folder} cannot be drawn: {text}") from error


def _load_series(folder: Path) -> Series:
    """A series; raises ArgumentError for a run."""
    if (folder / RUN_FILE).is_file() and not is_series(folder):
        raise ArgumentError("series", f"{folder} is a run: draw it by figure, animate or page")
    return load_series(folder)


def _caption(runs: list[Run], path: Path, kind: str, asked: dict[str, Any]) -> str:
    """One of the captions of a figure."""
    from mad_app.figures.captions import captions_of

    text: str = getattr(captions_of(runs, path.name, **asked), kind)
    return text


@click.command(cls=Command)
@RUN
@ANIMATION
@THEME
def animate(run: Path, path: Path, theme: Any) -> None:
    """Draw a run as a GIF or WebP; RUN is its folder."""
    from mad_app.figures.animation import save_animation

    loaded = _load(run, "run")
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
    from mad_app.figures.web_page.page import save_run_page, save_series_page, save_shelf_page

    if run == shelf_root():
        save_shelf_page(path)
    elif is_series(run):
        series = load_series(run)
        save_series_page(series, path)
        _report_missing(series)
    else:
        loaded = load_record(run)
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
    from mad_app.figures.export import save_contact_sheet

    loaded = _load_series(series)
    save_contact_sheet(loaded, path, width=width)
    _report_missing(loaded)
    click.echo(path)


@click.command(cls=Command)
@SERIES
@DRAWING
@SERIES_WIDTH
def curve(series: Path, path: Path, width: Any) -> None:
    """Draw how high and low metrics went per level.

    SERIES is the folder of a level sweep.
    """
    from mad_app.figures.export import save_level_curves

    loaded = _load_series(series)
    save_level_curves(loaded, path, width=width)
    _report_missing(loaded)
    click.echo(path)


def _report_missing(series: Series) -> None:
    """Name the runs of a series that are not in its file, each with the reason, and the command that computes them."""
    from mad_app.figures.contact_sheet import missing_phrases

    if missing := missing_phrases(series):
        click.echo("not in the file, because there is no whole record:", err=True)
        for phrase, member in zip(missing, series.missing, strict=True):
            click.echo(f"  {phrase}: {member.fault}", err=True)
        click.echo(f"To compute what is missing: {series.remedy}", err=True)
    for fault in series.faults.values():
        click.echo(fault, err=True)
