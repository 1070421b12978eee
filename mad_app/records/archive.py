"""A record as one ZIP file: exported, and imported.

The ZIP file holds one folder of the run's id with the files of the record, and `label.json` if the run has a label.
Every name, size and number of a file that is imported is checked before its run appears.
"""

import io
import re
import stat
import threading
import zipfile
import zlib
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from mad_app.records.checkpoints import is_resumable, load_checkpoint
from mad_app.records.files import RUN_FILE, leftovers
from mad_app.records.labels import Label, label_path, load_label, read_label, save_label
from mad_app.records.run import Run
from mad_app.records.run_folder import load_run
from mad_app.records.storage import RecordError, read_json, refusals, staged_folder, sync_file, sync_folder
from mad_app.request import REQUEST_SETTINGS

LABEL_FILE = "label.json"
MAX_BYTES = 512 * 2**20
"""Largest unpacked size of a record; one of 1024 × 1024 pixels with a checkpoint has 350 MB."""

MAX_FILES = 64
MAX_JSON_BYTES = 4 * 2**20

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,100}\.(json|png|npz)")
_CHUNK = 2**20
_METRIC = re.compile(r"[\w.:-]{1,120}")
_SENTENCE = re.compile(r"[^<>\[\]`\x00-\x1f]{0,300}")
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError)
"""What reading a damaged or hostile ZIP file can raise."""

_ONE_AT_A_TIME = threading.Lock()


