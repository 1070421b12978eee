"""What the page explains: in three pictures what a competition is, and below the tool how it works, with drawings."""

import math

from mad_app.images.encode import Picture
from mad_app.metrics import METRICS
from mad_app.ui.components.html import Html, element, join

MAD_PAPER = "https://doi.org/10.1167/8.12.8"
MANIFOLDS = "https://www.nicolasboumal.net/book"

WHICH_FAILED = (
    "Which metric failed? Look: if the two images of a pair look different to you, the metric that rates them equal "
    "has failed."
)
"""How to read a pair."""

_WEIGHTS = (0.1, 0.25, 0.1, 0.05, 0.2, 0.55, 0.9, 0.45, 0.15, 0.35, 0.8)
"""Of the neighbors in the drawing of LASI, in the order of reading."""


def introduction_html(original: Picture, pair: tuple[Picture, Picture], fixed: str, optimized: str) -> Html:
    """One sentence and three small pictures.

    Args:
        original: of a finished competition.
        pair: its images A and B.
        fixed: what the metric that rates them equal says of them.
        optimized: what the other one says.
    """
    steps = (
        ((original,), "The original"),
        (pair, fixed),
        (pair, optimized),
    )
    figures = [
        element(
            "figure",
            *(element("img", src=picture.uri(), alt="") for picture in pictures),
            element("figcaption", text),
        )
        for pictures, text in steps
    ]
    lead = (
        "A metric rates how far a copy is from its original. Here two metrics compete: the pixels of copies are "
        "changed until one metric rates two of them equal and the other rates them as differently as possible. "
    )
    return element("div", element("p", lead, element("b", WHICH_FAILED)), *figures, class_="mad-intro")


def how_it_works_html() -> Html:
    """Four drawings with a few sentences each."""
    return element(
        "div",
        _card(
            "A MAD competition",
            level_set(),
            "For the fixed metric, every image on the gray circle is equally far from the original O. Along it, the "
            "program looks for the image that the other metric rates farthest from the original (A), and for the "
            "nearest one (B). Then the two metrics change roles, which gives C and D. Try it with ",
            _link("?first=ssim&second=mse&size=64", "SSIM and MSE", here=True),
            ". Source: ",
            _link(MAD_PAPER, "Wang & Simoncelli 2008"),
            ".",
        ),
        _card(
            "LASI",
            neighborhood(),
            "LASI predicts every pixel from the pixels above it and left of it, with the weights that fit the pixels "
            "around it best. It then compares the weights of the two pictures, not their pixels. Nothing is trained. "
            "Source: ",
            _link(METRICS["lasi"].url, "Severo, Theis & Ballé 2024"),
            ".",
        ),
        _card(
            "LPIPS",
            layers(),
            "LPIPS shows both pictures to a neural network that was trained to name objects, and compares what its "
            "layers answer. How much each layer counts was fitted to the judgments of people. Source: ",
            _link(METRICS["lpips-alex"].url, "Zhang et al. 2018"),
            ".",
        ),
        _card(
            "One step",
            _step(),
            "The gradient g tells how to change every pixel so that the optimized metric rises, or falls, the fastest. "
            "The part of it that would change the fixed metric is removed, which leaves the tangent t; a small "
            "correction r leads back to the circle. A run makes hundreds of such steps. Source: ",
            _link(MANIFOLDS, "Boumal 2023"),
            ".",
        ),
        class_="mad-how",
    )


def equal_ring() -> Html:
    """The original, and copies all around it at one distance."""
    copies = []
    for i in range(8):
        turn = math.pi * i / 4
        copies.append(_dot(110 + 50 * math.cos(turn), 66 + 50 * math.sin(turn), f"mad-dot mad-{'ABCD'[i % 4]}"))
    return _svg(
        "Eight copies at the same distance from the original O",
        element("circle", cx=110, cy=66, r=50, class_="mad-ring"),
        _dot(110, 66, "mad-dot"),
        _text(117, 62, "O"),
        *copies,
    )


