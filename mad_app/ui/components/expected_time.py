"""About how long a run would take, beside the choice of its size: by earlier runs of the same metrics."""

from pathlib import Path

import streamlit as st

from mad_app.competition import Reason
from mad_app.jobs.paths import runs_root
from mad_app.metrics.devices import may_use_accelerator
from mad_app.records import RecordError
from mad_app.request import Request
from mad_app.runs.pace import Pace, expected_seconds
from mad_app.ui.components.collection import Card, all_cards, shelf_cards
from mad_app.ui.components.duration import about

MOST_RUNS = 50
"""How many of the newest runs are looked at."""

RENEWAL_SECONDS = 30.0
"""How long what they took is remembered."""


def show_expected_time(request: Request, shape: tuple[int, ...]) -> None:
    """Say how long the request takes with images of this height and width, if that is known."""
    st.caption(describe_expected_time(request, shape, expected_time(request, shape)))


def expected_time(request: Request, shape: tuple[int, ...]) -> float | None:
    """About how many seconds the request takes with images of this height and width; None if it is not known."""
    height, width = shape[:2]
    metrics = request.first, request.second
    seconds = expected_seconds(metrics, height * width, request.steps, _known(runs_root()))
    return seconds if seconds is None else min(seconds, request.seconds or seconds)


def describe_expected_time(request: Request, shape: tuple[int, ...], seconds: float | None) -> str:
    """The sentence for a request with images of this height and width that takes so many seconds.

    Example:
        >>> describe_expected_time(Request(steps=200), (100, 400, 3), 8.0)
        '400 × 100 pixels, 200 steps: about 8 s, by earlier runs of these metrics.'
    """
    height, width = shape[:2]
    if seconds is None:
        return f"{width} × {height} pixels. How long a run of these metrics takes is known after the first one."
    steps = "1 step" if request.steps == 1 else f"{request.steps} steps"
    return f"{width} × {height} pixels, {steps}: {about(seconds)}, by earlier runs of these metrics."


@st.cache_data(show_spinner=False, ttl=RENEWAL_SECONDS)
def _known(root: Path) -> list[Pace]:
    """What a step took in the newest runs; of the runs that come with the program, too, where there is but a CPU."""
    try:
        cards = list(all_cards(root).cards)[:MOST_RUNS]
    except RecordError:
        cards = []
    cards += [] if may_use_accelerator() else shelf_cards()
    return [pace for card in cards if (pace := _pace(card)) is not None]


def _pace(card: Card) -> Pace | None:
    """What a step took; None where not all steps of the run were made, or the record cannot be read any longer."""
    try:
        summary, size = card.summary, card.size
    except RecordError:
        return None
    steps = summary.settings.get("steps")
    all_made = Reason.BUDGET.value in {image.outcome for image in summary.results}
    if not (size and isinstance(steps, int) and steps > 0 and all_made and summary.seconds > 0):
        return None
    return Pace(frozenset(card.metrics), size[0] * size[1], summary.seconds / steps)
