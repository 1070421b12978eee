"""A trace is a history that a plot can show: thinned, plain, and without numbers that JSON does not have."""

import json
from dataclasses import asdict

import numpy as np

from mad_app.records import History
from mad_app.records.trace import MAX_POINTS, Trace


def test_a_short_history_is_kept_and_what_is_not_finite_is_none() -> None:
    values = np.arange(12.0).reshape(3, 4) / 7
    values[1, 2] = np.nan
    trace = Trace.of(History(np.array([0, 1, 5]), values, values, values))
    assert trace.step == (0, 1, 5)
    assert trace.first[1] == (0.571429, 0.714286, None, 1.0)
    json.dumps(asdict(trace), allow_nan=False)


def test_a_long_history_is_thinned_and_keeps_its_ends() -> None:
    steps = np.arange(5000)
    columns = np.repeat(steps[:, None], 4, axis=1).astype(float)
    trace = Trace.of(History(steps, columns, columns, columns))
    assert len(trace.step) == MAX_POINTS
    assert (trace.step[0], trace.step[-1]) == (0, 4999)
    assert [row[0] for row in trace.second] == list(trace.step)


def test_an_empty_history_is_an_empty_trace() -> None:
    assert Trace.of(History.empty()) == Trace()
