"""Figures: what a record looks like in print, in motion, and in words."""

from mad_app.figures.animation import MOVINGS, Moving, animation_bytes, save_animation
from mad_app.figures.canvas import Kind
from mad_app.figures.caption import caption, latex_caption
from mad_app.figures.export import (
    KINDS,
    Drawing,
    figure_bytes,
    mad_sheet,
    save_contact_sheet,
    save_figure,
    save_level_curves,
    series_bytes,
)
from mad_app.figures.options import FORMATS, PARTS, SMALLEST_FONT, THEMES, Part, SheetOptions, ThemeName, Width
from mad_app.figures.text import (
    contest_title,
    drift_magnitude,
    drift_sentence,
    image_title,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    percentage,
    running_drift_sentence,
    settings_sentence,
)

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
    "drift_magnitude",
    "drift_sentence",
    "figure_bytes",
    "image_title",
    "latex_caption",
    "mad_sheet",
    "metric_title",
    "number",
    "outcome_sentence",
    "pair_sentence",
    "percentage",
    "running_drift_sentence",
    "save_animation",
    "save_contact_sheet",
    "save_figure",
    "save_level_curves",
    "series_bytes",
    "settings_sentence",
]
