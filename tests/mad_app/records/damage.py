"""Ways to damage a record: by chance alone, and within its declaration, where no reader refuses it.

Values of its JSON are deleted, replaced and doubled, by odd ones and by such as the declaration (`schema`) allows: the
longest texts, the largest numbers, dates at both ends of the calendar. Arrays are replaced by others of any kind, or
filled with what their form allows. Files are cut, spoilt, renamed, added, and replaced by links, folders and pipes.
"""

import copy
import json
import math
import os
import random
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mad_app.metrics import METRICS
from mad_app.records import RecordError
from mad_app.records.kinds import Kind, Listing, Object, Table
from mad_app.records.schema import ARRAYS as DECLARED
from mad_app.records.schema import METRIC, OUTCOMES, RUN, SERIES
from mad_app.request import REQUEST_SETTINGS
from tests.mad_app.record_examples import HEIGHT, PICKLE, WIDTH

GOOD, BAD = "2026-01-01_000000_a-vs-b_good_0000", "2026-01-01_000000_a-vs-b_bad_0000"
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.0, -0.0, 1e-320, 1e308, -1e308, math.nan, math.inf,
    "", " ", "x" * 5000, "\x00", "\ud800", "\udcff.png", "\u202e", "a\nb", "<b>", "../x.png", "run.json", ".hidden.png",
    "cat", "noise", "lasi", "lasi:x", "1", "max", "unfinished", "stopped", "images.npz", "reference.png", "start.png",
    "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-23", "2026-11-23T15:42:10", "$x_1%&#{}$",
    [], {}, [[]], [1, 2, 3], {"a": None}, {"": 0}, [None] * 4, {"lasi": math.nan}, {"x" * 300: 1}, {"\ud800": "\udfff"},
]  # fmt: skip
"""Values that JSON can hold, in the place of any other."""

ARRAYS: list[np.ndarray] = [
    np.zeros(0), np.zeros(()), np.zeros((HEIGHT, WIDTH, 3), np.float32), np.zeros((4, HEIGHT, WIDTH, 3), np.float32),
    np.full((4, HEIGHT, WIDTH, 3), np.nan, np.float32), np.full((4, HEIGHT, WIDTH, 3), 2, np.float32),
    np.zeros((4, HEIGHT, WIDTH, 3), ">f4"), np.zeros((4, 1, 1, 3), np.float32), np.zeros((4, 0, 9, 3), np.float32),
    np.zeros((4, HEIGHT, WIDTH, 3), np.uint8), np.zeros((HEIGHT, WIDTH), bool), np.zeros((1, 4), np.float64),
    np.array([3, 1], np.uint64), np.array([2**63], np.uint64), np.array([-1]), np.arange(3), np.asarray(2**62),
    np.asarray(-1), np.asarray(1.5), np.asarray(np.inf), np.array(["a", "\ud800"]), np.array(["2026"], "datetime64[D]"),
    np.zeros(3, np.complex64), np.zeros((2, 4), "S0"), np.zeros(2, [("a", "f4")]), PICKLE,
    np.zeros((2, 4, HEIGHT, WIDTH), np.uint8), np.full((2, 4), np.inf), np.full((5, 4), np.nan),
    np.zeros((5, 4), np.float16),
]  # fmt: skip
"""Arrays in the place of any other."""

Chance = random.Random

LIMITS: list[Any] = [
    *ODD, 5, 0.5, 1e100, -1e100, 5e-324, 2**31 - 1, 2**53 + 1, 2**62, 2**63 - 1, 1 - 2**63, 2**15, "f" * 64,
    "0" * 64,
    *("m" * length for length in (60, 100, 120, 150, 200, 300, 500, 2000, 4096)), "W" * 120, "a b " * 30,
    "日本語 метрика", "e\u0301\u202e\u200d🧑‍🔬", "%s{value}{}%(x)s\\", "&lt;\"'`#_^~\\alpha{", "$\\frac{1}$", "a$b",
    "-1", "nan", "--out",
    "/etc/passwd", "C:\\x\\y.png", "cat.png", "a,b", "none", "all", "lasi+0.5*mse", "lasi:20", "ssim",
    "wasserstein:4",
    "min", *sorted(OUTCOMES), "bundled", "array", "upload", "0002-01-01",
    "0002-01-01T00:00:00+14:00", "9998-12-30T23:59:59-14:00", "2026-02-28T24:00:00", "20260101T000000Z",
    "2026-W01-1", [1, 2.5], [0] * 100, {"lasi": None}, {"lasi": 1e100},
    dict.fromkeys(METRICS, 0.1), {f"m{i}": 1e-300 for i in range(200)}, {"$a_b": "x"},
]  # fmt: skip
"""Values among which those that a kind allows are found by its own check."""


