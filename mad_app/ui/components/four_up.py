"""The stage: reference and start, the four images in their two pairs, and the way of both metrics, as HTML.

The same drawing serves a run that goes on, one that is over, and the example. All text that comes from outside is
escaped; the HTML is one line, which Streamlit's Markdown passes on as it is.
"""

import html
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mad_app.competition.settings import CORNERS
from mad_app.figures import metric_title, number, pair_sentence, percentage
from mad_app.images import from_uint8
from mad_app.images.encode import Picture
from mad_app.jobs.folder import Job
from mad_app.records import Run
from mad_app.records.trace import Row, Trace
from mad_app.ui.components.curves import LETTERS, pair_curves

WAYS = {"max": "up", "min": "down"}


@dataclass(frozen=True, kw_only=True)
class FourUp:
    """What is shown of a competition.

    Attributes:
        names: of the two metrics.
        size: side of the images in pixels.
        steps: how many there will be.
        trace: the way of both metrics.
        reference: the picture.
        start: its distorted copy.
        four: the images in the order of CORNERS.
        headings: a sentence above each pair.
    """

    names: tuple[str, str]
    size: int
    steps: int
    trace: Trace
    reference: Picture
    start: Picture
    four: tuple[Picture, ...]
    headings: tuple[str, str]


def four_up_of_run(run: Run) -> FourUp:
    """A record, its images true to the last bit of their 8."""
    return FourUp(
        names=(run.images[0].optimized, run.images[0].fixed),
        size=run.reference.shape[0],
        steps=max(int(run.settings.get("steps") or 0), int(run.history.step[-1])),
        trace=Trace.of(run.history),
        reference=Picture.png(run.reference),
        start=Picture.png(run.start),
        four=tuple(Picture.png(from_uint8(image)) for image in run.pictures),
        headings=(pair_sentence(run, 0), pair_sentence(run, 1)),
    )


def four_up_of_job(job: Job) -> FourUp | None:
    """A competition that goes on, as its worker last told; None where there is nothing to be seen of it yet."""
    folder, request = job.folder.path, job.order.request
    try:
        reference, start = Picture.read(folder / "reference.png"), Picture.read(folder / "start.png")
    except OSError:
        return None
    names = (request.first, request.second)
    return FourUp(
        names=names,
        size=request.size,
        steps=request.steps,
        trace=job.status.trace,
        reference=reference,
        start=start,
        four=tuple(_latest(folder / f"{i}.jpg", start) for i in range(len(CORNERS))),
        headings=(_plan(names, 0), _plan(names, 1)),
    )


def save_example(stage: FourUp, folder: Path) -> None:
    """Keep a stage as plain files, for `load_example`."""
    pictures = {"reference": stage.reference, "start": stage.start}
    pictures |= {str(i): picture for i, picture in enumerate(stage.four)}
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture.content)
    told = {"names": stage.names, "size": stage.size, "steps": stage.steps, "headings": stage.headings}
    (folder / "four_up.json").write_text(json.dumps(told | {"trace": asdict(stage.trace)}) + "\n", encoding="utf-8")


def load_example(folder: Path) -> FourUp:
    """The stage that `save_example` kept."""
    told = json.loads((folder / "four_up.json").read_text(encoding="utf-8"))
    return FourUp(
        names=tuple(told["names"]),
        size=told["size"],
        steps=told["steps"],
        trace=Trace(**{name: tuple(rows) for name, rows in told["trace"].items()}),
        reference=Picture.read(folder / "reference.png"),
        start=Picture.read(folder / "start.png"),
        four=tuple(Picture.read(folder / f"{i}.png") for i in range(len(CORNERS))),
        headings=tuple(told["headings"]),
    )


def four_up_html(stage: FourUp) -> str:
    """The stage as one line of HTML."""
    rows = "".join(_pair(stage, pair) for pair in (0, 1))
    return f'<div class="mad-four-up" style="--native:{stage.size}px">{rows}</div>'


def _pair(stage: FourUp, pair: int) -> str:
    """One pair between the picture it is compared with and its curves."""
    original = (
        _figure("Reference", "", stage.reference, "the reference picture", "")
        if pair == 0
        else _figure("Start", "", stage.start, "the start, a distorted copy of the reference", _start_values(stage))
    )
    images = "".join(_corner(stage, i) for i in (2 * pair, 2 * pair + 1))
    curves = pair_curves(stage.trace, pair, stage.names, stage.steps)
    heading = html.escape(stage.headings[pair])
    return f'<section class="mad-pair"><p class="mad-verdict">{heading}</p>{original}{images}{curves}</section>'


def _corner(stage: FourUp, i: int) -> str:
    """One of the four images under its name and above its values."""
    corner = CORNERS[i]
    driven, held = (0, 1) if corner.optimized == "first" else (1, 0)
    titles = [html.escape(metric_title(name)) for name in stage.names]
    values = [_last(rows, i) for rows in (stage.trace.first, stage.trace.second)]
    way = WAYS[corner.direction]
    alt = f"image {LETTERS[i]}: {titles[driven]} driven {way} to {number(values[driven])}, {titles[held]} held"
    below = (
        f"<b>{number(values[driven])}</b> {titles[driven]}<br>{number(values[held])} {titles[held]}"
        f"<br>drift {percentage(_last(stage.trace.drift, i))}"
    )
    return _figure(f"{titles[driven]} {way}", LETTERS[i], stage.four[i], alt, below)


def _figure(title: str, letter: str, picture: Picture, alt: str, below: str) -> str:
    mark = f'<b class="mad-{letter}">{letter}</b> ' if letter else ""
    return (
        f'<figure class="{"mad-corner" if letter else "mad-original"}"><figcaption>{mark}{title}</figcaption>'
        f'<img src="{picture.uri()}" alt="{alt}" decoding="sync"><p>{below}</p></figure>'
    )


def _start_values(stage: FourUp) -> str:
    values = [rows[0][0] if rows else None for rows in (stage.trace.first, stage.trace.second)]
    return "<br>".join(
        f"{number(value)} {html.escape(metric_title(name))}" for name, value in zip(stage.names, values, strict=True)
    )


def _last(rows: tuple[Row, ...], i: int) -> float | None:
    return rows[-1][i] if rows else None


def _latest(path: Path, otherwise: Picture) -> Picture:
    try:
        return Picture.read(path)
    except OSError:
        return otherwise


def _plan(names: tuple[str, str], pair: int) -> str:
    driven, held = (metric_title(name) for name in (names if pair == 0 else names[::-1]))
    return f"{held} must see these two equally far from the reference, while {driven} is driven apart."
