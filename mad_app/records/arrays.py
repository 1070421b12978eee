"""Arrays of an NPZ file as they are declared: kind, shape and values.

    IMAGES = {"reference": ArrayForm("float32", ("H", "W", 3), unit=True), …}
    arrays, sizes = read_declared(path, IMAGES)           # sizes: {"H": 128, "W": 128}

A letter in a shape stands for one size in all arrays of a file. The header of an array is checked before the array is
read, so that one that says to be huge takes no memory. Arrays that are not declared are not read.
"""

import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from mad_app.records.storage import PLAIN_KINDS, RecordError, staged_file

MAX_SIDE = 2**15
"""Most entries of an array along an axis that has a letter other than T."""
MAX_ROWS = 2**31
"""Most rows of a history."""

FAULTS = (
    OSError, ValueError, TypeError, KeyError, EOFError, OverflowError, MemoryError, RecursionError, SyntaxError,
    RuntimeError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What reading a damaged or hostile NPZ file can raise."""

ArrayKind = Literal["float32", "uint8", "bool", "integers", "floats", "plain"]
Sizes = dict[str, int]


@dataclass(frozen=True)
class ArrayForm:
    """What an array must be.

    Attributes:
        kind: the type of its entries; integers and floats of any length, plain for numbers and text.
        shape: sizes, or letters that stand for them; None for any.
        unit: whether all values must lie in [0, 1].
        finite: whether all must be finite.
        most: the largest magnitude of those that are finite.
        growing: whether they must be at least 0 and grow.
        optional: whether it may be missing.
    """

    kind: ArrayKind
    shape: tuple[int | str, ...] | None
    unit: bool = False
    finite: bool = False
    most: float = math.inf
    growing: bool = False
    optional: bool = False

    def check_header(self, dtype: np.dtype, shape: tuple[int, ...], sizes: Sizes, what: str) -> None:
        """Refuse another type or shape; letters that are new are added to `sizes`."""
        expected = self.shape
        if expected is not None and expected[:1] == ("K",) and shape[:1] == (0,):
            sizes["K"], expected = sizes.get("K", 0), (sizes.get("K", 0), *shape[1:])
        bound = None if expected is None else tuple(sizes.get(str(side), side) for side in expected)
        fits = bound is None or (
            len(bound) == len(shape) and all(_may_be(side, wanted) for side, wanted in zip(shape, bound, strict=True))
        )
        if not fits or not self._is_of_kind(dtype):
            form = "" if bound is None else f" ({', '.join(map(str, bound))}{',' if len(bound) == 1 else ''})"
            raise RecordError(f"{what} is {dtype} {shape}, expected {self.kind}{form}")
        for side, wanted in zip(shape, bound or (), strict=bound is not None):
            if isinstance(wanted, str):
                sizes[wanted] = side

    def check_values(self, array: np.ndarray, what: str) -> None:
        """Refuse values out of range."""
        if (self.finite or self.unit) and not np.isfinite(array).all():
            raise RecordError(f"{what} must be finite, but holds NaN or ±∞")
        if self.most < math.inf and (np.abs(array[np.isfinite(array)]) > self.most).any():
            raise RecordError(f"{what} must have values from {-self.most:g} to {self.most:g}")
        if self.unit and array.size and not (array.min() >= 0 and array.max() <= 1):
            raise RecordError(f"{what} must have values in [0, 1]")
        if self.growing and array.size and (array[0] < 0 or (array[1:] <= array[:-1]).any()):
            raise RecordError(f"{what} is no growing row of whole numbers")

    def _is_of_kind(self, dtype: np.dtype) -> bool:
        if not dtype.isnative:
            return False
        kinds = {"integers": "iu", "floats": "f", "plain": PLAIN_KINDS}
        if self.kind in kinds:
            return dtype.kind in kinds[self.kind] and (self.kind == "plain" or dtype.itemsize <= 8)
        return str(dtype) == self.kind


Forms = Mapping[str, ArrayForm]


def check_arrays(
    arrays: Mapping[str, np.ndarray | None], forms: Forms, where: str, sizes: Mapping[str, int] | None = None
) -> Sizes:
    """Check arrays as they are declared.

    Args:
        arrays: by name.
        forms: name of each array to its form.
        where: opens the message.
        sizes: letters whose sizes are known.

    Returns:
        All letters with their sizes.

    Raises:
        RecordError: one is missing, or is not as declared.
    """
    found = dict(sizes or {})
    for name, form in forms.items():
        array = arrays.get(name)
        if array is None:
            if not form.optional:
                raise RecordError(f"{where} lacks the array {name!r}")
            continue
        form.check_header(array.dtype, array.shape, found, f"{where}: {name}")
        form.check_values(array, f"{where}: {name}")
    return found


def read_declared(
    path: Path, forms: Forms, *, prefix: Mapping[str, ArrayForm] | None = None, sizes: Mapping[str, int] | None = None
) -> tuple[dict[str, np.ndarray], Sizes]:
    """Read the declared arrays of an NPZ file, and no others; nothing is unpickled.

    Args:
        path: of the file.
        forms: name of each array to its form.
        prefix: beginning of the names of further arrays, to their form.
        sizes: letters whose sizes are known.

    Returns:
        The arrays, and all letters with their sizes.

    Raises:
        RecordError: the file is missing or damaged, or an array is not as declared.
    """
    arrays, found = dict[str, np.ndarray](), dict(sizes or {})
    with _opened(path) as members:
        for name in [*forms, *_further(members, forms, prefix or {})]:
            form = forms.get(name) or next(form for start, form in (prefix or {}).items() if name.startswith(start))
            if f"{name}.npy" not in members.namelist():
                if form.optional:
                    continue
                raise RecordError(f"{path} lacks the array {name!r}")
            with members.open(f"{name}.npy") as file:
                dtype, shape = _header(file, members.getinfo(f"{name}.npy").file_size)
            form.check_header(dtype, shape, found, f"{path}: {name}")
            with members.open(f"{name}.npy") as file:
                arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
            form.check_values(arrays[name], f"{path}: {name}")
    return arrays, found


def sizes_in(path: Path, forms: Forms) -> Sizes:
    """The sizes of the arrays in an NPZ file, from their headers; raises as `read_declared`."""
    found: Sizes = {}
    with _opened(path) as members:
        for name, form in forms.items():
            if f"{name}.npy" in members.namelist():
                with members.open(f"{name}.npy") as file:
                    dtype, shape = _header(file, members.getinfo(f"{name}.npy").file_size)
                form.check_header(dtype, shape, found, f"{path}: {name}")
    return found


def keep_declared(path: Path, forms: Forms, *, prefix: Mapping[str, ArrayForm]) -> None:
    """Drop from an NPZ file that `read_declared` reads whatever is not declared."""
    with _opened(path) as members:
        names = [name for name in dict.fromkeys(members.namelist()) if _is_declared(name, forms, prefix)]
        if names == members.namelist():
            return
        with staged_file(path) as partial, zipfile.ZipFile(partial, "w") as kept:
            for name in names:
                kept.writestr(name, members.read(name))


def _is_declared(name: str, forms: Forms, prefix: Mapping[str, ArrayForm]) -> bool:
    array = name.removesuffix(".npy")
    return name != array and (array in forms or array.startswith(tuple(prefix)))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The members of an NPZ file; what is damaged is a RecordError."""
    if not path.is_file():
        raise RecordError(f"{path} is missing")
    try:
        with zipfile.ZipFile(path) as members:
            yield members
    except RecordError:
        raise
    except FAULTS as error:
        problem = str(error) or type(error).__name__
        raise RecordError(f"{path} is not a whole NPZ file of plain arrays: {problem}") from error


def _further(members: zipfile.ZipFile, forms: Forms, prefix: Mapping[str, ArrayForm]) -> list[str]:
    names = [name.removesuffix(".npy") for name in members.namelist() if name.endswith(".npy")]
    return [name for name in dict.fromkeys(names) if name not in forms and name.startswith(tuple(prefix))]


def _header(file: IO[bytes], size: int) -> tuple[np.dtype, tuple[int, ...]]:
    """Type and shape of an array that is said to take `size` bytes with its header."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    count = math.prod(shape)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if count < 0 or count > size or count * dtype.itemsize > size:
        raise ValueError("an array says to be larger than the file")
    return dtype, shape


def _may_be(side: int, wanted: int | str) -> bool:
    """Whether an axis may have a size; letters stand for sizes from 1, and K from 0."""
    if isinstance(wanted, int):
        return side == wanted
    return (0 if wanted == "K" else 1) <= side <= (MAX_ROWS if wanted == "T" else MAX_SIDE)
