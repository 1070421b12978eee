"""Cards of runs, and two runs side by side, as HTML."""

import functools
import io
from pathlib import Path

from PIL import Image

from mad_app.figures import LETTERS, contest_title, drift_magnitude, image_title, metric_title, number, pair_sentence
from mad_app.images import from_uint8
from mad_app.images.encode import Picture
from mad_app.records import CornerResult, Run, pair_ratio
from mad_app.records.storage import stamp
from mad_app.request import REQUEST_SETTINGS
from mad_app.ui.components.collection import Card, SeriesCard, conditions, date_of
from mad_app.ui.components.four_up import title_html
from mad_app.ui.components.html import Html, element, join
from mad_app.ui.components.ratio import times

THUMBNAIL = 192
"""Longer side of a thumbnail in pixels."""

QUALITY = 85


def card_html(card: Card, timezone: str | None) -> Html:
    """A card: the most separated pair, which metrics competed on what, and the ratio."""
    when = date_of(card.entry.created, timezone) + (", not finished" if card.unfinished else "")
    return element(
        "article",
        element("div", *(_thumb(card, i) for i in (2 * card.pair, 2 * card.pair + 1)), class_="mad-thumbs"),
        element("p", card.title, class_="mad-name"),
        element("p", card.contest) if card.label.name else None,
        _ratio(card),
        element(
            "p",
            conditions(card.entry.settings, card.size, unfinished=card.unfinished),
            element("br"),
            when,
            class_="mad-quiet",
        ),
        element("p", card.label.notes, class_="mad-notes") if card.label.notes else None,
        class_="mad-card",
    )


def series_html(card: SeriesCard, timezone: str | None) -> Html:
    """A card of a series: its kind, what varies, and how many of its runs are finished."""
    entry = card.entry
    return element(
        "article",
        element("p", card.kind, class_="mad-name"),
        element("p", f"{entry.finished} of {entry.count} runs finished, which differ in {label_of(entry.varied)}"),
        element("p", date_of(entry.created, timezone), class_="mad-quiet"),
        class_="mad-card",
    )


def comparison_html(runs: tuple[Run, Run], names: tuple[str, str]) -> Html:
    """Two runs, row by row: what they are, their pairs, and in what they differ."""
    heads = [_head(run, name) for run, name in zip(runs, names, strict=True)]
    pairs = [element("div", *(_pair(run, pair) for run in runs), class_="mad-row") for pair in (0, 1)]
    side_by_side = element("div", element("div", *heads, class_="mad-row"), *pairs, class_="mad-comparison")
    return join(side_by_side, _differences(runs))


def _thumb(card: Card, i: int) -> Html:
    result = card.summary.results[i]
    path = card.folder / result.file
    return _figure(thumbnail_uri(path, stamp(path)), i, result)


def _ratio(card: Card) -> Html:
    """How far apart the shown pair is."""
    result = card.summary.results[2 * card.pair]
    optimized, fixed = metric_title(result.optimized), metric_title(result.fixed)
    return element("p", element("b", times(card.ratio)), f" {optimized}, {fixed} fixed", class_="mad-ratio")


def _head(run: Run, name: str) -> Html:
    contest = contest_title(run.results[0].optimized, run.results[0].fixed)
    height, width, _ = run.reference.shape
    about = " · ".join([*([contest] if name != contest else []), conditions(run.settings, (width, height))])
    images = (("Original", run.reference, "the original"), ("Start", run.start, "the start, a distorted copy of it"))
    figures = [
        element("figure", element("figcaption", title), element("img", src=Picture.png(image).uri(), alt=alt))
        for title, image, alt in images
    ]
    return element(
        "section",
        element("p", name, class_="mad-name"),
        element("p", about, class_="mad-quiet"),
        element("div", *figures, class_="mad-thumbs mad-small"),
    )


def _pair(run: Run, pair: int) -> Html:
    figures = [_corner(run, i) for i in (2 * pair, 2 * pair + 1)]
    heading = element("p", pair_sentence(run, pair), class_="mad-heading")
    return element("section", heading, element("div", *figures, class_="mad-thumbs"))


def _corner(run: Run, i: int) -> Html:
    result = run.results[i]
    values = element(
        "p",
        element("b", number(result.reported.get(result.optimized))),
        f" {metric_title(result.optimized)}",
        element("br"),
        f"{number(result.reported.get(result.fixed))} {metric_title(result.fixed)}",
    )
    return _figure(Picture.png(from_uint8(run.images_8bit[i])).uri(), i, result, values)


def _figure(uri: str, i: int, result: CornerResult, below: Html | None = None) -> Html:
    """One of the four images under its title."""
    title = image_title(i, result.optimized)
    caption = element("figcaption", title_html(i, result.optimized), title=title)
    alt = f"{title}: {number(result.reported.get(result.optimized))}"
    return element("figure", caption, element("img", src=uri, alt=alt), below)


def _differences(runs: tuple[Run, Run]) -> Html:
    """A table of the settings that differ, and of the results."""
    left, right = runs
    names = [*left.settings, *(name for name in right.settings if name not in left.settings)]
    differing = [name for name in names if left.settings.get(name) != right.settings.get(name)]
    rows = [(label_of(name), *(_value(run.settings.get(name)) for run in runs)) for name in differing]
    for pair in (0, 1):
        which = f"{LETTERS[2 * pair]} and {LETTERS[2 * pair + 1]}"
        rows.append((f"Ratio of {which}", *(times(pair_ratio(run.results, pair)) for run in runs)))
    rows.append(("Fixed metrics kept to within", *(drift_magnitude(_largest_drift(run)) for run in runs)))
    rows.append(("Seconds", *(f"{run.seconds:.0f}" for run in runs)))
    head = element("tr", element("th", "What differs"), element("th", "Left"), element("th", "Right"))
    body = [element("tr", element("th", row[0]), *(element("td", text) for text in row[1:])) for row in rows]
    return element("table", element("thead", head), element("tbody", *body), class_="mad-table mad-differences")


def _largest_drift(run: Run) -> float | None:
    return max(
        (result.reported_drift for result in run.results if result.reported_drift is not None), key=abs, default=None
    )


def label_of(name: str) -> str:
    """The label of a setting; of one that is unknown, its name in words."""
    return REQUEST_SETTINGS[name].label if name in REQUEST_SETTINGS else name.replace("_", " ").capitalize()


def _value(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@functools.lru_cache(maxsize=1024)
def thumbnail_uri(path: Path, version: object) -> str:
    """A small JPEG of a picture file inside a URL, empty if it is unreadable; read again for another version."""
    del version
    if not path.is_file():  # opening a pipe would wait for ever
        return ""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            small = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ""
    if max(small.size) > THUMBNAIL:
        small.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY, subsampling="4:4:4")
    return Picture("image/jpeg", buffer.getvalue()).uri()
