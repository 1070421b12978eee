"""Records to files: the MAD sheet of a run, and the contact sheet and level curves of a series, as PDF, SVG or PNG.

Sizes are those of print: 7.0 inches for two columns, 3.4 for one; no text under 6.5 points unless asked for. Equal
records give equal bytes.
"""

import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Literal, TypeVar, Unpack

from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import Kind, drawing, figure_to_bytes
from mad_app.figures.contact_sheet import draw_contact_sheet
from mad_app.figures.level_curves import draw_level_curves
from mad_app.figures.options import Part, SheetOptions, ThemeName, Width, check_parts, sheet_format, theme_called
from mad_app.figures.sheet import draw_sheet
from mad_app.records import Run, Series
from mad_app.records.storage import refusals, staged_file

KINDS: dict[str, Kind] = {".pdf": "pdf", ".svg": "svg", ".png": "png"}
"""Ending of a file's name → what it is."""

MOST_PIXELS = 200_000_000
"""Of a PNG, which takes four bytes of memory a pixel while it is drawn."""

Drawing = Literal["contact sheet", "curves"]

_DRAW = {"contact sheet": draw_contact_sheet, "curves": draw_level_curves}

FileKind = TypeVar("FileKind")


def mad_sheet(
    run: Run,
    *,
    width: Width = "double",
    font_size: float | None = None,
    theme: ThemeName = "light",
    show: Collection[Part] | None = None,
) -> Figure:
    """Draw the MAD sheet of a run: the original and the start, both pairs with their values, what changed, how both
    metrics developed, and the other metrics.

    Args:
        run: a competition, finished or not.
        width: "single" (3.4 inches, a column of a paper), "double" (7.0 inches) or "slide" (12.8 inches).
        font_size: of all text, in points, from 5 to 9 (single), 10 (double) or 18 (slide); by default 6.5 or 12.
        theme: "light" or "dark", which is light on dark.
        show: the names of the PARTS to show, at least one; by default all, the other metrics only if they then still
            fit on a page.

    Returns:
        A figure as high as its content; its own dpi shows the images pixel by pixel.

    Raises:
        ArgumentError: there is no such width, theme or part, or the size of the text is out of its range.
    """
    form, colors, parts = sheet_format(width, font_size), theme_called(theme), check_parts(show)
    with drawing():
        return draw_sheet(run, form, colors, parts)


def figure_bytes(run: Run, kind: Kind, *, dpi: float | None = None, **options: Unpack[SheetOptions]) -> bytes:
    """The MAD sheet as the bytes of a file.

    Args:
        run: a competition.
        kind: "pdf", "svg" or "png".
        dpi: dots per inch of a PNG; by default the first above 300 (slide: 150) that shows whole pixels.
        **options: as in `mad_sheet`.

    Raises:
        ArgumentError: as `mad_sheet`, or a PNG would have more than MOST_PIXELS.
    """
    figure = mad_sheet(run, **options)
    inches = float(figure.get_figwidth() * figure.get_figheight())
    if kind == "png" and dpi is not None and not dpi**2 * inches <= MOST_PIXELS:
        raise ArgumentError("dpi", f"must be at most {math.sqrt(MOST_PIXELS / inches):.0f} here, got {dpi:g}")
    return figure_to_bytes(figure, kind, dpi=dpi)


def series_bytes(series: Series, drawing_of: Drawing, kind: Kind, *, width: Width = "double") -> bytes:
    """A drawing of a series as the bytes of a file.

    Args:
        series: the competitions.
        drawing_of: all images side by side, or each optimized metric at each level of the other.
        kind: "pdf", "svg" or "png".
        width: "single" (3.4 inches), "double" (7.0 inches) or "slide" (12.8 inches).

    Raises:
        ArgumentError: there is no such width.
    """
    form = sheet_format(width)
    with drawing():
        figure = _DRAW[drawing_of](series, form)
    return figure_to_bytes(figure, kind)


def save_figure(run: Run, path: str | Path, *, dpi: float | None = None, **options: Unpack[SheetOptions]) -> None:
    """Write the MAD sheet to a file, whole or not at all.

    Args:
        run: a competition.
        path: a name that ends in .pdf, .svg or .png.
        dpi: as in `figure_bytes`.
        **options: as in `mad_sheet`.

    Raises:
        ArgumentError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    save_as(path, KINDS, lambda kind: figure_bytes(run, kind, dpi=dpi, **options))


def save_contact_sheet(series: Series, path: str | Path, *, width: Width = "double") -> None:
    """Write the contact sheet of a series to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "contact sheet", kind, width=width))


def save_level_curves(series: Series, path: str | Path, *, width: Width = "double") -> None:
    """Write the curves of a level sweep to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "curves", kind, width=width))


def save_as(path: str | Path, kinds: Mapping[str, FileKind], content_of: Callable[[FileKind], bytes]) -> None:
    """Write a file of the kind of its ending, whole or not at all.

    Args:
        path: a name that ends in one of `kinds`.
        kinds: endings, such as ".png", and what kind of file each means.
        content_of: the bytes of a file of that kind.

    Raises:
        ArgumentError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    path = Path(path)
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise ArgumentError("path", f"must end in {', '.join(kinds)}, got {str(path)!r}")
    content = content_of(kind)
    with refusals(f"{path} could not be saved"), staged_file(path) as partial:
        partial.write_bytes(content)