def two_rulers() -> Html:
    """Two copies on two rulers, on which they lie in the other order."""
    rulers = []
    for y, (a, b) in ((40, (78, 110)), (98, (168, 128))):
        rulers += [element("line", x1=24, x2=204, y1=y, y2=y, class_="mad-contour")]
        rulers += [element("line", x1=x, x2=x, y1=y - 4, y2=y + 4, class_="mad-contour") for x in range(24, 205, 20)]
        rulers += [_dot(24, y, "mad-dot"), _dot(a, y, "mad-dot mad-A"), _dot(b, y, "mad-dot mad-B")]
        rulers += [_text(18, y - 10, "O"), _text(a - 5, y - 10, "A"), _text(b - 5, y - 10, "B")]
    return _svg("Two rulers from the original O: on one copy A is nearer, on the other copy B", *rulers)


def _card(title: str, drawing: Html, *text: str) -> Html:
    return element("section", element("h3", title), drawing, element("p", *text))


def _link(address: str, text: str, *, here: bool = False) -> Html:
    return element("a", text, href=address, target="_self" if here else "_blank", rel=None if here else "noopener")


def _svg(described: str, *children: Html) -> Html:
    return element("svg", *children, viewBox="0 0 220 130", role="img", aria_label=described)


def _text(x: float, y: float, text: str, class_: str = "mad-label") -> Html:
    return element("text", text, x=x, y=y, class_=class_)


def _dot(x: float, y: float, class_: str) -> Html:
    return element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=5, class_=class_)


def level_set() -> Html:
    """The circle of the fixed metric, ellipses of the other, and where they touch."""
    ellipses = [
        element("ellipse", cx=110, cy=66, rx=rx, ry=ry, class_="mad-contour", transform="rotate(-25 110 66)")
        for rx, ry in ((100, 50), (70, 35), (40, 20))
    ]
    turn = math.radians(-25)
    a = (110 + 50 * math.sin(turn), 66 - 50 * math.cos(turn))
    b = (110 + 50 * math.cos(turn), 66 + 50 * math.sin(turn))
    return _svg(
        "A circle of images that the fixed metric rates equal, and on it the images A and B, which the other metric "
        "rates farthest and nearest",
        *ellipses,
        element("circle", cx=110, cy=66, r=50, class_="mad-ring"),
        _dot(110, 66, "mad-dot"),
        _text(117, 62, "O"),
        _dot(*a, "mad-dot mad-A"),
        _text(a[0] - 18, a[1] + 2, "A"),
        _dot(*b, "mad-dot mad-B"),
        _text(b[0] + 9, b[1] + 4, "B"),
    )


def level_curves() -> Html:
    """Circles of one metric, bent curves of the other, and a start on a thick circle."""
    circles = [element("circle", cx=110, cy=66, r=r, class_="mad-contour") for r in (18, 54)]
    bent = [
        element("ellipse", cx=110 - r / 3, cy=66, rx=1.9 * r, ry=0.8 * r, class_="mad-contour") for r in (12, 24, 44)
    ]
    return _svg(
        "Circles of one metric, bent curves of another, and the original and a start between them",
        *circles,
        *bent,
        element("circle", cx=110, cy=66, r=36, class_="mad-ring"),
        _dot(110, 66, "mad-dot"),
        _dot(146, 66, "mad-dot mad-A"),
    )


def two_curves() -> Html:
    """The distances of two copies, which fall and cross."""
    return _svg(
        "Two falling curves that cross: on the left copy A is nearer, on the right copy B",
        element("path", d="M 20 12 V 116 H 180", class_="mad-ring"),
        element("path", d="M 22 54 C 70 58 120 66 168 84", class_="mad-line mad-A"),
        element("path", d="M 22 20 C 60 26 90 96 168 106", class_="mad-line mad-B"),
        _text(172, 84, "A"),
        _text(172, 106, "B"),
        _text(98, 129, "σ"),
    )


