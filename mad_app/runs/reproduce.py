"""What reproduces a run: a command line, Python, and the address of a page, all made from the declared settings."""

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mad_app.declaration import Setting, Value
from mad_app.distortions import DISTORTIONS, check_strength
from mad_app.errors import ArgumentError
from mad_app.images import BUNDLED, MAX_SIZE, MIN_SIZE, Crop, bundled_path, is_gray
from mad_app.images.encode import Picture
from mad_app.metrics.registry import canonical_name, is_listed, spec_of
from mad_app.records import Run, Summary
from mad_app.records.files import DEFAULT_FILES
from mad_app.request import (
    ALL,
    CROP,
    NONE,
    REQUEST_SETTINGS,
    Request,
    crop_settings,
    defaults_for,
    in_groups,
    with_todays_names,
)
from mad_app.runs.run import request_of

ALWAYS_GIVEN = ("image", "size", "first", "second", "distortion", "strength", "steps", "seed")
"""Settings that a command and Python give even at their defaults, so that nobody has to know the defaults."""

_TYPED_PLUS = re.compile(r"(?<=[^\s+*])\s+(?=[^\s+*])")
"""What the + of a sum becomes in an address that was typed by hand: a space between two metrics."""

_IN_ORDER = {declared.name: declared for declared in in_groups()}


def command_of(request: Request) -> str:
    """The command line of a request.

    Example:
        >>> command_of(Request(image="my cat.png", steps=50))[:71]
        "python -m mad_app compete 'my cat.png' --size 128 --first lasi --second"
    """
    given = _given(request)
    image = str(given.pop("image") or DEFAULT_FILES["reference"])
    words = [word for name, value in given.items() for word in _option(REQUEST_SETTINGS[name], value)]
    image = f"./{image}" if image.startswith("-") else image
    return shlex.join(["python", "-m", "mad_app", "compete", image, *words, "--out", "runs"])


def python_of(request: Request) -> str:
    """The Python of a request."""
    arguments = "".join(f"    {name}={value!r},\n" for name, value in _given(request).items())
    has_own = not (is_listed(request.first) and is_listed(request.second))
    return (
        "from mad_app import Request, run_competition\n"
        + "from mad_app.metrics import resolve_metric\n" * has_own
        + f"\nrequest = Request(\n{arguments})\n"
        + f'run_competition(request, "runs"{", resolve=resolve_metric" * has_own})'
    )


def to_query(request: Request) -> dict[str, str]:
    """The parameters of an address that asks for a request; what is at its default, or no address carries, is left out.

    Example:
        >>> to_query(Request(image="coffee", max_change=0.05, gray=True))
        {'image': 'coffee', 'gray': 'True', 'max_change': '0.05'}
    """
    defaults = defaults_for(request)
    return {
        name: declared.text(value)
        for name, declared in _IN_ORDER.items()
        if declared.in_address and (value := getattr(request, name)) != defaults[name] and value is not None
    }


def from_query(
    query: Mapping[str, str],
    *,
    is_saved_picture: Callable[[str], bool] = lambda _: False,
    maxima: Mapping[str, float] | None = None,
) -> tuple[Request, list[str]]:
    """The request that an address asks for; the inverse of `to_query`.

    An address may come from anybody: it names bundled or saved pictures and metrics of the registry alone.

    Args:
        query: parameters by name, also by earlier names; those that are no settings are left alone.
        is_saved_picture: whether there is a saved picture of that name, beside the bundled ones.
        maxima: name of a setting to the greatest value that a page allows.

    Returns:
        The request, and the names of the settings that were ignored, whose values are the defaults instead.

    Example:
        >>> request, ignored = from_query({"size": "64", "first": "os:system", "steps": "many", "grey": "True"})
        >>> request.size, request.first, request.steps, request.gray, ignored
        (64, 'lasi', 500, True, ['first', 'steps'])
    """
    texts, values = with_todays_names(query), dict[str, Value]()
    ignored = []
    for name, declared in _IN_ORDER.items():
        if (text := texts.get(name)) is None:
            continue
        try:
            if not declared.in_address:
                raise ArgumentError(name, "is in no address")
            value = declared.parse(text)
            if isinstance(value, int | float) and value > (maxima or {}).get(name, value):
                raise ArgumentError(name, "is more than the page allows")
            if name == "image" and not (value in BUNDLED or is_saved_picture(str(value))):
                raise ArgumentError(name, "is no picture that an address can name")
            values[name] = _check_name(name, value)
        except ValueError:
            ignored.append(name)
    return _nearest_request(values, ignored)


def request_for_page(
    run: Run | Summary, *, name: str | None = None, maxima: Mapping[str, float] | None = None
) -> tuple[Request, list[str]]:
    """What a page asks for to reproduce a run, and the names of the settings that it cannot take over.

    Where the picture is not a bundled one, it is the record's own copy, named `<name of the run>/<file>`.

    Args:
        run: the record.
        name: by which the page finds it, which has the series that it belongs to; its id if None.
        maxima: as in `from_query`.
    """
    settings = with_todays_names(run.settings)
    if not _is_bundled(run):
        settings |= {**_whole_copy(run), "image": f"{name or run.id}/{_copy_name(run)}"}
    texts = {  # of the crop all, because what is left out of it follows from the rest
        name: REQUEST_SETTINGS[name].text(value)
        for name, value in settings.items()
        if value is not None and (value != REQUEST_SETTINGS[name].default or name in CROP)
    }
    asked, ignored = from_query(texts, is_saved_picture=lambda name: name == settings["image"], maxima=maxima)
    return asked, [*ignored, *(["start_file"] if "start" in run.given else [])]


