"""The original and the start, the four images in their two pairs, and the values of both metrics, as HTML.

The same drawing serves a run in progress and one that has ended.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mad_app.competition.settings import CORNERS
from mad_app.figures import LETTERS, drift_sentence, image_title, metric_title, number, pair_sentence
from mad_app.images import from_uint8
from mad_app.images.encode import Picture
from mad_app.jobs.folder import Job
from mad_app.records import Run, Trace, reported_trace
from mad_app.records.trace import Row
from mad_app.ui.components.curves import pair_curves
from mad_app.ui.components.html import Html, element, join, unbroken

FINE = 384
"""Pixels of the longer side that an image has at least as it is sent to a browser."""

TO_COME = "…"
"""Stands for a value before the first one is known; a dash would read as a minus."""


@dataclass(frozen=True, kw_only=True)
class FourUp:
    """What is shown of a competition.

    Attributes:
        names: of the two metrics.
        steps: how many there will be.
        trace: the values of both metrics.
        reference: the original.
        start: its distorted copy.
        four: the images in the order of CORNERS.
        headings: a sentence above each pair.
    """

    names: tuple[str, str]
    steps: int
    trace: Trace
    reference: Picture
    start: Picture
    four: tuple[Picture, ...]
    headings: tuple[str, str]


def four_up_of_run(run: Run) -> FourUp:
    """A record, by its 8-bit images."""
    return FourUp(
        names=(run.results[0].optimized, run.results[0].fixed),
        steps=max(int(run.settings.get("steps") or 0), int(run.history.step[-1])),
        trace=reported_trace(run),
        reference=Picture.png(run.reference),
        start=Picture.png(run.start),
        four=tuple(Picture.png(from_uint8(enlarged(image))) for image in run.images_8bit),
        headings=(pair_sentence(run, 0), pair_sentence(run, 1)),
    )


def enlarged(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """An image whose every pixel is a square of pixels, so that a browser that scales it shows pixels, not a blur.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        uint8 (k H, k W, 3) with the whole number k that brings its longer side to at least FINE pixels.

    Example:
        >>> enlarged(np.zeros((96, 64, 3), np.uint8)).shape
        (384, 256, 3)
    """
    factor = math.ceil(FINE / max(image.shape[:2]))
    return np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)


def four_up_of_job(job: Job) -> FourUp | None:
    """A competition in progress, as its worker reported it last; None before it has made its pictures."""
    folder, request = job.folder.path, job.spec.request
    try:
        reference, start = Picture.read(folder / "reference.png"), Picture.read(folder / "start.png")
    except OSError:
        return None
    names = (request.first, request.second)
    return FourUp(
        names=names,
        steps=request.steps,
        trace=job.status.trace,
        reference=reference,
        start=start,
        four=tuple(_latest(folder / f"{i}.jpg", start) for i in range(len(CORNERS))),
        headings=(_aim(names, 0), _aim(names, 1)),
    )


def four_up_html(shown: FourUp) -> Html:
    """The drawing."""
    originals = element(
        "div",
        _figure("Original", shown.reference, "the original picture", None),
        _figure("Start", shown.start, "the start, a distorted copy of the original", _start_values(shown)),
        class_="mad-originals",
    )
    pairs = element("div", _pair(shown, 0), _pair(shown, 1), class_="mad-pairs")
    return element("div", originals, pairs, class_="mad-four-up")


def letter_html(i: int) -> Html:
    """The letter of an image in its color."""
    return element("b", LETTERS[i], class_=f"mad-{LETTERS[i]}")


def title_html(i: int, optimized: str) -> Html:
    """The title of an image, its letter in its color."""
    return join(letter_html(i), unbroken(image_title(i, optimized).removeprefix(LETTERS[i])))


def _pair(shown: FourUp, pair: int) -> Html:
    """One pair between what the metrics say of it and its curves."""
    return element(
        "section",
        element("p", unbroken(shown.headings[pair]), class_="mad-heading"),
        *(_corner(shown, i) for i in (2 * pair, 2 * pair + 1)),
        pair_curves(shown.trace, pair, shown.names, shown.steps),
        class_="mad-pair",
    )


def _corner(shown: FourUp, i: int) -> Html:
    """One of the four images under its title and above its values."""
    optimized, fixed = (0, 1) if CORNERS[i].optimized == "first" else (1, 0)
    titles = [metric_title(name) for name in shown.names]
    values = [number(_last(rows, i)) if rows else TO_COME for rows in (shown.trace.first, shown.trace.second)]
    drift = _last(shown.trace.drift, i)
    below = join(
        element("b", values[optimized]),
        f" {titles[optimized]}",
        element("br"),
        f"{values[fixed]} {titles[fixed]}",
        element("br"),
        unbroken(drift_sentence(shown.names[fixed], drift)) if shown.trace.step else None,
    )
    alt = f"{image_title(i, shown.names[optimized])}: {values[optimized]}; {titles[fixed]} fixed"
    return _figure(title_html(i, shown.names[optimized]), shown.four[i], alt, below, class_="mad-corner")


def _figure(title: str, picture: Picture, alt: str, below: str | None, class_: str | None = None) -> Html:
    return element(
        "figure",
        element("figcaption", title),
        element("img", src=picture.uri(), alt=alt, decoding="sync"),
        element("p", below),
        class_=class_,
    )


def _start_values(shown: FourUp) -> Html:
    values = [number(rows[0][0]) if rows else TO_COME for rows in (shown.trace.first, shown.trace.second)]
    texts = [f"{value} {metric_title(name)}" for name, value in zip(shown.names, values, strict=True)]
    return join(texts[0], element("br"), texts[1])


def _last(rows: tuple[Row, ...], i: int) -> float | None:
    return rows[-1][i] if rows else None


def _latest(path: Path, otherwise: Picture) -> Picture:
    try:
        return Picture.read(path)
    except OSError:
        return otherwise


def _aim(names: tuple[str, str], pair: int) -> str:
    """What is being done with a pair while the run goes on."""
    optimized, fixed = (metric_title(name) for name in (names if pair == 0 else names[::-1]))
    return f"Keeping {fixed} equal, pulling {optimized} apart …"
