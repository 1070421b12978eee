"""What a visitor may ask for, how an address carries it, and what is wrong with it, in sentences."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from mad_app.declaration import Setting, Value
from mad_app.distortions import DISTORTIONS, Distortion
from mad_app.figures import metric_title
from mad_app.images import BUNDLED, Crop, ImageArray
from mad_app.metrics import METRICS
from mad_app.metrics.registry import row_of
from mad_app.records import Run, Summary
from mad_app.request import PICTURE, REQUEST_SETTINGS, Request, describe_settings
from mad_app.ui.components.collection import size_of
from mad_app.ui.components.saved_pictures import is_saved_picture

SIZES = (64, 96, 128, 192, 256)
"""Sides in pixels that are offered; the largest is the largest that the page takes."""

FIRST_STEPS = 300
"""Number of steps with which a visit begins: enough for plain differences, within a few minutes."""

UPLOAD = "upload"
"""Name of the visitor's own picture, beside those of the bundled ones; no address can carry it."""

COPY = "reference.png"
"""A record's own copy of its picture."""


@dataclass(frozen=True)
class PictureChoice:
    """The picture that is chosen.

    Attributes:
        title: what a sentence calls it, as Markdown.
        image: what the record calls it.
        crop: which square of it is used.
        reference: that square, (size, size, 3).
    """

    title: str
    image: str
    crop: Crop
    reference: ImageArray


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the controls add up to.

    Attributes:
        chosen: the request, whose `image` is the name of a bundled or saved picture, or UPLOAD; None while the controls
            contradict each other.
        picture: what is distorted.
        start: its distorted copy.
        problem: why this cannot be started, in a sentence, or None.
        files: names of the settings that name a file, to what the visitor calls that file.
    """

    chosen: Request | None
    picture: PictureChoice
    start: ImageArray
    problem: str | None
    files: Mapping[str, str]

    @property
    def request(self) -> Request | None:
        """What is run; None while there is a problem."""
        if self.chosen is None or self.problem is not None:
            return None
        return replace(self.chosen, image=self.picture.image)


def to_query(request: Request) -> dict[str, str]:
    """A request as parameters of an address; defaults are left out.

    Example:
        >>> to_query(Request(first="ssim", gray=True, strength=0.25))
        {'gray': 'True', 'first': 'ssim', 'strength': '0.25'}
    """
    defaults = asdict(Request(distortion=request.distortion))
    return {
        name: _text(value)
        for name, value in asdict(request).items()
        if REQUEST_SETTINGS[name].in_address
        and value not in (None, UPLOAD)
        and (value != defaults[name] or (name == "distortion" and value != REQUEST_SETTINGS[name].default))
    }


def from_query(query: Mapping[str, str]) -> tuple[Request, list[str]]:
    """The request that an address carries, under today's or earlier names of the parameters.

    Args:
        query: parameters of the address; others than settings are left out.

    Returns:
        The request, and names of the settings that are not allowed, for which the default is taken.

    Example:
        >>> request, ignored = from_query({"size": "64", "first": "os:system", "steps": "many", "grey": "True"})
        >>> request.size, request.first, request.gray, ignored
        (64, 'lasi', True, ['steps', 'first'])
    """
    values: dict[str, Value] = {}
    ignored: list[str] = []
    for name, declared in REQUEST_SETTINGS.items():
        text = next((query[called] for called in (name, *declared.aliases) if called in query), None)
        if text is None or not declared.in_address:
            continue
        try:
            values[name] = _parse(declared, text)
        except ValueError:
            ignored.append(name)
    request = Request()
    for names in (("first", "second"), *([name] for name in values if name not in ("first", "second"))):
        asked = {name: values[name] for name in names if name in values}
        try:
            request = replace(request, **{"strength": None} if names == ["distortion"] else {}, **asked)  # type: ignore[arg-type]
        except ValueError:
            ignored += asked
    return request, ignored


def request_of_record(run: Run | Summary) -> tuple[Request, list[str]]:
    """What the page can ask for to repeat a run, on the record's own copy of a picture that is not bundled.

    Returns:
        The request, and names of the settings of the run that the page cannot ask for.
    """
    texts = {name: _text(value) for name, value in run.settings.items() if value is not None}
    if texts.get("image") not in BUNDLED:
        texts = {name: text for name, text in texts.items() if name not in PICTURE or name == "size"}
        texts["image"] = f"{run.id}/{COPY}"
        if size := size_of(run.folder):
            texts["size"] = str(min(size))
    request, ignored = from_query(texts)
    return request, ignored + [
        name for name in texts if name in REQUEST_SETTINGS and not REQUEST_SETTINGS[name].in_address
    ]


def is_same_request(now: Request, request: Request, run: Run | None) -> bool:
    """Whether `now` asks for the same as the `request` of a run, perhaps on the record's own copy of its picture."""
    if run is None or run.folder is None or request.image in BUNDLED:
        return now == request
    copied = replace(request, image=str(run.folder / COPY), size=now.size, **asdict(Crop()))
    return now == copied and run.reference.shape[:2] == (now.size, now.size)


