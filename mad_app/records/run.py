"""A record of one competition, as values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mad_app.competition.settings import Direction
from mad_app.records.history import History
from mad_app.records.keyframes import Keyframes
from mad_app.records.schema import SCHEMA
from mad_app.request import REPLACED, REQUEST_SETTINGS

GIVEN = "given"
"""Key of `extra`: which of the names in REPLACED were given as arrays, so that the settings do not describe them."""

Source = Literal["bundled", "file", "array", "upload"]
"""Where a reference can come from, as `schema.SOURCES`."""


def without_folders(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as people read them: the name of a file without its folders, which concern nobody else.

    Example:
        >>> without_folders({"image": "/home/me/cat.png", "mask": "C:\\\\me\\\\mask.png", "steps": 500})
        {'image': 'cat.png', 'mask': 'mask.png', 'steps': 500}
    """
    files = {name for name, declared in REQUEST_SETTINGS.items() if declared.file}
    return {name: _file_name(str(value)) if name in files and value else value for name, value in settings.items()}


def _file_name(path: str) -> str:
    """The last name of a path, which may be one of another system."""
    return PureWindowsPath(path).name if PureWindowsPath(path).is_absolute() else Path(path).name


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a reference came from.

    Attributes:
        source: "bundled", "file", "array" (given in Python) or "upload".
        name: of the bundled picture or file; None for an array.
        width: of the reference, in pixels; None where an older record does not have it.
        height: likewise.
        sha256: of the reference's shape and float32 values (`content_hash`); None in older records.
        notes: what was done to its values and its size as it was read, each a clause; empty in older records.
    """

    source: Source
    name: str | None
    width: int | None
    height: int | None
    sha256: str | None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, reference: npt.ArrayLike, source: Source, name: str | None, notes: tuple[str, ...] = ()) -> "Origin":
        """The origin of a reference (H, W, 3)."""
        height, width = np.shape(reference)[:2]
        return cls(source=source, name=name, width=width, height=height, sha256=content_hash(reference), notes=notes)


def content_hash(image: npt.ArrayLike) -> str:
    """SHA-256 of an image's shape and values, as 64 hexadecimal digits."""
    array = np.ascontiguousarray(image, np.float32)
    return hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class CornerResult:
    """What became of one of the four images.

    Attributes:
        optimized: name of the optimized metric.
        fixed: name of the fixed metric.
        direction: "max" or "min".
        level: the value that the fixed metric keeps.
        start: name to distance of the start image, of each metric that was measured; None where it is not available.
        final: likewise for this image, as the float image that was optimized.
        final_8bit: likewise for the 8-bit image; None while a run is unfinished, and in records of schema 1.
        drift: relative signed departure of the fixed metric from the level, on the float image.
        drift_8bit: the same, on the 8-bit image.
        outcome: why the optimization ended, one of `schema.OUTCOMES`.
        file: name of the picture in the run's folder, given when it is saved.
        extra: further keys of run.json, kept as they are.
    """

    optimized: str
    fixed: str
    direction: Direction
    level: float | None
    start: Mapping[str, float | None]
    final: Mapping[str, float | None]
    drift: float | None
    drift_8bit: float | None
    outcome: str
    file: str = ""
    final_8bit: Mapping[str, float | None] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reported(self) -> Mapping[str, float | None]:
        """Metric name to distance of the 8-bit image; of the float image where nothing else was measured."""
        return self.final if self.final_8bit is None else self.final_8bit

    @property
    def reported_drift(self) -> float | None:
        """Departure from the level of the 8-bit image, likewise."""
        return self.drift if self.drift_8bit is None else self.drift_8bit


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One competition and all that is needed to judge or reproduce it.

    Attributes:
        settings: of the request, flat: names to numbers, text, booleans or None.
        seed: what every random number came from.
        versions: package name to version, None if not installed.
        device: what it ran on.
        weights: metric name to the source of its weights, None if it has none.
        seconds: time spent optimizing.
        results: of the four images, in the order of CORNERS.
        reference: float32 (H, W, 3) in [0, 1].
        start: likewise, the image from which all four start.
        finals: the four images, float32 (4, H, W, 3).
        images_8bit: the four images as they are saved for people to see, uint8 (4, H, W, 3).
        history: the values along the run, at least one row.
        request_id: of the request, which equal requests share; computed from `settings` where it is empty.
        origin: where the reference came from; derived from `settings` where it is None.
        solver: names of the solver's options to their values.
        others: names of the metrics that were measured at the end beside the two that compete.
        mask: bool (H, W), true where the images might change; None if they might everywhere.
        keyframes: some of the images along the run; none in a record that kept none, or where they are damaged.
        schema: version of the format it was read from.
        created: when it was first saved, ISO 8601 in UTC; given when it is saved.
        folder: where it lies; None until it is saved.
        files: role to name of its files, as in `records.files`; given when it is read.
        extra: further keys of run.json, kept as they are.
        faults: what is damaged but not needed to show the run, a sentence each.
    """

    settings: Mapping[str, str | float | bool | None]
    seed: int
    versions: Mapping[str, str | None]
    device: str
    weights: Mapping[str, str | None]
    seconds: float
    results: tuple[CornerResult, ...]
    reference: np.ndarray
    start: np.ndarray
    finals: np.ndarray
    images_8bit: np.ndarray
    history: History
    request_id: str = ""
    origin: Origin | None = None
    solver: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    mask: np.ndarray | None = None
    keyframes: Keyframes = field(default_factory=Keyframes.empty)
    schema: int = SCHEMA
    created: str = ""
    folder: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """Which of "start" and "mask" were given as arrays."""
        return given_in(self.extra)

    @property
    def id(self) -> str:
        """The folder's name, which `find_run` understands; empty until the run is saved."""
        return self.folder.name if self.folder else ""


def given_in(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in REPLACED that the further keys of a run.json state."""
    stated = extra.get(GIVEN)
    return tuple(name for name in REPLACED if isinstance(stated, list) and name in stated)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a list of runs shows of one, read without its images; fields as in `Run`."""

    folder: Path
    created: str
    settings: Mapping[str, str | float | bool | None]
    seconds: float
    results: tuple[CornerResult, ...]
    extra: Mapping[str, Any]
    request_id: str = ""
    origin: Origin | None = None
    solver: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def given(self) -> tuple[str, ...]:
        """Which of "start" and "mask" were given as arrays."""
        return given_in(self.extra)

    @property
    def id(self) -> str:
        """The folder's name, which `find_run` understands."""
        return self.folder.name
