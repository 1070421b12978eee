"""A record as one file, to be taken away."""

import io
import zipfile
from pathlib import Path

from mad_app.records import Run, load_run
from mad_app.records.storage import refusals


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
        for file in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
            archive.write(file, f"{run.id}/{file.name}")
    return buffer.getvalue()