def metric_problem(name: str, size: int, missing: str | None) -> str | None:
    """Why a metric cannot be used at this size, in a sentence, or None."""
    row = METRICS[name.partition(":")[0]]
    if missing:
        return f"{row.title} is not available here: {missing}."
    if size < row.minimum_size:
        return f"{row.title} needs pictures of at least {row.minimum_size} pixels on each side: choose a larger size."
    return None


def pair_problem(first: str, second: str) -> str | None:
    """Why these two cannot compete, in a sentence, or None."""
    return "A metric cannot compete with itself: choose two different metrics." if first == second else None


def start_problem(reference: ImageArray, start: ImageArray) -> str | None:
    """Why this start cannot be used, in a sentence, or None."""
    if not np.array_equal(reference, start):
        return None
    return "At this strength the distortion changes nothing in this picture: choose another one, or a stronger one."


def strength_step(row: Distortion) -> float:
    """How finely a strength is chosen: in about 100 to 1000 decimal steps.

    Example:
        >>> [strength_step(DISTORTIONS[name]) for name in ("noise", "blur", "jpeg")]
        [0.01, 0.1, 1.0]
    """
    return 1.0 if row.whole else 10.0 ** math.floor(math.log10((row.maximum - row.minimum) / 100))


def plan(request: Request, title: str, files: Mapping[str, str]) -> str:
    """What will happen, as Markdown.

    Args:
        request: what is asked for.
        title: of the picture, as Markdown.
        files: as in `Form`.
    """
    first, second = metric_title(request.first), metric_title(request.second)
    distortion = DISTORTIONS[request.distortion].title
    start = f"a copy of {title} distorted by {_in_sentence(distortion)}"
    if "start_file" in files:
        start = f"a second picture, with {title} as the original"
    time = "" if request.seconds is None else f", at most {duration(request.seconds)}"
    phrases = describe_settings({**asdict(request), **files}, {"first": first, "second": second})
    limits = f" Settings: {'; '.join(phrases)}." if phrases else ""
    return (
        f"Starting from {start}, {request.size} × {request.size} pixels, the competition looks for two pairs of "
        f"images: one that {second} rates the same and {first} as differently as possible, and the reverse. "
        f"{request.steps} steps{time}.{limits}"
    )


def labels(names: Iterable[str]) -> str:
    """Labels of settings, in a row.

    Example:
        >>> labels(["gray", "mask"])
        'Gray, Mask'
    """
    return ", ".join(REQUEST_SETTINGS[name].label if name in REQUEST_SETTINGS else name for name in names)


def duration(seconds: float) -> str:
    """A time for people.

    Example:
        >>> duration(8.4), duration(200)
        ('8 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


def _in_sentence(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _text(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _parse(declared: Setting, text: str) -> Value:
    """The value that a text gives; raises ValueError if the page does not take it."""
    if declared.name in ("first", "second"):
        row_of(text)
    elif declared.name == "image" and text not in BUNDLED and not is_saved_picture(text):
        raise ValueError(f"there is no picture {text!r}")
    elif declared.name == "size" and _number(declared, text) > SIZES[-1]:
        raise ValueError(f"{text} pixels are more than the page takes")
    if declared.kind is bool:
        if text.casefold() not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text.casefold() == "true"
    value = text if declared.kind is str else _number(declared, text)
    declared.check(value)
    return value


def _number(declared: Setting, text: str) -> float | int:
    number = float(text)
    if declared.kind is not int:
        return number
    if not number.is_integer():
        raise ValueError(f"{text} is no whole number")
    return int(number)
