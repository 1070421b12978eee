"""What a figure shows: its texts and images, and that none lies on another."""

import itertools
import xml.etree.ElementTree as ElementTree

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from mad_app.figures.canvas import drawing


def texts_of(figure: Figure) -> list[Text]:
    """All texts that are drawn; of the ticks, those within the axes."""
    texts = [*figure.texts]
    for axes in figure.axes:
        texts += axes.texts
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = axis.get_view_interval()
            texts += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in texts if text.get_text().strip()]


def images_of(figure: Figure) -> list[AxesImage]:
    """All images that are shown, in the order in which they were placed."""
    return [image for axes in figure.axes for image in axes.images]


def pixels_of(figure: Figure) -> list[np.ndarray]:
    """The pixels of each."""
    return [np.asarray(image.get_array()) for image in images_of(figure)]


def words_in_svg(svg: bytes) -> list[str]:
    """The texts of an SVG file, in their order."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def assert_nothing_overlaps_or_is_cut_off(figure: Figure, font: float) -> None:
    """No text and no image lies on another, or beyond the page."""
    with drawing():
        figure.draw_without_rendering()
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
    boxes += [("image", image.get_window_extent()) for image in images_of(figure)]
    page = figure.bbox
    for label, box in boxes:
        assert box.x0 >= -0.5, label
        assert box.y0 >= -0.5, label
        assert box.x1 <= page.x1 + 0.5, label
        assert box.y1 <= page.y1 + 0.5, label
    for (label, a), (other, b) in itertools.combinations(boxes, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(overlap) <= 0.05 * figure.dpi / 72 * font, f"{label!r} lies on {other!r}"
