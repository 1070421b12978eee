"""A record is exact, readable without this program, found by its name, and refuses what is damaged in one sentence."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.images import to_uint8
from mad_app.records import (
    History,
    Origin,
    RecordError,
    content_hash,
    find_run,
    is_resumable,
    list_runs,
    load_checkpoint,
    load_record,
    load_summary,
    replace_run,
    run_folder,
    save_run,
)
from mad_app.records.index import Index
from mad_app.records.schema import SCHEMA
from tests.mad_app.record_examples import (
    HEIGHT,
    PICKLE,
    STEPS,
    WIDTH,
    assert_same,
    corrupt_inside,
    edit_arrays,
    edit_json,
    image_with,
    make_checkpoint,
    make_result,
    make_run,
    truncate,
)


def test_what_was_saved_is_loaded_exactly(tmp_path: Path) -> None:
    run = make_run(extra={"title": "Zwei Katzen – 🐈", "notes": ["any", {"thing": 1}]})
    folder = save_run(run, tmp_path / "new" / "runs")
    loaded = load_record(folder)
    assert_same(loaded, run)
    assert loaded.folder == folder
    assert loaded.id == folder.name
    assert loaded.schema == SCHEMA
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_record_reads_without_this_program(tmp_path: Path) -> None:
    run = make_run()
    folder = save_run(run, tmp_path)
    document = json.loads((folder / "run.json").read_text())
    assert document["schema"] == SCHEMA
    assert document["id"] == folder.name
    assert document["settings"]["strength"] == 0.1
    assert [(image["direction"], image["optimized"]) for image in document["images"]] == [
        ("max", "lasi:20"),
        ("min", "lasi:20"),
        ("max", "my.module:distance"),
        ("min", "my.module:distance"),
    ]
    assert document["images"][1]["level"] == 0.1 + 0.2
    files = [image["file"] for image in document["images"]]
    assert files == [
        "1_lasi-20_max.png",
        "2_lasi-20_min.png",
        "3_my-module-distance_max.png",
        "4_my-module-distance_min.png",
    ]
    pictures = {"reference.png": run.reference, "start.png": run.start, **dict(zip(files, run.finals, strict=True))}
    for name, image in pictures.items():
        with Image.open(folder / name) as picture:
            np.testing.assert_array_equal(np.asarray(picture), to_uint8(image))
    with np.load(folder / "images.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["images"], run.finals)
    with np.load(folder / "history.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].shape for name in arrays} == {
            "step": (STEPS,),
            "first": (STEPS, 4),
            "second": (STEPS, 4),
            "drift": (STEPS, 4),
        }


def test_the_pictures_that_are_saved_and_the_mask_are_kept(tmp_path: Path) -> None:
    chosen = np.arange(4 * HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(4, HEIGHT, WIDTH, 3)
    mask = np.eye(HEIGHT, WIDTH, dtype=bool)
    folder = save_run(make_run(images_8bit=chosen, mask=mask), tmp_path)
    loaded = load_record(folder)
    np.testing.assert_array_equal(loaded.images_8bit, chosen)
    np.testing.assert_array_equal(loaded.mask, mask)
    for picture, result in zip(chosen, loaded.results, strict=True):
        with Image.open(folder / result.file) as found:
            np.testing.assert_array_equal(np.asarray(found), picture)


def test_a_record_says_where_its_picture_came_from_and_how_large_it_is(tmp_path: Path) -> None:
    origin = Origin.of(make_run().reference, "upload", "cat.png", ("16 bits per channel are reduced to 8",))
    assert (origin.width, origin.height) == (WIDTH, HEIGHT)
    folder = save_run(make_run(origin=origin), tmp_path)
    assert load_record(folder).origin == load_summary(folder).origin == origin
    document = json.loads((folder / "run.json").read_text())
    assert document["reference"] == {
        "source": "upload", "name": "cat.png", "width": 9, "height": 6, "sha256": content_hash(make_run().reference),
        "notes": ["16 bits per channel are reduced to 8"],
    }  # fmt: skip
    changed = np.nextafter(make_run().reference, 0.5, dtype=np.float32)
    assert content_hash(changed) != origin.sha256
    assert content_hash(changed.reshape(WIDTH, HEIGHT, 3)) != content_hash(changed)


def test_a_record_names_its_files_and_plain_names_are_those_of_a_finished_run(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    unfinished = {path.name for path in folder.iterdir()}
    assert {"images.v1.npz", "1_lasi-20_max.v1.png", "reference.png", "checkpoint.npz"} <= unfinished
    assert load_summary(folder).files["images"] == "images.v1.npz"
    replace_run(make_run(seconds=2.0), folder)
    assert {path.name for path in folder.iterdir()} == {
        "run.json", "reference.png", "start.png", "images.npz", "history.npz", "keyframes.npz",
        "1_lasi-20_max.png", "2_lasi-20_min.png", "3_my-module-distance_max.png", "4_my-module-distance_min.png",
    }  # fmt: skip
    document = json.loads((folder / "run.json").read_text())
    del document["files"]
    (folder / "run.json").write_text(json.dumps(document))
    assert_same(load_record(folder), make_run(seconds=2.0))


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    broken = dataclasses.replace(
        make_result(0), final={"lasi:20": float("nan")}, drift=float("inf"), level=np.float32(0.5)
    )
    folder = save_run(make_run(results=(broken, *map(make_result, (1, 2, 3)))), tmp_path)
    image = load_record(folder).results[0]
    assert (image.final["lasi:20"], image.drift, image.level) == (None, None, 0.5)


def test_unknown_keys_survive_a_replacement_and_the_date_stays(tmp_path: Path) -> None:
    folder = save_run(make_run(extra={"title": "old", "notes": "kept"}, created="2026-11-23T15:42:10Z"), tmp_path)
    document = json.loads((folder / "run.json").read_text())
    document["images"][2]["color"] = "blue"
    (folder / "run.json").write_text(json.dumps(document))
    loaded = load_record(folder)
    assert loaded.results[2].extra == {"color": "blue"}
    replace_run(dataclasses.replace(loaded, extra={"title": "new"}, seconds=99.0, created=""), folder)
    again = load_record(folder)
    assert again.extra == {"title": "new", "notes": "kept"}
    assert again.results[2].extra == {"color": "blue"}
    assert (again.seconds, again.created) == (99.0, "2026-11-23T15:42:10Z")


def test_further_keys_cannot_shadow_the_record(tmp_path: Path) -> None:
    assert load_record(save_run(make_run(extra={"seed": 1, "schema": 9}), tmp_path)).seed == 7


# ---- names -----------------------------------------------------------------------------------------------------------


def test_folder_names_are_readable_sortable_and_never_reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["3f9a", "3f9a", "3f9b"])
    monkeypatch.setattr(run_folder.secrets, "token_hex", lambda _: next(tokens))
    run = make_run(created="2026-11-23T15:42:10.123Z")
    first, second = save_run(run, tmp_path), save_run(run, tmp_path)
    assert first.name == "2026-11-23_154210_lasi-20-vs-my-module-distance_cat_3f9a"
    assert second.name == "2026-11-23_154210_lasi-20-vs-my-module-distance_cat_3f9b"


@pytest.mark.parametrize("image", ["../../etc/passwd", "Größe ß.jpg", "a" * 300, "", None, "日本", "a\x00b/c"])
def test_any_picture_name_gives_a_safe_folder(tmp_path: Path, image: str | None) -> None:
    folder = save_run(make_run(settings={"image": image}), tmp_path)
    assert folder.parent == tmp_path
    assert folder.name.isascii()
    assert load_record(folder).settings == {"image": image and image.replace("\x00", "\ufffd")}


def test_runs_are_listed_newest_first_and_foreign_folders_ignored(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    old = save_run(make_run(created="2024-01-01T00:00:00Z"), tmp_path)
    new = save_run(make_run(), tmp_path)
    mid = save_run(make_run(created="2025-01-01T00:00:00Z"), tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("no run")
    (tmp_path / ".2026.partial").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    found = list_runs(tmp_path)
    assert [summary.folder for summary in found] == [new, mid, old]
    assert found[0].results[3].optimized == "my.module:distance"
    assert found[0].id == new.name
    assert load_summary(old).settings["size"] == 16


def test_a_time_of_another_zone_is_read_in_utc(tmp_path: Path) -> None:
    later, earlier = save_run(make_run(), tmp_path), save_run(make_run(), tmp_path)
    for folder, created in ((later, "2026-01-01T08:00:00.000Z"), (earlier, "2026-01-01T12:00:00.000+05:00")):
        path = folder / "run.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "created": created}))
    assert load_record(earlier).created == "2026-01-01T07:00:00Z"
    assert [summary.id for summary in list_runs(tmp_path)] == [later.name, earlier.name]
    assert [entry.id for entry in Index(tmp_path).entries().runs] == [later.name, earlier.name]


def test_ids_stay_in_the_runs_folder(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = save_run(make_run(), root)
    outside = save_run(make_run(), tmp_path)
    (root / "link").symlink_to(outside)
    (root / "renamed by hand").mkdir()
    assert find_run(root, folder.name) == folder
    assert find_run(root, "renamed by hand") == root / "renamed by hand"
    bad = ["", ".", "..", f"../{outside.name}", str(outside), "link", ".hidden", "a/b", "a\\b", "C:x", "a\x00", "none"]
    for run_id in [*bad, "x" * 1000, f"{folder.name}/", f"{folder.name}\n"]:
        with pytest.raises(RecordError, match=r"id of a run|no run"):
            find_run(root, run_id)
    assert [summary.folder for summary in list_runs(root)] == [folder]


# ---- what is refused -------------------------------------------------------------------------------------------------


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no json": (lambda folder: (folder / "run.json").unlink(), r"run\.json is missing"),
    "cut json": (truncate("run.json"), r"run\.json is not whole, valid JSON"),
    "not utf-8": (
        lambda folder: (folder / "run.json").write_bytes(b"\xff\xfe{"),
        r"run\.json is not whole, valid JSON",
    ),
    "NaN in json": (edit_json(lambda d: d.update(seconds=float("nan"))), "NaN is no finite number"),
    "a list": (lambda folder: (folder / "run.json").write_text("[]"), "no JSON object"),
    "deep": (lambda folder: (folder / "run.json").write_text("[" * 200_000), "not whole, valid JSON"),
    "huge number": (lambda folder: (folder / "run.json").write_text('{"schema": 1e999}'), "1e999 is no finite number"),
    "newer": (
        edit_json(lambda d: d.update(schema=SCHEMA + 1)),
        rf"run\.json has schema {SCHEMA + 1}, but this program reads up to {SCHEMA}: update",
    ),
    "no schema": (edit_json(lambda d: d.pop("schema")), f"schema None, expected {SCHEMA}"),
    "no seed": (edit_json(lambda d: d.pop("seed")), r"run\.json lacks 'seed'"),
    "seed as text": (edit_json(lambda d: d.update(seed="7")), "seed is '7', expected a whole number"),
    "bad date": (edit_json(lambda d: d.update(created="yesterday")), "created is 'yesterday'"),
    "nested setting": (
        edit_json(lambda d: d["settings"].update(a=[1])),
        r"settings: a is \[1\], expected a number, text",
    ),
    "three images": (edit_json(lambda d: d["images"].pop()), "images has 3 entries, expected 4"),
    "no images": (edit_json(lambda d: d["images"].clear()), "images has 0 entries, expected 4"),
    "swapped": (edit_json(lambda d: d["images"].reverse()), "images are .* expected"),
    "no object": (edit_json(lambda d: d["images"].__setitem__(0, 1)), r"images\[0\] is no object"),
    "no drift": (edit_json(lambda d: d["images"][1].pop("drift")), r"images\[1\] lacks 'drift'"),
    "drift as text": (edit_json(lambda d: d["images"][1].update(drift="")), "drift is '', expected a number or null"),
    "file elsewhere": (edit_json(lambda d: d["images"][1].update(file="../x.png")), r"file is '\.\./x\.png'"),
    "unknown outcome": (edit_json(lambda d: d["images"][1].update(outcome="was fine")), "outcome is 'was fine'"),
    "no origin": (edit_json(lambda d: d.pop("reference")), "lacks 'reference'"),
    "unknown origin": (
        edit_json(lambda d: d["reference"].update(source="dream")),
        "source is 'dream', expected one of",
    ),
    "width as text": (edit_json(lambda d: d["reference"].update(width="9")), "width is '9', expected a whole number"),
    "no solver": (edit_json(lambda d: d.pop("solver")), "lacks 'solver'"),
    "files elsewhere": (
        edit_json(lambda d: d["files"].update(images="../a.npz")),
        r"the file '\.\./a\.npz' for images",
    ),
    "files as a list": (edit_json(lambda d: d.update(files=[])), r"has files \[\], expected an object"),
    "no images.npz": (lambda folder: (folder / "images.npz").unlink(), r"images\.npz is missing"),
    "cut images.npz": (truncate("images.npz"), r"images\.npz is not a whole NPZ"),
    "flipped bits": (corrupt_inside("images.npz"), r"images\.npz is not a whole NPZ.*CRC"),
    "pickled": (edit_arrays("images.npz", start=PICKLE), r"images\.npz is not a whole NPZ file of plain arrays"),
    "pickled history": (
        edit_arrays("history.npz", step=PICKLE),
        r"history\.npz is not a whole NPZ file of plain arrays",
    ),
    "no start": (edit_arrays("images.npz", start=None), r"images\.npz lacks the array 'start'"),
    "shape": (
        edit_arrays("images.npz", start=np.zeros((HEIGHT, WIDTH + 1, 3), np.float32)),
        r"start is float32 \(6, 10, 3\), expected float32 \(6, 9, 3\)",
    ),
    "gray": (
        edit_arrays("images.npz", start=np.zeros((HEIGHT, WIDTH), np.float32)),
        r"start is float32 \(6, 9\), expected",
    ),
    "five": (
        edit_arrays("images.npz", images=np.zeros((5, HEIGHT, WIDTH, 3), np.float32)),
        r"images is float32 \(5, 6, 9, 3\), expected",
    ),
    "double": (edit_arrays("images.npz", start=np.zeros((HEIGHT, WIDTH, 3))), "start is float64"),
    "NaN": (edit_arrays("images.npz", reference=image_with(np.nan)), r"images\.npz: reference must be finite"),
    "range": (
        edit_arrays("images.npz", reference=image_with(1.5)),
        r"images\.npz: reference must have values in \[0, 1\]",
    ),
    "mask": (edit_arrays("images.npz", mask=np.zeros((HEIGHT, WIDTH))), r"mask is float64 \(6, 9\), expected bool"),
    "8 bits": (
        edit_arrays("images.npz", images_8bit=np.zeros((4, HEIGHT, WIDTH), np.uint8)),
        r"images_8bit is uint8 \(4, 6, 9\), expected uint8 \(4, 6, 9, 3\)",
    ),
    "no 8 bits": (edit_json(lambda d: d["images"][1].pop("final_8bit")), r"images\[1\] lacks 'final_8bit'"),
    "no history": (lambda folder: (folder / "history.npz").unlink(), r"history\.npz is missing"),
    "no column": (edit_arrays("history.npz", drift=None), r"history\.npz lacks the array 'drift'"),
    "short column": (
        edit_arrays("history.npz", drift=np.zeros((3, 4))),
        r"drift is float64 \(3, 4\), expected floats \(5, 4\)",
    ),
    "empty history": (edit_arrays("history.npz", step=np.zeros(0, int)), r"step is int64 \(0,\), expected"),
    "shrinking": (edit_arrays("history.npz", step=np.arange(5)[::-1]), "step is no growing row"),
    "two names for one file": (
        edit_json(lambda d: d["files"].update(start="reference.png")),
        "names one file twice",
    ),
    "another kind of file": (edit_json(lambda d: d["files"].update(images="a.png")), "which is of another kind"),
    "a date that is none elsewhere": (
        edit_json(lambda d: d.update(created="9999-12-31T23:59:59-14:00")),
        "created is '9999-12-31T23:59:59-14:00', expected a year from 2 to 9998",
    ),
    "the first year": (edit_json(lambda d: d.update(created="0001-01-01T00:00:00+14:00")), "expected a year from 2"),
    "true as a seed": (edit_json(lambda d: d.update(seed=True)), "seed is True, expected a whole number"),
    "a number of 400 digits": (edit_json(lambda d: d.update(seconds=10**400)), "at most 64 bits"),
    "a huge setting": (edit_json(lambda d: d["settings"].update(strength=10**400)), "at most 64 bits"),
    "a setting of another type": (edit_json(lambda d: d["settings"].update(gray="yes")), "gray is 'yes'"),
    "control characters": (edit_json(lambda d: d.update(device="a\x1b[31m")), "device is .*, expected"),
    "long text": (edit_json(lambda d: d["settings"].update(image="x" * 5000)), "image has 5000 characters"),
    "one metric": (
        edit_json(lambda d: [image.update(optimized="a", fixed="a") for image in d["images"]]),
        "images are .* expected",
    ),
    "a deep value": (
        edit_json(lambda d: d.update(further=json.loads("[" * 60 + "]" * 60))),
        "nested more than 50 deep",
    ),
    "an npy": (
        lambda folder: (folder / "images.npz").write_bytes(b"\x93NUMPY" + bytes(99)),
        r"images\.npz is not a whole NPZ",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_in_one_sentence(tmp_path: Path, damage: str) -> None:
    folder = save_run(make_run(), tmp_path)
    edit, message = DAMAGES[damage]
    edit(folder)
    with pytest.raises(RecordError, match=message) as caught:
        load_record(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        edit_arrays("keyframes.npz", images=np.zeros((2, 4, HEIGHT, HEIGHT, 3), np.uint8)),
        edit_arrays("keyframes.npz", step=np.array([3, 0])),
        truncate("keyframes.npz"),
    ],
)
def test_keyframes_that_are_damaged_stop_nothing_else(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    folder = save_run(make_run(), tmp_path)
    damage(folder)
    run = load_record(folder)
    assert len(run.keyframes.step) == 0
    assert len(run.faults) == 1
    assert "keyframes.npz" in run.faults[0]
    np.testing.assert_array_equal(run.finals, make_run().finals)


def test_a_run_is_found_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_run(make_run(), tmp_path, checkpoint=make_checkpoint())
    (folder / "deeper").mkdir()
    monkeypatch.chdir(folder)
    for here in ("", ".", Path(), "deeper/.."):
        assert load_record(here).folder == load_summary(here).folder == folder
        assert load_checkpoint(here).step.index == 3
        assert is_resumable(here)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordError, match=r"is no run but a folder of runs"):
        load_record("")
    with pytest.raises(RecordError):
        load_record("a\x00b")


def test_a_name_that_is_not_utf_8_is_kept_as_far_as_it_can_be_shown(tmp_path: Path) -> None:
    name = "b\udcff.png"  # as the system gives b"b\xff.png"
    run = make_run(settings={"image": name, "size": 16}, origin=Origin.of(make_run().reference, "file", name))
    loaded = load_record(save_run(run, tmp_path / "new"))
    assert loaded.settings["image"] == "b\ufffd.png"
    assert loaded.origin is not None
    assert loaded.origin.name == "b\ufffd.png"
    old = save_run(make_run(), tmp_path / "old")
    edit_json(lambda document: document["settings"].update(image=name))(old)
    assert load_record(old).settings["image"] == "b\ufffd.png"


def test_a_value_out_of_todays_range_is_shown(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    edit_json(lambda document: document["settings"].update(size=8, strength=1e9, distortion="fog"))(folder)
    assert load_record(folder).settings["distortion"] == "fog"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"run\.json is missing"):
        load_record(tmp_path / "none")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"finals": np.zeros((4, HEIGHT, WIDTH, 3))}, "images is float64"),
        ({"reference": image_with(np.nan)}, "reference must be finite"),
        ({"history": History.empty()}, r"step is int64 \(0,\), expected"),
        ({"results": tuple(make_result(i) for i in (1, 0, 2, 3))}, "images are"),
        ({"settings": {"list": (1, 2)}}, "settings: list is"),
        ({"created": "../../x"}, "created is"),
        ({"results": tuple(dataclasses.replace(make_result(i), outcome="x") for i in range(4))}, "outcome is 'x'"),
        ({"extra": {"notes": object()}}, r"run\.json cannot be written"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        save_run(make_run(**changes), tmp_path)
    assert list(tmp_path.iterdir()) == []
