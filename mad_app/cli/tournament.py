"""The command that draws the tournament of a campaign's metrics: tournament."""

from pathlib import Path

import click

from mad_app.campaigns import read_campaign, survey
from mad_app.cli.campaign import campaign_text, refuse_mistakes
from mad_app.cli.options import SERIES_WIDTH, Command, file_option
from mad_app.records import load_summary


@click.command(cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--runs", type=click.Path(path_type=Path), default="runs", show_default=True, help="Folder of the campaign's runs."
)
@file_option(".html, .pdf, .svg or .png")
@SERIES_WIDTH
def tournament(file: Path, runs: Path, path: Path, width: str) -> None:
    """Draw a matrix of metrics against metrics.

    FILE is that of a campaign whose runs are done, best with metrics = […], which makes every pair of them. Prints of
    each metric the mean ratio of the pairs that it rates equal, the greatest first, and of those that it is optimized
    for, with intervals over pictures. The cells of a web page (.html) open their most separated pairs.
    """
    from mad_app.campaigns.report import matrix_of, save_tournament
    from mad_app.campaigns.tournament import tournament as compute
    from mad_app.figures.text import metric_title

    chosen, problems = read_campaign(campaign_text(file))
    refuse_mistakes(file, problems)
    standing = survey(chosen, runs)
    if missing := len(chosen.requests) - len(standing.done):
        click.echo(f"{missing} of {len(chosen.requests)} runs are not done, and missing from the tournament", err=True)
    found = compute(map(load_summary, standing.done.values()))
    save_tournament(found, path, width=width)
    matrix = matrix_of(found)
    for name, optimized, fixed in zip(matrix.metrics, matrix.optimized, matrix.fixed, strict=True):
        click.echo(f"{metric_title(name)}: fixed {fixed}, optimized {optimized}")
    click.echo(path)
