"""Records: one run, one folder of plain JSON, PNG and NPZ, written whole or not at all."""

from mad_app.records.checkpoints import Checkpoint, is_resumable, load_checkpoint, save_checkpoint
from mad_app.records.environment import Environment, device_after, environment
from mad_app.records.history import History
from mad_app.records.keyframes import Keyframes
from mad_app.records.labels import Label, load_label, save_label
from mad_app.records.lock import LockedError, is_locked, run_lock
from mad_app.records.maps import Maps, load_maps, readable_maps, save_maps
from mad_app.records.ratio import most_separated_pair, pair_ratio
from mad_app.records.run import GIVEN, CornerResult, Origin, Run, Source, Summary, content_hash, without_folders
from mad_app.records.run_folder import (
    find_run,
    list_runs,
    load_record,
    load_summary,
    replace_run,
    save_run,
)
from mad_app.records.schema import UNFINISHED
from mad_app.records.series import (
    Member,
    Plan,
    PlannedRun,
    Series,
    Spread,
    holds_records,
    is_series,
    load_plan,
    load_series,
    members_of,
    runs_of,
    save_series,
    spread_of,
    spread_of_starts,
)
from mad_app.records.shelf import SHELF, SHELF_RUNS, shelf_folder, shelf_root
from mad_app.records.state import State, state_of, why_not_resumable
from mad_app.records.storage import DiskFullError, RecordError
from mad_app.records.trace import Trace, at_end, reported_trace
from mad_app.records.trash import delete_run, deleted_runs, empty_trash, restore_run

__all__ = [
    "GIVEN",
    "SHELF",
    "SHELF_RUNS",
    "UNFINISHED",
    "Checkpoint",
    "CornerResult",
    "DiskFullError",
    "Environment",
    "History",
    "Keyframes",
    "Label",
    "LockedError",
    "Maps",
    "Member",
    "Origin",
    "Plan",
    "PlannedRun",
    "RecordError",
    "Run",
    "Series",
    "Source",
    "Spread",
    "State",
    "Summary",
    "Trace",
    "at_end",
    "content_hash",
    "delete_run",
    "deleted_runs",
    "device_after",
    "empty_trash",
    "environment",
    "find_run",
    "holds_records",
    "is_locked",
    "is_resumable",
    "is_series",
    "list_runs",
    "load_checkpoint",
    "load_label",
    "load_maps",
    "load_plan",
    "load_record",
    "load_series",
    "load_summary",
    "members_of",
    "most_separated_pair",
    "pair_ratio",
    "readable_maps",
    "replace_run",
    "reported_trace",
    "restore_run",
    "run_lock",
    "runs_of",
    "save_checkpoint",
    "save_label",
    "save_maps",
    "save_run",
    "save_series",
    "shelf_folder",
    "shelf_root",
    "spread_of",
    "spread_of_starts",
    "state_of",
    "why_not_resumable",
    "without_folders",
]
