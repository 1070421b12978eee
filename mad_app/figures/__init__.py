"""Figures: what a record looks like in print, in motion, and in words.

What draws, and imports Matplotlib, is imported when it is first used; the words are imported at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

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
    running_drift_sentence,
    setting_phrases,
    settings_sentence,
    start_phrase,
    times,
)

if TYPE_CHECKING:
    from mad_app.figures.animation import MOVINGS, Moving, animation_bytes, save_animation
    from mad_app.figures.canvas import Kind
    from mad_app.figures.captions import Captions, caption, captions_of, short_caption
    from mad_app.figures.contact_sheet import missing_phrases
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
    from mad_app.figures.measures import MM, NARROWEST, SMALLEST_FONT, WIDEST, WIDTHS, format_of
    from mad_app.figures.options import (
        PAIRS,
        PARTS,
        SEVERAL,
        SHEET_SETTINGS,
        UNASKED,
        Part,
        SheetOptions,
        SheetSettings,
        sheet_settings,
    )
    from mad_app.figures.several import MOST_RUNS
    from mad_app.figures.tables import TABLES, TableKind, table_text
    from mad_app.figures.themes import THEMES, ThemeName
    from mad_app.figures.typefaces import LATEX, font_names
    from mad_app.figures.web_page.page import (
        run_page,
        save_run_page,
        save_series_page,
        save_shelf_page,
        series_page,
        shelf_page,
    )

_DRAWING: dict[str, tuple[str, ...]] = {
    "animation": ("MOVINGS", "Moving", "animation_bytes", "save_animation"),
    "canvas": ("Kind",),
    "captions": ("Captions", "caption", "captions_of", "short_caption"),
    "contact_sheet": ("missing_phrases",),
    "export": (
        "KINDS",
        "Drawing",
        "figure_bytes",
        "mad_sheet",
        "save_contact_sheet",
        "save_figure",
        "save_level_curves",
        "series_bytes",
    ),
    "measures": ("MM", "NARROWEST", "SMALLEST_FONT", "WIDEST", "WIDTHS", "format_of"),
    "options": (
        "PAIRS",
        "PARTS",
        "SEVERAL",
        "SHEET_SETTINGS",
        "UNASKED",
        "Part",
        "SheetOptions",
        "SheetSettings",
        "sheet_settings",
    ),
    "several": ("MOST_RUNS",),
    "tables": ("TABLES", "TableKind", "table_text"),
    "themes": ("THEMES", "ThemeName"),
    "typefaces": ("LATEX", "font_names"),
    "web_page.page": ("run_page", "save_run_page", "save_series_page", "save_shelf_page", "series_page", "shelf_page"),
}
"""Names by the modules that define them."""


def __getattr__(name: str) -> Any:
    """A name of a module that draws."""
    for module, names in _DRAWING.items():
        if name in names:
            return getattr(importlib.import_module(f"mad_app.figures.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "KEPT_8BIT",
    "KINDS",
    "LATEX",
    "LETTERS",
    "MM",
    "MOST_RUNS",
    "MOVINGS",
    "NARROWEST",
    "OUTCOMES",
    "PAIRS",
    "PARTS",
    "SEVERAL",
    "SHEET_SETTINGS",
    "SMALLEST_FONT",
    "TABLES",
    "THEMES",
    "UNASKED",
    "WIDEST",
    "WIDTHS",
    "Captions",
    "Drawing",
    "Kind",
    "Moving",
    "Part",
    "SheetOptions",
    "SheetSettings",
    "TableKind",
    "ThemeName",
    "animation_bytes",
    "caption",
    "captions_of",
    "contest_title",
    "drift_magnitude",
    "drift_sentence",
    "figure_bytes",
    "font_names",
    "format_of",
    "image_title",
    "mad_sheet",
    "metric_title",
    "missing_phrases",
    "number",
    "outcome_sentence",
    "pair_sentence",
    "percentage",
    "picture_phrases",
    "reported_drift_sentence",
    "run_page",
    "running_drift_sentence",
    "save_animation",
    "save_contact_sheet",
    "save_figure",
    "save_level_curves",
    "save_run_page",
    "save_series_page",
    "save_shelf_page",
    "series_bytes",
    "series_page",
    "setting_phrases",
    "settings_sentence",
    "sheet_settings",
    "shelf_page",
    "short_caption",
    "start_phrase",
    "table_text",
    "times",
]
