"""Charts of rows of values."""

from collections.abc import Sequence
from typing import Any

import altair as alt

NEUTRAL = "#808080"
"""Of marks that are no data; seen on a light and on a dark page, unlike Vega's black."""


def chart_of(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    """A chart of rows, each of which maps the names of fields to values."""
    data: Any = alt.Data
    return alt.Chart(data(values=rows))
