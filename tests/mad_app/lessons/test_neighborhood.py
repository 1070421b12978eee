"""What one element's regression gives, against LASI from its definition (tests/lasi/oracle.py)."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, load_image
from mad_app.lessons.neighborhood import grow, grow_on_average, look_at
from tests.lasi import oracle

SHAPE = (6, 7, 3)
IMAGE = np.random.default_rng(0).random(SHAPE, np.float32)


@pytest.mark.parametrize(("size", "ridge"), [(1, 1.0), (10, 1.0), (50, 0.1)])
def test_every_element_is_as_defined(size: int, ridge: float) -> None:
    expected = oracle.regress(2 * IMAGE.astype(np.float64) - 1, size, coefficient=ridge)
    neighbors = oracle.neighborhoods(SHAPE, size)
    where = oracle.positions(SHAPE)
    for p, (row, column, channel) in enumerate(where):
        look = look_at(IMAGE, row=row, column=column, channel=channel, neighborhood_size=size, ridge=ridge)
        exist = neighbors[p][neighbors[p] >= 0]
        assert (look.offsets + where[p]).tolist() == where[exist].tolist()
        np.testing.assert_allclose(look.coefficients, expected.coefficients[p, : len(exist)], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(2 * look.predicted - 1, expected.predictions[p], atol=1e-9)
        np.testing.assert_allclose(look.loss, expected.losses[p], atol=1e-9)
        assert look.true == pytest.approx(IMAGE[row, column, channel])


def test_growth_has_the_loss_and_the_error_of_every_size() -> None:
    growth = grow(IMAGE, row=4, column=3, channel=2, ridge=0.5)
    for n in (1, 7, 50):
        look = look_at(IMAGE, row=4, column=3, channel=2, neighborhood_size=n, ridge=0.5)
        assert growth.losses[n - 1] == pytest.approx(look.loss)
        assert growth.errors[n - 1] == pytest.approx((2 * (look.predicted - look.true)) ** 2)


def test_on_average_the_loss_of_a_photograph_falls_with_every_neighbor_as_the_lesson_says() -> None:
    image = load_image(bundled_path("cat"), size=32)
    average = grow_on_average(image)
    assert (np.diff(average.losses) < 0).all()
    (one,) = [grow_on_average(image, count=1)]
    np.testing.assert_array_equal(one.losses, grow(image, row=16, column=16, channel=0).losses)


@pytest.mark.parametrize(
    ("argument", "value"), [("row", 6), ("column", -1), ("channel", 3), ("neighborhood_size", 51), ("ridge", 0.0)]
)
def test_what_is_out_of_range_is_refused_by_its_name(argument: str, value: float) -> None:
    given = {"row": 1, "column": 1, "channel": 1, argument: value}
    with pytest.raises(ArgumentError) as refused:
        look_at(IMAGE, **given)  # type: ignore[arg-type]
    assert refused.value.argument == argument
