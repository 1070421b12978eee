"""Numbers keep three digits, and every sentence says what the record says, also where it is odd."""

import dataclasses
import math

import pytest

from mad_app.competition import Reason
from mad_app.figures.text import (
    OUTCOMES,
    drift_magnitude,
    drift_sentence,
    image_title,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    percentage,
    running_drift_sentence,
    settings_sentence,
)
from mad_app.metrics import METRICS
from mad_app.records import UNFINISHED, Run
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.record_examples import make_run


def run_with(
    *, left: tuple[float | None, float | None], right: tuple[float | None, float | None], level: float | None = None
) -> Run:
    """A run whose first pair ended at these values of (optimized, fixed), optimized mse and fixed lasi."""
    run = make_run()
    results = [
        dataclasses.replace(result, optimized="mse", fixed="lasi", level=level, final={"mse": optimized, "lasi": fixed})
        for result, (optimized, fixed) in zip(run.results[:2], (left, right), strict=True)
    ]
    return dataclasses.replace(run, results=(*results, *run.results[2:]))


EQUAL = "For LASI, A and B differ equally from the original (0.476). For MSE, "


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ((9.8, 0.476), (0.01, 0.476), EQUAL + "A differs 980 times as much as B."),
        ((9.6, 0.4761), (4.0, 0.4759), EQUAL + "A differs 2.4 times as much as B."),
        ((1.224, 0.476), (1.2, 0.476), EQUAL + "A differs 1.02 times as much as B."),
        ((0.5, 0.476), (1.0, 0.476), EQUAL + "B differs 2 times as much as A."),
        ((12345.0, 0.476), (1.0, 0.476), EQUAL + "A differs 12,000 times as much as B."),
        ((1.0, 0.476), (1e-9, 0.476), EQUAL + "A differs more than a million times as much as B."),
        ((0.3, 0.476), (0.0, 0.476), EQUAL + "A differs by 0.300 and B not at all from the original."),
        ((0.2, 0.476), (0.2, 0.476), EQUAL + "too, A and B differ equally from the original (0.200)."),
        (
            (0.9, 0.235),
            (0.005, 0.31),
            "For LASI, A differs by 0.235 and B by 0.310 from the original. For MSE, A differs 180 times as much as B.",
        ),
        (
            (0.5, 0.1),
            (0.5, 0.2),
            "For LASI, A differs by 0.100 and B by 0.200 from the original. "
            "For MSE, A and B differ equally from the original (0.500).",
        ),
        ((None, 0.1), (0.5, None), "LASI has no finite value for B. MSE has no finite value for A."),
        ((None, None), (None, None), "LASI has no finite value for A and B. MSE has no finite value for A and B."),
    ],
)
def test_a_pair_in_words(
    left: tuple[float | None, float | None], right: tuple[float | None, float | None], sentence: str
) -> None:
    assert pair_sentence(run_with(left=left, right=right), 0) == sentence


def test_two_images_equally_far_from_the_original_are_not_called_equal() -> None:
    for pair in (0, 1):
        text = pair_sentence(run_with(left=(0.2, 0.1), right=(0.2, 0.1)), pair)
        assert "no difference" not in text
        assert "from the original" in text


def test_a_level_that_8_bits_missed_is_mentioned() -> None:
    ends = {"left": (0.3, 0.02), "right": (0.1, 0.02)}
    assert "from the original (0.0200)." in pair_sentence(run_with(**ends, level=0.02), 0)
    assert "from the original (0.0200; the target was 0.0100)." in pair_sentence(run_with(**ends, level=0.01), 0)


def test_the_second_pair_is_that_of_c_and_d_with_the_roles_exchanged() -> None:
    run = make_run()
    assert pair_sentence(run, 0).startswith("For distance, A and B differ equally from the original (1.00×10⁻⁷; the")
    assert pair_sentence(run, 1).startswith("For LASI:20, C differs by 0.200 and D by 0.300 from the original.")
    with pytest.raises(ValueError, match="pair must be 0 or 1, got 2"):
        pair_sentence(run, 2)


