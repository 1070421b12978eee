"""Whatever becomes of the files of a record, what is raised is a RecordError in one sentence, and the others stay.

Real records, of every schema, are changed at random: values of their JSON deleted and replaced, arrays replaced, files
cut, renamed, added. MAD_APP_FUZZ=5000 makes that many records instead of a few, others each time, and draws them, too.
"""

import copy
import datetime
import io
import json
import math
import os
import random
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mad_app.figures import captions_of, figure_bytes, outcome_sentence, pair_sentence
from mad_app.records import (
    Label,
    Maps,
    RecordError,
    Run,
    Trace,
    delete_run,
    find_run,
    is_series,
    load_checkpoint,
    load_label,
    load_maps,
    load_plan,
    load_record,
    load_series,
    load_summary,
    members_of,
    restore_run,
    save_label,
    save_maps,
    save_run,
    save_series,
    state_of,
    why_not_resumable,
)
from mad_app.records import entries as rows
from mad_app.records.archive import import_run, zip_run
from mad_app.records.index import Index
from mad_app.request import REQUEST_SETTINGS
from mad_app.runs import request_of
from mad_app.runs.reproduce import command_of, python_of, reproduction_of, request_for_page, to_query
from mad_app.runs.run import _check_fit, solver_of
from tests.mad_app.record_examples import HEIGHT, PICKLE, WIDTH, make_checkpoint, make_run

DATA = Path(__file__).parent / "data"
LONG = int(os.environ.get("MAD_APP_FUZZ", "0"))
QUICK = 30
"""Records of the quick run, always the same."""

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

