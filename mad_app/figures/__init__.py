"""Figures: what a record looks like in print, in motion, and in words.

The words are imported at once; what draws imports Matplotlib, and is imported from its module when it is first used.
"""

import importlib
from typing import Any

from mad_app.figures.text import (
    KEPT_8BIT,
    LETTERS,
    OUTCOMES,
    contest_title,
    drift_magnitude,
    drift_sentence,
    image_title,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    percentage,
    picture_phrases,
    reported_drift_sentence,
    restoration_text,
    running_drift_sentence,
    setting_phrases,
    settings_sentence,
    start_phrase,
    times,
)

__all__ = [
    "KEPT_8BIT",
    "LETTERS",
    "OUTCOMES",
    "contest_title",
    "drift_magnitude",
    "drift_sentence",
    "image_title",
    "metric_title",
    "number",
    "outcome_sentence",
    "pair_sentence",
    "percentage",
    "picture_phrases",
    "reported_drift_sentence",
    "restoration_text",
    "running_drift_sentence",
    "setting_phrases",
    "settings_sentence",
    "start_phrase",
    "times",
]

_DRAWING = {
    "animation": ("animation_bytes", "save_animation"),
    "captions": ("caption", "captions_of", "short_caption"),
    "export": ("figure_bytes", "mad_sheet", "save_contact_sheet", "save_figure", "save_level_curves", "series_bytes"),
    "options": ("SheetOptions",),
    "tables": ("table_text",),
    "web_page.page": ("run_page", "save_run_page", "save_series_page", "save_shelf_page", "series_page", "shelf_page"),
}
"""What users draw with, by module; this package imports it from there."""


def __getattr__(name: str) -> Any:
    """What draws, from its module."""
    for module, names in _DRAWING.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
