"""A request: what a user asks of a competition, as values. `runs.materialize` turns them into arrays."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, cast

from mad_app.competition import Settings
from mad_app.declaration import Group, Setting, Value, setting, settings_of
from mad_app.distortions import check_strength, get_distortion
from mad_app.errors import ArgumentError
from mad_app.images import DEFAULT_IMAGE, MAX_SIZE, MIN_SIZE, SMALLEST_EXTENT, Crop, SquareCrop
from mad_app.metrics import are_proportional, tidied

GROUPS: tuple[Group, ...] = ("picture", "metrics", "start", "length", "constraints", "levels", "measurement")
"""The order in which settings are asked for."""

ALL, NONE = "all", "none"
"""What `others` may be beside names of metrics."""

CROP = ("left", "top", "width", "height", "extent")
"""The settings that say which part of a picture is used."""

PICTURE = ("image", "size", *CROP)
"""The settings that describe a picture, which one given as an array replaces."""

SQUARE: Mapping[str, Value] = asdict(SquareCrop())
"""The crop of a request of schema 3 or earlier that names none, and those of its settings that are left out."""

SCHEMA_3_DEFAULTS: Mapping[str, Value] = {**SQUARE, "gray": False}
"""Defaults that were other ones up to schema 3; ids of requests go on being made with them."""

REPLACED: Mapping[str, tuple[str, ...]] = {
    "start": ("distortion", "strength", "seed", "start_file"),
    "mask": ("mask",),
}
"""What may be given as an array, to the settings that it replaces."""


@dataclass(frozen=True, kw_only=True)
class Request(Settings):
    """What a user asks for: the settings of the engine, and what makes the picture and the start.

    Attributes:
        image: name of a bundled picture or path of a file; None for a picture that is given as an array.
        size: longer side to which the picture, or its crop, is reduced, in pixels.
        left: left border of the rectangle that is used, as in `Crop`.
        top: upper border, likewise.
        width: of the rectangle, as in `Crop`.
        height: likewise.
        extent: None, or the side of an earlier version's square, as in `SquareCrop`; then `left` and `top` are as
            there, too. A `left` or `top` without `width` and `height` is of such a square.
        first: name of a metric, or of a weighted sum of metrics as "lasi+0.5*mse".
        second: name of another metric.
        distortion: name of the distortion that makes the start.
        strength: in the distortion's unit; its default if None.
        seed: of the distortion's random numbers, at least 0.
        start_file: the picture to start from, instead of a distorted copy, as in `image`.
        mask: a picture that is white where the images may change, as in `image`; None for everywhere.
        others: which other metrics are measured at the end: "all" that are available, "none", or names with commas
            between them.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    image: str | None = setting(
        DEFAULT_IMAGE,
        label="Picture",
        help="The original that all four images are compared with: a file, or the name of a bundled picture.",
        group="picture",
        file=True,
    )
    size: int = setting(
        128,
        label="Size (pixels)",
        help="Longer side of the images; a smaller picture is not enlarged. Four times the pixels take about four "
        "times as long.",
        group="picture",
        unit="pixels",
        minimum=MIN_SIZE,
        maximum=MAX_SIZE,
    )
    left: float = setting(
        Crop.left,
        label="Left border",
        help="Where the part of the picture that is used begins, between its left side (0) and its right one (1).",
        group="picture",
        minimum=0,
        maximum=1,
        inferred=True,
    )
    top: float = setting(
        Crop.top,
        label="Upper border",
        help="Where the part of the picture that is used begins, between its upper side (0) and its lower one (1).",
        group="picture",
        minimum=0,
        maximum=1,
        inferred=True,
    )
    width: float = setting(
        Crop.width,
        label="Width",
        help="Width of the part of the picture that is used; 1 is all of it.",
        group="picture",
        above=0,
        maximum=1,
        inferred=True,
    )
    height: float = setting(
        Crop.height,
        label="Height",
        help="Height of the part of the picture that is used; 1 is all of it.",
        group="picture",
        above=0,
        maximum=1,
        inferred=True,
    )
    extent: float | None = setting(
        None,
        label="Side of the square",
        help="Side of an earlier version's square, as a part of the picture's shorter side.",
        group="picture",
        minimum=SMALLEST_EXTENT,
        maximum=1,
        none="a rectangle",
        hidden=True,
    )
    first: str = setting(
        "lasi",
        label="First metric",
        help="A metric that `metrics` lists, or a sum such as lasi+0.5*mse.",
        group="metrics",
    )
    second: str = setting(
        "lpips-alex", label="Second metric", help="The metric that the first competes with.", group="metrics"
    )
    distortion: str = setting(
        "noise",
        label="Distort the copy by",
        help="What makes the start out of the picture. The start's distances are the levels that are kept.",
        group="start",
    )
    strength: float | None = setting(
        None,
        label="Strength",
        help="How strongly, in the distortion's own unit.",
        group="start",
        none="the distortion's default",
    )
    seed: int = setting(
        0,
        label="Seed",
        help="Every random number comes from it: the same seed gives the same start.",
        group="start",
        minimum=0,
        maximum=2**31 - 1,
    )
    start_file: str | None = setting(
        None,
        label="Another start",
        help="A picture to start from, instead of a distorted copy.",
        group="start",
        option="start",
        none="the distorted copy",
        file=True,
        in_address=False,
    )
    mask: str | None = setting(
        None,
        label="Mask",
        help="A picture that is white where the images may change.",
        group="constraints",
        none="everywhere",
        phrase="only within {value}",
        file=True,
        in_address=False,
    )
    others: str = setting(
        ALL,
        label="Other metrics",
        help="Which other metrics are measured at the end: all, none, or names with commas between them.",
        group="measurement",
    )

    def __post_init__(self) -> None:
        distortion = get_distortion(self.distortion)
        if self.strength is None:
            object.__setattr__(self, "strength", distortion.default)
        object.__setattr__(self, "first", tidied(self.first))
        object.__setattr__(self, "second", tidied(self.second))
        self._infer_crop()
        super().__post_init__()
        check_strength(distortion, cast(float, self.strength))
        if are_proportional(self.first, self.second):
            same = (
                f"got {self.first!r} twice" if self.first == self.second else f"but {self.second!r} is a multiple of it"
            )
            raise ArgumentError("second", f"must be another metric than the first, {same}")
        self.crop()
        if "" in (self.other_metrics() or ()):
            raise ArgumentError("others", f"must be all, none, or names with commas between them, got {self.others!r}")

    def settings(self) -> Settings:
        """The engine's part of it."""
        return Settings(**{item.name: getattr(self, item.name) for item in fields(Settings)})

    def crop(self) -> Crop | SquareCrop:
        """The part of the picture that is used."""
        if self.extent is None:
            return Crop(left=self.left, top=self.top, width=self.width, height=self.height)
        for name in ("width", "height"):
            if getattr(self, name) != 1:
                raise ArgumentError("extent", f"gives a square: leave out either it or the {name}")
        return SquareCrop(left=self.left, top=self.top, extent=self.extent)

    def other_metrics(self) -> tuple[str, ...] | None:
        """Names of the other metrics that are measured at the end; None for all that are available."""
        if self.others == ALL:
            return None
        return () if self.others == NONE else tuple(dict.fromkeys(name.strip() for name in self.others.split(",")))

    def with_array(self) -> "Request":
        """The request for a picture that is given as an array.

        Raises:
            ArgumentError: it describes a picture, too.
        """
        defaults = defaults_for(self)
        for name in PICTURE:
            if getattr(self, name) != defaults[name]:
                raise ArgumentError(name, "describes a picture, but the picture is given as an array: leave one out")
        return replace(self, image=None)

    def _infer_crop(self) -> None:
        """Put values into the place of those settings of the crop that were left out."""
        given = {name: value for name in CROP if (value := getattr(self, name)) is not None}
        if "extent" in given or (given and given.keys() <= {"left", "top"}):
            given = SQUARE | given  # type: ignore[operator]
        for name in CROP:
            value = given.get(name, REQUEST_SETTINGS[name].default)
            object.__setattr__(self, name, value)


