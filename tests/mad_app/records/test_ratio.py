"""Which pair of a run is driven farthest apart, and by how much."""

import dataclasses
import math

import pytest

from mad_app.records import CornerResult, most_separated_pair, pair_ratio
from tests.mad_app.record_examples import make_result


def results(*finals: float | None) -> tuple[CornerResult, ...]:
    """Four results whose driven metrics say `finals`."""
    made = [make_result(i) for i in range(4)]
    return tuple(
        dataclasses.replace(result, final={result.optimized: final}) for result, final in zip(made, finals, strict=True)
    )


@pytest.mark.parametrize(
    ("finals", "expected"),
    [((6.0, 2.0), 3.0), ((2.0, 6.0), 3.0), ((0.0, 0.0), 1.0), ((1.0, 0.0), math.inf), ((None, 1.0), None)],
)
def test_separation_is_how_many_times_as_far(finals: tuple[float | None, float | None], expected: float | None) -> None:
    assert pair_ratio(results(*finals, 1.0, 1.0), 0) == expected
    assert pair_ratio(results(1.0, 1.0, *finals), 1) == expected


def test_the_most_separated_pair_is_the_one_driven_farther_apart() -> None:
    assert most_separated_pair(results(6.0, 2.0, 5.0, 2.0)) == 0
    assert most_separated_pair(results(6.0, 2.0, 8.0, 2.0)) == 1
    assert most_separated_pair(results(None, 2.0, 5.0, 2.0)) == 1
    assert most_separated_pair(results(None, None, None, None)) == 0