@pytest.mark.parametrize("digits", [1.0, 1.2345, 4.995, 9.9949, 9.996])
def test_numbers_keep_three_digits(digits: float) -> None:
    for exponent in range(-9, 8):
        for value in (digits * 10.0**exponent, -digits * 10.0**exponent):
            text = number(value)
            mantissa, _, power = text.replace("−", "-").partition("×10")
            raised = str(power).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
            assert float(f"{mantissa}e{raised}") == float(f"{value:.3g}")
            assert len(text.lstrip("−")) <= 9
        assert number(digits * 10.0**exponent).lstrip("0.").replace(".", "")[:3].isdigit()


def test_what_is_no_number_is_a_dash() -> None:
    assert [number(value) for value in (None, math.nan, math.inf)] == ["–"] * 3
    assert [percentage(value) for value in (None, math.nan)] == ["–"] * 2
    assert [drift_magnitude(value) for value in (None, math.nan)] == ["–"] * 2


@pytest.mark.parametrize("drift", [3e-7, 1e-5, 0.00099, 0.00123, 0.01, 0.0999, 0.5, 1.1, 31.4])
def test_a_drift_is_never_quoted_smaller_than_it_is(drift: float) -> None:
    quoted = float(drift_magnitude(-drift).removesuffix(" %")) / 100
    assert drift <= quoted * (1 + 1e-6)
    assert quoted <= max(1.11 * drift, 1e-5)


def test_a_drift_in_words() -> None:
    assert drift_sentence("lpips-alex", 2e-6) == "LPIPS (AlexNet) kept to within 0.001 %"
    assert drift_sentence("mse", -0.3) == "MSE off its level by 30 %"
    assert drift_sentence("mse", None) == "MSE not measured"
    assert running_drift_sentence(-1.1) == "off by up to 110 % for now; corrected at the end"


def test_titles_come_from_the_table_of_metrics_and_functions_keep_their_names() -> None:
    for name, row in METRICS.items():
        assert metric_title(name) == row.title
    assert metric_title("lasi:20") == "LASI:20"
    assert metric_title("package.module:my_Metric") == "my_Metric"
    assert metric_title("unheard-of") == "unheard-of"
    assert image_title(0, "lasi") == "A: LASI as high as possible"
    assert image_title(3, "m:f") == "D: f as low as possible"


def test_every_outcome_has_its_words() -> None:
    assert OUTCOMES.keys() == {reason.value for reason in Reason} | {UNFINISHED}


def test_an_image_that_fell_back_to_the_start_is_said_to_be_it() -> None:
    run = make_run()
    results = tuple(dataclasses.replace(result, outcome="max_steps") for result in run.results)
    finals = run.finals.copy()
    finals[0] = finals[3] = run.start
    text = outcome_sentence(dataclasses.replace(run, results=results, finals=finals))
    fell_back = "each used all its steps, and is the start: no change could be kept on its level"
    assert text == f"A and D {fell_back}; B and C each used all its steps."


def test_equal_outcomes_are_put_together() -> None:
    run = make_run()
    codes = ("max_steps", "converged", "max_steps", "max_steps")
    ended = [dataclasses.replace(result, outcome=code) for result, code in zip(run.results, codes, strict=True)]
    text = outcome_sentence(dataclasses.replace(run, results=tuple(ended)))
    assert text == "A, C and D each used all its steps; B converged: no step improves it further."
    same = [dataclasses.replace(result, outcome="max_steps") for result in run.results]
    assert outcome_sentence(dataclasses.replace(run, results=tuple(same))) == "Each image used all its steps."


def test_settings_that_are_not_the_default_are_named_and_folders_are_not() -> None:
    run = make_sheet_run((20, 30))
    assert settings_sentence(run) == "astronaut, 30 × 20 pixels, noise 0.1, 50 steps, seed 0."
    more = {"gray": True, "mask": "/home/me/m.png", "max_change": 0.05, "second_level": 0.3, "start_file": "/tmp/s.png"}
    text = settings_sentence(dataclasses.replace(run, settings={**run.settings, **more}))
    assert "start s.png" in text
    for phrase in ("gray", "only within m.png", "changes up to 0.05", "LPIPS (AlexNet) kept at 0.3"):
        assert f", {phrase}," in text
    assert "/" not in text
