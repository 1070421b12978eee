"""A record goes into a ZIP file and comes back as it was; nothing else comes in."""

import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mad_app.records import Label, RecordError, archive, list_runs, load_label, save_label, save_run
from mad_app.records.archive import import_run, zip_run
from mad_app.records.schema import SCHEMA
from tests.mad_app.record_examples import contents, edit_arrays, edit_json, fail_on_call, make_checkpoint, make_run

RUN = "2026-01-02_a-vs-b_cat_0001"


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder whose files are those of a record, to be packed as a test likes."""
    saved = save_run(make_run(), tmp_path / "elsewhere", checkpoint=make_checkpoint())
    return saved.rename(tmp_path / RUN)


def pack(folder: Path, *, change: Callable[[dict[str, bytes]], object] = lambda _: None, **options: int) -> bytes:
    files = {f"{RUN}/{name}": content for name, content in contents(folder).items()}
    change(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def assert_refused(content: bytes, root: Path, sentence: str) -> None:
    """Refused in one sentence, and nothing is left behind."""
    before = contents(root) if root.exists() else {}
    with pytest.raises(RecordError, match=sentence) as caught:
        import_run(root, io.BytesIO(content))
    assert "\n" not in str(caught.value)
    assert (contents(root) if root.exists() else {}) == before
    assert list(root.glob(".*.partial")) == []


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path / "runs", checkpoint=make_checkpoint())
    save_label(folder, Label("<b>mine</b>", "two\nlines"))
    other = tmp_path / "other"
    assert import_run(other, io.BytesIO(zip_run(folder))) == folder.name
    assert contents(other) == contents(tmp_path / "runs")
    assert load_label(other / folder.name) == Label("<b>mine</b>", "two\nlines")


def test_a_run_that_is_here_is_not_overwritten(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path / "runs")
    assert_refused(zip_run(folder), tmp_path / "runs", f"a run {folder.name} exists already")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, packed: Path, keep: float) -> None:
    content = pack(packed)
    length = int(keep * len(content)) if isinstance(keep, float) else keep
    assert_refused(content[:length], tmp_path / "runs", "not a whole ZIP file|cut short")


def test_a_file_with_a_wrong_byte_is_refused(tmp_path: Path, packed: Path) -> None:
    content = bytearray(pack(packed))
    for position in np.random.default_rng(0).integers(0, len(content), 20).tolist():
        spoilt = content.copy()
        spoilt[position] ^= 0xFF
        root = tmp_path / f"runs-{position}"
        try:
            import_run(root, io.BytesIO(spoilt))
        except RecordError:
            assert not root.exists() or contents(root) == {}
        else:  # a byte that says nothing, such as a date
            assert contents(root / RUN) == contents(packed)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        f"{RUN}/../../evil.png",
        "/etc/evil.png",
        "evil.png",
        f"{RUN}/deeper/evil.png",
        f"{RUN}/.hidden.png",
        f"{RUN}/evil.py",
        f"{RUN}\\evil.png",
        f"{RUN}/",
        "other/run.json",
        "C:/evil.png",
        f"{RUN}/a\x00b.png",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, packed: Path, name: str) -> None:
    content = pack(packed, change=lambda files: files.update({name: b"evil"}))
    if name == f"{RUN}/":
        import_run(tmp_path / "runs", io.BytesIO(content))  # the folder itself
        return
    assert_refused(content, tmp_path / "runs", "which no record has")
    assert [path.name for path in tmp_path.iterdir() if "evil" in path.name] == []


@pytest.mark.parametrize("run_id", ["..", ".hidden", "", "a b", "<script>", "x" * 200])
def test_an_id_that_is_none_is_refused(tmp_path: Path, packed: Path, run_id: str) -> None:
    def rename(files: dict[str, bytes]) -> None:
        for name in list(files):
            files[name.replace(RUN, run_id)] = files.pop(name)

    assert_refused(pack(packed, change=rename), tmp_path / "runs", "which no record has")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, packed: Path, kind: int) -> None:
    buffer = io.BytesIO(pack(packed))
    with zipfile.ZipFile(buffer, "a") as file:
        link = zipfile.ZipInfo(f"{RUN}/link.png")
        link.external_attr = (kind | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert_refused(buffer.getvalue(), tmp_path / "runs", "is a link or a device")


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack(packed, change=lambda files: files.update({f"{RUN}/b.png": bytes(10**7)}), compression=8)
    assert len(bomb) < 10**5
    monkeypatch.setattr(archive, "MAX_BYTES", 5 * 10**6)
    assert_refused(bomb, tmp_path / "runs", "unpacks to more than 4 MB")
    (packed / "run.json").write_bytes((packed / "run.json").read_bytes() + b" " * (4 * 2**20))
    json_bomb = pack(packed, compression=8)
    monkeypatch.setattr(archive, "MAX_BYTES", 10**7)
    assert_refused(json_bomb, tmp_path / "runs", r"run\.json in the file is larger than that of any record")


def test_a_size_that_is_a_lie_is_refused(tmp_path: Path, packed: Path) -> None:
    content = pack(packed, change=lambda files: files.update({f"{RUN}/start.png": bytes(10**6)}), compression=8)
    lie = content.replace((10**6).to_bytes(4, "little"), (10**3).to_bytes(4, "little"))
    assert lie != content
    assert_refused(lie, tmp_path / "runs", "not a whole ZIP file")


def test_arrays_that_would_fill_the_memory_are_refused(
    tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez_compressed(packed / "maps.v1.npz", zeros=np.zeros(10**7, np.uint8))
    monkeypatch.setattr(archive, "MAX_BYTES", 5 * 10**6)
    assert_refused(pack(packed), tmp_path / "runs", r"maps\.v1\.npz in the file holds more than any record")


def test_an_array_that_says_to_be_huge_is_refused(tmp_path: Path, packed: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "<f4", "fortran_order": False, "shape": (1 << 20, 1 << 20, 3)}
    )
    with zipfile.ZipFile(packed / "history.v1.npz", "w") as file:
        file.writestr("step.npy", buffer.getvalue())
    assert_refused(pack(packed), tmp_path / "runs", r"history\.v1\.npz|not a whole ZIP file")


def test_files_and_arrays_that_no_record_has_are_left_out(tmp_path: Path, packed: Path) -> None:
    before = contents(packed)
    edit_arrays("images.v1.npz", further=np.zeros(3))(packed)
    changed = (packed / "images.v1.npz").read_bytes()
    content = pack(
        packed, change=lambda files: files.update({f"{RUN}/further.npz": changed, f"{RUN}/more.json": b"{}"})
    )
    import_run(tmp_path / "runs", io.BytesIO(content))
    found = contents(tmp_path / "runs" / RUN)
    assert found.keys() == before.keys()
    with np.load(tmp_path / "runs" / RUN / "images.v1.npz") as arrays:
        assert set(arrays) == {"reference", "start", "images", "images_8bit"}
    assert all(found[name] == content for name, content in before.items() if name != "images.v1.npz")


def test_too_many_files_and_none_are_refused(tmp_path: Path, packed: Path) -> None:
    many = {f"{RUN}/{i}.png": b"" for i in range(100)}
    assert_refused(pack(packed, change=lambda files: files.update(many)), tmp_path / "runs", "a record has 1 to 64")
    assert_refused(pack(packed, change=dict.clear), tmp_path / "runs", "holds 0 files")


def test_names_that_differ_in_case_alone_are_refused(tmp_path: Path, packed: Path) -> None:
    content = pack(packed, change=lambda files: files.update({f"{RUN}/RUN.json": b"{}"}))
    assert_refused(content, tmp_path / "runs", "two files of one name")


def test_unusual_packing_and_encryption_are_refused(tmp_path: Path, packed: Path) -> None:
    assert_refused(
        pack(packed, compression=zipfile.ZIP_LZMA), tmp_path / "runs", "packed by a method other than deflate"
    )
    content = bytearray(pack(packed))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = content.find(mark)
        while position >= 0:
            content[position + offset] |= 1
            position = content.find(mark, position + 1)
    assert_refused(bytes(content), tmp_path / "runs", "is encrypted")


def rename_metric(document: dict) -> None:
    for image in document["images"]:
        for key in ("optimized", "fixed"):
            image[key] = image[key].replace("lasi:20", "![x](http://x)")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no run.json": (lambda folder: (folder / "run.json").unlink(), "run.json is missing"),
    "newer schema": (edit_json(lambda d: d.update(schema=99)), f"this program reads up to {SCHEMA}"),
    "no schema": (edit_json(lambda d: d.pop("schema")), "it is not a record of a run"),
    "wrong array": (edit_arrays("images.v1.npz", reference=np.zeros((2, 2), np.float32)), "reference"),
    "pickled array": (edit_arrays("history.v1.npz", step=np.array([{}], dtype=object)), "not a whole NPZ"),
    "no picture": (lambda folder: (folder / "start.png").unlink(), "start.png is missing in the file"),
    "a JPEG": (lambda folder: (folder / "start.png").write_bytes(b"\xff\xd8\xff"), "start.png in the file is no whole"),
    "half a picture": (
        lambda folder: (folder / "start.png").write_bytes((folder / "start.png").read_bytes()[:-40]),
        "start.png in the file is no whole PNG",
    ),
    "bad checkpoint": (lambda folder: (folder / "checkpoint.npz").write_bytes(b"PK"), "checkpoint.npz"),
    "metric": (edit_json(rename_metric), "expected the name of a metric"),
    "distance": (edit_json(lambda d: d["images"][0]["final"].update(vif="much")), "vif is 'much', expected a number"),
    "setting": (edit_json(lambda d: d["settings"].update(steps="many")), "steps is 'many', which is of another type"),
    "device": (edit_json(lambda d: d.update(device="<script>")), "expected a device or a version"),
    "outcome": (edit_json(lambda d: d["images"][0].update(outcome="<script>")), "outcome is '<script>'"),
    "label": (lambda folder: (folder / "label.json").write_text(json.dumps({"schema": 7})), "label.json has schema 7"),
    "deep label": (lambda folder: (folder / "label.json").write_text("[" * 100_000), "label.json"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_whole_record_is_refused(tmp_path: Path, packed: Path, damage: str) -> None:
    spoil, sentence = DAMAGES[damage]
    spoil(packed)
    assert_refused(pack(packed), tmp_path / "runs", sentence)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack(packed)
    for stage in ("file sync", "rename", "folder"):
        with monkeypatch.context() as patch:
            fail_on_call(patch, stage, 1, OSError(28, "No space left on device"))
            assert_refused(
                content, tmp_path / "runs", "there is no room on the disk: the record could not be unpacked into"
            )


def test_packing_needs_no_space_on_the_disk(tmp_path: Path) -> None:
    folder = save_run(make_run(), tmp_path)
    folder.chmod(0o500)
    with zipfile.ZipFile(io.BytesIO(zip_run(folder))) as file:
        assert file.testzip() is None
    folder.chmod(0o700)
    shutil.rmtree(folder)
    with pytest.raises(RecordError, match=r"run\.json is missing"):
        zip_run(folder)
    assert list_runs(tmp_path) == []