def stretched() -> Html:
    """Three ranges from low to high; with the sum fixed it may be shorter."""
    ranges = []
    for y, low, high, label in ((28, 60, 176, "LASI"), (64, 70, 168, "LPIPS"), (100, 84, 152, "both")):
        ranges += [element("line", x1=low, x2=high, y1=y, y2=y, class_="mad-ring")]
        ranges += [_dot(low, y, "mad-dot mad-B"), _dot(high, y, "mad-dot mad-A"), _text(8, y + 4, label)]
    return _svg("How far a metric can be driven apart with LASI, LPIPS or both fixed", *ranges)


def brush() -> Html:
    """A stroke of a brush, and the round end of it."""
    stroke = "M40 95C60 30 95 30 105 70S150 110 172 44"
    return _svg(
        "A stroke of a brush across a picture",
        element("rect", x=25, y=10, width=170, height=110, class_="mad-neighbor", style="fill-opacity:0.15"),
        element("path", d=stroke, class_="mad-ring", style="stroke-width:14;stroke-linecap:round;stroke-opacity:0.55"),
        element("circle", cx=172, cy=44, r=14, class_="mad-contour"),
        _dot(172, 44, "mad-dot"),
    )


def neighborhood() -> Html:
    """A pixel and its causal neighbors, the heavier the darker."""
    cells = []
    for i, weight in enumerate(_WEIGHTS):
        row, column = (0, i + 1) if i < 3 else (1, i - 3) if i < 8 else (2, i - 8)
        cells.append(_cell(row, column, "mad-neighbor", f"fill-opacity:{weight}"))
    later = [_cell(row, column, "mad-later") for row, column in ((2, 4), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4))]
    pixel = element("rect", x=121, y=63, width=20, height=20, class_="mad-pixel")
    return _svg("A pixel and the pixels above it and left of it, each with its weight", *cells, *later, pixel)


def _cell(row: int, column: int, class_: str, style: str | None = None) -> Html:
    return element("rect", x=48 + 24 * column, y=14 + 24 * row, width=22, height=22, class_=class_, style=style)


def layers() -> Html:
    """Two pictures, the layers of a network, and a sum."""
    sizes = ((70, 10), (54, 14), (42, 18), (32, 22), (24, 26))
    layers, x = [], 50
    for i, (high, wide) in enumerate(sizes):
        opacity = f"fill-opacity:{0.25 + 0.15 * i:g}"
        layers.append(element("rect", x=x, y=60 - high / 2, width=wide, height=high, class_="mad-layer", style=opacity))
        layers.append(element("line", x1=x + wide / 2, x2=150, y1=60 + high / 2, y2=116, class_="mad-contour"))
        x += wide + 6
    pictures = (
        element("rect", x=6, y=26, width=30, height=30, class_="mad-layer mad-A"),
        element("rect", x=6, y=64, width=30, height=30, class_="mad-layer mad-B"),
    )
    return _svg(
        "Two pictures go through the layers of a network; the differences of every layer are summed",
        *pictures,
        *layers,
        _text(154, 122, "sum"),
    )


def _step() -> Html:
    """Gradient, tangent and the way back to the circle."""
    return _svg(
        "From a point of the circle: the gradient, its part along the tangent, and the correction back to the circle",
        element("path", d="M 10 122 A 150 150 0 0 1 212 104", class_="mad-ring"),
        _arrow(84, 84, 132, 14, "mad-A"),
        _arrow(84, 84, 170, 62, "mad-B"),
        _arrow(170, 62, 174, 82, "mad-C"),
        _dot(84, 84, "mad-dot"),
        _text(104, 28, "g"),
        _text(150, 58, "t"),
        _text(180, 76, "r"),
    )


def _arrow(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    angle, length = math.atan2(y2 - y1, x2 - x1), 8.0
    barbs = [(x2 - length * math.cos(angle + side), y2 - length * math.sin(angle + side)) for side in (0.45, -0.45)]
    head = " L ".join(f"{x:.1f} {y:.1f}" for x, y in (barbs[0], (x2, y2), barbs[1]))
    return join(
        element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=f"mad-line {class_}"),
        element("path", d=f"M {head}", class_=f"mad-line {class_}"),
    )
