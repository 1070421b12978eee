"""How many steps a time allows.

The schedules of a competition need the number of its steps from the beginning. Where a time alone is given, the
competition is begun and its first steps are timed; then it is begun anew with as many steps as fit into the rest of the
time. The record states that number and the time: a run that is asked for both takes the same steps on any machine that
is fast enough.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from mad_app.competition import Step, compete
from mad_app.metrics import get_metric
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.runs.materialize import materialize
from mad_app.runs.run import Resolve, metrics_of

SHARE = 0.1
"""Part of the time in which steps are timed."""
LEAST_STEPS = 3
"""Fewest steps that are timed, unless the time is over before."""


def with_steps_for_time(
    request: Request,
    *,
    resolve: Resolve = get_metric,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Request:
    """The request with as many steps as its time allows, at least 1; what is compiled for them is compiled only once.

    Args:
        request: with `seconds`; its `steps` are replaced.
        resolve: from a metric's name to the metric, the same each time.
        should_stop: asked after each step.
        clock: the present time in seconds.

    Raises:
        ArgumentError: as `run_competition`.
    """
    if request.seconds is None:
        return request
    materials, metrics = materialize(request), metrics_of(request, resolve)
    began = clock()
    settings = replace(request.settings(), seconds=None, gray=materials.gray)
    steps = compete(materials.reference, materials.start, *metrics, settings, mask=materials.mask)
    times = _times(steps, began, request.seconds, should_stop, clock)
    # several steps may come at once, after the last of them was made
    last = max(len(times) - 2, min(len(times) - 1, 1))
    speed = last / max(times[last] - times[0], 1e-9)
    most = int(REQUEST_SETTINGS["steps"].maximum or request.steps)
    return replace(request, steps=max(1, min(int(speed * (began + request.seconds - times[-1])), most)))


def _times(
    steps: Iterator[Step], began: float, seconds: float, should_stop: Callable[[], bool], clock: Callable[[], float]
) -> list[float]:
    """When the start and each of the first steps were there."""
    times = []
    for step in steps:
        times.append(now := clock())
        enough = len(times) > LEAST_STEPS and now - times[0] >= SHARE * seconds
        if step.reasons or enough or now - began >= seconds or should_stop():
            break
    return times
