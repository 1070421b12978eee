"""A record as one ZIP file: exported, and imported.

The ZIP file holds one folder of the run's id with the files of the record, and `label.json` if the run has a label.
Every name, size and number of a file that is imported is checked before its run appears (`schema`). Only the files that
run.json names are unpacked, and only the arrays that a record has; what else the ZIP holds is left out.
"""

import io
import re
import stat
import threading
import zipfile
import zlib
from collections.abc import Container
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from mad_app.records.arrays import keep_declared
from mad_app.records.checkpoints import is_resumable, load_checkpoint
from mad_app.records.files import RUN_FILE, files_of
from mad_app.records.labels import Label, label_path, load_label, read_label, save_label
from mad_app.records.maps import load_maps
from mad_app.records.run import Run
from mad_app.records.run_folder import load_record
from mad_app.records.schema import ARRAYS, STATE
from mad_app.records.storage import (
    MAX_JSON_BYTES,
    RecordError,
    read_json,
    refusals,
    staged_folder,
    sync_file,
    sync_folder,
)

LABEL_FILE = "label.json"
MAX_BYTES = 512 * 2**20
"""Largest unpacked size of a record; one of 1024 × 1024 pixels with a checkpoint has 350 MB."""

MAX_FILES = 64

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,100}\.(json|png|npz)")
_CHUNK = 2**20
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError, LookupError)
"""What reading a damaged or hostile ZIP file can raise."""

_ONE_AT_A_TIME = threading.Lock()


def zip_run(folder: Path) -> bytes:
    """The files of a record in a folder of its name, as the bytes of a ZIP file; without a label that is damaged.

    Raises:
        RecordError: the record cannot be read.
    """
    run: Run = load_record(folder)
    buffer = io.BytesIO()
    with (
        refusals(f"{run.id} could not be packed"),
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in sorted(files_of(read_json(folder / RUN_FILE), run.id)):
            if (folder / name).is_file():
                archive.write(folder / name, f"{run.id}/{name}")
        if _has_label(folder):
            archive.write(label_path(folder), f"{run.id}/{LABEL_FILE}")
    return buffer.getvalue()


def import_run(root: Path, archive: IO[bytes], *, reserved: Container[str] = ()) -> str:
    """Import a record from a ZIP file that `zip_run` made, whole or not at all.

    Args:
        root: folder of the runs, made if missing.
        archive: the ZIP file, opened for reading.
        reserved: ids that are refused, such as those of runs that others have deleted and can still restore.

    Returns:
        The run's id.

    Raises:
        RecordError: the file is no such ZIP, is damaged, too large, leads out of the folder, or holds no valid record;
            there is a run of its id already, or the id is reserved; or the disk refused it. Nothing is left behind.
    """
    try:
        with _ONE_AT_A_TIME, zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            run_id = _check_entries(entries)
            if run_id in reserved:
                raise RecordError(f"somebody else has deleted a run {run_id}, and can still restore it")
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
    """Write the files of the record, counting what really comes out of them."""
    members = {entry.filename.split("/")[1]: entry for entry in entries if not entry.is_dir()}
    left = MAX_BYTES
    for name in (RUN_FILE, LABEL_FILE):
        if name in members:
            left -= _unpack_file(packed, members[name], folder / name, min(left, MAX_JSON_BYTES))
    named = files_of(read_json(folder / RUN_FILE), RUN_FILE)
    for name, entry in members.items():
        if name in named and not (folder / name).exists():
            left -= _unpack_file(packed, entry, folder / name, left)


def _unpack_file(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Write a file of at most `most` bytes; returns how many there were."""
    size = 0
    with packed.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise RecordError(f"{path.name} in the file is larger than that of any record")
            target.write(chunk)
    return size


def _move_label_out(staged: Path) -> Label:
    """Remove the label from an unpacked record, which is then as it was before it was packed; returns it."""
    path = staged / LABEL_FILE
    if not path.is_file():
        return Label()
    label = read_label(path)
    path.unlink()
    return label


def _has_label(folder: Path) -> bool:
    try:
        return load_label(folder) != Label()
    except RecordError:
        return False


def _check_record(staged: Path) -> None:
    """Refuse what is no whole record: numbers, arrays, pictures, maps, checkpoint."""
    for path in staged.glob("*.npz"):
        _check_sizes(path)
    try:
        run = load_record(staged)
        load_maps(staged)
        if is_resumable(staged):
            load_checkpoint(staged)
        if run.faults:
            raise RecordError(run.faults[0])
        for role, forms in ARRAYS.items():
            if role in run.files and (staged / run.files[role]).is_file():
                keep_declared(staged / run.files[role], forms, prefix=STATE if role == "checkpoint" else {})
    except RecordError as error:
        raise RecordError(str(error).replace(f"{staged}/", "").replace(str(staged), "the record")) from error
    height, width = run.reference.shape[:2]
    for name in (run.files["reference"], run.files["start"], *(result.file for result in run.results)):
        _check_picture(staged / name, (width, height))


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