def zip_run(folder: Path) -> bytes:
    """All files of a record in a folder of its name, as the bytes of a ZIP file.

    Raises:
        RecordError: the record cannot be read.
    """
    run: Run = load_run(folder)
    buffer = io.BytesIO()
    with (
        refusals(f"{run.id} could not be packed"),
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        unused = leftovers(folder, read_json(folder / RUN_FILE))
        for file in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
            if file in unused:
                continue
            archive.write(file, f"{run.id}/{file.name}")
        if load_label(folder) != Label():
            archive.write(label_path(folder), f"{run.id}/{LABEL_FILE}")
    return buffer.getvalue()


def import_run(root: Path, archive: IO[bytes]) -> str:
    """Import a record from a ZIP file that `zip_run` made, whole or not at all.

    Args:
        root: folder of the runs, made if missing.
        archive: the ZIP file, opened for reading.

    Returns:
        The run's id.

    Raises:
        RecordError: the file is no such ZIP, is damaged, too large, leads out of the folder, or holds no valid record;
            there is a run of its id already; or the disk refused it. Nothing is left behind.
    """
    try:
        with _ONE_AT_A_TIME, zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            run_id = _check_entries(entries)
            return _import(root, run_id, packed, entries)
    except RecordError:
        raise
    except _FAULTS as error:
        raise RecordError(f"the file is not a whole ZIP file of a record: {_one_line(error)}") from error


def _check_entries(entries: list[zipfile.ZipInfo]) -> str:
    """Refuse what no record has; returns the run's id."""
    files = [entry for entry in entries if not entry.is_dir()]
    names = [entry.filename.split("/") for entry in files]
    if not files or len(files) > MAX_FILES:
        raise RecordError(f"the file holds {len(files)} files, where a record has 1 to {MAX_FILES}")
    if sum(entry.file_size for entry in files) > MAX_BYTES:
        raise RecordError(f"the file unpacks to more than {MAX_BYTES >> 20} MB, which no record needs")
    run_id = names[0][0]
    for entry, name in zip(files, names, strict=True):
        if len(name) != 2 or name[0] != run_id or not _ID.fullmatch(run_id) or not _FILE.fullmatch(name[1]):
            raise RecordError(
                f"the file holds {entry.filename!r}, which no record has: it is another kind of file, or cut short"
            )
        mode = entry.external_attr >> 16
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise RecordError(f"the file holds {entry.filename!r}, which is a link or a device")
        if entry.flag_bits & 1:
            raise RecordError("the file is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RecordError(f"the file holds {entry.filename!r}, packed by a method other than deflate")
    if len({entry.filename.casefold() for entry in files}) != len(files):
        raise RecordError("the file holds two files of one name")
    return run_id


def _import(root: Path, run_id: str, packed: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    """Unpack under a hidden name, check the record, and let it appear."""
    folder = root / run_id
    if folder.exists():
        raise RecordError(f"a run {run_id} exists already and is not overwritten")
    with refusals(f"the record could not be unpacked into {root}"):
        root.mkdir(parents=True, exist_ok=True)
        with staged_folder(folder) as staged:
            _unpack(packed, entries, staged)
            label = _move_label_out(staged)
            _check_record(staged)
            for file in staged.iterdir():
                sync_file(file)
            sync_folder(staged)
            save_label(folder, label)
            staged.rename(folder)
        sync_folder(root)
    return run_id


def _unpack(packed: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> None:
    """Write the files, counting what really comes out of them."""
    left = MAX_BYTES
    for entry in entries:
        if entry.is_dir():
            continue
        name = entry.filename.split("/")[1]
        allowed = min(left, MAX_JSON_BYTES) if name.endswith(".json") else left
        with packed.open(entry) as source, (folder / name).open("xb") as target:
            while chunk := source.read(_CHUNK):
                allowed, left = allowed - len(chunk), left - len(chunk)
                if allowed < 0:
                    raise RecordError(f"{name} in the file is larger than that of any record")
                target.write(chunk)


def _move_label_out(staged: Path) -> Label:
    """Remove the label from an unpacked record, which is then as it was before it was packed; returns it."""
    path = staged / LABEL_FILE
    if not path.is_file():
        return Label()
    label = read_label(path)
    path.unlink()
    return label


def _check_record(staged: Path) -> None:
    """Refuse what is no whole record: numbers, arrays, pictures, checkpoint."""
    for path in staged.glob("*.json"):
        read_json(path)
    for path in staged.glob("*.npz"):
        _check_sizes(path)
    try:
        run = load_run(staged)
        if is_resumable(staged):
            load_checkpoint(staged)
    except RecordError as error:
        raise RecordError(str(error).replace(f"{staged}/", "").replace(str(staged), "the record")) from error
    _check_texts(run)
    height, width = run.reference.shape[:2]
    for name in (run.files["reference"], run.files["start"], *(result.file for result in run.images)):
        _check_picture(staged / name, (width, height))


def _check_texts(run: Run) -> None:
    """Refuse settings, names and numbers that no competition gives, since pages show them."""
    for name, value in run.settings.items():
        if name in REQUEST_SETTINGS and not REQUEST_SETTINGS[name].is_of_kind(value):
            raise RecordError(f"the record has {name} {value!r:.60} among its settings, which is of another type")
    for result in run.images:
        values = [*result.start.items(), *result.final.items(), *(result.final_8bit or {}).items()]
        if not all(_METRIC.fullmatch(name) for name in (result.optimized, result.fixed, *(name for name, _ in values))):
            raise RecordError("the record has a name that no metric can have")
        if not all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for _, value in values
        ):
            raise RecordError("the record has a distance that is no number")
    if not all(_SENTENCE.fullmatch(text) for text in (run.device, *(map(str, run.versions.values())))):
        raise RecordError("the record has a device or a version that no program has")


def _check_sizes(path: Path) -> None:
    """Refuse arrays that would not fit into memory, before they are read."""
    if not zipfile.is_zipfile(path):
        raise RecordError(f"{path.name} in the file is not a whole NPZ file")
    with zipfile.ZipFile(path) as arrays:
        if sum(entry.file_size for entry in arrays.infolist()) > MAX_BYTES:
            raise RecordError(f"{path.name} in the file holds more than any record")


def _check_picture(path: Path, size: tuple[int, int]) -> None:
    """Refuse a picture that is missing, is no PNG, is damaged, or has another size than the reference."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            if picture.size != size:
                raise RecordError(f"{path.name} in the file has {picture.size} pixels, expected {size}")
            picture.load()
    except FileNotFoundError as error:
        raise RecordError(f"{path.name} is missing in the file") from error
    except (UnidentifiedImageError, SyntaxError, OSError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path.name} in the file is no whole PNG picture") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
