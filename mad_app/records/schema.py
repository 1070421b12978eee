"""The one declaration of a record: what run.json, series.json and the arrays of a run may hold.

Reading, saving, importing and listing all check by these tables. Settings of a request are checked for their type
alone, so that a record from a program with other ranges is still shown; `runs.request_of` refuses to run it again.
"""

from collections.abc import Mapping
from typing import Any

from mad_app.competition.settings import CORNERS, Reason
from mad_app.records.arrays import MAX_SIDE, ArrayForm, Forms
from mad_app.records.kinds import Choice, Flat, Kind, Listing, Number, Object, Table, Text, Time
from mad_app.records.storage import RecordError
from mad_app.request import REQUEST_SETTINGS

SCHEMA = 4
"""Version of the format of run.json; `upgrade` reads the earlier ones."""

SERIES_SCHEMA = 3
"""Version of the format of series.json."""
UNFINISHED = "unfinished"
"""The outcome of an image while its competition goes on, or after the program was killed."""

OUTCOMES = frozenset({*(reason.value for reason in Reason), UNFINISHED})
"""The codes that an outcome can have."""

SOURCES = ("bundled", "file", "array", "upload")
"""Where a reference can come from."""

LONGEST_TEXT = 4096
"""Of a setting, such as the path of a file."""
MAX_REQUESTS = 100_000
"""Of a series."""

_ID = Text(longest=64, pattern="[0-9a-f]*", form="hexadecimal digits")
_NAME = Text(longest=200)
_NO_MARKUP = r"[^<>\[\]`]*"
METRIC = Text(longest=120, pattern=r"[^<>\[\]`]+", form="the name of a metric")
"""The name of a metric, listed or your own."""
_VERSION = Text(longest=300, pattern=_NO_MARKUP, form="a device or a version", optional=True)
LARGEST = 1e100
"""Of distances and seconds; far more than any metric gives, and its square is still a number."""

_DISTANCE = Number(least=-LARGEST, most=LARGEST, optional=True)
_DISTANCES = Table(of=_DISTANCE, keys=METRIC, most=1000)
_PIXELS = Number(whole=True, least=1, most=MAX_SIDE, optional=True)

SETTINGS: Kind = Table(of=Flat(longest=LONGEST_TEXT), keys=_NAME, most=1000)
"""Of a request, flat."""

ORIGIN = Object(
    keys={
        "source": Choice(frozenset(SOURCES)),
        "name": Text(longest=LONGEST_TEXT, optional=True),
        "width": _PIXELS,
        "height": _PIXELS,
        "sha256": Text(longest=64, pattern="[0-9a-f]{64}", form="64 hexadecimal digits", optional=True),
    },
    later={"notes": Listing(of=Text(longest=500), most=20)},
)
CORNER = Object(
    keys={
        "optimized": METRIC,
        "fixed": METRIC,
        "direction": Choice(frozenset({"max", "min"})),
        "level": _DISTANCE,
        "start": _DISTANCES,
        "final": _DISTANCES,
        "final_8bit": Table(of=_DISTANCE, keys=METRIC, most=1000, optional=True),
        "drift": _DISTANCE,
        "drift_8bit": _DISTANCE,
        "outcome": Choice(OUTCOMES),
        "file": Text(longest=150, pattern=r"([A-Za-z0-9_-][A-Za-z0-9_.-]*\.png)?", form="the plain name of a PNG"),
    }
)
RUN = Object(
    keys={
        "request": _ID,
        "created": Time(),
        "settings": SETTINGS,
        "reference": ORIGIN,
        "solver": Table(of=Flat(longest=200, rows=True), keys=_NAME, most=100),
        "seed": Number(whole=True),
        "versions": Table(of=_VERSION, keys=_NAME, most=100),
        "device": Text(longest=300, pattern=_NO_MARKUP, form="a device or a version"),
        "weights": Table(of=Text(longest=2000, optional=True), keys=METRIC, most=1000),
        "seconds": Number(least=0, most=LARGEST),
        "others": Listing(of=METRIC, most=1000),
        "images": Listing(of=CORNER, least=len(CORNERS), most=len(CORNERS)),
    }
)
"""run.json."""

