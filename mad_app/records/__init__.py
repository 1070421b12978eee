"""Records: one run, one folder of plain JSON, PNG and NPZ, written whole or not at all."""

from mad_app.records.checkpoints import Checkpoint, History, is_resumable, load_checkpoint, save_checkpoint
from mad_app.records.environment import Environment, environment
from mad_app.records.keyframes import Keyframes
from mad_app.records.maps import Maps, load_maps, save_maps
from mad_app.records.run_folder import (
    CornerResult,
    Run,
    Summary,
    find_run,
    list_runs,
    load_run,
    load_summary,
    replace_run,
    save_run,
)
from mad_app.records.storage import RecordError

__all__ = [
    "Checkpoint",
    "CornerResult",
    "Environment",
    "History",
    "Keyframes",
    "Maps",
    "RecordError",
    "Run",
    "Summary",
    "environment",
    "find_run",
    "is_resumable",
    "list_runs",
    "load_checkpoint",
    "load_maps",
    "load_run",
    "load_summary",
    "replace_run",
    "save_checkpoint",
    "save_maps",
    "save_run",
]
