"""Record → picture: the MAD sheet, and its bytes as PDF, SVG or PNG.

The sheet shows the reference and the start; the four images in their two pairs, under each the values of both metrics
from start to end; what changed, as amplified differences from the reference; the way both metrics took; and what all
other metrics say. Sizes are those of print: 7.0 inches for two columns, 3.4 for one; no text under 6.5 points.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Unpack

from matplotlib.figure import Figure

from mad_app.figures.canvas import Kind, drawing, figure_to_bytes
from mad_app.figures.files import save_as
from mad_app.figures.options import Part, SheetOptions, ThemeName, Width, check_parts, sheet_format, theme_called
from mad_app.figures.sheet import draw_sheet
from mad_app.records import Run

KINDS: dict[str, Kind] = {".pdf": "pdf", ".svg": "svg", ".png": "png"}


def mad_sheet(
    run: Run,
    *,
    width: Width = "double",
    font_size: float | None = None,
    theme: ThemeName = "light",
    show: Collection[Part] | None = None,
) -> Figure:
    """Draw the MAD sheet of a run.

    Args:
        run: a competition, finished or not.
        width: "single" (3.4 inches, a column of a paper), "double" (7.0 inches) or "slide" (12.8 inches).
        font_size: of all text, in points, from 5 to 9 (single), 10 (double) or 18 (slide); by default 6.5 or 12.
        theme: "light" or "dark", which is light on dark.
        show: the names of the PARTS to show, at least one; by default all, the jury only if it then still fits on a
            page.

    Returns:
        A figure as high as its content; its own dpi shows the images pixel by pixel.

    Raises:
        ValueError: there is no such width, theme or part, or the size of the text is out of its range.
    """
    form, colors, parts = sheet_format(width, font_size), theme_called(theme), check_parts(show)
    with drawing():
        return draw_sheet(run, form, colors, parts)


def figure_bytes(run: Run, kind: Kind, *, dpi: float | None = None, **options: Unpack[SheetOptions]) -> bytes:
    """The MAD sheet as the bytes of a file; equal runs give equal bytes.

    Args:
        run: a competition.
        kind: "pdf", "svg" or "png".
        dpi: dots an inch of a PNG; by default the first above 300 (slide: 150) that shows whole pixels.
        **options: as in `mad_sheet`.
    """
    return figure_to_bytes(mad_sheet(run, **options), kind, dpi=dpi)


def save_figure(run: Run, path: str | Path, *, dpi: float | None = None, **options: Unpack[SheetOptions]) -> None:
    """Write the MAD sheet to a file, whole or not at all.

    Args:
        run: a competition.
        path: a name that ends in .pdf, .svg or .png.
        dpi: as in `figure_bytes`.
        **options: as in `mad_sheet`.

    Raises:
        ValueError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    save_as(path, KINDS, lambda kind: figure_bytes(run, kind, dpi=dpi, **options))
