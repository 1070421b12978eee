"""A tournament as a file: a matrix for print, or a web page whose cells open their most separated pair."""

import math
from collections.abc import Sequence
from pathlib import Path

from mad_app.campaigns.tournament import Interval, Tournament
from mad_app.figures.export import KINDS, save_as
from mad_app.figures.matrix import Matrix, matrix_bytes, ratio_text
from mad_app.figures.web_page.matrix_page import MostSeparated, matrix_page
from mad_app.records import load_record

HTML = "html"


def save_tournament(found: Tournament, path: str | Path, *, width: str = "double") -> None:
    """Write a tournament to a file, whole or not at all.

    Args:
        found: the tournament.
        path: a name that ends in .html, .pdf, .svg or .png.
        width: of a figure for print, as in `matrix_bytes`.

    Raises:
        ArgumentError: the name ends otherwise, or there is no such width.
        RecordError: the file cannot be written, or a run of the web page cannot be read.
    """
    save_as(path, {".html": HTML, **KINDS}, lambda kind: tournament_bytes(found, kind, width=width))


def tournament_bytes(found: Tournament, kind: str, *, width: str = "double") -> bytes:
    """A tournament as the content of a file.

    Args:
        found: the tournament.
        kind: "html", "pdf", "svg" or "png".
        width: as in `save_tournament`.

    Raises:
        ArgumentError: there is no such width; RecordError: a run of the web page cannot be read.
    """
    matrix = matrix_of(found)
    if kind != HTML:
        return matrix_bytes(matrix, KINDS[f".{kind}"], width=width)
    most_separated = {
        cell: MostSeparated(load_record(run.folder), pair) for cell, (run, pair) in found.most_separated.items()
    }
    return matrix_page(matrix, most_separated)


def matrix_of(found: Tournament) -> Matrix:
    """What a figure shows of a tournament."""
    count = len(found.pictures)
    fixed = [Interval(_inverse(one.value), _inverse(one.high), _inverse(one.low)) for one in found.resistance]
    return Matrix(
        title=f"Tournament of {len(found.metrics)} metrics on {count} picture{'' if count == 1 else 's'}",
        metrics=found.metrics,
        ratios=found.ratios,
        optimized=_texts(found.aggressiveness, count),
        fixed=_texts(fixed, count),
    )


def _texts(intervals: Sequence[Interval], pictures: int) -> list[str]:
    """Numbers with their intervals, which one picture does not have."""
    if pictures < 2:
        return [ratio_text(one.value) for one in intervals]
    return [f"{ratio_text(one.value)} [{ratio_text(one.low)}, {ratio_text(one.high)}]" for one in intervals]


def _inverse(resistance: float) -> float:
    """The ratio of a resistance, which is 0 where an image is at distance 0."""
    return 1 / resistance if resistance else math.inf
