"""Cards of runs, and two runs beside each other, as HTML of one line; all text from outside is escaped."""

import functools
import html
import io
import math
from pathlib import Path

from PIL import Image

from mad_app.figures import contest_title, metric_title, number, pair_sentence, percentage
from mad_app.images import from_uint8
from mad_app.images.encode import Picture
from mad_app.records import CornerResult, Run, pair_ratio
from mad_app.ui.components.collection import Card, conditions, date_of
from mad_app.ui.components.curves import LETTERS
from mad_app.ui.components.four_up import WAYS

THUMBNAIL = 192
"""Greatest side of a thumbnail in pixels."""

QUALITY = 85


def card_html(card: Card, timezone: str | None) -> str:
    """A card: the pair that was driven farther apart, who competed on what, and how far."""
    thumbs = "".join(_thumb(card, i) for i in (2 * card.pair, 2 * card.pair + 1))
    title = f'<p class="mad-name">{html.escape(card.title)}</p>'
    rivals = f"<p>{html.escape(card.rivals)}</p>" if card.label.name else ""
    notes = f'<p class="mad-notes">{html.escape(card.label.notes)}</p>' if card.label.notes else ""
    when = date_of(card.summary, timezone) + (", not finished" if card.unfinished else "")
    told = f'<p class="mad-quiet">{html.escape(conditions(card.summary.settings))}<br>{when}</p>'
    body = f'<div class="mad-thumbs">{thumbs}</div>{title}{rivals}{_reach(card)}{told}{notes}'
    return f'<article class="mad-card">{body}</article>'


def comparison_html(runs: tuple[Run, Run], names: tuple[str, str]) -> str:
    """Two runs, row by row: what they are, their pairs, and in what they differ."""
    heads = "".join(_head(run, name) for run, name in zip(runs, names, strict=True))
    pairs = "".join(f'<div class="mad-row">{"".join(_pair(run, pair) for run in runs)}</div>' for pair in (0, 1))
    return f'<div class="mad-comparison"><div class="mad-row">{heads}</div>{pairs}</div>{_differences(runs)}'


def times(ratio: float | None) -> str:
    """How many times as far, for people.

    Example:
        >>> times(38.4), times(1.234), times(math.inf), times(None)
        ('38×', '1.2×', '∞', '–')
    """
    if ratio is None:
        return "–"
    if ratio >= 1e6:
        return "∞" if math.isinf(ratio) else ">10⁶×"
    return f"{ratio:.2g}×" if ratio < 10 else f"{float(f'{ratio:.2g}'):,.0f}×"


def _thumb(card: Card, i: int) -> str:
    result = card.summary.images[i]
    path = card.summary.folder / result.file
    name = f"{metric_title(result.optimized)} {WAYS[result.direction]}"
    return _figure(thumbnail_uri(path, _modified(path)), i, html.escape(name), _alt(result, i))


def _reach(card: Card) -> str:
    """How far apart the shown pair is."""
    result = card.summary.images[2 * card.pair]
    driven, held = html.escape(metric_title(result.optimized)), html.escape(metric_title(result.fixed))
    return f'<p class="mad-reach"><b>{times(card.ratio)}</b> {driven}, with {held} held</p>'


def _head(run: Run, name: str) -> str:
    rivals = contest_title(run.images[0].optimized, run.images[0].fixed)
    images = (("Reference", run.reference, "the reference"), ("Start", run.start, "the start, a distorted copy of it"))
    figures = "".join(
        f'<figure><figcaption>{title}</figcaption><img src="{Picture.png(image).uri()}" alt="{alt}"></figure>'
        for title, image, alt in images
    )
    told = " · ".join([*([rivals] if name != rivals else []), conditions(run.settings)])
    return (
        f'<section><p class="mad-name">{html.escape(name)}</p><p class="mad-quiet">{html.escape(told)}</p>'
        f'<div class="mad-thumbs mad-small">{figures}</div></section>'
    )


def _pair(run: Run, pair: int) -> str:
    figures = "".join(_corner(run, i) for i in (2 * pair, 2 * pair + 1))
    told = html.escape(pair_sentence(run, pair))
    return f'<section><p class="mad-verdict">{told}</p><div class="mad-thumbs">{figures}</div></section>'


def _corner(run: Run, i: int) -> str:
    result = run.images[i]
    name = html.escape(f"{metric_title(result.optimized)} {WAYS[result.direction]}")
    values = (
        f"<p><b>{number(result.seen.get(result.optimized))}</b><br>"
        f"{number(result.seen.get(result.fixed))} {html.escape(metric_title(result.fixed))}</p>"
    )
    return _figure(Picture.png(from_uint8(run.pictures[i])).uri(), i, name, _alt(result, i), values)


def _figure(uri: str, i: int, name: str, alt: str, below: str = "") -> str:
    """One of the four images under its letter and name, both escaped."""
    letter = LETTERS[i]
    caption = f'<b class="mad-{letter}">{letter}</b> {name}'
    return f'<figure><figcaption>{caption}</figcaption><img src="{uri}" alt="{alt}">{below}</figure>'


def _alt(result: CornerResult, i: int) -> str:
    driven = f"{metric_title(result.optimized)} driven {WAYS[result.direction]}"
    return html.escape(f"image {LETTERS[i]}: {driven} to {number(result.seen.get(result.optimized))}")


def _differences(runs: tuple[Run, Run]) -> str:
    """A table of the settings that differ, and of what came out."""
    left, right = runs
    names = [*left.settings, *(name for name in right.settings if name not in left.settings)]
    differing = [name for name in names if left.settings.get(name) != right.settings.get(name)]
    rows = [(name.replace("_", " "), *(_said(run.settings.get(name)) for run in runs)) for name in differing]
    for pair in (0, 1):
        which = f"{LETTERS[2 * pair]} and {LETTERS[2 * pair + 1]}"
        rows.append((f"{which} apart", *(times(pair_ratio(run.images, pair)) for run in runs)))
    rows.append(("largest drift", *(percentage(_largest_drift(run)) for run in runs)))
    rows.append(("seconds", *(f"{run.seconds:.0f}" for run in runs)))
    cells = "".join(f"<tr>{_row(row)}</tr>" for row in rows)
    head = "<thead><tr><th>What differs</th><th>Left</th><th>Right</th></tr></thead>"
    return f'<table class="mad-table mad-differences">{head}<tbody>{cells}</tbody></table>'


def _largest_drift(run: Run) -> float | None:
    return max((result.drift_seen for result in run.images if result.drift_seen is not None), key=abs, default=None)


def _row(row: tuple[str, ...]) -> str:
    first, *others = (html.escape(text) for text in row)
    return f"<th>{first}</th>" + "".join(f"<td>{text}</td>" for text in others)


def _said(value: object) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@functools.lru_cache(maxsize=1024)
def thumbnail_uri(path: Path, modified: int) -> str:
    """A small JPEG of a picture file inside a URL, empty if it is unreadable; `modified` says when to read it again."""
    del modified
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


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
