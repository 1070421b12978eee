"""Numbers keep three digits, and a verdict says what the record says, also where it is odd."""

import dataclasses
import math

import pytest

from mad_app.figures.text import metric_title, number, outcomes, percentage, verdict
from mad_app.metrics import METRICS
from mad_app.records import Run
from tests.mad_app.record_examples import make_run


def run_with(
    *, left: tuple[float | None, float | None], right: tuple[float | None, float | None], level: float | None = None
) -> Run:
    """A run whose first pair ended at these values of (driven, held), driven mse and held lasi."""
    run = make_run()
    results = [
        dataclasses.replace(result, optimized="mse", fixed="lasi", level=level, final={"mse": driven, "lasi": held})
        for result, (driven, held) in zip(run.images[:2], (left, right), strict=True)
    ]
    return dataclasses.replace(run, images=(*results, *run.images[2:]))


EQUAL = "LASI finds these two equally far from the reference (0.476); MSE sees "
FARTHER = " as far."


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ((9.8, 0.476), (0.01, 0.476), EQUAL + "the left one 980 times" + FARTHER),
        ((9.6, 0.4761), (4.0, 0.4759), EQUAL + "the left one 2.4 times" + FARTHER),
        ((1.224, 0.476), (1.2, 0.476), EQUAL + "the left one 1.02 times" + FARTHER),
        ((0.5, 0.476), (1.0, 0.476), EQUAL + "the right one 2 times" + FARTHER),
        ((12345.0, 0.476), (1.0, 0.476), EQUAL + "the left one 12,000 times" + FARTHER),
        ((1.0, 0.476), (1e-9, 0.476), EQUAL + "the left one more than a million times" + FARTHER),
        ((0.3, 0.476), (0.0, 0.476), EQUAL + "the left one at 0.300 and the other at no distance from the reference."),
        ((0.0, 0.0), (0.0, 0.0), EQUAL.replace("0.476", "0") + "no difference between them (0)."),
        (
            (0.5, 0.1),
            (0.5, 0.2),
            "LASI puts the left one at 0.100 and the right one at 0.200; MSE sees no difference between them (0.500).",
        ),
        (
            (None, 0.1),
            (0.5, None),
            "LASI has no finite value for one of these two; MSE has no finite value for one of them.",
        ),
    ],
)
def test_a_verdict_in_words(
    left: tuple[float | None, float | None], right: tuple[float | None, float | None], sentence: str
) -> None:
    assert verdict(run_with(left=left, right=right), 0) == sentence


def test_a_level_that_8_bits_missed_is_told() -> None:
    held = "LASI finds these two equally far from the reference (0.0200{}); MSE sees the left one 3 times as far."
    ends = {"left": (0.3, 0.02), "right": (0.1, 0.02)}
    assert verdict(run_with(**ends, level=0.02), 0) == held.format("")
    assert verdict(run_with(**ends, level=0.01), 0) == held.format(", its level being 0.0100")


def test_the_second_pair_is_judged_with_the_roles_exchanged() -> None:
    run = make_run()
    held = "DISTANCE finds these two equally far from the reference (1.00e-7, its level being 0.300); LASI:20 sees"
    assert verdict(run, 0).startswith(held)
    assert verdict(run, 1).startswith("LASI:20 puts the left one at 0.200 and the right one at 0.300; DISTANCE sees")
    with pytest.raises(ValueError, match="pair must be 0 or 1, got 2"):
        verdict(run, 2)


@pytest.mark.parametrize("exponent", range(-9, 8))
@pytest.mark.parametrize("digits", [1.0, 1.2345, 4.995, 9.9949, 9.996])
def test_numbers_keep_three_digits(exponent: int, digits: float) -> None:
    for value in (digits * 10.0**exponent, -digits * 10.0**exponent):
        text = number(value)
        assert float(text.replace("−", "-")) == float(f"{value:.3g}")
        assert len(text.lstrip("−")) <= 8
    assert number(digits * 10.0**exponent).lstrip("0.").replace(".", "")[:3].isdigit()


def test_what_is_no_number_is_a_dash() -> None:
    assert [number(value) for value in (None, math.nan, math.inf)] == ["–"] * 3
    assert [percentage(value) for value in (None, math.nan)] == ["–"] * 2


def test_titles_come_from_the_table_of_metrics() -> None:
    for name, row in METRICS.items():
        assert metric_title(name) == row.title
    assert metric_title("lasi:20") == "LASI:20"
    assert metric_title("package.module:my_metric") == "MY_METRIC"
    assert metric_title("unheard-of") == "UNHEARD-OF"


def test_equal_outcomes_are_put_together() -> None:
    run = make_run()
    assert outcomes(run) == "Each image used its whole budget of steps."
    ended = [dataclasses.replace(result, outcome=text) for result, text in zip(run.images, "xyxx", strict=True)]
    assert outcomes(dataclasses.replace(run, images=tuple(ended))) == "A, C, D each x; B y."
