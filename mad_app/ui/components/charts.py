"""Charts of rows of values."""

from collections.abc import Sequence
from typing import Any

import altair as alt


def chart_of(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    """A chart of rows, each of which maps the names of fields to values."""
    data: Any = alt.Data
    return alt.Chart(data(values=rows))
