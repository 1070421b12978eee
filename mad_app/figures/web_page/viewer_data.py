"""What the viewer of a finished competition shows, as plain data: both pairs at true pixels, along the run, and maps.

The viewer (`viewer.html`, `viewer.css`, `viewer.js`) is the same in the app and in a file. It needs

    id                   changes with the record, and when it continues
    size                 [height, width] of the images
    steps                of the K frames: the keyframes of the record, and the end
    pictures             data URIs; all else names a picture by its position in this list
    reference            the original
    images               of each of the four images in the order of CORNERS, its K frames
    maps                 of each metric: its title, which frames have a map, of each image these maps (gray), the value
                         of white in each, and the largest of these values
    labels               what is to be read beside the images: titles, values, a sentence for each pair and each image
    trajectory           the drawing of `trajectory_plot`, and the positions of its marks in each frame
    plays                whether it plays from start to end when it is shown; absent if not
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.competition.settings import CORNERS
from mad_app.figures.text import LETTERS, image_title, metric_title, number, pair_sentence, percentage
from mad_app.figures.web_page.markup import unbroken
from mad_app.figures.web_page.pictures import LIVE, Fidelity, PictureTable
from mad_app.figures.web_page.trajectory_plot import draw_trajectory_plot
from mad_app.images import to_uint8
from mad_app.records import History, Keyframes, Maps, Run
from mad_app.records.trace import Row, Trace, at_end, reported_trace

FILES = Path(__file__).parent
VIEWER_HTML, VIEWER_CSS, VIEWER_JS = (
    (FILES / f"viewer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
)
"""The viewer itself."""


def viewer_data(run: Run, maps: Maps | None, fidelity: Fidelity = LIVE) -> dict[str, Any]:
    """What the viewer shows of a record, as plain data.

    Args:
        run: the record.
        maps: of its metrics, if it has any.
        fidelity: of the pictures.
    """
    keyframes = _keyframes(run, fidelity.frames - 1)
    trace = _trace_at(run, [*keyframes.step, run.history.step[-1]])
    table = PictureTable()
    reference = table.add(to_uint8(run.reference), fidelity.ends)
    images = _images(table, [*keyframes.images, run.images_8bit], fidelity)
    return {
        "id": f"{run.id} {run.seconds} {maps is not None}",
        "size": list(run.reference.shape[:2]),
        "steps": trace.step,
        "reference": reference,
        "images": images,
        "maps": _maps(table, run, maps, list(trace.step), fidelity) if maps else [],
        "pictures": table.uris,
        "labels": _labels(run, trace),
        "trajectory": _trajectory(run, trace),
    }


def _keyframes(run: Run, most: int) -> Keyframes:
    """At most so many frames before the end: the start, and those of the record."""
    first, last = run.history.step[[0, -1]]
    found = run.keyframes.before(last)
    if first < last and first not in found.step:
        start = np.stack([to_uint8(run.start)] * len(CORNERS))[None]
        found = Keyframes(
            np.concatenate([[first], found.step]), np.concatenate([start, found.images]) if len(found.step) else start
        )
    kept = np.unique(np.linspace(0, len(found.step), min(most, len(found.step)), endpoint=False).astype(int))
    return Keyframes(found.step[kept], found.images[kept])


def _images(table: PictureTable, frames: list[np.ndarray], fidelity: Fidelity) -> list[list[int]]:
    """The frames of each of the four images; the first and the last ones are the ends."""
    ends = (0, len(frames) - 1)
    encoders = [fidelity.ends if k in ends else fidelity.between for k in range(len(frames))]
    return [
        [table.add(four[i], encode) for four, encode in zip(frames, encoders, strict=True)] for i in range(len(CORNERS))
    ]


def _trace_at(run: Run, steps: list[Any]) -> Trace:
    """The values at some of the steps; where the history lacks a step, those of the next one.

    At the end they are those of the 8-bit images, on the way those of the images before rounding.
    """
    rows = np.searchsorted(run.history.step, steps).clip(max=len(run.history.step) - 1)
    columns = (getattr(run.history, name)[rows] for name in ("first", "second", "drift"))
    return at_end(Trace.of(History(np.array(steps, np.int64), *columns)), run)


def _maps(table: PictureTable, run: Run, maps: Maps, steps: list[int], fidelity: Fidelity) -> list[dict[str, Any]]:
    """Of both metrics; the maps of steps that are not shown are left out."""
    encode = fidelity.maps
    if encode is None:
        return []
    kept = [k for k, step in enumerate(maps.step) if step in steps]
    described = []
    for role, name in zip(("first", "second"), _names(run), strict=True):
        values, peak = getattr(maps, role)[kept], getattr(maps, f"{role}_peak")[kept]
        described.append(
            {
                "title": metric_title(name),
                "frames": [steps.index(int(maps.step[k])) for k in kept],
                "images": [[table.add(four[i], encode) for four in values] for i in range(len(CORNERS))],
                "peaks": peak.tolist(),
                "largest": float(peak.max(initial=0.0)),
            }
        )
    return described


def _labels(run: Run, trace: Trace) -> dict[str, Any]:
    """Titles of the images; of each frame, the values of each image, and a sentence for each pair and each image."""
    titles = [unbroken(metric_title(name)) for name in _names(run)]
    names = [image_title(i, result.optimized) for i, result in enumerate(run.results)]
    rows = list(zip(trace.first, trace.second, trace.drift, strict=True))
    values = [
        [[number(first[i]), number(second[i]), percentage(drift[i])] for i in range(len(CORNERS))]
        for first, second, drift in rows
    ]
    sentences = [
        [unbroken(pair_sentence(_run_at(run, first, second), pair)) for pair in (0, 1)] for first, second, _ in rows
    ]
    alone = [[_alone(i, titles, (first[i], second[i])) for i in range(len(CORNERS))] for first, second, _ in rows]
    return {
        "letters": list(LETTERS),
        "titles": titles,
        "names": names,
        "values": values,
        "sentences": sentences,
        "alone": alone,
    }


def _alone(i: int, titles: list[str], values: tuple[float | None, float | None]) -> str:
    """How far one image is from the original."""
    first, second = (f"{number(value)} for {title}" for title, value in zip(titles, values, strict=True))
    return f"{LETTERS[i]} differs from the original by {first} and by {second}."


def _run_at(run: Run, first: Row, second: Row) -> Run:
    """The record as if it had ended with these values."""
    names = _names(run)
    finals = [dict(zip(names, pair, strict=True)) for pair in zip(first, second, strict=True)]
    return replace(
        run,
        results=tuple(replace(r, final=final, final_8bit=None) for r, final in zip(run.results, finals, strict=True)),
    )


def _trajectory(run: Run, trace: Trace) -> dict[str, Any]:
    plot = draw_trajectory_plot(reported_trace(run), _names(run))
    points = [plot.points(*rows) for rows in zip(trace.first, trace.second, strict=True)]
    return {"svg": plot.svg, "points": points}


def _names(run: Run) -> tuple[str, str]:
    return run.results[0].optimized, run.results[0].fixed
