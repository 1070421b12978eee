"""Series → picture: the contact sheet and the curves of a ladder, and their bytes as PDF, SVG or PNG."""

from pathlib import Path
from typing import Literal

from mad_app.figures.canvas import Kind, drawing, figure_to_bytes
from mad_app.figures.contact_sheet import draw_contact_sheet
from mad_app.figures.export import KINDS
from mad_app.figures.files import save_as
from mad_app.figures.level_curves import draw_ladder_curves
from mad_app.figures.options import Width, sheet_format
from mad_app.records import Series

Drawing = Literal["contact sheet", "curves"]

_DRAW = {"contact sheet": draw_contact_sheet, "curves": draw_ladder_curves}


def series_bytes(series: Series, drawing_of: Drawing, kind: Kind, *, width: Width = "double") -> bytes:
    """A drawing of a series as the bytes of a file; equal series give equal bytes.

    Args:
        series: the competitions.
        drawing_of: the pictures side by side, or how far each metric was driven at each level of the other.
        kind: "pdf", "svg" or "png".
        width: "single" (3.4 inches), "double" (7.0 inches) or "slide" (12.8 inches).

    Raises:
        ValueError: there is no such width.
    """
    form = sheet_format(width)
    with drawing():
        figure = _DRAW[drawing_of](series, form)
    return figure_to_bytes(figure, kind)


def save_contact_sheet(series: Series, path: str | Path, *, width: Width = "double") -> None:
    """Write the contact sheet to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "contact sheet", kind, width=width))


def save_level_curves(series: Series, path: str | Path, *, width: Width = "double") -> None:
    """Write the curves of a ladder to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "curves", kind, width=width))
