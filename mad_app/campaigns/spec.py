"""A campaign's file: TOML to requests.

    image = ["cat", "coffee"]                           # a setting of a competition, or a list of its values
    size = 64
    seed = [0, 1, 2]
    pairs = [["ssim", "mse"], ["lasi", "lpips-alex"]]   # or `metrics`: every pair of a list

    [[runs]]                                            # each table is a set of runs; without one there is one set
    distortion = "noise"
    strength = [0.05, 0.1]

    [[runs]]
    distortion = "blur"

Each set of runs takes every combination of its values, and of the values above the tables that it does not give itself.
Requests that occur twice count once. Settings are those of `Request`; "none" stands for the none that some may be.
"""

import difflib
import functools
import hashlib
import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mad_app.declaration import Setting
from mad_app.errors import ArgumentError
from mad_app.records.text import quotable
from mad_app.request import REQUEST_SETTINGS, Request, request_id, settings_for_record

MOST_RUNS = 1_000_000
"""Most runs of a campaign."""

LARGEST_FILE = 10_000_000
"""Characters, and bytes, of a campaign's file at most."""

PAIRS, METRICS, RUNS = "pairs", "metrics", "runs"
CONTESTANTS = (PAIRS, METRICS, "first", "second")
"""Keys that say which metrics compete; a set of runs that has one of them takes none from above."""

Values = Mapping[str, list[Any]]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The competitions of a campaign.

    Attributes:
        requests: each by its id, in the order of the file.
        text: the file; empty for a campaign that was made otherwise.
        name: of the file.
    """

    requests: Mapping[str, Request] = field(default_factory=dict)
    text: str = ""
    name: str = ""

    @functools.cached_property
    def id(self) -> str:
        """A hash of the requests in any order."""
        return hashlib.sha256("\n".join(sorted(self.requests)).encode()).hexdigest()[:12]


def read_campaign(text: str, name: str = "campaign.toml") -> tuple[Campaign, list[str]]:
    """The campaign that a file describes, and every mistake in it.

    Args:
        text: the content of the file.
        name: of the file.

    Returns:
        The campaign, of what is right; and a sentence for each mistake, none of which opens a picture or loads a metric
        (see `check`).

    Example:
        >>> campaign, problems = read_campaign('metrics = ["ssim", "mse", "lasi"]\\nseed = [0, 1]')
        >>> len(campaign.requests), problems
        (6, [])
        >>> read_campaign("sead = 1")[1]
        ['sead is no setting of a competition: did you mean seed?']
    """
    if len(text) > LARGEST_FILE:
        return Campaign(), [f"it has more than {LARGEST_FILE} characters: divide it into several campaigns"]
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))  # which editors on Windows put in front
    except (ValueError, RecursionError) as error:
        return Campaign(), [f"it is no valid TOML: {_fault(error)}"]
    if not document:
        return Campaign(), ["it is empty: give at least one setting of a competition"]
    problems: dict[str, None] = {}
    requests: dict[str, Request] = {}
    for values in _sets(document, problems):
        for request in _requests(values, problems, MOST_RUNS - len(requests)):
            requests.setdefault(request_id(settings_for_record(request)), request)
    return Campaign(requests=requests, text=text, name=name), list(map(quotable, problems))


def _fault(error: Exception) -> str:
    """What the parser met, without a name from inside of it."""
    if isinstance(error, RecursionError):
        return "lists or tables are nested too deeply"
    return quotable(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else "a number has too many digits"


def _sets(document: Mapping[str, Any], problems: dict[str, None]) -> list[Values]:
    """The values of each set of runs."""
    common = {key: value for key, value in document.items() if key != RUNS}
    tables = document.get(RUNS, [{}])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        problems[f"{RUNS} must be tables, each under a line [[{RUNS}]]"] = None
        tables = [{}]
    sets = []
    for table in tables:
        own = CONTESTANTS if table.keys() & set(CONTESTANTS) else ()
        above = {key: value for key, value in common.items() if key not in own}
        sets.append({**above, **table})
    return [_checked(keys, problems) for keys in sets]


def _checked(keys: Mapping[str, Any], problems: dict[str, None]) -> Values:
    """The values of one set as lists, without those that cannot be used; `pairs` takes the place of all contestants."""
    values: dict[str, list[Any]] = {}
    for key, given in keys.items():
        if key in (PAIRS, METRICS):
            continue
        declared = REQUEST_SETTINGS.get(key)
        if declared is None:
            problems[_unknown(key)] = None
        elif given == []:
            problems[f"{key} has no value"] = None
        else:
            values[key] = _values_of(declared, given if isinstance(given, list) else [given], problems)
    pairs = _pairs(keys, problems)
    return {**values, PAIRS: pairs} if pairs is not None else values


def _unknown(key: str) -> str:
    """Why a key cannot be used, in a sentence."""
    if key == RUNS:
        return f"[[{RUNS}]] cannot hold further [[{RUNS}]]"
    near = difflib.get_close_matches(key, [*REQUEST_SETTINGS, PAIRS, METRICS, RUNS], 1)
    hint = f": did you mean {near[0]}?" if near else ""
    return f"{key if key and key.isprintable() else repr(key)} is no setting of a competition{hint}"


def _values_of(declared: Setting, given: list[Any], problems: dict[str, None]) -> list[Any]:
    kept = []
    for value in given:
        value = None if value == "none" and declared.optional else value
        try:
            declared.check(value)
        except ArgumentError as error:
            problems[str(error)] = None
        else:
            kept.append(value)
    return kept


def _pairs(keys: Mapping[str, Any], problems: dict[str, None]) -> list[Any] | None:
    """The pairs of metrics; None where `first` and `second` say which compete."""
    given = [key for key in CONTESTANTS if key in keys]
    if not {PAIRS, METRICS} & set(given):
        return None
    if len(given) > 1:
        problems[f"{' and '.join(given)} both say which metrics compete: leave one out"] = None
        return []
    found = keys[given[0]]
    if given == [METRICS]:
        if isinstance(found, list) and len(found) > 1 and all(isinstance(name, str) for name in found):
            return list(itertools.combinations(found, 2))
        problems[f"{METRICS} must be a list of at least two names"] = None
        return []
    if isinstance(found, list) and found and all(_is_pair(pair) for pair in found):
        return found
    problems[f'{PAIRS} must be a list of pairs of names, such as [["ssim", "mse"]]'] = None
    return []


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) for name in pair)


def _requests(values: Values, problems: dict[str, None], room: int) -> Iterable[Request]:
    """Every combination of the values; what cannot be asked is a problem."""
    if math.prod(map(len, values.values())) > room:
        problems[f"it has more than {MOST_RUNS} runs"] = None
        return
    for combination in itertools.product(*values.values()):
        settings = dict(zip(values, combination, strict=True))
        if PAIRS in settings:
            settings["first"], settings["second"] = settings.pop(PAIRS)
        try:
            yield Request(**settings)
        except ArgumentError as error:
            problems[str(error)] = None
