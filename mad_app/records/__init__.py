"""Records: one run, one folder of plain JSON, PNG and NPZ, written whole or not at all."""

from mad_app.records.checkpoints import Checkpoint, History, is_resumable, load_checkpoint, save_checkpoint
from mad_app.records.environment import Environment, environment
from mad_app.records.keyframes import Keyframes
from mad_app.records.labels import Label, load_label, save_label
from mad_app.records.maps import Maps, load_maps, save_maps
from mad_app.records.ratio import most_separated_pair, pair_ratio
from mad_app.records.run import CornerResult, Run, Summary, without_folders
from mad_app.records.run_folder import (
    find_run,
    list_runs,
    load_run,
    load_summary,
    replace_run,
    save_run,
)
from mad_app.records.series import (
    Series,
    Spread,
    is_series,
    load_series,
    requests_of,
    runs_of,
    save_series,
    spread_of,
    spread_of_starts,
)
from mad_app.records.storage import RecordError
from mad_app.records.trash import delete_run, deleted_runs, empty_trash, restore_run

__all__ = [
    "Checkpoint",
    "CornerResult",
    "Environment",
    "History",
    "Keyframes",
    "Label",
    "Maps",
    "RecordError",
    "Run",
    "Series",
    "Spread",
    "Summary",
    "delete_run",
    "deleted_runs",
    "empty_trash",
    "environment",
    "find_run",
    "is_resumable",
    "is_series",
    "list_runs",
    "load_checkpoint",
    "load_label",
    "load_maps",
    "load_run",
    "load_series",
    "load_summary",
    "most_separated_pair",
    "pair_ratio",
    "replace_run",
    "requests_of",
    "restore_run",
    "runs_of",
    "save_checkpoint",
    "save_label",
    "save_maps",
    "save_run",
    "save_series",
    "spread_of",
    "spread_of_starts",
    "without_folders",
]
