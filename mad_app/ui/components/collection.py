"""All saved runs as a gallery shows them: one card each, found by metric, picture and words, in an order."""

import contextlib
import datetime
import functools
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from mad_app.distortions import DISTORTIONS
from mad_app.figures import contest_title
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
        label: its name and notes.
        pair: the most separated pair, 0 or 1.
        ratio: of the optimized metric's two values of that pair, at least 1; None if unknown.
        unfinished: it can be continued from a checkpoint.
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
        """Names of both metrics."""
        return self.summary.images[0].optimized, self.summary.images[0].fixed

    @property
    def picture(self) -> str:
        """What the record calls the picture."""
        return without_folders(self.summary.settings).get("image") or "picture"

    @property
    def contest(self) -> str:
        """Both metrics, as a heading."""
        return contest_title(*self.metrics)

    @property
    def title(self) -> str:
        """Its name, if people gave it one, else both metrics."""
        return self.label.name or self.contest


@dataclass(frozen=True)
class Cards:
    """What is in the folder of the runs.

    Attributes:
        cards: of all runs that can be read, newest first.
        faults: why others cannot be read, a sentence each.
    """

    cards: tuple[Card, ...] = ()
    faults: tuple[str, ...] = ()


ORDERS: dict[str, tuple[str, Callable[[Card], object], bool]] = {
    "newest": ("Newest first", lambda card: card.summary.created, True),
    "oldest": ("Oldest first", lambda card: card.summary.created, False),
    "widest": ("Largest ratio first", lambda card: card.ratio or 0.0, True),
    "closest": ("Smallest ratio first", lambda card: card.ratio or 0.0, False),
}
"""Name of an order to its label, what is compared, and whether the greatest comes first."""


@dataclass(frozen=True)
class Filter:
    """Which cards are shown, and in which order.

    Attributes:
        metrics: names of metrics that all compete in the run.
        pictures: names of which one is the run's picture; any if empty.
        words: all of which occur in the texts of the run, in upper or lower case.
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
            cards.append(
                _card(folder, _modified(folder / "run.json"), _modified(label_path(folder)), is_resumable(folder))
            )
        except RecordError as error:
            if (root / name).is_dir():
                faults.append(f"{name} is no readable record: {error}")
    return Cards(tuple(sorted(cards, key=lambda card: (card.summary.created, card.id), reverse=True)), tuple(faults))


def find_cards(cards: Iterable[Card], chosen: Filter) -> list[Card]:
    """The cards that pass a filter, in its order."""
    words = chosen.words.casefold().split()
    found = [
        card
        for card in cards
        if set(chosen.metrics) <= set(card.metrics)
        and (not chosen.pictures or card.picture in chosen.pictures)
        and all(word in _texts_of(card) for word in words)
    ]
    _, key, descending = ORDERS[chosen.order]
    return sorted(found, key=key, reverse=descending)  # type: ignore[arg-type]


def picture_title(name: str) -> str:
    """The title of a picture on a page."""
    return BUNDLED[name].title if name in BUNDLED else name


def conditions(settings: Mapping[str, object], size: tuple[int, int] | None) -> str:
    """Picture, size, distortion and steps in a line, as far as they are known.

    Args:
        settings: of the record.
        size: width and height of the images in pixels.
    """
    distortion = DISTORTIONS.get(str(settings.get("distortion")))
    strength = settings.get("strength")
    parts = [picture_title(without_folders(settings).get("image") or "picture")]
    if size:
        parts.append(f"{size[0]} × {size[1]}")
    if distortion:
        title = distortion.title if distortion.title[:2].isupper() else distortion.title.lower()
        parts.append(title + (f" {strength:g}" if isinstance(strength, int | float) else ""))
    if settings.get("steps"):
        parts.append(f"{settings['steps']} steps")
    return " · ".join(parts)


def date_of(summary: Summary, timezone: str | None = None) -> str:
    """When it was saved, in a time zone such as "Europe/Berlin"; in UTC if unknown.

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


def size_of(folder: Path | None) -> tuple[int, int] | None:
    """Width and height in pixels of the images of the run in a folder, None if unknown."""
    path = (folder or Path()) / "reference.png"
    return _size(path, _modified(path))


@functools.lru_cache(maxsize=4096)
def _size(path: Path, modified: int) -> tuple[int, int] | None:
    """Of a picture file, from its header; read again only when it was modified."""
    del modified
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            return picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


@functools.lru_cache(maxsize=4096)
def _card(folder: Path, record: int, label: int, unfinished: bool) -> Card:
    """A card; read again only when the record's or the label's file was modified."""
    del record, label
    summary = load_summary(folder)
    try:
        known = load_label(folder)
    except RecordError as error:
        known = Label(notes=f"(Its name and notes cannot be read: {error})"[:1000])
    pair = most_separated_pair(summary.images)
    return Card(summary, known, pair, pair_ratio(summary.images, pair), unfinished)


def _modified(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _texts_of(card: Card) -> str:
    texts = (card.id, card.contest, *card.metrics, picture_title(card.picture), card.label.name, card.label.notes)
    return " ".join(texts).casefold()
