"""Whether the competitions of a campaign can be run: their pictures can be read, and their metrics exist and fit."""

from collections.abc import Callable, Iterable
from functools import cache, partial

from mad_app.campaigns.spec import Campaign, read_campaign
from mad_app.errors import ArgumentError
from mad_app.metrics import MetricUnavailable, resolve_metric, spec_of
from mad_app.metrics.registry import is_listed
from mad_app.records.text import quotable
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.runs import Resolve, materialize

_PICTURES = tuple(name for name, declared in REQUEST_SETTINGS.items() if declared.group == "picture" or declared.file)
"""The settings on which the size of a competition's pictures depends, and whether they can be read."""


def check(campaign: Campaign, resolve: Resolve = resolve_metric) -> tuple[dict[str, int], list[str]]:
    """Read every picture and look up every metric once.

    Args:
        campaign: the competitions.
        resolve: from the name of a metric that is not listed to the metric.

    Returns:
        How many pixels the pictures of a request have, by its id; and a sentence for each mistake. A request with a
        picture that cannot be read has no pixels.
    """
    problems: dict[str, None] = {}
    shapes: dict[tuple[object, ...], tuple[int, int] | None] = {}
    smallest = cache(partial(_smallest, resolve))
    pixels = {}
    for identity, request in campaign.requests.items():
        key = tuple(getattr(request, name) for name in _PICTURES)
        if key not in shapes:
            shapes[key] = _shape(request, problems)
        shape = shapes[key]
        problems |= dict.fromkeys(_misfits(request, shape, smallest))
        if shape is not None:
            pixels[identity] = shape[0] * shape[1]
    return pixels, list(map(quotable, problems))


def mistakes(text: str) -> list[str]:
    """Every mistake in a campaign's file, and every picture and metric of it that cannot be used, a sentence each."""
    campaign, problems = read_campaign(text)
    return [*problems, *check(campaign)[1]]


def _shape(request: Request, problems: dict[str, None]) -> tuple[int, int] | None:
    """Height and width of the pictures; None where one cannot be read."""
    try:
        height, width, _ = materialize(request).reference.shape
    except ArgumentError as error:
        problems[str(error)] = None
        return None
    return height, width


def _misfits(request: Request, shape: tuple[int, int] | None, smallest: Callable[[str], int | str]) -> Iterable[str]:
    """What is wrong with the metrics of a request."""
    for name in (request.first, request.second):
        size = smallest(name)
        if isinstance(size, str):
            yield size
        elif shape is not None and min(shape) < size:
            has = f"{request.image} has {shape[1]} × {shape[0]}"
            yield f"{name} needs pictures of at least {size} × {size} pixels, but {has}"
    for name in request.other_metrics() or ():
        try:
            spec_of(name)
        except ArgumentError as error:
            yield f"others must be all, none, or names of metrics, and {error.problem}"


def _smallest(resolve: Resolve, name: str) -> int | str:
    """The smallest height and width that a metric accepts; or why it cannot compete, in a sentence."""
    try:
        if not is_listed(name):
            return resolve(name).minimum_size
        spec = spec_of(name)
    except (ArgumentError, MetricUnavailable) as error:
        return str(error)
    if spec.no_gradient:
        return f"{name} cannot compete: {spec.no_gradient}"
    missing = spec.missing()
    return f"{name} is not available here: {missing}" if missing else spec.minimum_size
