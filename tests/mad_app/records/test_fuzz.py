"""Whatever becomes of the files of a record, what is raised is a RecordError in one sentence, and the others stay.

Real records, of every schema, are damaged at random (`damage`), and all is done with them that pages, figures and
commands do. MAD_APP_FUZZ=5000 makes that many instead of a few, others each time, and draws some of them, too; each
failure is named with its seed, from which MAD_APP_FUZZ_SEED makes it again.
"""

import contextlib
import dataclasses
import datetime
import io
import json
import os
import random
import shutil
import tempfile
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.figures import outcome_sentence, pair_sentence
from mad_app.figures.animation import animation_bytes
from mad_app.figures.captions import captions_of, short_caption
from mad_app.figures.export import figure_bytes, series_bytes
from mad_app.figures.tables import table_text
from mad_app.figures.web_page.details import details_html
from mad_app.figures.web_page.page import run_page, series_page
from mad_app.figures.web_page.viewer_data import viewer_data
from mad_app.records import (
    History,
    Keyframes,
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
    readable_maps,
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
from mad_app.ui.components.collection import Card, SeriesCard
from mad_app.ui.components.curves import pair_curves
from mad_app.ui.components.four_up import four_up_html, four_up_of_run
from mad_app.ui.gallery.cards import card_html, comparison_html, series_html
from tests.mad_app.record_examples import make_checkpoint, make_history, make_run
from tests.mad_app.records.damage import BAD, CHANGES, GOOD, ODD

DATA = Path(__file__).parent / "data"
LONG = int(os.environ.get("MAD_APP_FUZZ", "0"))
QUICK = 24
"""Records of the quick run, always the same."""
DRAWN = 6
"""Of how many records one is drawn in the long run; a drawing takes ten times as long as all else."""
MEMORY = "/dev/shm" if LONG and Path("/dev/shm").is_dir() else None

Value = TypeVar("Value")
Chance = random.Random


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of runs, each with one record to be damaged, BAD, and one that stays, GOOD."""
    root = tmp_path_factory.mktemp("bases")
    for name in ("finished", "unfinished", "small", "series"):
        checkpoint = make_checkpoint() if name == "unfinished" else None
        run = one_pixel() if name == "small" else make_run()
        folder = save_run(run, root / name, checkpoint=checkpoint).rename(root / name / BAD)
        random_maps = np.random.default_rng(0).random((2, 4, *run.reference.shape[:2]))
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


def one_pixel() -> Run:
    """A run of one pixel and one step, without keyframes."""
    run, history = make_run(), make_history()
    first = History(history.step[:1], *(column[:1] for column in (history.first, history.second, history.drift)))
    images = {name: getattr(run, name)[..., :1, :1, :] for name in ("reference", "start", "finals", "images_8bit")}
    return dataclasses.replace(run, **images, history=first, keyframes=Keyframes.empty())


def tried(call: Callable[..., Value], *arguments: object) -> Value | None:
    """What a call gives; None where it raises a RecordError, which must be one sentence that can be shown."""
    try:
        return call(*arguments)
    except RecordError as error:
        text = str(error)
        assert text == "".join(text.splitlines())
        assert text.encode()
        return None


def look_at(folder: Path) -> Run | None:
    """Read everything of a record, and make of it what pages and figures say."""
    for read in (load_summary, load_label, load_maps, load_checkpoint):
        tried(read, folder)
    run = tried(load_record, folder)
    if run is not None:
        assert tried(load_summary, folder) is not None
        show(run)
    if is_series(folder) and (plan := tried(load_plan, folder)):
        members_of(folder, plan)
        series = tried(load_series, folder)
        if series is not None:
            json.dumps([series.incomplete, dict(series.faults)]).encode()
            for one in series.runs:
                show(one)
    return run


def show(run: Run) -> None:
    """What a page, a figure and `resume` make of a run, but for drawings."""
    assert run.images_8bit.shape == run.finals.shape
    for i in range(len(run.keyframes.step)):
        assert run.keyframes.images[i].shape == run.finals.shape
    texts = [short_caption(run), outcome_sentence(run), pair_sentence(run, 0), pair_sentence(run, 1)]
    texts += [table_text([run], "csv"), table_text([run], "tex"), str(details_html(run))]
    four = four_up_of_run(run)
    texts += [str(four_up_html(four)), *(str(pair_curves(four.trace, i, four.names, four.steps)) for i in (0, 1))]
    "".join([*texts, run.id, run.created, run.device, *map(str, run.settings.values())]).encode()
    json.dumps([dict(run.settings), dict(run.extra), Trace.of(run.history).step], allow_nan=False).encode()
    json.dumps(viewer_data(run, readable_maps(run.folder)[0] if run.folder else None), allow_nan=False).encode()
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


def show_list(root: Path) -> None:
    """What the gallery makes of a folder of runs."""
    entries = Index(root).entries()
    assert GOOD in [entry.id for entry in entries.runs]
    for text in (*entries.faults, *entries.faults.values()):
        assert text.encode()
        assert "Error:" not in text
    for entry in entries.runs:
        card = Card(entry)
        f"{tried(card_html, card, 'Pacific/Kiritimati')}{card.texts}{card.title}{card.picture}".encode()
    for series in entries.series:
        str(series_html(SeriesCard(series), "America/Adak")).encode()


def draw(folder: Path, run: Run | None, chance: Chance) -> None:
    """Make one of the drawings."""
    if run is not None:
        good = load_record(folder.with_name(GOOD))
        maps = readable_maps(folder)[0]
        drawings: tuple[Callable[[], object], ...] = (
            lambda: figure_bytes(run, "svg"),
            lambda: figure_bytes(run, "png", show=("pairs", "metric-maps"), maps=maps) if maps else None,
            lambda: figure_bytes([run, good], "pdf"),
            lambda: captions_of([run, good]),
            lambda: captions_of(run),
            lambda: animation_bytes(run, "webp"),
            lambda: run_page(run, maps),
            lambda: comparison_html((run, good), ("a", "b")),
        )
        with contextlib.suppress(ArgumentError):  # maps that end before the run does are refused
            chance.choice(drawings)()
    elif is_series(folder) and (series := tried(load_series, folder)):
        chance.choice([lambda: series_bytes(series, "contact sheet", "svg"), lambda: series_page(series)])()


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
            assert [entry.id for entry in Index(root / str(i)).entries().runs] == [run_id]
            assert load_record(find_run(root / str(i), run_id)).faults == ()
        elif (root / str(i)).exists():
            assert [path for path in (root / str(i)).iterdir() if not path.name.startswith(".")] == []


def survives(bases: Path, seed: int) -> None:
    """Damage a copy of a record, and do with it all that is done with records."""
    chance = Chance(seed)
    base = chance.choice(sorted(bases.iterdir()))
    with tempfile.TemporaryDirectory(dir=MEMORY) as temporary:
        root = Path(temporary) / "runs"
        shutil.copytree(base, root)
        Index(root).entries()
        for _ in range(chance.choice([1, 1, 1, 2, 3, 4])):
            chance.choice(CHANGES)(root / BAD, chance)
        for _ in range(2):  # read from the records, then from the index
            show_list(root)
        run = look_at(root / BAD)
        if LONG and chance.randrange(DRAWN) == 0:
            draw(root / BAD, run, chance)
        tried(take_elsewhere, root / BAD, Path(temporary))
        delete_run(root, BAD)
        assert [entry.id for entry in Index(root).entries().runs] == [GOOD]
        restore_run(root, BAD)


def test_a_damaged_record_spoils_nothing(bases: Path) -> None:
    first = int(os.environ.get("MAD_APP_FUZZ_SEED", Chance().randrange(10**9) if LONG else 0))
    failures: dict[str, list[int]] = {}
    for seed in range(first, first + (LONG or QUICK)):
        try:
            survives(bases, seed)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            failure = f"{type(error).__name__} at {frame.filename}:{frame.lineno}: {str(error)[:200]!r}"
            failures.setdefault(failure, []).append(seed)
    assert not failures, "\n".join(f"{failure}, seeds {seeds[:5]}" for failure, seeds in failures.items())


def test_each_setting_may_hold_any_odd_value(bases: Path, tmp_path: Path) -> None:
    shutil.copytree(bases / "finished" / BAD, tmp_path / BAD)
    path = tmp_path / BAD / "run.json"
    whole = path.read_text()
    names = ("created", "seconds", "device", "versions", "weights", "solver", *REQUEST_SETTINGS)
    pairs = [(name, value) for name in names for value in ODD]
    for name, value in pairs[:: 1 if LONG else 23]:
        document = json.loads(whole)
        (document if name in document else document["settings"])[name] = value
        path.write_text(json.dumps(document))
        if run := tried(load_record, tmp_path / BAD):
            show(run)
        tried(rows._read_run, tmp_path / BAD)
