"""How a campaign looks: its progress, its matrix and its table, as HTML."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from mad_app.campaigns.overview import METRICS, Cell, Item, Stage
from mad_app.figures import contest_title
from mad_app.request import REQUEST_SETTINGS
from mad_app.ui.components.collection import picture_title
from mad_app.ui.components.html import Html, displayable, element, without_paths
from mad_app.ui.components.ratio import times

LONGEST_ROW, MOST_ROWS = 40, 100
"""Columns and rows of a matrix that are shown."""

GREATEST_TINT, TINT_PER_DECADE, LEAST_TINT = 60, 18, 12
"""Percent of color in a cell: of a ratio of 1 the least, more for each factor of ten, never more than the greatest."""

Matrix = Mapping[Any, Mapping[Any, Cell]]


def progress_html(counts: Mapping[Stage, int]) -> Html:
    """A bar with a part for each stage, and its legend in numbers."""
    shown = [(stage, counts.get(stage, 0)) for stage in (Stage.DONE, Stage.RUNNING, Stage.FAILED, Stage.WAITING)]
    parts = [element("i", class_=_class(stage), style=f"flex-grow:{count}") for stage, count in shown if count]
    legend = [
        element("span", element("i", class_=_class(stage)), f"{count} {stage.value.lower()}")
        for stage, count in shown
        if count or stage is Stage.DONE
    ]
    return element(
        "div",
        element("div", *parts, class_="mad-bar", aria_hidden="true"),
        element("p", *legend, class_="mad-legend"),
        class_="mad-progress",
    )


def matrix_html(found: Matrix, rows: str, columns: str) -> Html:
    """Cells with the greatest ratio of their runs, which open that run."""
    heads = list(dict.fromkeys(column for cells in found.values() for column in cells))[:LONGEST_ROW]
    corner = element(
        "td", *(f"{label_of(name)} {arrow}" for name, arrow in ((rows, "↓"), (columns, "→")) if not _is_plain(name))
    )
    head = element("tr", corner, *(element("th", title_of(columns, value), scope="col") for value in heads))
    body = [
        element("tr", element("th", title_of(rows, row), scope="row"), *(_cell(cells.get(column)) for column in heads))
        for row, cells in list(found.items())[:MOST_ROWS]
    ]
    return element("div", element("table", head, *body), class_="mad-matrix", tabindex="0", role="region",
                   aria_label="Matrix of the runs")  # fmt: skip


def table_html(items: Sequence[Item], names: Sequence[str]) -> Html:
    """A line for each run: its stage, in what it differs from the others, its ratio, and why it failed.

    Args:
        items: the runs.
        names: of what varies.
    """
    titles = ["State", *(label_of(name) for name in names), "Ratio", "Seconds", "Result"]
    head = element("tr", *(element("th", title, scope="col") for title in titles))
    return element("div", element("table", head, *(_line(item, names) for item in items)), class_="mad-matrix mad-list",
                   tabindex="0", role="region", aria_label="Table of the runs")  # fmt: skip


def label_of(name: str) -> str:
    """What varies, as a heading."""
    return "Metrics" if name == METRICS else REQUEST_SETTINGS[name].label


def title_of(name: str, value: Any) -> str:
    """A value of what varies, as a heading."""
    if name == METRICS:
        return displayable(contest_title(*value))
    if REQUEST_SETTINGS[name].file:
        return picture_title(str(value).replace("\\", "/").rpartition("/")[2]) if value else "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    known = f"{value:g}" if isinstance(value, float) else str(value)
    return displayable(REQUEST_SETTINGS[name].none if value is None else known)


def reason_of(text: str) -> str:
    """Why a run failed, in a sentence, without folders of the server."""
    shown = without_paths(" ".join(text.split()))
    return displayable(shown[:1].upper() + shown[1:]).rstrip(".") + "."


def _cell(cell: Cell | None) -> Html:
    if cell is None:
        return element("td")
    best, count = cell.best, len(cell.items)
    tip = reason_of(cell.reason) if cell.stage is Stage.FAILED else f"{cell.stage.value}."
    several = element("small", f"{cell.done} of {count}") if cell.done < count > 1 else None
    if best is None or best.entry is None:
        return element(
            "td", element("span", element("b", cell.stage.value), several, title=tip), class_=_class(cell.stage)
        )
    link = element(
        "a", element("b", times(best.ratio)), several, href=_address(best.entry.id), target="_blank", title=tip
    )
    return element("td", link, class_=_class(cell.stage), style=f"--tint:{_tint(best.ratio):.0f}%")


def _line(item: Item, names: Sequence[str]) -> Html:
    last = (
        element("a", "Open", href=_address(item.entry.id), target="_blank")
        if item.entry
        else reason_of(item.reason)
        if item.reason
        else ""
    )
    seconds = "" if item.seconds is None else f"{item.seconds:.1f}"
    return element(
        "tr",
        element("td", element("i", class_=_class(item.stage)), item.stage.value),
        *(element("td", title_of(name, item.value(name))) for name in names),
        element("td", times(item.ratio) if item.entry else ""),
        element("td", seconds),
        element("td", last),
    )


def _is_plain(name: str) -> bool:
    """Whether the values of what varies need no heading."""
    return name == METRICS or REQUEST_SETTINGS[name].file


def _tint(ratio: float | None) -> float:
    """How strong a cell's color is, in percent."""
    decades = math.log10(min(max(ratio or 1.0, 1.0), 1e6))
    return min(GREATEST_TINT, LEAST_TINT + TINT_PER_DECADE * decades)


def _class(stage: Stage) -> str:
    return f"mad-{stage.value.lower()}"


def _address(run_id: str) -> str:
    """Of a run on the page Compete, from any other page."""
    return f"compete?{urlencode({'run': run_id})}"
