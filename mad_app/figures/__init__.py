"""Figures: what a record looks like in print, and in words."""

from mad_app.figures.canvas import Kind
from mad_app.figures.export import KINDS, SheetOptions, figure_bytes, mad_sheet, save_figure
from mad_app.figures.series_export import Drawing, save_contact_sheet, save_ladder_curves, series_bytes
from mad_app.figures.sheet import Width
from mad_app.figures.wording import metric_title, number, outcomes, percentage, verdict

__all__ = [
    "KINDS",
    "Drawing",
    "Kind",
    "SheetOptions",
    "Width",
    "figure_bytes",
    "mad_sheet",
    "metric_title",
    "number",
    "outcomes",
    "percentage",
    "save_contact_sheet",
    "save_figure",
    "save_ladder_curves",
    "series_bytes",
    "verdict",
]