REQUEST_SETTINGS: Mapping[str, Setting] = settings_of(Request)
"""Every setting of a request by name."""


def request_id(settings: Mapping[str, Any]) -> str:
    """A short id that equal requests share: SHA-256 of the settings that differ from the defaults of schema 3.

    A setting that is declared later, with a default, changes no id.

    Args:
        settings: of a request, or of a record; what is no setting of a request is ignored.

    Raises:
        ArgumentError: a setting is out of its range.

    Example:
        >>> request_id({"steps": 500}) == request_id(asdict(Request())) != request_id({"steps": 501})
        True
    """
    request = request_from(settings)
    asked = {name: getattr(request, name) for name in REQUEST_SETTINGS if request.image or name not in CROP}
    changed = {
        name: value if value is None else REQUEST_SETTINGS[name].kind(value)
        for name, value in asked.items()
        if value != SCHEMA_3_DEFAULTS.get(name, REQUEST_SETTINGS[name].default)
    }
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]


def defaults_for(request: Request) -> dict[str, Value]:
    """The values that settings have where a request like this one leaves them out: those that others decide, too."""
    defaults = {name: declared.default for name, declared in REQUEST_SETTINGS.items()}
    square = {} if request.extent is None else {name: SQUARE[name] for name in ("left", "top")}
    return defaults | square | {"strength": get_distortion(request.distortion).default}


