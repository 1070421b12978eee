"""Each pixel's contribution to the distance of both metrics, at the end and at keyframes.

maps.npz, in 8 bits: `step` (K,), `first` and `second` (K, 4, H, W), and, for each of these maps, the value that 255
stands for, `first_peak` and `second_peak` (K, 4). It is made when all else of a record is on disk, and may be missing.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mad_app.records.arrays import read_declared, sizes_in
from mad_app.records.files import DEFAULT_FILES, folder_at, path_of
from mad_app.records.schema import IMAGES, MAPS
from mad_app.records.storage import RecordError, refusals, staged_file, write_arrays


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of both metrics; position i on the second axis belongs to CORNERS[i].

    Attributes:
        step: steps done, (K,) integers that grow.
        first: the first metric's, uint8 (K, 4, H, W).
        second: likewise for the second metric.
        first_peak: the distance that 255 stands for in each map, (K, 4).
        second_peak: likewise.
    """

    step: np.ndarray
    first: np.ndarray
    second: np.ndarray
    first_peak: np.ndarray
    second_peak: np.ndarray

    @classmethod
    def of(cls, step: np.ndarray, first: np.ndarray, second: np.ndarray) -> "Maps":
        """Maps with values ≥ 0, (K, 4, H, W), each in 8 bits of its own largest value; what is not finite is 0.

        Example:
            >>> maps = Maps.of(np.array([7]), np.full((1, 4, 2, 2), 0.5), np.zeros((1, 4, 2, 2)))
            >>> int(maps.first.max()), float(maps.first_peak[0, 0]), int(maps.second.max())
            (255, 0.5, 0)
        """
        (first, first_peak), (second, second_peak) = _in_8_bits(first), _in_8_bits(second)
        return cls(np.asarray(step, np.int64), first, second, first_peak, second_peak)


def save_maps(folder: str | Path, maps: Maps) -> None:
    """Add the maps to a record, in one stroke; raises RecordError where the disk refuses them."""
    path = path_of(folder_at(folder), "maps") or folder_at(folder) / DEFAULT_FILES["maps"]
    with refusals(f"the maps {path} could not be saved"), staged_file(path) as partial:
        write_arrays(partial, {item.name: getattr(maps, item.name) for item in fields(Maps)})


def load_maps(folder: str | Path) -> Maps | None:
    """The maps of a record, None if it has none; raises RecordError where they are damaged."""
    path = path_of(folder_at(folder), "maps")
    if path is None or not path.is_file():
        return None
    images = path_of(folder_at(folder), "images")
    sizes = sizes_in(images, IMAGES) if images and images.is_file() else {}
    arrays, _ = read_declared(path, MAPS, sizes=sizes)
    return Maps(**arrays)


def readable_maps(folder: str | Path) -> tuple[Maps | None, tuple[str, ...]]:
    """The maps of a record, and what is wrong with them, in sentences: all else can be shown without them."""
    try:
        return load_maps(folder), ()
    except RecordError as error:
        return None, (f"the maps of the metrics cannot be shown: {error}",)


def _in_8_bits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each map as parts of 255 of its largest value, and that value."""
    finite = np.nan_to_num(np.asarray(values, np.float64), nan=0.0, posinf=0.0, neginf=0.0).clip(min=0)
    peak = finite.max(axis=(2, 3))
    levels = np.rint(255 * finite / np.where(peak > 0, peak, 1)[..., None, None])
    return levels.astype(np.uint8), peak
