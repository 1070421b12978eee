"""Records: one run, one folder of plain JSON, PNG and NPZ, written whole or not at all."""

from mad_app.records.checkpoints import Checkpoint, History, is_resumable, load_checkpoint, save_checkpoint
from mad_app.records.environment import Environment, environment
from mad_app.records.run import CornerResult, Run, Summary
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

__all__ = [
    "Checkpoint",
    "CornerResult",
    "Environment",
    "History",
    "RecordError",
    "Run",
    "Series",
    "Spread",
    "Summary",
    "environment",
    "find_run",
    "is_resumable",
    "is_series",
    "list_runs",
    "load_checkpoint",
    "load_run",
    "load_series",
    "load_summary",
    "replace_run",
    "requests_of",
    "runs_of",
    "save_checkpoint",
    "save_run",
    "save_series",
    "spread_of",
    "spread_of_starts",
]