PLANNED_RUN = Object(keys={"id": _ID, "settings": SETTINGS})
SERIES = Object(
    keys={
        "kind": Text(longest=100, pattern=_NO_MARKUP, form="the kind of a series"),
        "created": Time(),
        "varied": _NAME,
        "requests": Listing(of=PLANNED_RUN, least=1, most=MAX_REQUESTS),
    }
)
"""series.json."""

_IMAGE = ArrayForm("float32", ("H", "W", 3), unit=True)
_FOUR = ArrayForm("float32", (len(CORNERS), "H", "W", 3), unit=True)
IMAGES: Forms = {
    "images": _FOUR,
    "reference": _IMAGE,
    "start": _IMAGE,
    "images_8bit": ArrayForm("uint8", (len(CORNERS), "H", "W", 3), optional=True),
    "mask": ArrayForm("bool", ("H", "W"), optional=True),
}
"""images.npz."""

_COLUMN = ArrayForm("floats", ("T", len(CORNERS)), most=LARGEST)
HISTORY: Forms = {
    "step": ArrayForm("integers", ("T",), growing=True),
    "first": _COLUMN,
    "second": _COLUMN,
    "drift": _COLUMN,
}
"""history.npz; a value may be NaN where a run broke down."""

KEYFRAMES: Forms = {
    "step": ArrayForm("integers", ("K",), growing=True),
    "images": ArrayForm("uint8", ("K", len(CORNERS), "H", "W", 3)),
}
"""keyframes.npz."""

_MAP = ArrayForm("uint8", ("K", len(CORNERS), "H", "W"))
_PEAK = ArrayForm("floats", ("K", len(CORNERS)), finite=True, most=LARGEST)
MAPS: Forms = {
    "step": ArrayForm("integers", ("K",), growing=True),
    "first": _MAP,
    "second": _MAP,
    "first_peak": _PEAK,
    "second_peak": _PEAK,
}
"""maps.npz."""

_VALUES = ArrayForm("floats", (len(CORNERS),), most=LARGEST)
CHECKPOINT: Forms = {
    "index": ArrayForm("integers", ()),
    "seconds": ArrayForm("floats", (), finite=True, most=LARGEST),
    "images": _FOUR,
    "first": _VALUES,
    "second": _VALUES,
    "drift": _VALUES,
    **{f"history.{name}": form for name, form in HISTORY.items()},
    "keyframes.step": ArrayForm("integers", ("K",), growing=True, optional=True),
    "keyframes.images": ArrayForm("uint8", ("K", len(CORNERS), "H", "W", 3), optional=True),
}
"""checkpoint.npz, beside the engine's state (`STATE`)."""

ARRAYS: Mapping[str, Forms] = {
    "images": IMAGES,
    "history": HISTORY,
    "keyframes": KEYFRAMES,
    "maps": MAPS,
    "checkpoint": CHECKPOINT,
}
"""Role of a file to its arrays."""

STATE: Mapping[str, ArrayForm] = {"state.": ArrayForm("plain", None)}


def check_run(document: Mapping[str, Any], where: str) -> None:
    """Refuse a run.json of today's schema that is not as declared.

    Raises:
        RecordError: the first fault; `where` opens the message.
    """
    RUN.check(document, where)
    check_types_of_settings(document["settings"], where)
    images = document["images"]
    found = [(image["optimized"], image["fixed"], image["direction"]) for image in images]
    names = {"first": found[0][0], "second": found[0][1]}
    expected = [(names[corner.optimized], names[corner.fixed], corner.direction) for corner in CORNERS]
    if found != expected or names["first"] == names["second"]:
        raise RecordError(f"{where}: images are {found} (optimized, fixed, direction), expected {expected}")
    files = [image["file"] for image in images if image["file"]]
    if len(set(files)) != len(files):
        raise RecordError(f"{where}: two of the four images have one file")


def check_types_of_settings(settings: Mapping[str, Any], where: str) -> None:
    """Refuse settings of a request whose type is another, whatever their range."""
    for name, declared in REQUEST_SETTINGS.items():
        if name in settings and not declared.is_of_kind(settings[name]):
            raise RecordError(f"{where}: settings: {name} is {settings[name]!r:.60}, which is of another type")
