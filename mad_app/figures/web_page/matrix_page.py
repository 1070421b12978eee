"""A matrix of metrics against metrics as a web page in one file, whose cells open their most separated pair.

There is no script: a cell is a link to its pair, which is shown as the target of the address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from mad_app.figures.matrix import COLORS, DARK_FROM, NOTES, Matrix, ratio_text, shades
from mad_app.figures.text import LETTERS, metric_title, pair_sentence
from mad_app.figures.web_page.markup import Html, element
from mad_app.figures.web_page.pictures import PictureTable, to_jpeg
from mad_app.images import to_uint8
from mad_app.records import Run

ENCODE = partial(to_jpeg, quality=85)

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem; }
p { max-width: 75ch; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: clamp(11px, .9vw, 15px); }
th { font-weight: 500; text-align: left; white-space: nowrap; padding: 0 .5rem; }
thead th { text-align: center; }
thead th:nth-last-child(-n+2) { text-align: right; }
td { padding: 0; text-align: right; white-space: nowrap; }
td.number { padding: 0 .5rem; }
td a { display: block; padding: .25rem .2rem; min-width: 2.5rem; text-align: center; text-decoration: none; }
td a:focus-visible, td a:hover { outline: 2px solid #d55e00; outline-offset: -2px; }
section { display: none; }
section:target { display: block; }
figure { display: inline-block; width: min(16rem, 26vw); margin: 0 .5rem .5rem 0; vertical-align: top; }
figure svg { display: block; width: 100%; image-rendering: pixelated; }
"""


@dataclass(frozen=True)
class MostSeparated:
    """The most separated pair of a cell: a run, and its pair, 0 or 1."""

    run: Run
    pair: int


def matrix_page(matrix: Matrix, most_separated: Mapping[tuple[int, int], MostSeparated]) -> bytes:
    """The page.

    Args:
        matrix: what the table shows.
        most_separated: row and column of a cell to its pair.

    Returns:
        The bytes of an HTML file.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", matrix.title),
        element("style", Html(STYLE)),
    )
    pictures = PictureTable()
    pairs = [_pair(i, j, matrix, shown, pictures) for (i, j), shown in sorted(most_separated.items())]
    body = element(
        "body",
        _definitions(pictures),
        element("h1", matrix.title),
        element("p", NOTES, " Choose a cell to see its most separated pair."),
        element("div", _table(matrix, most_separated), class_="scroll"),
        *pairs,
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n".encode()


def _table(matrix: Matrix, most_separated: Mapping[tuple[int, int], MostSeparated]) -> Html:
    count, shade = len(matrix.metrics), shades(matrix.ratios)
    heads = ["", *(str(j + 1) for j in range(count)), "optimized", "fixed"]
    rows = [
        element(
            "tr",
            element("th", f"{i + 1}  {metric_title(name)}", scope="row"),
            *(_cell(i, j, matrix, float(shade[i, j]), (i, j) in most_separated) for j in range(count)),
            element("td", matrix.optimized[i], class_="number"),
            element("td", matrix.fixed[i], class_="number"),
        )
        for i, name in enumerate(matrix.metrics)
    ]
    top = element("tr", *(element("th", head, scope="col") for head in heads))
    return element("table", element("thead", top), element("tbody", *rows))


def _cell(i: int, j: int, matrix: Matrix, shade: float, linked: bool) -> Html:
    ratio = float(matrix.ratios[i, j])
    if np.isnan(ratio) or not linked:
        return element("td")
    ink = "#ffffff" if shade > DARK_FROM else "#1a1a1a"
    style = f"background:{to_hex(matplotlib.colormaps[COLORS](shade))};color:{ink}"
    label = f"{metric_title(matrix.metrics[i])} optimized, {metric_title(matrix.metrics[j])} fixed: {ratio_text(ratio)}"
    return element("td", element("a", ratio_text(ratio), href=f"#{_name(i, j)}", style=style, aria_label=label))


def _definitions(pictures: PictureTable) -> Html:
    """The pictures, each once: an original is that of many pairs."""
    images = [element("image", id=_picture_name(n), href=uri) for n, uri in enumerate(pictures.uris)]
    return element("svg", element("defs", *images), width=0, height=0, style="position:absolute", aria_hidden="true")


def _picture(image: np.ndarray, words: str, pictures: PictureTable) -> Html:
    """A picture of uint8 (H, W, 3)."""
    height, width = image.shape[:2]
    use = element("use", href=f"#{_picture_name(pictures.add(image, ENCODE))}")
    return element("svg", use, viewBox=f"0 0 {width} {height}", role="img", aria_label=words)


def _pair(i: int, j: int, matrix: Matrix, shown: MostSeparated, pictures: PictureTable) -> Html:
    """The two images of a cell beside the original, under its values."""
    run, first = shown.run, 2 * shown.pair
    title = f"{metric_title(matrix.metrics[i])} optimized, {metric_title(matrix.metrics[j])} fixed"
    three = [(to_uint8(run.reference), "original")]
    for k, result in list(enumerate(run.results))[first : first + 2]:
        three.append((run.images_8bit[k], f"{LETTERS[k]}  {result.direction}. {metric_title(result.optimized)}"))
    return element(
        "section",
        element("h2", title),
        element("p", pair_sentence(run, shown.pair)),
        *(element("figure", _picture(image, words, pictures), element("figcaption", words)) for image, words in three),
        id=_name(i, j),
    )


def _picture_name(n: int) -> str:
    return f"picture-{n + 1}"


def _name(i: int, j: int) -> str:
    return f"cell-{i + 1}-{j + 1}"