def asks_for_same(now: Request, request: Request, run: Run | Summary | None) -> bool:
    """Whether `now` asks for the same as the `request` of a run, perhaps on the record's own copy of its picture."""
    if request.gray is None and run is not None:
        request = replace(request, gray=bool(run.settings.get("gray")))
    now = replace(now, gray=request.gray) if now.gray is None else now
    return now == request or (run is not None and run.folder is not None and now == _on_copy(request, run))


def reproduction_of(run: Run) -> Request:
    """The request that reproduces a run elsewhere: on the record's own copy of a picture that is not a bundled one.

    A mask or a start of its own fits the picture itself only, so that such a request is left as it is.

    Raises:
        RecordError: the record's settings are not those of a request.
    """
    request = _without_plain_gray(request_of(run), run)
    if run.folder is None or request.mask or request.start_file:
        return request
    if "start" in run.given:
        start = run.folder / run.files.get("start", DEFAULT_FILES["start"])
        return replace(_on_copy(request, run), start_file=str(start))
    if _is_bundled(run):
        return request
    copied = _on_copy(request, run)
    path, here = Path(os.path.realpath(str(copied.image))), Path.cwd()  # `resolve` ends at links in a circle
    return replace(copied, image=str(path.relative_to(here) if path.is_relative_to(here) else path))


def _nearest_request(values: dict[str, Value], ignored: list[str]) -> tuple[Request, list[str]]:
    """The request of these values without those that do not fit the others."""
    distortion = DISTORTIONS[str(values.get("distortion", Request.distortion))]
    if "strength" in values:
        try:
            check_strength(distortion, float(values["strength"] or 0))
        except ValueError:
            del values["strength"]
            ignored.append("strength")
    while True:
        try:
            return Request(**values), ignored  # type: ignore[arg-type]
        except ArgumentError as error:
            name = next(name for name in (error.argument, "first", *values) if name in values)
            del values[name]
            ignored.append(name)


def _check_name(name: str, value: Value) -> Value:
    """A value that must be a name of a table, as it is in the table.

    Raises:
        ValueError: there is none of that name.
    """
    if name == "distortion" and value not in DISTORTIONS:
        raise ArgumentError(name, f"must be one of {', '.join(DISTORTIONS)}, got {value!r}")
    if name in ("first", "second"):
        return canonical_name(_TYPED_PLUS.sub("+", str(value)))
    if name == "others" and value not in (ALL, NONE):
        for other in str(value).split(","):
            spec_of(other.strip())
    return value


def _is_bundled(run: Run | Summary) -> bool:
    source = run.origin.source if run.origin else None
    return run.settings.get("image") in BUNDLED and source in (None, "bundled") and not _is_enlarged(run)


def _is_enlarged(run: Run | Summary) -> bool:
    """Whether a record holds a bundled picture enlarged, as earlier versions did: only its own copy reproduces it."""
    extent = run.settings.get("extent")
    if run.origin is None or run.origin.width is None or not isinstance(extent, int | float) or not 0 < extent <= 1:
        return False
    picture = Picture.read(bundled_path(str(run.settings["image"])))
    return run.origin.width > max(MIN_SIZE, round(extent * min(picture.width, picture.height)))


def _on_copy(request: Request, run: Run | Summary) -> Request:
    """The request on the record's own copy of its picture."""
    path = (run.folder or Path()) / _copy_name(run)
    return replace(request, image=str(path), **_whole_copy(run))  # type: ignore[arg-type]


def _whole_copy(run: Run | Summary) -> dict[str, Value]:
    """The settings that take all of a record's own copy of its picture."""
    whole = crop_settings(Crop())
    if run.origin and run.origin.width and run.origin.height:
        whole["size"] = min(max(run.origin.width, run.origin.height, MIN_SIZE), MAX_SIZE)
    return whole


def _copy_name(run: Run | Summary) -> str:
    return run.files.get("reference", DEFAULT_FILES["reference"])


def _option(declared: Setting, value: Value) -> list[str]:
    option = f"--{declared.option}"
    if isinstance(value, bool):
        return [option if value else f"--no-{declared.option}"]
    return [option, declared.text(value)]


def _given(request: Request) -> dict[str, Value]:
    """The settings that are not at their defaults, and those that are always given."""
    values = {name: getattr(request, name) for name in _IN_ORDER}
    defaults = defaults_for(request)
    return {name: value for name, value in values.items() if name in ALWAYS_GIVEN or value != defaults[name]}


def _without_plain_gray(request: Request, run: Run) -> Request:
    """The request without its `gray`, where that is false because the picture has colors."""
    return request if request.gray or is_gray(run.reference) else replace(request, gray=None)
