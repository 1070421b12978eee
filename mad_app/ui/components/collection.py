"""All saved runs as a gallery shows them: one card each, found by metric, picture and words, in an order."""

import contextlib
import datetime
import functools
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mad_app.distortions import DISTORTIONS
from mad_app.figures import contest_title
from mad_app.images import BUNDLED
from mad_app.jobs.paths import runs_root
from mad_app.records import (
    SHELF,
    SHELF_RUNS,
    Label,
    RecordError,
    Summary,
    find_run,
    is_series,
    shelf_folder,
    shelf_root,
    without_folders,
)
from mad_app.records.index import Entries, Entry, Index, SeriesEntry
from mad_app.records.storage import stamp
from mad_app.records.upgrade import png_size
from mad_app.ui.components.html import displayable


@dataclass(frozen=True)
class Card:
    """A run as a gallery shows it.

    Attributes:
        entry: what the index of the runs has of it.
        series: id of the series that it belongs to, empty for a run of its own.
    """

    entry: Entry
    series: str = ""

    @property
    def id(self) -> str:
        """By which `find_folder` finds it: the name of its folder, after its series' if it is in one."""
        return f"{self.series}/{self.entry.id}" if self.series else self.entry.id

    @property
    def key(self) -> str:
        """What the keys of its widgets carry."""
        return displayable(self.id)

    @property
    def summary(self) -> Summary:
        """Of its record; raises RecordError where it cannot be read any longer."""
        return self.entry.summary

    @property
    def folder(self) -> Path:
        """Of its record."""
        return self.entry.folder

    @property
    def label(self) -> Label:
        """Its name and notes."""
        return self.entry.label

    @property
    def pair(self) -> int:
        """The most separated pair, 0 or 1."""
        return self.entry.pair

    @property
    def ratio(self) -> float | None:
        """Of the optimized metric's two values of that pair, at least 1; None if unknown."""
        return self.entry.ratio

    @property
    def unfinished(self) -> bool:
        """Whether it can be continued from a checkpoint."""
        return self.entry.unfinished

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its images in pixels, None if unknown."""
        width, height = self.entry.width, self.entry.height
        return (width, height) if width and height else size_of(self.folder)

    @property
    def metrics(self) -> tuple[str, str]:
        """Names of both metrics."""
        return self.entry.metrics

    @property
    def picture(self) -> str:
        """What the record calls the picture."""
        return _picture(self.entry.image)

    @property
    def contest(self) -> str:
        """Both metrics, as a heading."""
        return displayable(contest_title(*self.metrics))

    @functools.cached_property
    def texts(self) -> str:
        """What a search for words looks at, in lower case."""
        picture, label = picture_title(self.picture), self.label
        return " ".join((self.id, self.contest, *self.metrics, picture, label.name, label.notes)).casefold()

    @property
    def title(self) -> str:
        """Its name, if people gave it one, else both metrics."""
        return self.label.name or self.contest


@dataclass(frozen=True)
class SeriesCard:
    """A series as a gallery shows it.

    Attributes:
        entry: what the index of the runs has of it.
    """

    entry: SeriesEntry

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.entry.folder.name

    @property
    def kind(self) -> str:
        """What it is, as a heading."""
        return displayable(SERIES_TITLES.get(self.entry.kind, self.entry.kind.replace("_", " ").capitalize()))


SERIES_TITLES = {"level_sweep": "Level sweep", "repeated_seeds": "Repeated seeds"}
"""Kind of a series to its title; a preset is called by its name."""


@dataclass(frozen=True)
class Cards:
    """What is in the folder of the runs.

    Attributes:
        cards: of all runs that can be read, newest first.
        series: likewise.
        faults: name of a folder to why it cannot be read, in a sentence.
    """

    cards: tuple[Card, ...] = ()
    series: tuple[SeriesCard, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)


ORDERS: dict[str, tuple[str, Callable[[Card], object], bool]] = {
    "newest": ("Newest first", lambda card: card.entry.created, True),
    "oldest": ("Oldest first", lambda card: card.entry.created, False),
    "widest": ("Largest ratio first", lambda card: card.ratio or 0.0, True),
    "closest": ("Smallest ratio first", lambda card: card.ratio or 0.0, False),
}
"""Name of an order to its label, what is compared, and whether the greatest comes first."""


@dataclass(frozen=True)
class Filter:
    """Which cards are shown, and in which order.

    Attributes:
        metrics: names; of one, the runs in which it competes; of several, those in which two of them compete.
        pictures: names of which one is the run's picture; any if empty.
        words: all of which occur in the texts of the run, in upper or lower case.
        order: one of ORDERS.
    """

    metrics: Sequence[str] = ()
    pictures: Sequence[str] = ()
    words: str = ""
    order: str = field(default="newest")


def all_cards(root: Path) -> Cards:
    """All runs and series under `root`; what has not changed is not read again.

    Raises:
        RecordError: the folder cannot be listed.
    """
    return _cards(index_of(root).entries())


@functools.lru_cache(maxsize=2)
def _cards(found: Entries) -> Cards:
    """The cards of what an index found, which is the same object as long as nothing changes."""
    return Cards(tuple(map(Card, found.runs)), tuple(map(SeriesCard, found.series)), found.faults)


def cards_of_series(root: Path, series_id: str) -> Cards:
    """The runs of a series.

    Raises:
        RecordError: there is no such series, or it cannot be listed.
    """
    folder = find_run(root, series_id)
    if not is_series(folder):
        raise RecordError(f"{series_id} is no series")
    found = index_of(folder, on_disk=False).entries()
    return Cards(tuple(Card(entry, series_id) for entry in found.runs), (), found.faults)


def runs_with_series(root: Path) -> list[Card]:
    """All runs, also those of series, newest first; raises RecordError as `all_cards`."""
    found = all_cards(root)
    cards = list(found.cards)
    for series in found.series:
        with contextlib.suppress(RecordError):
            cards += cards_of_series(root, series.id).cards
    return sorted(cards, key=lambda card: (card.entry.created, card.id), reverse=True)


def shelf_cards() -> list[Card]:
    """The runs that come with the program, in their order."""
    found = index_of(shelf_root(), on_disk=False).entries().runs
    return sorted((Card(entry, SHELF) for entry in found), key=lambda card: SHELF_RUNS.index(card.entry.id))


def find_folder(root: Path, run_id: str) -> Path:
    """The folder of a run by the id of its card, which may come from outside.

    Raises:
        RecordError: there is none.
    """
    series, slash, name = run_id.partition("/")
    if (on_shelf := shelf_folder(run_id)) is not None:
        return on_shelf
    folder = find_run(root, series)
    if not slash:
        return folder
    if not is_series(folder):
        raise RecordError(f"{series} is no series")
    return find_run(folder, name)


def series_of(run_id: str) -> str | None:
    """The id of the series that a run belongs to, by the run's id; None for a run of its own or of the shelf.

    Example:
        >>> series_of("sweep/run"), series_of("run"), series_of("shelf/border")
        ('sweep', None, None)
    """
    series, slash, _ = run_id.partition("/")
    return series if slash and shelf_folder(run_id) is None else None


@functools.lru_cache(maxsize=64)
def index_of(root: Path, *, on_disk: bool = True) -> Index:
    """The index of a folder of runs, one for all visitors."""
    return Index(root, on_disk=on_disk)


def find_cards(cards: Iterable[Card], chosen: Filter) -> list[Card]:
    """The cards that pass a filter, in its order."""
    words = chosen.words.casefold().split()
    found = list(cards)
    if chosen.metrics:
        found = [card for card in found if _has_metrics(card, chosen.metrics)]
    if chosen.pictures:
        found = [card for card in found if card.picture in chosen.pictures]
    if words:
        found = [card for card in found if all(word in card.texts for word in words)]
    _, key, descending = ORDERS[chosen.order]
    return sorted(found, key=key, reverse=descending)  # type: ignore[arg-type]


def pictures_of(cards: Iterable[Card]) -> set[str]:
    """What the records call their pictures."""
    return {_picture(image) for image in {card.entry.image for card in cards}}


def picture_title(name: str) -> str:
    """The title of a picture on a page."""
    return BUNDLED[name].title if name in BUNDLED else displayable(name)


def conditions(settings: Mapping[str, object], size: tuple[int, int] | None, *, unfinished: bool = False) -> str:
    """Picture, size, distortion and steps in a line, as far as they are known.

    Args:
        settings: of the record.
        size: width and height of the images in pixels.
        unfinished: whether not all of the steps have been made.
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
        parts.append(f"{'up to ' if unfinished else ''}{settings['steps']} steps")
    return displayable(" · ".join(parts))


