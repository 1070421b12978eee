"""What several runs share, and what distinguishes each, in words."""

from collections import Counter
from collections.abc import Sequence

from mad_app.errors import ArgumentError
from mad_app.figures.options import SheetSettings
from mad_app.figures.text import (
    contest_title,
    length_phrases,
    picture_phrases,
    setting_phrases,
    start_phrase,
    typeset_powers,
)
from mad_app.records import Run


def contest_of(run: Run) -> str:
    """The two metrics of a run."""
    return contest_title(run.results[0].optimized, run.results[0].fixed)


def common_contest(runs: Sequence[Run]) -> str:
    """The two metrics of all runs; empty where they differ."""
    contests = {contest_of(run) for run in runs}
    return contests.pop() if len(contests) == 1 else ""


def common_phrases(runs: Sequence[Run]) -> list[str]:
    """Picture, size, start, settings, steps and seed, as far as all runs share them."""
    first, *others = (_phrases(run) for run in runs)
    return [typeset_powers(phrase) for phrase in first if all(phrase in other for other in others)]


def row_labels(runs: Sequence[Run], options: SheetSettings) -> list[str]:
    """The names of the runs: those that are chosen, or what distinguishes each; no two are alike.

    Raises:
        ArgumentError: another number of names is chosen than there are runs.
    """
    if options.row_names is not None:
        if len(options.row_names) != len(runs):
            raise ArgumentError(
                "rows", f"must name {_count(len(runs), 'run')}, got {_count(len(options.row_names), 'name')}"
            )
        return list(options.row_names)
    shared, one_contest = set(common_phrases(runs)), common_contest(runs)
    labels = []
    for run in runs:
        own = [phrase for phrase in map(typeset_powers, _phrases(run)) if phrase not in shared]
        contest = [] if one_contest else [contest_of(run)]
        labels.append(", ".join([*contest, *own]) or picture_phrases(run)[0])
    counts = Counter(labels)
    return [f"{n}: {label}" if counts[label] > 1 else label for n, label in enumerate(labels, 1)]


def _phrases(run: Run) -> list[str]:
    return [*picture_phrases(run), start_phrase(run.settings), *setting_phrases(run), *length_phrases(run)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
