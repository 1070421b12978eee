"""The viewer of a finished competition: both pairs at true pixels, along the run, and maps of each metric.

A component of our own: all images are sent once, as PNG, and the browser switches between them (`viewer.js`). What it
needs is plain data, made here:

    id                   changes with the record, and when it continues
    size                 [height, width] of the images
    steps                of the K frames: the keyframes of the record, and the end
    reference            a PNG, in Base64 like all pictures
    images               four PNGs in the order of CORNERS, each with its K frames one beneath the other
    maps                 of each metric: its title, which frames have a map, four gray PNGs with these maps one beneath
                         the other, the value of white in each, and the largest of these values
    labels               what is to be read beside the images: titles, values, a sentence for each pair and each image
    trajectory           the drawing of `trajectory_plot`, and the positions of its marks in each frame
"""

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from mad_app.competition.settings import CORNERS
from mad_app.figures import LETTERS, image_title, metric_title, number, pair_sentence, percentage
from mad_app.images import to_uint8
from mad_app.jobs.folder import Row, Trace
from mad_app.records import History, Keyframes, Maps, RecordError, Run, load_maps
from mad_app.records.files import RUN_FILE, path_of
from mad_app.records.storage import stamp
from mad_app.ui.components.four_up import at_end, seen_trace
from mad_app.ui.components.trajectory_plot import draw_trajectory_plot

FILES = Path(__file__).parent

_HTML, _CSS, _JS = ((FILES / f"viewer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
_component = st.components.v2.component("mad_app_viewer", html=_HTML, css=_CSS, js=_JS)


def show_viewer(run: Run, key: str) -> None:
    """Draw the viewer of a record.

    Args:
        run: the record.
        key: of the component in the session.
    """
    maps = path_of(run.folder, "maps") if run.folder else None
    record = run.folder / RUN_FILE if run.folder else None
    version = (str(run.folder), *(stamp(path) if path else None for path in (record, maps)))
    _component(key=key, data=_viewer_data(version, run))


def viewer_data(run: Run, maps: Maps | None) -> dict[str, Any]:
    """What the viewer shows of a record, as plain data.

    Args:
        run: the record.
        maps: of its metrics, if it has any.
    """
    keyframes = _keyframes(run)
    frames = [*keyframes.images, run.pictures]
    trace = _trace_at(run, [*keyframes.step, run.history.step[-1]])
    return {
        "id": f"{run.id} {run.seconds} {maps is not None}",
        "size": list(run.reference.shape[:2]),
        "steps": trace.step,
        "reference": _png(to_uint8(run.reference)),
        "images": [_png(np.concatenate([four[i] for four in frames])) for i in range(len(CORNERS))],
        "maps": _maps(run, maps, list(trace.step)) if maps else [],
        "labels": _labels(run, trace),
        "trajectory": _trajectory(run, trace),
    }


@st.cache_data(show_spinner=False, max_entries=8)
def _viewer_data(version: tuple[object, ...], _run: Run) -> dict[str, Any]:  # noqa: ARG001
    """The data of this version of a record; maps that cannot be read are left out."""
    try:
        return viewer_data(_run, load_maps(_run.folder) if _run.folder else None)
    except RecordError:
        return viewer_data(_run, None)


def _keyframes(run: Run) -> Keyframes:
    """Frames before the end: those of the record, or the start alone where it kept none."""
    first, last = run.history.step[[0, -1]]
    if len(run.keyframes.step) or first == last:
        return run.keyframes.before(last)
    return Keyframes(np.array([first]), np.stack([to_uint8(run.start)] * len(CORNERS))[None])


def _trace_at(run: Run, steps: list[Any]) -> Trace:
    """The values at some of the steps; where the history lacks a step, those of the next one.

    At the end they are those of the 8-bit images, on the way those of the images before rounding.
    """
    rows = np.searchsorted(run.history.step, steps).clip(max=len(run.history.step) - 1)
    columns = (getattr(run.history, name)[rows] for name in ("first", "second", "drift"))
    return at_end(Trace.of(History(np.array(steps, np.int64), *columns)), run)


def _maps(run: Run, maps: Maps, steps: list[int]) -> list[dict[str, Any]]:
    """Of both metrics; the maps of steps that are not shown are left out."""
    kept = [k for k, step in enumerate(maps.step) if step in steps]
    described = []
    for role, name in zip(("first", "second"), _names(run), strict=True):
        values, peak = getattr(maps, role)[kept], getattr(maps, f"{role}_peak")[kept]
        described.append(
            {
                "title": metric_title(name),
                "frames": [steps.index(int(maps.step[k])) for k in kept],
                "images": [_png(np.concatenate(values[:, i])) if kept else "" for i in range(len(CORNERS))],
                "peaks": peak.tolist(),
                "largest": float(peak.max(initial=0.0)),
            }
        )
    return described


def _labels(run: Run, trace: Trace) -> dict[str, Any]:
    """Titles of the images; of each frame, the values of each image, and a sentence for each pair and each image."""
    titles = [metric_title(name) for name in _names(run)]
    names = [image_title(i, result.optimized) for i, result in enumerate(run.images)]
    rows = list(zip(trace.first, trace.second, trace.drift, strict=True))
    values = [
        [[number(first[i]), number(second[i]), percentage(drift[i])] for i in range(len(CORNERS))]
        for first, second, drift in rows
    ]
    sentences = [[pair_sentence(_run_at(run, first, second), pair) for pair in (0, 1)] for first, second, _ in rows]
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
        run, images=tuple(replace(r, final=final, final_8bit=None) for r, final in zip(run.images, finals, strict=True))
    )


def _trajectory(run: Run, trace: Trace) -> dict[str, Any]:
    plot = draw_trajectory_plot(seen_trace(run), _names(run))
    points = [plot.points(*rows) for rows in zip(trace.first, trace.second, strict=True)]
    return {"svg": plot.svg, "points": points}


def _names(run: Run) -> tuple[str, str]:
    return run.images[0].optimized, run.images[0].fixed


def _png(levels: np.ndarray) -> str:
    """8-bit levels, (H, W, 3) or (H, W), as a PNG in Base64."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", compress_level=3)
    return base64.b64encode(buffer.getvalue()).decode()
