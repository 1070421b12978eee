"""What a visitor may choose, how a URL carries it, and what is wrong with a choice, in sentences."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from mad_app.distortions import DISTORTIONS, Distortion
from mad_app.figures import metric_title
from mad_app.images import BUNDLED, DEFAULT_IMAGE, MAX_SIZE, MIN_SIZE, SMALLEST_EXTENT, Crop, ImageArray
from mad_app.metrics import METRICS
from mad_app.runs import Request
from mad_app.ui.components.saved_pictures import is_sample

SIZES = (64, 96, 128, 192, 256)
BUDGETS = (50, 100, 200, 300, 500, 1000, 2000)
LONGEST = 7 * 24 * 3600
"""The largest budget in seconds."""
LARGEST_SEED = 2**31 - 1
LEAST_CHANGE, MOST_CYCLES = 0.01, MAX_SIZE / 2
LEAST, MOST = 1e-6, 1e6
"""Between these lie levels, and what else is above 0."""
PERCENT = range(101)
EXTENTS = range(round(100 * SMALLEST_EXTENT), 101)
"""What may be chosen of a crop, in per cent."""

UPLOAD = "upload"
"""What stands for the visitor's own picture among the names of the bundled ones; no URL can carry it."""

FILES = ("mask", "start_file")
"""Fields of `Form` that no URL can carry."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The settings of the page; what is usual is what is usual in a request, with fewer steps.

    Attributes:
        image: name of a bundled picture, or of a sample (`samples`), or UPLOAD.
        size: of the square in pixels, at most the largest of SIZES; others than these come from elsewhere.
        left: of the crop, in whole per cent as a part of 1, as are the next two.
        top: of the crop.
        extent: of the crop.
        first: name of a metric, perhaps with a number after a colon.
        second: likewise.
        distortion: name of a distortion.
        strength: in its unit; its default if None.
        steps: at most the largest of BUDGETS; likewise.
        seconds: a whole number up to LONGEST, or None.
        seed: of the distortion.
        gray: as in `Request`, and so the next four.
        max_change: of any value.
        low_pass: highest frequency of the change.
        first_level: where the first metric is held.
        second_level: where the second one is.
        mask: path of a file, or None; no URL carries it, nor the next one.
        start_file: likewise.
    """

    image: str = DEFAULT_IMAGE
    size: int = Request.size
    left: float = Request.left
    top: float = Request.top
    extent: float = Request.extent
    first: str = Request.first
    second: str = Request.second
    distortion: str = Request.distortion
    strength: float | None = Request.strength
    steps: int = 300
    seconds: int | None = None
    seed: int = Request.seed
    gray: bool = Request.gray
    max_change: float | None = Request.max_change
    low_pass: float | None = Request.low_pass
    first_level: float | None = Request.first_level
    second_level: float | None = Request.second_level
    mask: str | None = Request.mask
    start_file: str | None = Request.start_file

    def crop(self) -> Crop:
        """The square of the picture that is used."""
        return Crop(left=self.left, top=self.top, extent=self.extent)

    def request(self, image: str) -> Request:
        """As a request for a picture called `image`; raises ValueError if the choice is none."""
        return Request(**asdict(self) | {"image": image})


def to_query(choices: Form) -> dict[str, str]:
    """The choices as parameters of a URL; what is as usual is left out."""
    usual = asdict(Form())
    strength = choices.strength
    if strength == DISTORTIONS[choices.distortion].default:
        choices = replace(choices, strength=None)
    changed = {name: value for name, value in asdict(choices).items() if value != usual[name]}
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in changed.items()
        if value != UPLOAD and name not in FILES
    }


def from_query(query: Mapping[str, str]) -> Form:
    """The choices that a URL carries; whatever in it is not allowed is as usual instead.

    Example:
        >>> choices = from_query({"size": "64", "first": "os:system", "steps": "1e9"})
        >>> choices.size, choices.first, choices.steps
        (64, 'lasi', 300)
    """
    usual = Form()
    distortion = _one_of(query.get("distortion"), DISTORTIONS, usual.distortion)
    first = _metric(query.get("first"), usual.first)
    second = _metric(query.get("second"), usual.second)
    return Form(
        image=_image(query.get("image"), usual.image),
        size=_whole(query.get("size"), range(MIN_SIZE, SIZES[-1] + 1), usual.size),
        left=_part(query.get("left"), PERCENT, usual.left),
        top=_part(query.get("top"), PERCENT, usual.top),
        extent=_part(query.get("extent"), EXTENTS, usual.extent),
        first=first,
        second=second,
        distortion=distortion,
        strength=_strength(query.get("strength"), DISTORTIONS[distortion]),
        steps=_whole(query.get("steps"), range(1, BUDGETS[-1] + 1), usual.steps),
        seconds=_whole(query.get("seconds"), range(1, LONGEST + 1), 0) or None,
        seed=_whole(query.get("seed"), range(LARGEST_SEED + 1), usual.seed),
        gray=query.get("gray") == str(True),
        max_change=_number(query.get("max_change"), LEAST_CHANGE, 1),
        low_pass=_number(query.get("low_pass"), LEAST, MOST_CYCLES),
        first_level=_number(query.get("first_level"), LEAST, MOST),
        second_level=_number(query.get("second_level"), LEAST, MOST),
    )


