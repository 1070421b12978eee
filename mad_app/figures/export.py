"""Records to files: the MAD sheet of a run, and the contact sheet and level curves of a series, as PDF, SVG or PNG.

Sizes are those of print: 7.0 inches for two columns, 3.4 for one; no text under 6.5 points unless asked for. Equal
records give equal bytes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar, Unpack

from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import Kind, drawing, figure_to_bytes
from mad_app.figures.contact_sheet import draw_contact_sheet
from mad_app.figures.level_curves import draw_level_curves
from mad_app.figures.measures import WIDTHS, format_of
from mad_app.figures.metric_maps import metric_maps
from mad_app.figures.options import SheetOptions, SheetSettings, sheet_settings
from mad_app.figures.several import draw_runs
from mad_app.figures.sheet import draw_sheet
from mad_app.figures.tables import TABLES, TableKind, table_text
from mad_app.records import Maps, Run, Series
from mad_app.records.storage import refusals, staged_file

KINDS: dict[str, Kind] = {".pdf": "pdf", ".svg": "svg", ".png": "png"}
"""Ending of a file's name → what it is."""

MOST_PIXELS = 200_000_000
"""Of a PNG, which takes four bytes of memory per pixel while it is drawn."""

Drawing = Literal["contact sheet", "curves"]

_DRAW = {"contact sheet": draw_contact_sheet, "curves": draw_level_curves}

FileKind = TypeVar("FileKind")


def mad_sheet(runs: Run | Sequence[Run], *, maps: Maps | None = None, **options: Unpack[SheetOptions]) -> Figure:
    """Draw the MAD sheet of a run, or of several.

    Of one run it shows the original and the start, both pairs with their values, what changed, how both metrics
    developed, and the other metrics. Of several, each run is a row of the original, the start and its pairs, and the
    sheet says once what they share.

    Args:
        runs: a competition, finished or not, or several of any metrics and sizes.
        maps: of both metrics, of a run that has no folder; for `metric-maps`.
        **options: as in `SheetSettings`; lists are as their items with commas between them.

    Returns:
        A figure as high as its content; its own dpi shows the images pixel by pixel.

    Raises:
        ArgumentError: an option cannot be used, or not for these runs.
    """
    return _draw(_as_runs(runs), sheet_settings(**options), maps)


def figure_bytes(
    runs: Run | Sequence[Run],
    kind: Kind,
    *,
    dpi: float | None = None,
    maps: Maps | None = None,
    **options: Unpack[SheetOptions],
) -> bytes:
    """The MAD sheet as the bytes of a file.

    Args:
        runs: a competition, or several.
        kind: "pdf", "svg" or "png".
        dpi: dots per inch of a PNG; by default the first above 300 (slide: 150) that shows whole pixels.
        maps: as in `mad_sheet`.
        **options: likewise.

    Raises:
        ArgumentError: as `mad_sheet`, or a PNG would have more than MOST_PIXELS.
    """
    chosen = sheet_settings(**options)
    figure = _draw(_as_runs(runs), chosen, maps)
    inches = float(figure.get_figwidth() * figure.get_figheight())
    if kind == "png" and dpi is not None and not dpi**2 * inches <= MOST_PIXELS:
        raise ArgumentError("dpi", f"must be at most {math.sqrt(MOST_PIXELS / inches):.0f} here, got {dpi:g}")
    return figure_to_bytes(figure, kind, dpi=dpi, typeface=chosen.typeface)


def _draw(runs: tuple[Run, ...], options: SheetSettings, maps: Maps | None) -> Figure:
    several = len(runs) > 1 or options.rows is not None
    found = [metric_maps(run, maps) for run in runs] if "metric-maps" in (options.parts or ()) else []
    with drawing(options.typeface):
        return draw_runs(runs, options, found) if several else draw_sheet(runs[0], options, *found)


def _as_runs(runs: Run | Sequence[Run]) -> tuple[Run, ...]:
    """The runs, at least one."""
    several = (runs,) if isinstance(runs, Run) else tuple(runs)
    if not several:
        raise ArgumentError("runs", "must be at least one run")
    return several


def series_bytes(series: Series, drawing_of: Drawing, kind: Kind, *, width: str = "double") -> bytes:
    """A drawing of a series as the bytes of a file.

    Args:
        series: the competitions.
        drawing_of: all images side by side, or each optimized metric at each level of the other.
        kind: "pdf", "svg" or "png".
        width: "single" (3.4 inches), "double" (7.0 inches), "slide" (12.8 inches), or millimeters.

    Raises:
        ArgumentError: there is no such width, or it fixes the height.
    """
    form = format_of(width)
    if form.height is not None:
        free = ", ".join(name for name, known in WIDTHS.items() if known.height is None)
        raise ArgumentError("width", f"must be one of {free}, or millimeters, for a series, got {width!r}")
    with drawing():
        figure = _DRAW[drawing_of](series, form)
    return figure_to_bytes(figure, kind)


def save_figure(
    runs: Run | Sequence[Run],
    path: str | Path,
    *,
    dpi: float | None = None,
    maps: Maps | None = None,
    **options: Unpack[SheetOptions],
) -> None:
    """Write the MAD sheet, or the table of all metrics, to a file, whole or not at all.

    Args:
        runs: a competition, or several.
        path: a name that ends in .pdf, .svg or .png, or, for the table, in .csv or .tex.
        dpi: as in `figure_bytes`.
        maps: as in `mad_sheet`.
        **options: as in `mad_sheet`; a table takes its names from them.

    Raises:
        ArgumentError: the name ends otherwise, or as `figure_bytes`.
        RecordError: the file cannot be written; an older one stays as it was.
    """

    def content_of(kind: Kind | TableKind) -> bytes:
        if kind == "csv" or kind == "tex":
            return table_text(_as_runs(runs), kind, sheet_settings(**options)).encode()
        return figure_bytes(runs, kind, dpi=dpi, maps=maps, **options)

    save_as(path, {**KINDS, **TABLES}, content_of)


def save_contact_sheet(series: Series, path: str | Path, *, width: str = "double") -> None:
    """Write the contact sheet of a series to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "contact sheet", kind, width=width))


def save_level_curves(series: Series, path: str | Path, *, width: str = "double") -> None:
    """Write the curves of a level sweep to a file, whole or not at all; errors as in `save_figure`."""
    save_as(path, KINDS, lambda kind: series_bytes(series, "curves", kind, width=width))


def kind_of_name(path: Path, kinds: Mapping[str, FileKind]) -> FileKind:
    """What kind of file a name means; raises ArgumentError where it ends otherwise; arguments as of `save_as`."""
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise ArgumentError("path", f"must end in {', '.join(kinds)}, got {str(path)!r}")
    return kind


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
    content = content_of(kind_of_name(path, kinds))
    with refusals(f"{path} could not be saved"), staged_file(path) as partial:
        partial.write_bytes(content)
