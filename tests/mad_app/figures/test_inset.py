"""An enlarged part lies in the picture, covers itself nowhere, and shows the picture's own pixels."""

import itertools

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.figures.export import mad_sheet
from mad_app.figures.inset import LEAST_ZOOM, Box, parse_box, place_inset
from mad_app.images import to_uint8

from .sheet_runs import make_sheet_run
from .shown import pixels_of


def test_an_enlargement_is_in_the_picture_and_beside_its_part() -> None:
    accepted = 0
    for left, top, side in itertools.product(np.linspace(0, 0.7, 8), np.linspace(0, 0.7, 8), (0.05, 0.15, 0.3)):
        try:
            box = parse_box(f"{left},{top},{side},{side}")
        except ArgumentError:
            continue
        accepted += 1
        inset = place_inset(box)
        wide, high = inset.zoom * box.width, inset.zoom * box.height
        assert inset.zoom >= LEAST_ZOOM
        assert max(wide, high) <= 0.5 + 1e-9
        x, y = inset.right * (1 - wide), inset.bottom * (1 - high)
        apart = x + wide <= box.left or x >= box.left + box.width or y + high <= box.top or y >= box.top + box.height
        assert apart, box
    assert accepted > 100


def test_a_part_in_a_corner_is_enlarged_in_the_opposite_one() -> None:
    assert place_inset(Box(0.8, 0.8, 0.15, 0.15))[2:] != (True, True)
    assert place_inset(Box(0.05, 0.05, 0.15, 0.15))[2:] == (True, True)


@pytest.mark.parametrize("shape", [(24, 24), (16, 40)])
def test_each_image_shows_its_own_part(shape: tuple[int, int]) -> None:
    run = make_sheet_run(shape)
    figure = mad_sheet(run, show="pairs", inset="0.25,0.5,0.25,0.25")
    shown = pixels_of(figure)
    assert len(shown) == 12
    rows, columns = shape
    for image in (run.reference, run.start, *run.finals):
        part = to_uint8(image)[rows // 2 : rows // 2 + rows // 4, columns // 4 : columns // 2]
        assert any(array.shape == part.shape and np.array_equal(array, part) for array in shown)
    assert len(figure.artists) + len(figure.patches) >= 24, "two frames of two lines an image"
