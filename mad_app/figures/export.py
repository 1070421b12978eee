"""Record → picture: the MAD sheet, and its bytes as PDF, SVG or PNG.

The sheet shows the reference and the start; the four images in their two pairs, under each the values of both metrics
from start to end; what changed, as amplified differences from the reference; the way both metrics took; and what all
other metrics say. Sizes are those of print: 7.0 inches for two columns, 3.4 for one; no text under 6.5 points.
"""

from pathlib import Path
from typing import TypedDict, Unpack

from matplotlib.figure import Figure

from mad_app.figures.canvas import DARK, LIGHT, Kind, drawing, figure_to_bytes
from mad_app.figures.sheet import FORMATS, Parts, Width, draw_sheet
from mad_app.records import Run
from mad_app.records.storage import refusals, staged_file

KINDS: dict[str, Kind] = {".pdf": "pdf", ".svg": "svg", ".png": "png"}


class SheetOptions(TypedDict, total=False):
    """What `mad_sheet` may be asked; all by default as there."""

    width: Width
    dark: bool
    maps: bool
    curves: bool
    jury: bool | None


def mad_sheet(
    run: Run,
    *,
    width: Width = "double",
    dark: bool = False,
    maps: bool = True,
    curves: bool = True,
    jury: bool | None = None,
) -> Figure:
    """Draw the MAD sheet of a run.

    Args:
        run: a competition, finished or not.
        width: "single" (3.4 inches, a column of a paper), "double" (7.0 inches) or "slide" (12.8 inches).
        dark: light on dark, for slides.
        maps: show the differences from the reference.
        curves: show both metrics over the steps.
        jury: show what all other metrics say; by default if the sheet then still fits on a page.

    Returns:
        A figure as high as its content; its own dpi shows the images pixel by pixel.

    Raises:
        ValueError: there is no such width.
    """
    if width not in FORMATS:
        raise ValueError(f"width must be one of {', '.join(FORMATS)}, got {width!r}")
    with drawing():
        return draw_sheet(run, FORMATS[width], DARK if dark else LIGHT, Parts(maps=maps, curves=curves, jury=jury))


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
    path = Path(path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"path must end in {', '.join(KINDS)}, got {str(path)!r}")
    content = figure_bytes(run, kind, dpi=dpi, **options)
    with refusals(f"{path} could not be saved"), staged_file(path) as partial:
        partial.write_bytes(content)
