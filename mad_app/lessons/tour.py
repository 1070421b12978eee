"""The guided tour: four lessons and a finished run, in ten minutes; at each stop one thing to do."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A stop of the tour.

    Attributes:
        lesson: its name in LESSONS; None for the finished run.
        minutes: to stay.
        task: what to do here, one or two sentences of Markdown.
    """

    lesson: str | None
    minutes: int
    task: str


TOUR = (
    Stop(
        lesson="mad",
        minutes=2,
        task="Press **From the start**, then **Play**: four points run along the curves on which a metric does not "
        "change. Then drag the start, and play again.",
    ),
    Stop(
        lesson="equal",
        minutes=2,
        task="Choose the copy that looks best to you, and the one that looks worst. The metric rates all of them the "
        "same. Then answer the prediction.",
    ),
    Stop(
        lesson="lasi",
        minutes=2,
        task="Click a pixel in a smooth area, and one on an edge. The bars show how LASI predicts that pixel; "
        "such weights, not the pixels, are what it compares.",
    ),
    Stop(
        lesson="lpips",
        minutes=2,
        task="Both copies have the same LPIPS. Switch layers off under **Layers that count** until one of them is "
        "clearly nearer.",
    ),
    Stop(
        lesson=None,
        minutes=2,
        task="Now both metrics compete on a picture of thousands of pixels. Press **Play** (key K) and watch the pair. "
        "Which of the two metrics has failed here?",
    ),
)
"""The stops in their order."""


def minutes_left(stop: int) -> int:
    """Minutes from the beginning of a stop, counted from 1, to the end of the tour.

    Example:
        >>> minutes_left(1), minutes_left(5)
        (10, 2)
    """
    return sum(one.minutes for one in TOUR[stop - 1 :])


def read_stop(text: str) -> int | None:
    """The stop that an address names, counted from 1; None if there is no such stop.

    Example:
        >>> read_stop("2"), read_stop("0"), read_stop("two")
        (2, None, None)
    """
    return int(text) if text in {str(i) for i in range(1, len(TOUR) + 1)} else None
