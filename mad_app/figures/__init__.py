"""Figures: what a record looks like in print, in motion, and in words."""

from mad_app.figures.animation import MOVINGS, Moving, animation_bytes, save_animation
from mad_app.figures.canvas import Kind
from mad_app.figures.caption import caption, latex_caption
from mad_app.figures.export import KINDS, figure_bytes, mad_sheet, save_figure
from mad_app.figures.options import FORMATS, PARTS, SMALLEST_FONT, THEMES, Part, SheetOptions, ThemeName, Width
from mad_app.figures.series_export import Drawing, save_contact_sheet, save_level_curves, series_bytes
from mad_app.figures.text import contest_title, metric_title, number, outcomes, percentage, verdict

__all__ = [
    "FORMATS",
    "KINDS",
    "MOVINGS",
    "PARTS",
    "SMALLEST_FONT",
    "THEMES",
    "Drawing",
    "Kind",
    "Moving",
    "Part",
    "SheetOptions",
    "ThemeName",
    "Width",
    "animation_bytes",
    "caption",
    "contest_title",
    "figure_bytes",
    "latex_caption",
    "mad_sheet",
    "metric_title",
    "number",
    "outcomes",
    "percentage",
    "save_animation",
    "save_contact_sheet",
    "save_figure",
    "save_level_curves",
    "series_bytes",
    "verdict",
]
