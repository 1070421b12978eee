"""Lessons on how metrics see: each one's texts, its state, and its mathematics as pure functions.

    from mad_app.lessons.neighborhood import look_at

    look_at(reference, row=30, column=30, channel=1).coefficients

Pages only show what these functions return.
"""

from mad_app.lessons.lesson import Lesson, Prediction, read_state, write_state
from mad_app.lessons.table import LESSONS

__all__ = ["LESSONS", "Lesson", "Prediction", "read_state", "write_state"]
