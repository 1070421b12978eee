"""A slide: its shape, whole pixels, and texts that do not run out of it."""

import io

import numpy as np
import pytest
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.figures.handout import PicturePanel
from mad_app.figures.slide import Slide, slide_bytes

COLORS = np.random.default_rng(0).random((9, 8, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("turned", [False, True])
def test_every_pixel_of_every_picture_is_a_square_of_dots(turned: bool) -> None:
    images = COLORS.swapaxes(1, 2) if turned else COLORS
    pictures = [PicturePanel(image, ("Name", "value 1", "value 2")) for image in images]
    slide = Slide("Title", pictures, ("A sentence " * 30,), "Source")
    drawn = np.asarray(Image.open(io.BytesIO(slide_bytes(slide, "png"))).convert("RGB"))
    assert drawn.shape[1] / drawn.shape[0] == pytest.approx(16 / 9, abs=0.01)
    assert (drawn[[0, -1]] == 255).all()
    assert (drawn[:, [0, -1]] == 255).all()
    for image in images:
        first = np.rint(image[0, 0] * 255).astype(np.uint8)
        rows, columns = np.nonzero((drawn == first).all(axis=-1))
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert np.ptp(rows) == np.ptp(columns) >= 8


def test_a_slide_without_pictures_is_refused() -> None:
    with pytest.raises(ArgumentError) as refused:
        slide_bytes(Slide("Title", []), "pdf")
    assert refused.value.argument == "pictures"