def _allows(kind: Kind, value: object) -> bool:
    try:
        kind.check(value, "")
    except RecordError:
        return False
    return True


def allowed(kind: Kind) -> list[Any]:
    """What a kind of values allows, of LIMITS."""
    if id(kind) not in _ALLOWED:
        _ALLOWED[id(kind)] = [value for value in LIMITS if _allows(kind, value)]
    return _ALLOWED[id(kind)]


_ALLOWED: dict[int, list[Any]] = {}
"""By the identity of the kind, which lasts as long as the program."""


def change_declared(folder: Path, chance: Chance) -> None:
    """Replace values by others that the declaration allows."""
    files = [(folder / "run.json", RUN), (folder / "series.json", SERIES)]
    path, kind = chance.choice([(path, kind) for path, kind in files if path.is_file()] or files)
    document = _read(path)
    if not isinstance(document, dict):
        return
    places = list(_declared(document, kind))
    for parent, key, of in chance.sample(places, min(len(places), chance.randrange(1, 8))):
        parent[key] = copy.deepcopy(chance.choice(allowed(of) or [parent[key]]))
    settings = document.get("settings")
    if isinstance(settings, dict) and chance.random() < 0.5:
        setting = chance.choice(list(REQUEST_SETTINGS.values()))
        settings[setting.name] = chance.choice([value for value in LIMITS if setting.is_of_kind(value)])
    if chance.random() < 0.3:
        _rename_metric(document, chance.choice(allowed(METRIC)), chance)
    path.write_text(json.dumps(document))