Value = TypeVar("Value")
Chance = random.Random


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of runs, each with one record to be damaged, BAD, and one that stays, GOOD."""
    root = tmp_path_factory.mktemp("bases")
    for name in ("finished", "unfinished", "series"):
        checkpoint = make_checkpoint() if name == "unfinished" else None
        folder = save_run(make_run(), root / name, checkpoint=checkpoint).rename(root / name / BAD)
        random_maps = np.random.default_rng(0).random((2, 4, HEIGHT, WIDTH))
        save_maps(folder, Maps.of(np.array([0, 4]), random_maps, random_maps))
    asked = [{"first": "lasi:20", "image": "cat.png", "seed": seed} for seed in (0, 1)]
    series = save_series("repeated_seeds", "seed", asked, root / "series")
    save_run(make_run(settings=asked[0]), series)
    shutil.rmtree(root / "series" / BAD)
    series.rename(root / "series" / BAD)
    for old in sorted(DATA.glob("schema_*/*")):
        shutil.copytree(old, root / old.name / BAD)
    for folder in sorted(root.iterdir()):
        save_label(folder / BAD, Label("its name", "its notes"))
        save_run(make_run(), folder).rename(folder / GOOD)
    return root


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


# ---- damage ----------------------------------------------------------------------------------------------------------


def change_json(folder: Path, chance: Chance) -> None:
    """Delete, replace, add or double a value, wherever in the document."""
    files = sorted([*folder.rglob("*.json"), folder.parent / ".labels" / f"{BAD}.json"])
    path = chance.choice(files)
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    places = list(_places(document))
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
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
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


CHANGES = (change_json, change_json, change_json, change_array, change_array, change_file)


# ---- what is done with a record --------------------------------------------------------------------------------------


def tried(call: Callable[..., Value], *arguments: Any) -> Value | None:
    """What a call gives; None where it raises a RecordError, which must be one sentence that can be shown."""
    try:
        return call(*arguments)
    except RecordError as error:
        text = str(error)
        assert text == "".join(text.splitlines())
        assert text.encode()
        return None


def look_at(folder: Path, *, draw: bool) -> None:
    """Read everything of a record, and make of it what pages and figures make."""
    for read in (load_summary, load_label, load_maps, load_checkpoint):
        tried(read, folder)
    run = tried(load_record, folder)
    if run is not None:
        assert tried(load_summary, folder) is not None
        show(run)
        if draw:
            assert figure_bytes(run, "svg")
    if is_series(folder) and (plan := tried(load_plan, folder)):
        members_of(folder, plan)
        series = tried(load_series, folder)
        if series is not None:
            json.dumps([series.incomplete, dict(series.faults)]).encode()
            for one in series.runs:
                show(one)


def show(run: Run) -> None:
    """What a page, a figure and `resume` make of a run."""
    assert run.images_8bit.shape == run.finals.shape
    for i in range(len(run.keyframes.step)):
        assert run.keyframes.images[i].shape == run.finals.shape
    texts = [*captions_of(run), outcome_sentence(run), pair_sentence(run, 0), pair_sentence(run, 1)]
    "".join([*texts, run.id, run.created, run.device, *map(str, run.settings.values())]).encode()
    json.dumps([dict(run.settings), dict(run.extra), Trace.of(run.history).step], allow_nan=False).encode()
    when = datetime.datetime.fromisoformat(run.created)
    for hours in (-14, 14):
        when.astimezone(datetime.timezone(datetime.timedelta(hours=hours)))
    assert state_of(run)
    tried(request_for_page, run)
    tried(solver_of, run)
    for request in (tried(request_of, run), tried(reproduction_of, run)):
        if request is not None:
            "".join([command_of(request), python_of(request), *to_query(request).values()]).encode()
    checkpoint = None if tried(why_not_resumable, run) else tried(load_checkpoint, run.folder)
    request = tried(request_of, run)
    if checkpoint and request:
        tried(_check_fit, checkpoint, run, request)


def take_elsewhere(folder: Path, root: Path) -> None:
    """Export and import a record; then import its files, as anybody could pack them."""
    packed = tried(zip_run, folder)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name.isascii():
                file.write(path, f"{BAD}/{path.name}")
    for i, content in enumerate([packed, buffer.getvalue()]):
        if content is not None and (run_id := tried(import_run, root / str(i), io.BytesIO(content))):
            entries = Index(root / str(i)).entries()
            assert [entry.id for entry in entries.runs] == [run_id]
            run = load_record(find_run(root / str(i), run_id))
            assert run.faults == ()
            show(run)
        elif (root / str(i)).exists():
            assert [path for path in (root / str(i)).iterdir() if not path.name.startswith(".")] == []


def survives(bases: Path, base: str, seed: int, changes: int, *, draw: bool) -> None:
    """Damage a copy of a record, and do with it all that is done with records."""
    chance = Chance(seed)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "runs"
        shutil.copytree(bases / base, root)
        Index(root).entries()
        for _ in range(changes):
            chance.choice(CHANGES)(root / BAD, chance)
        for _ in range(2):  # read from the records, then from the index
            entries = Index(root).entries()
            assert GOOD in [entry.id for entry in entries.runs]
            for text in (*entries.faults, *entries.faults.values()):
                assert text.encode()
                assert "Error:" not in text
        look_at(root / BAD, draw=draw)
        tried(take_elsewhere, root / BAD, Path(temporary))
        delete_run(root, BAD)
        assert [entry.id for entry in Index(root).entries().runs] == [GOOD]
        restore_run(root, BAD)


@settings(
    max_examples=LONG or QUICK,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 4))
def test_a_damaged_record_spoils_nothing(bases: Path, data: st.DataObject, seed: int, changes: int) -> None:
    base = data.draw(st.sampled_from(sorted(path.name for path in bases.iterdir())))
    survives(bases, base, seed, changes, draw=bool(LONG) and seed % 20 == 0)


def test_each_setting_may_hold_any_odd_value(bases: Path, tmp_path: Path) -> None:
    shutil.copytree(bases / "finished" / BAD, tmp_path / BAD)
    path = tmp_path / BAD / "run.json"
    whole = path.read_text()
    names = ("created", "seconds", "device", "versions", "weights", "solver", *REQUEST_SETTINGS)
    pairs = [(name, value) for name in names for value in ODD]
    for name, value in pairs[:: 1 if LONG else 7]:
        document = json.loads(whole)
        (document if name in document else document["settings"])[name] = value
        path.write_text(json.dumps(document))
        if run := tried(load_record, tmp_path / BAD):
            show(run)
        tried(rows._read_run, tmp_path / BAD)
