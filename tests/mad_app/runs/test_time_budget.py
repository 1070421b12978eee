"""A time alone becomes a number of steps, which the record states."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from mad_app.request import Request
from mad_app.runs.time_budget import LEAST_STEPS, SHARE, with_steps_for_time

REQUEST = Request(image="coffee", size=16, first="ssim", second="mse", seconds=100.0, others="none")


def clock_of(first: float, each: float) -> Callable[[], float]:
    """A clock by which the start takes `first` seconds and each step `each`."""
    times = itertools.chain([0.0, first], (first + each * step for step in itertools.count(1)))
    return lambda: next(times)


@pytest.mark.parametrize(("first", "each"), [(0.0, 1.0), (20.0, 0.5), (30.0, 5.0), (0.0, 0.25)])
def test_as_many_steps_are_made_as_fit_into_the_rest_of_the_time(first: float, each: float) -> None:
    timed = max(LEAST_STEPS, SHARE * 100 / each)
    request = with_steps_for_time(REQUEST, clock=clock_of(first, each))
    assert request.steps == pytest.approx((100 - first - timed * each) / each, abs=1)
    assert request == replace(REQUEST, steps=request.steps)


@pytest.mark.parametrize(("first", "each"), [(200.0, 1.0), (0.0, 300.0), (99.0, 50.0)])
def test_one_step_is_made_where_the_time_is_too_short(first: float, each: float) -> None:
    assert with_steps_for_time(REQUEST, clock=clock_of(first, each)).steps == 1


def test_no_more_steps_are_asked_for_than_a_request_allows() -> None:
    assert with_steps_for_time(replace(REQUEST, seconds=3e7), clock=clock_of(0.0, 1e6)).steps == pytest.approx(
        26, abs=1
    )
    quick = iter([0.0] * 4 + [1e-12] * 10**6)
    assert with_steps_for_time(replace(REQUEST, seconds=1e-12), clock=lambda: next(quick)).steps == 1


def test_a_request_without_a_time_stays_as_it_is() -> None:
    request = replace(REQUEST, seconds=None)
    assert with_steps_for_time(request) is request


def test_the_first_steps_end_with_a_stop() -> None:
    request = with_steps_for_time(REQUEST, clock=clock_of(0.0, 1e-3), should_stop=lambda: True)
    assert request.steps >= 1