def crop_settings(crop: Crop | SquareCrop) -> dict[str, Value]:
    """The settings that ask for a part of a picture."""
    return {name: REQUEST_SETTINGS[name].default for name in CROP} | asdict(crop)


def of_schema_3(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a record of schema 3 or earlier, in which what was left out had other defaults."""
    earlier = SCHEMA_3_DEFAULTS if settings.get("image") is not None else {"gray": False}
    return {**earlier, **settings}


def settings_for_record(request: Request, given: Collection[str] = ()) -> dict[str, Value]:
    """The settings that a record keeps.

    Args:
        request: what was asked.
        given: the names in REPLACED that were given as arrays; the settings that they replace are left out, as are
            those of a picture given as an array.
    """
    replaced = (name for array in given for name in REPLACED[array])
    left_out = {*replaced, *(PICTURE[1:] if request.image is None else ())}
    return {name: value for name, value in asdict(request).items() if name not in left_out}


def request_from(settings: Mapping[str, Any]) -> Request:
    """The request that a record's settings make, under today's or earlier names.

    Raises:
        ArgumentError: a setting is out of its range.
    """
    return Request(**with_todays_names(settings))


def with_todays_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a request under today's names; what is none is left out."""
    known: dict[str, Any] = {}
    for name, declared in REQUEST_SETTINGS.items():
        for called in (name, *declared.aliases):
            if called in settings:
                known[name] = settings[called]
                break
    return known


def labeled(error: Exception) -> str:
    """What is wrong with a request, under the label of the setting where the error has its name.

    Example:
        >>> labeled(ArgumentError("second_level", "cannot be reached")), labeled(OSError("no room"))
        ('Level of the second metric cannot be reached', 'no room')
    """
    if isinstance(error, ArgumentError) and error.argument in REQUEST_SETTINGS:
        return f"{REQUEST_SETTINGS[error.argument].label} {error.problem}"
    return str(error)


def in_groups() -> list[Setting]:
    """All settings in the order in which they are asked for."""
    return sorted(REQUEST_SETTINGS.values(), key=lambda one: GROUPS.index(one.group))


def describe_settings(settings: Mapping[str, Value], titles: Mapping[str, str]) -> list[str]:
    """Phrases for the settings that are not at their defaults, such as "gray" or "changes up to 0.05".

    Args:
        settings: of a request or record.
        titles: of the metrics, {"first": …, "second": …}.

    Example:
        >>> titles = {"first": "LASI", "second": "MSE"}
        >>> describe_settings({"gray": True, "max_change": 0.05, "second_level": 0.1}, titles)
        ['gray', 'changes up to 0.05', 'MSE kept at 0.1']
    """
    values = ((declared, settings.get(name, declared.default)) for name, declared in REQUEST_SETTINGS.items())
    return [text for declared, value in values if (text := declared.describe(value, titles))]
