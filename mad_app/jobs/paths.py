"""Where the app keeps its runs."""

import os
from pathlib import Path

VARIABLE = "MAD_APP_RUNS"
"""Environment variable that names the folder of the runs."""


def runs_root() -> Path:
    """The folder of the runs, absolute: $MAD_APP_RUNS; else ./runs, as for the command line; else, where the current
    folder cannot be written to, a folder of the user's own."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    local = Path("runs").resolve()
    if os.access(local if local.is_dir() else local.parent, os.W_OK):
        return local
    data = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "mad_app" / "runs"