def metric_problem(name: str, size: int, missing: str | None) -> str | None:
    """Why a metric cannot be used at this size, in a sentence, or None."""
    row = METRICS[name.partition(":")[0]]
    if missing:
        return f"{row.title} is not available here: {missing}."
    if size < row.minimum_size:
        return f"{row.title} needs pictures of at least {row.minimum_size} pixels a side: choose a larger size."
    return None


def pair_problem(first: str, second: str) -> str | None:
    """Why these two cannot compete, in a sentence, or None."""
    return "A metric cannot compete with itself: choose two different ones." if first == second else None


def start_problem(reference: ImageArray, start: ImageArray) -> str | None:
    """Why this start cannot be used, in a sentence, or None."""
    if not np.array_equal(reference, start):
        return None
    return "With this strength the distortion changes nothing in this picture: choose another one, or a stronger one."


def strength_step(row: Distortion) -> float:
    """How finely a strength is chosen: in about 100 to 1000 decimal steps.

    Example:
        >>> [strength_step(DISTORTIONS[name]) for name in ("noise", "blur", "jpeg")]
        [0.01, 0.1, 1.0]
    """
    return 1.0 if row.whole else 10.0 ** math.floor(math.log10((row.maximum - row.minimum) / 100))


def plan(choices: Form, title: str) -> str:
    """What will happen, in one sentence."""
    title_of_start = f"a copy with {DISTORTIONS[choices.distortion].title.lower()}"
    if choices.start_file is not None:
        title_of_start = "a second picture"
    first, second = metric_title(choices.first), metric_title(choices.second)
    time = "" if choices.seconds is None else f" or {duration(choices.seconds)}"
    return (
        f"{first} and {second} compete on {title}, {choices.size} × {choices.size} pixels: from "
        f"{title_of_start}, each is driven as far up and down as it goes in {choices.steps} steps{time}, while "
        f"the other must not notice.{constraints(choices)}"
    )


def constraints(choices: Form) -> str:
    """What the four images may not do, and the levels that are given, as a sentence to follow; empty where all is free.

    Example:
        >>> constraints(Form(gray=True, max_change=0.05, second_level=0.2))
        ' Only luminance changes; no value changes by more than 0.05; LPIPS (AlexNet) is held at 0.2.'
    """
    parts = ["only luminance changes"] if choices.gray else []
    if choices.mask is not None:
        parts.append("only what is white in the mask changes")
    if choices.max_change is not None:
        parts.append(f"no value changes by more than {choices.max_change:g}")
    if choices.low_pass is not None:
        parts.append(f"changes have up to {choices.low_pass:g} cycles a picture")
    for name, level in ((choices.first, choices.first_level), (choices.second, choices.second_level)):
        if level is not None:
            parts.append(f"{metric_title(name)} is held at {level:g}")
    text = "; ".join(parts)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def duration(seconds: float) -> str:
    """A time for people.

    Example:
        >>> duration(8.4), duration(200)
        ('8 s', '3 min 20 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"


def _one_of(text: str | None, allowed: Mapping[str, object], usual: str) -> str:
    return text if text is not None and text in allowed else usual


def _image(text: str | None, usual: str) -> str:
    return text if text is not None and (text in BUNDLED or is_sample(text)) else usual


def _part(text: str | None, allowed: range, usual: float) -> float:
    """A part of 1 in whole per cent."""
    try:
        percent = 100 * float(text) if text is not None else math.nan
    except ValueError:
        return usual
    return round(percent) / 100 if math.isfinite(percent) and round(percent) in allowed else usual


def _whole(text: str | None, allowed: range, usual: int) -> int:
    number = int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 12 else usual
    return number if number in allowed else usual


def _number(text: str | None, least: float, most: float) -> float | None:
    """A number in a range, or None."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if least <= value <= most else None


def _strength(text: str | None, row: Distortion) -> float:
    try:
        value = float(text) if text is not None else row.default
    except ValueError:
        return row.default
    allowed = row.minimum <= value <= row.maximum and (not row.whole or value.is_integer())
    return value if allowed else row.default


def _metric(text: str | None, usual: str) -> str:
    """A name of the table, with its number if it takes one; never one that would have to be looked up elsewhere."""
    name, colon, number = (text or "").partition(":")
    row = METRICS.get(name)
    if row is None:
        return usual
    limits = row.parameter
    if not colon:
        return name
    fits = limits and limits.read(number)
    return f"{name}:{fits}" if fits and limits and fits != limits.default else name
