"""Figures: what a record looks like in print, and in words."""

from mad_app.figures.canvas import Kind
from mad_app.figures.export import KINDS, figure_bytes, mad_sheet, save_figure
from mad_app.figures.options import FORMATS, PARTS, SMALLEST_FONT, THEMES, Part, SheetOptions, ThemeName, Width
from mad_app.figures.wording import metric_title, number, outcomes, percentage, verdict

__all__ = [
    "FORMATS",
    "KINDS",
    "PARTS",
    "SMALLEST_FONT",
    "THEMES",
    "Kind",
    "Part",
    "SheetOptions",
    "ThemeName",
    "Width",
    "figure_bytes",
    "mad_sheet",
    "metric_title",
    "number",
    "outcomes",
    "percentage",
    "save_figure",
    "verdict",
]
