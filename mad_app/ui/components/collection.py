"""All saved runs as a gallery shows them: one card each, found again by metric, picture and words, in an order."""

import contextlib
import datetime
import functools
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mad_app.distortions import DISTORTIONS
from mad_app.figures import metric_title
from mad_app.images import BUNDLED
from mad_app.records import (
    Label,
    RecordError,
    Summary,
    find_run,
    is_resumable,
    load_label,
    load_summary,
    most_separated_pair,
    pair_ratio,
    without_folders,
)
from mad_app.records.labels import label_path
from mad_app.records.storage import list_names, refusals


@dataclass(frozen=True)
class Card:
    """A run as a gallery shows it.

    Attributes:
        summary: of its record.
        label: what people call it and note.
        pair: the pair that was driven farther apart, 0 or 1.
        ratio: how many times as far; None if that is not known.
        unfinished: it can go on from a checkpoint.
    """

    summary: Summary
    label: Label
    pair: int
    ratio: float | None
    unfinished: bool

    @property
    def id(self) -> str:
        """Of the run."""
        return self.summary.id

    @property
    def metrics(self) -> tuple[str, str]:
        """Names of the two rivals."""
        return self.summary.images[0].optimized, self.summary.images[0].fixed

    @property
    def picture(self) -> str:
        """What the record calls the picture."""
        return without_folders(self.summary.settings).get("image") or "picture"

    @property
    def rivals(self) -> str:
        """Who competed."""
        return " against ".join(metric_title(name) for name in self.metrics)

    @property
    def title(self) -> str:
        """What it is called, by people if they said so."""
        return self.label.name or self.rivals


@dataclass(frozen=True)
class Cards:
    """What lies in the folder of the runs.

    Attributes:
        cards: of all runs that can be read, newest first.
        faults: why others cannot be read, a sentence each.
    """

    cards: tuple[Card, ...] = ()
    faults: tuple[str, ...] = ()


ORDERS: dict[str, tuple[str, Callable[[Card], object], bool]] = {
    "newest": ("Newest first", lambda card: card.summary.created, True),
    "oldest": ("Oldest first", lambda card: card.summary.created, False),
    "widest": ("Widest apart first", lambda card: card.ratio or 0.0, True),
    "closest": ("Closest first", lambda card: card.ratio or 0.0, False),
}
"""Name of an order to what people read, what is compared, and whether the greatest comes first."""


@dataclass(frozen=True)
class Wanted:
    """Which cards are shown.

    Attributes:
        metrics: names of metrics that all compete in the run.
        pictures: names of which one is the run's picture; any if empty.
        words: all of which occur in what is known of the run, in either case.
        order: one of ORDERS.
    """

    metrics: Sequence[str] = ()
    pictures: Sequence[str] = ()
    words: str = ""
    order: str = field(default="newest")


def all_cards(root: Path) -> Cards:
    """All runs under `root`; what has not changed is not read again.

    Raises:
        RecordError: the folder cannot be listed.
    """
    cards, faults = [], []
    with refusals(f"the runs in {root} could not be listed"):
        names = list_names(root)
    for name in names:
        try:
            folder = find_run(root, name)
            cards.append(_card(folder, _stamp(folder / "run.json"), _stamp(label_path(folder)), is_resumable(folder)))
        except RecordError as error:
            if (root / name).is_dir():
                faults.append(f"{name} is no readable record: {error}")
    return Cards(tuple(sorted(cards, key=lambda card: (card.summary.created, card.id), reverse=True)), tuple(faults))


def find_cards(cards: Iterable[Card], wanted: Wanted) -> list[Card]:
    """Those that are wanted, in the order that is wanted."""
    words = wanted.words.casefold().split()
    found = [
        card
        for card in cards
        if set(wanted.metrics) <= set(card.metrics)
        and (not wanted.pictures or card.picture in wanted.pictures)
        and all(word in _said_of(card) for word in words)
    ]
    _, key, descending = ORDERS[wanted.order]
    return sorted(found, key=key, reverse=descending)  # type: ignore[arg-type]


def picture_title(name: str) -> str:
    """What a picture is called on a page."""
    return BUNDLED[name].title if name in BUNDLED else name


def conditions(settings: Mapping[str, object]) -> str:
    """Picture, size, distortion and steps in a line, as far as the record tells."""
    distortion = DISTORTIONS.get(str(settings.get("distortion")))
    strength = settings.get("strength")
    parts = [picture_title(without_folders(settings).get("image") or "picture")]
    if settings.get("size"):
        parts.append(f"{settings['size']} × {settings['size']}")
    if distortion:
        title = distortion.title if distortion.title[:2].isupper() else distortion.title.lower()
        parts.append(title + (f" {strength:g}" if isinstance(strength, int | float) else ""))
    if settings.get("steps"):
        parts.append(f"{settings['steps']} steps")
    return " · ".join(parts)


def date_of(summary: Summary, timezone: str | None = None) -> str:
    """When it was saved, in a time zone such as "Europe/Berlin"; in UTC if it is not known.

    Example:
        >>> date_of(Summary(folder=Path(), created="2026-11-23T06:32:57Z", settings={}, seconds=0, images=(), extra={}))
        '23 Nov 2026, 06:32'
    """
    zone: datetime.tzinfo = datetime.UTC
    with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
        zone = zoneinfo.ZoneInfo(timezone) if timezone else zone
    when = datetime.datetime.fromisoformat(summary.created)
    when = when.astimezone(zone) if when.tzinfo else when
    return f"{when.day} {when:%b %Y, %H:%M}"


@functools.lru_cache(maxsize=4096)
def _card(folder: Path, record: int, label: int, unfinished: bool) -> Card:
    """A card; the stamps of the record's and the label's file tell when it has to be read again."""
    del record, label
    summary = load_summary(folder)
    try:
        said = load_label(folder)
    except RecordError as error:
        said = Label(notes=f"(Its name and notes cannot be read: {error})"[:1000])
    pair = most_separated_pair(summary.images)
    return Card(summary, said, pair, pair_ratio(summary.images, pair), unfinished)


def _stamp(path: Path) -> int:
    """A number that changes when the file is written, 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _said_of(card: Card) -> str:
    texts = (card.id, card.rivals, *card.metrics, picture_title(card.picture), card.label.name, card.label.notes)
    return " ".join(texts).casefold()