def _declared(value: Any, kind: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Every place of a document that is declared: its parent, key and kind."""
    if isinstance(kind, Object) and isinstance(value, dict):
        inner = [(key, of) for key, of in {**kind.keys, **kind.later}.items() if key in value]
    elif isinstance(kind, Table) and isinstance(value, dict):
        inner = [(key, kind.of) for key in value]
    elif isinstance(kind, Listing) and isinstance(value, list):
        inner = [(i, kind.of) for i in range(len(value))]
    else:
        return
    for key, of in inner:
        if not isinstance(of, Object):
            yield value, key, of
        yield from _declared(value[key], of)


def _rename_metric(document: dict[str, Any], name: str, chance: Chance) -> None:
    """Give a competing metric another name, wherever it stands, so that the document still fits together."""
    images = document.get("images")
    if not isinstance(images, list) or not images or not isinstance(images[0], dict):
        return
    old = images[0].get(chance.choice(["optimized", "fixed"]))
    for parent, key in list(_places(document)):
        if parent[key] == old and key in ("optimized", "fixed", "first", "second"):
            parent[key] = name
        elif key == old and isinstance(parent, dict):
            parent[name] = parent.pop(old)


EXTREMES = [0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 1e38, 1e-38, 1e308, 5e-324]


def change_values(folder: Path, chance: Chance) -> None:
    """Fill an array, or some of it, with values that its form allows."""
    path = chance.choice(sorted(folder.rglob("*.npz")) or [folder])
    arrays = _arrays(path)
    forms: Mapping[str, Any] = DECLARED.get(path.name.partition(".")[0], {})
    if arrays is None or not (names := sorted(arrays.keys() & forms.keys())):
        return
    name = chance.choice(names)
    form, array = forms[name], arrays[name]
    if form.growing:
        array = np.cumsum(np.full(len(array), chance.choice([1, 2**31, 2**55]), np.int64))
    elif array.dtype.kind == "f" and array.size:
        usable = [
            value for value in EXTREMES if (0 <= value <= 1 if form.unit else not form.finite or math.isfinite(value))
        ]
        with np.errstate(over="ignore"):
            where = np.random.default_rng(chance.randrange(2**32)).random(array.shape) < chance.choice([0.2, 1.1])
            array = np.where(where, np.asarray(chance.choice(usable), array.dtype), array)
    elif array.dtype.kind in "ub":
        array = np.full_like(array, chance.choice([0, 1]) * (1 if array.dtype.kind == "b" else 255))
    np.savez(path, **{**arrays, name: array})  # type: ignore[arg-type]


def _read(path: Path) -> Any:
    if not path.is_file():  # opening a pipe would wait for ever
        return None
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _arrays(path: Path) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def change_json(folder: Path, chance: Chance) -> None:
    """Delete, replace, add or double a value, wherever in the document."""
    files = sorted([*folder.rglob("*.json"), folder.parent / ".labels" / f"{BAD}.json"])
    path = chance.choice(files)
    document = _read(path)
    places = list(_places(document)) if isinstance(document, dict | list) else []
    if not places:
        return
    parent, key = chance.choice(places)
    what = chance.randrange(8)
    if what == 0:
        del parent[key]
    elif what == 1 and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    elif what == 2 and isinstance(parent, dict):
        parent[chance.choice([text for text in ODD if isinstance(text, str)])] = copy.deepcopy(parent[key])
    elif what == 3 and isinstance(parent, dict):
        parent[key] = copy.deepcopy(chance.choice(list(parent.values())))
    else:
        parent[key] = copy.deepcopy(chance.choice(ODD))
    path.write_text(json.dumps(document))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every object or list in a JSON value, with each of its keys."""
    for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def change_array(folder: Path, chance: Chance) -> None:
    """Delete, replace, rename or add an array, or pack all in another way."""
    path = chance.choice(sorted(folder.rglob("*.npz")) or [folder])
    arrays = _arrays(path)
    if arrays is None:
        return
    name, what = chance.choice(list(arrays) or ["none"]), chance.randrange(5)
    old = arrays.pop(name, np.zeros(0))
    if what == 1:
        arrays[chance.choice(["further", "state.x", "history.step", "mask", "images_8bit"])] = old
    elif what == 2:
        arrays |= {name: old, "further": chance.choice(ARRAYS)}
    elif what:
        arrays[name] = chance.choice([*ARRAYS, old[..., :1], old[:1], old.astype("S"), old[::-1]]) if old.ndim else old
    (np.savez_compressed if chance.random() < 0.3 else np.savez)(path, **arrays)  # type: ignore[arg-type]


def change_file(folder: Path, chance: Chance) -> None:
    """Cut, spoil, empty, delete, rename, copy or replace a file, or add one."""
    path = chance.choice(sorted(path for path in folder.rglob("*") if path.is_file()) or [folder / "none.png"])
    content = path.read_bytes() if path.is_file() else b""
    what = chance.randrange(10)
    if what == 0:
        path.write_bytes(content[: chance.randrange(len(content) + 1)])
    elif what == 1 and content:
        spoilt = bytearray(content)
        spoilt[chance.randrange(len(spoilt))] ^= chance.randrange(1, 256)
        path.write_bytes(spoilt)
    elif what in (2, 3):
        path.unlink(missing_ok=True)
        if what == 3:
            path.mkdir()
    elif what == 4 and path.is_file():
        path.rename(path.with_name(chance.choice(["run.json", "series.json", "checkpoint.npz", "maps.npz", "a.png"])))
    elif what == 5:
        path.write_bytes(chance.choice([b"", b"{}", b"[]", b"\xff", b"PK", b"[" * 10_000, b"\x89PNG\r\n\x1a\n"]))
    elif what == 6:
        path.with_name(os.fsdecode(chance.choice([b"b\xff.png", b".lock", b"further.json", b"\xe2\x80\xae"]))).touch()
    elif what == 7:
        path.unlink(missing_ok=True)
        path.symlink_to(chance.choice([folder, path, folder.parent / GOOD / "run.json", Path("/dev/null")]))
    elif what == 8 and hasattr(os, "mkfifo"):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    else:
        shutil.copy(path, path.with_name(f"copy_{path.name}")) if path.is_file() else None


CHANGES = (change_json, change_json, change_declared, change_declared, change_array, change_values, change_file)
"""How a record may be damaged, each with a folder and chance."""
