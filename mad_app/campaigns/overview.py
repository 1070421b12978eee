"""What a campaign's runs have become, one by one, as a matrix and as a table: pure values, without a page."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mad_app.campaigns.spec import Campaign
from mad_app.records import State
from mad_app.records.index import Entry
from mad_app.request import REQUEST_SETTINGS, Request

METRICS = "metrics"
"""The name of what varies where the pair of metrics does."""


class Stage(Enum):
    """What has become of a run."""

    DONE = "Done"
    RUNNING = "Running"
    FAILED = "Failed"
    WAITING = "Waiting"


@dataclass(frozen=True)
class Item:
    """A run of a campaign.

    Attributes:
        id: of its request.
        request: what is asked.
        stage: what has become of it.
        entry: its finished run; None while there is none.
        reason: why it failed.
        seconds: that it took; None while that is not known.
    """

    id: str
    request: Request
    stage: Stage
    entry: Entry | None = None
    reason: str = ""
    seconds: float | None = None

    @property
    def ratio(self) -> float | None:
        """Of its most separated pair; None while there is none."""
        return self.entry.ratio if self.entry else None

    def value(self, name: str) -> Any:
        """Of what varies: a setting's value, or both metrics."""
        return (self.request.first, self.request.second) if name == METRICS else getattr(self.request, name)


@dataclass(frozen=True)
class Cell:
    """The runs of a campaign that share a row and a column; at least one.

    Attributes:
        items: the runs.
    """

    items: Sequence[Item]

    @property
    def stage(self) -> Stage:
        """What is said of all: that one failed, that one runs, that one waits, or that all are done."""
        stages = {item.stage for item in self.items}
        return next(stage for stage in (Stage.FAILED, Stage.RUNNING, Stage.WAITING, Stage.DONE) if stage in stages)

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(item.stage is Stage.DONE for item in self.items)

    @property
    def best(self) -> Item | None:
        """The run that is done whose pair is most separated."""
        done = [item for item in self.items if item.stage is Stage.DONE]
        return max(done, key=lambda item: item.ratio or 0.0, default=None)

    @property
    def reason(self) -> str:
        """Why the first that failed did."""
        return next((item.reason for item in self.items if item.stage is Stage.FAILED), "")


def items_of(
    campaign: Campaign, entries: Iterable[Entry], outcomes: Mapping[str, Mapping[str, Any]], begun: Collection[str]
) -> list[Item]:
    """The runs of a campaign, in the order of its file.

    Args:
        campaign: the campaign.
        entries: of all runs in the folder, the newest first.
        outcomes: of runs that ended, by the ids of their requests (`Outcomes.lines`).
        begun: ids of those that a worker computes now.
    """
    finished: dict[str, Entry] = {}
    for entry in entries:
        if entry.state is State.FINISHED and entry.request_id in campaign.requests:
            finished.setdefault(entry.request_id, entry)
    return [
        _item(identity, request, finished.get(identity), outcomes.get(identity, {}), identity in begun)
        for identity, request in campaign.requests.items()
    ]


def varied(campaign: Campaign) -> list[str]:
    """In what a campaign's runs differ: METRICS, the picture, and then other settings; METRICS where they do not."""
    requests = campaign.requests.values()
    names = ["image", *(name for name in REQUEST_SETTINGS if name not in ("image", "first", "second"))]
    differ = [name for name in names if len({getattr(request, name) for request in requests}) > 1]
    pairs = {(request.first, request.second) for request in requests}
    return [METRICS, *differ] if len(pairs) > 1 or not differ else differ


def matrix(items: Iterable[Item], rows: str, columns: str) -> dict[Any, dict[Any, Cell]]:
    """The runs by their values of two things that vary: row, column, cell; in the order of the file."""
    found: dict[Any, dict[Any, list[Item]]] = {}
    for item in items:
        found.setdefault(item.value(rows), {}).setdefault(item.value(columns), []).append(item)
    return {row: {column: Cell(of) for column, of in cells.items()} for row, cells in found.items()}


def table_csv(items: Iterable[Item]) -> str:
    """One line for each run: what became of it, its settings, and its result."""
    text = io.StringIO()
    names = list(REQUEST_SETTINGS)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["request", "state", "run", "ratio", "seconds", "reason", *names])
    for item in items:
        run = item.entry.id if item.entry else ""
        result = [item.id, item.stage.value.lower(), run, item.ratio, item.seconds, item.reason]
        writer.writerow([*result, *(getattr(item.request, name) for name in names)])
    return text.getvalue()


def _item(identity: str, request: Request, entry: Entry | None, outcome: Mapping[str, Any], runs: bool) -> Item:
    failed = outcome.get("state") == "failed"
    stage = Stage.DONE if entry else Stage.RUNNING if runs else Stage.FAILED if failed else Stage.WAITING
    seconds = outcome.get("seconds")
    return Item(
        identity,
        request,
        stage,
        entry,
        reason=str(outcome.get("reason", "")) if stage is Stage.FAILED else "",
        seconds=float(seconds) if isinstance(seconds, int | float) and stage is Stage.DONE else None,
    )