def date_of(created: str, timezone: str | None = None) -> str:
    """When a run was saved, in a time zone such as "Europe/Berlin"; in UTC if unknown.

    Args:
        created: ISO 8601; a time that no calendar has is shown as it is written.
        timezone: its name.

    Example:
        >>> date_of("2026-11-23T06:32:57Z")
        '23 Nov 2026, 06:32'
    """
    zone: datetime.tzinfo = datetime.UTC
    with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
        zone = zoneinfo.ZoneInfo(timezone) if timezone else zone
    try:
        when = datetime.datetime.fromisoformat(created)
        when = when.astimezone(zone) if when.tzinfo else when
    except (ValueError, OverflowError):
        return displayable(created)
    return f"{when.day} {when:%b %Y, %H:%M}"


def typed_folder(folder: Path) -> Path:
    """The folder as it is typed where the runs are in the folder `runs`; of a run of the shelf, its id."""
    if folder.parent == shelf_root():
        return Path(SHELF) / folder.name
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return Path("runs") / folder.relative_to(runs_root())


def size_of(folder: Path | None) -> tuple[int, int] | None:
    """Width and height in pixels of the images of the run in a folder, None if unknown."""
    path = (folder or Path()) / "reference.png"
    return _size(path, stamp(path))


@functools.lru_cache(maxsize=4096)
def _size(path: Path, version: object) -> tuple[int, int] | None:
    """Of a picture file, from its header; read again only when it is another version."""
    del version
    return png_size(path)


def _has_metrics(card: Card, chosen: Sequence[str]) -> bool:
    competing = set(card.metrics)
    return competing <= set(chosen) if len(chosen) > 1 else competing >= set(chosen)


def _picture(image: str) -> str:
    return displayable(image or "picture")
