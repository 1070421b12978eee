"""Web pages in one file: a run, a series or several runs, with the viewer, the numbers, the sentences and the settings.

Such a file needs no server, no network and no other file; a double click opens it. It has at most MAX_BYTES, if images
of that size can be made to fit: where exact ones do not, those between start and end first lose quality, then are
fewer, and then the others lose quality; the page says which are exact. Texts of a record are shown as text; the page's
security policy lets no other script run than its own.
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mad_app.figures.contact_sheet import conditions, missing_sentence, run_heading, series_title
from mad_app.figures.export import save_as
from mad_app.figures.text import contest_title, settings_sentence
from mad_app.figures.web_page.details import details_html
from mad_app.figures.web_page.markup import Html, element, unbroken
from mad_app.figures.web_page.pictures import FOR_FILES, Fidelity, to_jpeg
from mad_app.figures.web_page.viewer_data import FILES, VIEWER_CSS, VIEWER_HTML, VIEWER_JS, viewer_data
from mad_app.records import (
    SHELF_RUNS,
    Label,
    Maps,
    RecordError,
    Run,
    Series,
    load_label,
    load_record,
    most_separated_pair,
    readable_maps,
    shelf_root,
)

MAX_BYTES = 3_000_000
"""Of a file."""

THUMBNAIL, THUMBNAIL_QUALITY = 72, 80
"""Largest side in pixels, and JPEG quality, of the pictures on the buttons that choose a run."""

READING = (
    "For each pair, one metric rates both images as equally far from the original, and the other one as differently as "
    "possible. If the two look different to you, the metric that rates them equal fails; if they look alike, the other "
    "one does."
)

SHELF_TITLE = "Where image metrics fail: eight finished competitions"

_FILE_KINDS = {".html": "html", ".htm": "html"}


@dataclass(frozen=True)
class Shown:
    """A run on a page.

    Attributes:
        run: the record.
        name: what it is called where there are several.
        notes: what is to be seen, or what people noted.
        maps: of its metrics; None for those that lie in its folder, if it has any.
    """

    run: Run
    name: str
    notes: str = ""
    maps: Maps | None = None


def run_page(run: Run, maps: Maps | None = None) -> bytes:
    """A page of one run, under the name and with the notes that people gave it; its maps where it has no folder."""
    shown = replace(shown_run(run), maps=maps)
    return page_of([shown], shown.name, settings_sentence(run))


def series_page(series: Series) -> bytes:
    """A page of the finished runs of a series."""
    shown = [Shown(run, run_heading(series, run)) for run in series.runs]
    return page_of(shown, series_title(series), f"{conditions(series)} {missing_sentence(series)}".rstrip())


@lru_cache(maxsize=1)
def shelf_page() -> bytes:
    """A page of the runs that come with the program, made once."""
    shown = [shown_run(load_record(shelf_root() / name)) for name in SHELF_RUNS]
    return page_of(shown, SHELF_TITLE, READING)


def save_run_page(run: Run, path: str | Path, maps: Maps | None = None) -> None:
    """Write the page of a run to a file whose name ends in .html, whole or not at all.

    Raises:
        ArgumentError: the name ends otherwise.
        RecordError: the file cannot be written; an older one stays as it was.
    """
    save_as(path, _FILE_KINDS, lambda _: run_page(run, maps))


def save_series_page(series: Series, path: str | Path) -> None:
    """Write the page of a series to a file; errors as in `save_run_page`."""
    save_as(path, _FILE_KINDS, lambda _: series_page(series))


def save_shelf_page(path: str | Path) -> None:
    """Write the page of the shelf to a file; errors as in `save_run_page`."""
    save_as(path, _FILE_KINDS, lambda _: shelf_page())


def shown_run(run: Run) -> Shown:
    """A run under its name and with its notes; under its two metrics where it has no name that can be read."""
    label = Label()
    if run.folder:
        with contextlib.suppress(RecordError):
            label = load_label(run.folder)
    return Shown(
        run, label.name or unbroken(contest_title(run.results[0].optimized, run.results[0].fixed)), label.notes
    )


def page_of(shown: Sequence[Shown], title: str, about: str) -> bytes:
    """A page of several runs, the first of which is shown first.

    Args:
        shown: the runs, at least one.
        title: of the page.
        about: a paragraph under the title.

    Returns:
        The bytes of an HTML file; more than MAX_BYTES only where the smallest pictures do not fit.
    """
    found = [(one.maps, ()) if one.maps or not one.run.folder else readable_maps(one.run.folder) for one in shown]
    maps = [kept for kept, _ in found]
    shown = [
        replace(one, run=replace(one.run, faults=one.run.faults + faults))
        for one, (_, faults) in zip(shown, found, strict=True)
    ]
    rest = len(_page(shown, title, about, FOR_FILES[0], []))
    for fidelity in FOR_FILES:
        texts = _texts(shown, maps, fidelity, MAX_BYTES - rest)
        if texts is not None:
            break
    else:
        fidelity = FOR_FILES[-1]
        texts = [_data_text(one.run, kept, fidelity) for one, kept in zip(shown, maps, strict=True)]
    return _page(shown, title, about, fidelity, texts)


def _texts(shown: Sequence[Shown], maps: Sequence[Maps | None], fidelity: Fidelity, room: int) -> list[str] | None:
    """What the viewer shows of each run, as text of JSON; None where all of it takes more than `room` bytes."""
    texts: list[str] = []
    for one, kept in zip(shown, maps, strict=True):
        texts.append(_data_text(one.run, kept, fidelity))
        room -= len(texts[-1].encode()) + 1
        if room < 0:
            return None
    return texts


def _data_text(run: Run, maps: Maps | None, fidelity: Fidelity) -> str:
    """What the viewer shows of a run, as JSON that no HTML can be hidden in."""
    data: dict[str, Any] = viewer_data(run, maps, fidelity)
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _page(shown: Sequence[Shown], title: str, about: str, fidelity: Fidelity, texts: Sequence[str]) -> bytes:
    script, style = _assets()
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(style)),
    )
    data = element("script", Html(f"[{','.join(texts)}]"), type="application/json", id="runs")
    body = element("body", _main(shown, title, about, fidelity), data, element("script", Html(script), type="module"))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n".encode()


def _main(shown: Sequence[Shown], title: str, about: str, fidelity: Fidelity) -> Html:
    several = len(shown) > 1
    return element(
        "main",
        element("h1", title),
        element("p", about),
        element("nav", *(_button(k, one) for k, one in enumerate(shown)), aria_label="Runs") if several else None,
        *(
            element("p", one.notes, class_="notes", data_run=k, hidden=k > 0)
            for k, one in enumerate(shown)
            if one.notes
        ),
        element("noscript", element("p", "The images are shown by JavaScript, which is switched off here.")),
        Html(VIEWER_HTML),
        element("p", READING) if about != READING else None,
        *(element("section", details_html(one.run), data_run=k, hidden=k > 0) for k, one in enumerate(shown)),
        element("p", fidelity.words, class_="quiet"),
    )


def _button(position: int, one: Shown) -> Html:
    """Chooses a run: its most separated pair, and its name."""
    pair = most_separated_pair(one.run.results)
    pictures = [element("img", src=_thumbnail(one.run.images_8bit[i]), alt="") for i in (2 * pair, 2 * pair + 1)]
    return element(
        "button", *pictures, element("span", one.name), type="button", data_show_run=position, aria_pressed="false"
    )


def _thumbnail(values: np.ndarray) -> str:
    picture = Image.fromarray(values)
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return to_jpeg(np.asarray(picture), THUMBNAIL_QUALITY)


@lru_cache(maxsize=1)
def _assets() -> tuple[str, str]:
    """The script and the styles."""
    script, style = ((FILES / f"page.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    return f"{VIEWER_JS}\n{script}", f"{VIEWER_CSS}\n{style}"
