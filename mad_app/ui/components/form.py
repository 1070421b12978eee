"""What a visitor may ask for, how an address carries it, and what is wrong with it, in sentences."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from mad_app.distortions import DISTORTIONS, Distortion
from mad_app.figures import metric_title
from mad_app.images import Crop, ImageArray, SquareCrop
from mad_app.jobs.paths import runs_root
from mad_app.jobs.sharing import LARGEST_SIZE, is_shared
from mad_app.jobs.uploads import has_upload
from mad_app.metrics import are_proportional, spec_of
from mad_app.metrics.devices import may_use_accelerator
from mad_app.records import Run, Source, Summary
from mad_app.request import REQUEST_SETTINGS, Request, describe_settings
from mad_app.runs import reproduce
from mad_app.ui.components.duration import duration
from mad_app.ui.components.saved_pictures import is_saved_picture
from mad_app.ui.session import is_host, visitor

SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Longer sides in pixels that are offered; the largest is the largest that the page takes on a CPU."""

SIZES_OF_GPU = (1536, 2048)
"""Those that are offered, too, where there is a GPU."""

FIRST_STEPS = 300
"""Number of steps with which a visit begins: enough for plain differences, within a few minutes."""

UPLOAD = "upload:"
"""What the name of a visitor's own picture begins with, before the hash of its content; only the visitor sees it."""


@dataclass(frozen=True)
class PictureChoice:
    """The picture that is chosen.

    Attributes:
        title: what a sentence calls it, as Markdown.
        image: what the record calls it.
        crop: which part of it is used.
        reference: that part, reduced to the size that is chosen, (H, W, 3).
        notes: what was done to its values and its size, each a clause.
        problem: why it cannot be used like that, in a sentence, or None; then `reference` is all of it, small.
        source: where it comes from; None for what its name says.
    """

    title: str
    image: str
    crop: Crop | SquareCrop
    reference: ImageArray
    notes: tuple[str, ...] = ()
    problem: str | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the controls add up to.

    Attributes:
        chosen: the request, whose `image` is the name of a bundled, saved or uploaded picture; None while the controls
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


def sizes() -> tuple[int, ...]:
    """The longer sides that this machine takes; of a visitor of a shared server, those that are within its limits."""
    known = (*SIZES, *SIZES_OF_GPU) if may_use_accelerator() else SIZES
    return tuple(size for size in known if size <= LARGEST_SIZE) if is_shared() and not is_host() else known


def maxima() -> dict[str, int]:
    """The greatest values that the page takes, of settings that may be greater elsewhere."""
    return {"size": SIZES_OF_GPU[-1] if may_use_accelerator() else SIZES[-1]}


def from_query(query: Mapping[str, str]) -> tuple[Request, list[str]]:
    """The request that an address carries; see `runs.reproduce.from_query`.

    Returns:
        The request, and names of the settings that the page does not take, for which the default is taken.
    """
    return reproduce.from_query(query, is_saved_picture=is_own_or_saved_picture, maxima=maxima())


def first_request() -> Request:
    """With what a visit begins."""
    return from_query({"steps": str(FIRST_STEPS)})[0]


def is_own_or_saved_picture(name: str) -> bool:
    """Whether there is a picture of that name, which may come from an address, among the visitor's uploads or runs."""
    if name.startswith(UPLOAD):
        return has_upload(runs_root(), visitor(), name.removeprefix(UPLOAD))
    return is_saved_picture(name)


def request_of_record(run: Run | Summary) -> tuple[Request, list[str]]:
    """What the page can ask for to repeat a run; see `runs.reproduce.request_for_page`."""
    root, folder = runs_root(), run.folder
    name = folder.relative_to(root).as_posix() if folder and folder.is_relative_to(root) else None
    return reproduce.request_for_page(run, name=name, maxima=maxima())


def metric_problem(name: str, side: int, missing: str | None) -> str | None:
    """Why a metric cannot be used on a picture whose shorter side has so many pixels, in a sentence, or None."""
    row = spec_of(name)
    if missing:
        return f"{row.title} is not available here: {missing}."
    if side < row.minimum_size:
        return f"{row.title} needs pictures of at least {row.minimum_size} pixels on each side, and this has {side}."
    return None


def pair_problem(first: str, second: str) -> str | None:
    """Why these two cannot compete, in a sentence, or None."""
    return (
        "A metric cannot compete with itself: choose two different metrics."
        if are_proportional(first, second)
        else None
    )


def strength_step(row: Distortion) -> float:
    """How finely a strength is chosen: in about 100 to 1000 decimal steps.

    Example:
        >>> [strength_step(DISTORTIONS[name]) for name in ("noise", "blur", "jpeg")]
        [0.01, 0.1, 1.0]
    """
    return 1.0 if row.whole else 10.0 ** math.floor(math.log10((row.maximum - row.minimum) / 100))


def plan(request: Request, picture: PictureChoice, files: Mapping[str, str]) -> str:
    """What will happen, as Markdown.

    Args:
        request: what is asked for.
        picture: of which.
        files: as in `Form`.
    """
    first, second = metric_title(request.first), metric_title(request.second)
    distortion = DISTORTIONS[request.distortion].title
    start = f"a copy of {picture.title} distorted by {_in_sentence(distortion)}"
    if "start_file" in files:
        start = f"a second picture, with {picture.title} as the original"
    time = "" if request.seconds is None else f", at most {duration(request.seconds)}"
    phrases = describe_settings({**asdict(request), **files}, {"first": first, "second": second})
    limits = f" Settings: {'; '.join(phrases)}." if phrases else ""
    height, width = picture.reference.shape[:2]
    return (
        f"Starting from {start}, {width} × {height} pixels, the competition looks for two pairs of "
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


def _in_sentence(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
