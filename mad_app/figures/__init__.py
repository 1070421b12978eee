"""Figures: what a record looks like in print, in motion, and in words.

Here are the words. What draws imports Matplotlib, and is imported from its module: `export`, `animation`,
`web_page.page`.
"""

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
    "running_drift_sentence",
    "setting_phrases",
    "settings_sentence",
    "start_phrase",
    "times",
]
