"""The neighborhoods are the nearest earlier elements, found here by sorting all of them."""

import functools

import numpy as np
import pytest

from lasi.neighborhood import causal_neighborhood, flat_neighborhood
from tests.lasi import oracle

SHAPES = [
    (1, 1, 1),
    (1, 2, 1),
    (1, 40, 1),
    (40, 1, 3),
    (1, 1, 60),
    (9, 30, 3),
    (30, 9, 1),
    (3, 3, 2),
    (2, 7, 5),
    (14, 25, 3),
    (20, 4, 4),
    (5, 33, 1),
]
SIZES = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 27, 35, 50]

sorted_neighborhoods = functools.cache(oracle.neighborhoods)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_nearest_earlier_elements(shape: tuple[int, int, int], size: int) -> None:
    expected = sorted_neighborhoods(shape, SIZES[-1])[:, :size]
    np.testing.assert_array_equal(flat_neighborhood(shape, size), expected)


def test_the_first_elements_have_fewer() -> None:
    assert flat_neighborhood((1, 4, 1), 3).tolist() == [[-1, -1, -1], [0, -1, -1], [1, 0, -1], [2, 1, 0]]


@pytest.mark.parametrize("size", [3, 10, 25])
def test_its_size_and_reach_do_not_grow_with_the_rows(size: int) -> None:
    low, tall = (causal_neighborhood((height, 12, 3), size) for height in (40, 400))
    np.testing.assert_array_equal(low.offsets, tall.offsets)
    np.testing.assert_array_equal(low.exists, tall.exists)
    assert low.reach == tall.reach <= size


def test_missing_neighbors_have_no_offset() -> None:
    neighborhood = causal_neighborhood((3, 4, 2), 9)
    assert not neighborhood.offsets[~neighborhood.exists].any()
